"""Recipes: the defaults of each way of training, chosen on validation.

A plan takes from its scenario's recipe what it does not say itself.
"""

from dataclasses import dataclass
from math import ceil

from mtlhelpers.model.scenarios import Scenario


@dataclass(frozen=True)
class Recipe:
    """Settings for one way of training."""

    backbone_lr: float
    head_lr: float
    batch_size: int  # sentences
    steps: int  # at least this many updates,
    epochs: int  # and at least this many epochs
    extra: int = 0  # with this many updates beside them

    def epochs_for(self, sentences: int, batch_size: int) -> int:
        """Return the epochs over so many sentences: more where these are few.

        The updates never fall as sentences grow, but for what rounds up to an epoch.
        """
        per_epoch = max(1, ceil(sentences / batch_size))
        wanted = max(self.steps, self.epochs * per_epoch + self.extra)
        return ceil(wanted / per_epoch)


# Chosen on 1,000 and 13,056 SNIPS sentences, seeds 100 and 101, by validation scores.
HEADS_ALONE = Recipe(0.0, 3e-3, 32, steps=1000, epochs=10)
# What studies/transfer_tuning chose: 12 epochs at 300 sentences, 6 at 3,000; a line in
# updates lies between. Fewer sentences take the updates of 300, as in studies/transfer.
WITH_BACKBONE = Recipe(2e-4, 3e-3, 16, steps=228, epochs=5, extra=130)

# Starting points, by the one thing that trains of the backbone, beside the heads. They
# are small or start at zero, and need a higher rate than weights do. From a pilot on
# minilm, 300 sentences of snips+2000, seed 100, 120 steps, 300 sentences of validation:
#   lora       2e-3: accuracy 98.0 %, NER F1 56.0;   5e-3: 97.7 %, 59.6
#   bitfit     5e-3:          98.7 %,        48.9;   1e-2: 98.3 %, 49.2
#   layernorm  1e-2:          98.0 %,        48.4;   2e-2: 97.7 %, 48.9
#   lora       1e-2: nothing was learned, which is why the default is not 5e-3
#   everything 3e-4:          97.7 %,        66.6
# Heads alone had 93.7 % and 46.0 after 1,000 steps. 120 steps were too few: these get
# 24 epochs at 300 sentences and, as everything does, 6 at 3,000.
THIN = {
    "lora": Recipe(2e-3, 3e-3, 16, steps=456, epochs=4, extra=375),
    "biases": Recipe(5e-3, 3e-3, 16, steps=456, epochs=4, extra=375),
    "norms": Recipe(1e-2, 3e-3, 16, steps=456, epochs=4, extra=375),
}


def recipe_for(scenario: Scenario) -> Recipe:
    """Return the defaults of a scenario.

    Any other mixture of parts of the backbone trains as all of it does.
    """
    if not scenario.moves_backbone:
        return HEADS_ALONE
    kinds = {
        part.removeprefix("backbone.").split(".")[0]  # "lora", also of "lora.query"
        for part in scenario.train
        if part.startswith("backbone")
    }
    if len(kinds) > 1:
        return WITH_BACKBONE
    return THIN.get(kinds.pop(), WITH_BACKBONE)
