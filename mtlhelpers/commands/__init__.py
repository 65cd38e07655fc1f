"""The commands, each with its arguments beside what it does."""
