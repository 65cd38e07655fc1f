"""What is frozen in truth, of any torch model, as a table and in words."""
