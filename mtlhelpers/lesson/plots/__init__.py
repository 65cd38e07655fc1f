"""Figures: one size, one look per name, alt text on each."""
