"""Heads: what they read, their kinds, and the tags that their scores give."""
