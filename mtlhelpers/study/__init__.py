"""Studies: what runs leave on disk, what that says of claims, and advice from it.

`mtl.studies` in a notebook. A name is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = [
    "check_advice",
    "compare_arms",
    "find_crossover",
    "judge_claims",
    "recommend",
    "study_gradients",
    "study_history",
    "study_table",
    "summarise",
]

# Where a name is at home in this room.
_HOMES = {
    "check_advice": "advice.neighbours",
    "compare_arms": "verdicts.crossover",
    "find_crossover": "verdicts.crossover",
    "judge_claims": "verdicts.ledger",
    "recommend": "advice.recommend",
    "study_gradients": "records.tables",
    "study_history": "records.tables",
    "study_table": "records.tables",
    "summarise": "records.tables",
}

if TYPE_CHECKING:
    from mtlhelpers.study.advice.neighbours import check_advice
    from mtlhelpers.study.advice.recommend import recommend
    from mtlhelpers.study.records.tables import (
        study_gradients,
        study_history,
        study_table,
        summarise,
    )
    from mtlhelpers.study.verdicts.crossover import compare_arms, find_crossover
    from mtlhelpers.study.verdicts.ledger import judge_claims
else:

    def __getattr__(name: str) -> object:
        """Import a public name when it is first asked for."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """List the public names, for completion."""
    return __all__
