"""What notebooks show with: guesses, checks of exercises, tables, and the machine.

`mtl.lesson` in a notebook. A name is imported when it is first used.
"""

from typing import TYPE_CHECKING

from mtlhelpers.names import lazy_names

if TYPE_CHECKING:
    from mtlhelpers.inspection.overview import look_through as look_through
    from mtlhelpers.lesson.checks import Hint as Hint
    from mtlhelpers.lesson.checks import check as check
    from mtlhelpers.lesson.checks import progress as progress
    from mtlhelpers.lesson.explorer import show_explorer as show_explorer
    from mtlhelpers.lesson.guesses import guess as guess
    from mtlhelpers.lesson.guesses import past_guesses as past_guesses
    from mtlhelpers.lesson.guesses import reveal as reveal
    from mtlhelpers.lesson.machine import machine_table as machine_table
    from mtlhelpers.lesson.machine import studies_folder as studies_folder
    from mtlhelpers.lesson.readings import show_sentence as show_sentence
    from mtlhelpers.lesson.tables.lesson00 import doubts_in_words as doubts_in_words
    from mtlhelpers.lesson.tables.lesson00 import lead_in_words as lead_in_words
    from mtlhelpers.lesson.tables.lesson00 import show_answer as show_answer
    from mtlhelpers.lesson.tables.lesson03 import kept_megabytes as kept_megabytes
    from mtlhelpers.lesson.tables.lesson03 import show_chance as show_chance
    from mtlhelpers.lesson.tables.lesson04 import layer_table as layer_table
    from mtlhelpers.lesson.tables.lesson04 import leader_of as leader_of
    from mtlhelpers.lesson.tables.lesson04 import lr_pairs as lr_pairs
    from mtlhelpers.lesson.tables.lesson04 import show_pairs as show_pairs
    from mtlhelpers.lesson.tables.lesson05 import compare_remedies as compare_remedies
    from mtlhelpers.lesson.tables.lesson05 import refit_table as refit_table
    from mtlhelpers.lesson.tables.lesson05 import retention_runs as retention_runs
    from mtlhelpers.lesson.tables.lesson05 import retention_table as retention_table
    from mtlhelpers.lesson.tables.lesson05 import score_table as score_table
    from mtlhelpers.lesson.tables.lesson05 import show_tradeoff as show_tradeoff
    from mtlhelpers.lesson.tables.lesson05 import turned_sentence as turned_sentence
    from mtlhelpers.lesson.tables.lesson06 import heads_first_gaps as heads_first_gaps
    from mtlhelpers.lesson.tables.lesson06 import heads_first_table as heads_first_table
    from mtlhelpers.lesson.tables.lesson06 import recorded_ways as recorded_ways
    from mtlhelpers.lesson.tables.lesson06 import run_table as run_table
    from mtlhelpers.lesson.tables.lesson06 import show_ways as show_ways
    from mtlhelpers.lesson.tables.lesson06 import ways_sentence as ways_sentence
    from mtlhelpers.lesson.tables.lesson06 import ways_table as ways_table
    from mtlhelpers.lesson.tables.lesson07 import decided_from as decided_from
    from mtlhelpers.lesson.tables.lesson07 import epochs_to_lead as epochs_to_lead
    from mtlhelpers.lesson.tables.lesson07 import fit_table as fit_table
    from mtlhelpers.lesson.tables.lesson07 import show_epochs as show_epochs
    from mtlhelpers.lesson.tables.lesson07 import show_sizes as show_sizes
    from mtlhelpers.lesson.tables.lesson07 import show_turn as show_turn
    from mtlhelpers.lesson.tables.lesson07 import sides_table as sides_table
    from mtlhelpers.lesson.tables.lesson07 import size_differences as size_differences
    from mtlhelpers.lesson.tables.lesson08 import entity_scores as entity_scores
    from mtlhelpers.lesson.tables.lesson08 import recorded_parts as recorded_parts
    from mtlhelpers.lesson.tables.lesson09 import decision_table as decision_table
    from mtlhelpers.lesson.tables.lesson09 import leader as leader
    from mtlhelpers.training.features.similarity import layer_vectors as layer_vectors
    from mtlhelpers.training.features.similarity import unbiased_cka as unbiased_cka
    from mtlhelpers.training.features.similarity import (
        weight_distance as weight_distance,
    )
    from mtlhelpers.training.metrics import encode_for as encode_for
    from mtlhelpers.training.retention import L2SP as L2SP
    from mtlhelpers.training.retention import diagonal_fisher as diagonal_fisher
else:
    __all__, __getattr__, __dir__ = lazy_names(__name__, __file__)
