"""What to freeze in a case of one's own, from recorded runs."""
