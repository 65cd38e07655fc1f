"""What notebooks show with: guesses, verdicts in words, and the state of the machine.

`mtl.lesson` in a notebook. A name is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = [
    "claim_overview",
    "claim_table",
    "cost_since",
    "decision_card",
    "guess",
    "machine_table",
    "past_guesses",
    "verdict_sentence",
]

# Where a name is at home in this room.
_HOMES = {
    "claim_overview": "report",
    "claim_table": "report",
    "cost_since": "machine",
    "decision_card": "report",
    "guess": "guesses",
    "machine_table": "machine",
    "past_guesses": "guesses",
    "verdict_sentence": "report",
}

if TYPE_CHECKING:
    from mtlhelpers.lesson.guesses import guess, past_guesses
    from mtlhelpers.lesson.machine import cost_since, machine_table
    from mtlhelpers.lesson.report import (
        claim_overview,
        claim_table,
        decision_card,
        verdict_sentence,
    )
else:

    def __getattr__(name: str) -> object:
        """Import a public name when it is first asked for."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """List the public names, for completion."""
    return __all__
