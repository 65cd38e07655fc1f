"""Studies: what runs leave on disk, what that says of claims, and advice from it.

`mtl.studies` in a notebook. A name is imported when it is first used.
"""

from typing import TYPE_CHECKING

from mtlhelpers.names import lazy_names

if TYPE_CHECKING:
    from mtlhelpers.study.advice.neighbours import check_advice as check_advice
    from mtlhelpers.study.advice.recommend import recommend as recommend
    from mtlhelpers.study.records.tables import study_gradients as study_gradients
    from mtlhelpers.study.records.tables import study_history as study_history
    from mtlhelpers.study.records.tables import study_table as study_table
    from mtlhelpers.study.records.tables import summarise as summarise
    from mtlhelpers.study.verdicts.crossover import compare_arms as compare_arms
    from mtlhelpers.study.verdicts.crossover import find_crossover as find_crossover
    from mtlhelpers.study.verdicts.judge import judge_claims as judge_claims
else:
    __all__, __getattr__, __dir__ = lazy_names(__name__, __file__)
