"""What is in somebody's sentences, what is wrong with them, and what to do about it."""
