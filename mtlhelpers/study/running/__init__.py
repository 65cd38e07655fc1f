"""Carrying out what a grid declares: here, in processes, on a cluster."""
