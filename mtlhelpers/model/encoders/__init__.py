"""Encoders of several families, each as embeddings and a stack of layers."""
