"""What notebooks show with: guesses, verdicts in words, and the state of the machine.

`mtl.lesson` in a notebook. A name is imported when it is first used.
"""

from typing import TYPE_CHECKING

from mtlhelpers.names import lazy_names

if TYPE_CHECKING:
    from mtlhelpers.lesson.guesses import guess as guess
    from mtlhelpers.lesson.guesses import past_guesses as past_guesses
    from mtlhelpers.lesson.machine import cost_since as cost_since
    from mtlhelpers.lesson.machine import machine_table as machine_table
    from mtlhelpers.lesson.report import claim_overview as claim_overview
    from mtlhelpers.lesson.report import claim_table as claim_table
    from mtlhelpers.lesson.report import decision_card as decision_card
    from mtlhelpers.lesson.report import verdict_sentence as verdict_sentence
    from mtlhelpers.training.features.similarity import layer_vectors as layer_vectors
    from mtlhelpers.training.features.similarity import unbiased_cka as unbiased_cka
    from mtlhelpers.training.features.similarity import (
        weight_distance as weight_distance,
    )
else:
    __all__, __getattr__, __dir__ = lazy_names(__name__, __file__)
