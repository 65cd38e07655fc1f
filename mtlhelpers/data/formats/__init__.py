"""Sentences from what people have: one file per format, and what all have in common."""
