"""Every way to train, on sentences of one's own, within a budget."""
