"""Tables, figures and sentences of single lessons, which only report."""
