"""What the notebooks show with: guesses, figures, and the state of the machine."""
