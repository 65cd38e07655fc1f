"""The claims under test, read from claims.toml, which says what its keys mean.

Lesson: 08_what_should_i_freeze.
"""

import tomllib
from dataclasses import dataclass, is_dataclass
from inspect import signature
from pathlib import Path
from types import UnionType
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from mtlhelpers.data.regular import MOST_SETTINGS, read_regular
from mtlhelpers.errors import ClaimError
from mtlhelpers.study.protocol import BACKBONE, Task
from mtlhelpers.study.records.record import Side


@dataclass(frozen=True)
class Comparison:
    """Two arms whose difference, first minus second, decides a claim."""

    first: Side
    second: Side
    # Where the first arm stands, by the claim; "equal": within the margin.
    claimed: Literal["higher", "lower", "equal"]
    corpora: tuple[str, ...]
    tasks: tuple[Task, ...]
    seeds: int  # declared before the runs: with fewer there is no verdict
    size: int | None = None  # the primary one; None: where the corpus ends
    of: Literal["test", "gap", "probe"] = "test"
    # A task whose test score must be no lower as well; "own": the same task's.
    kept: Literal["", "own", "sentence", "ner"] = ""
    # An arm that first should trail by less than it leads second: what decides is first
    # minus second less this minus first, what is closed of a gap less what is left.
    left_to: Side | None = None
    at: str = ""  # what sets it apart from the claim's other comparisons, in words
    backbone: str = BACKBONE


@dataclass(frozen=True)
class Crossing:
    """The training size at which the first arm's lead ends, and where it should lie."""

    first: Side
    second: Side
    low: int
    high: int
    corpora: tuple[str, ...]
    backbone: str = BACKBONE


class Duel(NamedTuple):
    """Two arms on one corpus at one size."""

    first: Side
    second: Side
    corpus: str
    size: int


@dataclass(frozen=True)
class Contrast:
    """What two arms come to on one corpus, less what they come to on another."""

    here: Duel
    there: Duel
    of: Literal["lead", "share"]  # first minus second, or first over second
    claimed: Literal["higher", "lower", "equal"]
    task: Task
    seeds: int  # declared before the runs, on either corpus
    at: str  # in words


Rule = Comparison | Crossing


@dataclass(frozen=True)
class Claim:
    """A statement under test, in our words, and what decides it."""

    id: str
    lesson: str  # its number
    statement: str
    decided_by: str
    opposite: str  # what would have shown the opposite
    comparison: tuple[Comparison, ...] = ()  # of recorded runs
    crossing: tuple[Crossing, ...] = ()  # of recorded runs
    contrast: tuple[Contrast, ...] = ()  # of recorded runs
    check: str = ""  # the function of fresh_checks.py that decides it
    untested: str = ""  # why nothing decides it yet


@dataclass(frozen=True)
class Claims:
    """All that the file holds."""

    claim: tuple[Claim, ...]


def read_claims(path: Path) -> Claims:
    """Read a file of claims.

    Raises `ClaimError` for a key that is missing, unknown or of another kind, and for a
    claim that is not decided in one way.
    """
    try:
        keys = tomllib.loads(read_regular(path, MOST_SETTINGS).decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ClaimError(f"{path.name}: {error}. Mend it there.") from error
    claims: Claims = _built(Claims, keys, path.name)
    for one in claims.claim:
        ways = (
            bool(one.comparison or one.crossing or one.contrast),
            bool(one.check),
            bool(one.untested),
        )
        if sum(ways) != 1:
            raise ClaimError(
                f"{path.name}, claim {one.id}: needs runs to compare, a 'check', or a "
                f"reason why it is 'untested', and one of them alone"
            )
    return claims


def _built(kind: Any, keys: dict[str, Any], where: str) -> Any:
    """What a table describes: its keys are the fields of `kind`."""
    if kind is Claim:
        where += f" {keys.get('id', 'without id')}"
    hints, fields = get_type_hints(kind), signature(kind).parameters
    for key in keys:
        if key not in fields:
            raise ClaimError(f"{where}: {key!r} is unknown")
    for key, one in fields.items():
        if key not in keys and one.default is one.empty:
            raise ClaimError(f"{where}: {key!r} is missing")
    return kind(
        **{key: _value(hints[key], keys[key], f"{where}, {key}") for key in keys}
    )


def _value(hint: Any, value: Any, where: str) -> Any:
    """A value of the file, as the type of its field wants it."""
    origin, parts = get_origin(hint), get_args(hint)
    if isinstance(value, dict) and (_named(hint) or Side in parts):
        return _built(Side if Side in parts else hint, value, where)
    if isinstance(value, dict) and origin is tuple:  # the settings of a side
        return tuple(value.items())
    if isinstance(value, list) and origin is tuple:
        return tuple(_value(parts[0], one, where) for one in value)
    if origin is Literal:
        fits = value in parts
    else:
        fits = origin in (None, UnionType) and isinstance(value, hint)
    if not fits:
        raise ClaimError(f"{where}: {value!r} does not fit here")
    return value


def _named(hint: Any) -> bool:
    """Whether a table describes it: its fields have names."""
    return is_dataclass(hint) or hasattr(hint, "_fields")


_READ = read_claims(Path(__file__).with_name("claims.toml"))
CLAIMS = {claim.id: claim for claim in _READ.claim}
