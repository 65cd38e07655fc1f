"""Plans, the training loop, frozen features, retention and metrics."""
