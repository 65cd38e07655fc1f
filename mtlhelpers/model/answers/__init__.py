"""Sentences from a file or a pipe, and the answers to them, line by line."""
