"""Comparisons and studies over many plans."""
