"""Corpora: where they come from, what is checked, and how parts of them are drawn."""
