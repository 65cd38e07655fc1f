"""Load both named backbones, from the hub where nothing here has them."""

import mtlhelpers as mtl

if __name__ == "__main__":
    for name in ("minilm", "bert-base-uncased"):
        model = mtl.SharedModel.from_backbone(
            name, labels=["yes", "no"], tags=["O"], seed=0
        )
        print(f"{name}: {sum(one.numel() for one in model.parameters()):,} parameters")
