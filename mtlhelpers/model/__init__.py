"""The shared model: backbones, heads, freezing and counting."""
