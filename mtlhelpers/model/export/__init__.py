"""A model for others: ONNX, a backbone for transformers, a script, a card."""
