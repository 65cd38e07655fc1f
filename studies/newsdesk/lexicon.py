"""Which words may stand for one another: the lists, one file per class.

`lists/location/city.txt` is the class "city" of the type "location". All members of a
class fit in each other's place; the same words may stand in lists of two types
("Jordan" the country, the given name, the song), but in one list of a type only.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, NoReturn, TypeVar

from mtlhelpers.data.streams import stream
from mtlhelpers.errors import CorpusError


class Line(NamedTuple):
    """A line that holds something, and where it stands."""

    text: str
    path: Path
    number: int  # from 1

    def fail(self, column: int, fault: str, remedy: str) -> NoReturn:
        """Raise `CorpusError` for a fault at a column, counted from 1."""
        place = f"{self.path}, line {self.number}, column {column}"
        raise CorpusError(f"{place}: {fault}. {remedy}.")


def read_lines(path: Path) -> Iterator[Line]:
    """Yield the lines of a file that are neither blank nor a comment (`# ...`).

    Raises `CorpusError` if it is not UTF-8, or a line begins or ends with a blank.
    """
    content = path.read_bytes()
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        at = Line("", path, before.count(b"\n") + 1)
        column = len(before.rpartition(b"\n")[2].decode("utf-8")) + 1
        at.fail(column, "not UTF-8", "Save the file as UTF-8")
    # Only "\n" ends a line, with a "\r" before it where Windows wrote the file.
    for number, raw in enumerate(text.split("\n"), start=1):
        line = Line(raw.removesuffix("\r"), path, number)
        if not line.text.strip() or line.text.startswith("#"):
            continue
        if line.text.lstrip() != line.text:
            line.fail(1, "the line begins with a blank", "Remove the blank")
        if line.text.rstrip() != line.text:
            column = len(line.text.rstrip()) + 1
            line.fail(column, "the line ends with a blank", "Remove the blank")
        yield line


_SEED = 0
T = TypeVar("T")


def shuffled(items: Sequence[T], part: str) -> list[T]:
    """Return the items in an order that the name of the part decides.

    NumPy promises the raw numbers of a bit generator for good, but not what its
    `permutation` makes of them (NEP 19): so items are sorted by raw numbers.
    """
    drawn = stream(_SEED, f"newsdesk, {part}").bit_generator.random_raw(len(items))
    keys = zip(drawn.tolist(), range(len(items)))
    return [items[position] for _, position in sorted(keys)]


SMALLEST_DIVIDED = 20  # classes of fewer members serve every split whole


class Class(NamedTuple):
    """The name of a list: `lists/<type>/<name>.txt`."""

    type: str
    name: str


@dataclass(frozen=True)
class Lexicon:
    """The lists.

    Attributes:
        members: of each class, in the order of its file.
        classes: the class of each member of a type, by (type, member).
    """

    members: dict[Class, list[str]]
    classes: dict[tuple[str, str], Class]

    @property
    def types(self) -> list[str]:
        """The entity types, sorted."""
        return sorted({kind.type for kind in self.members})

    def ambiguous(self) -> set[str]:
        """Return the members that stand in lists of two or more types."""
        types = Counter(member for _, member in self.classes)
        return {member for member, count in types.items() if count > 1}

    def divide(self) -> dict[Class, dict[str, list[str]]]:
        """Return which members of each class serve train, validation and test.

        Of a class, 26 in 100 members serve test alone and 9 validation alone; 11 more
        serve test and train, 4 more validation and train; the rest train alone. So
        about 7 in 10 mentions of test do not occur in train, and none of test in
        validation. What two splits share is drawn first from the ambiguous members, so
        that words of two types are met in train and asked for in test. A class of
        fewer than 20 serves every split whole.
        """
        ambiguous = self.ambiguous()
        return {
            kind: _divide(f"{kind.type}/{kind.name}", members, ambiguous)
            for kind, members in self.members.items()
        }


def read_lexicon(folder: Path) -> Lexicon:
    """Read `<folder>/<type>/<class>.txt`.

    Raises `CorpusError` for a list of fewer than two members, or a member that stands
    in the lists of one type twice.
    """
    paths = sorted(folder.glob("*/*.txt"), key=lambda path: path.parts)
    if not paths:
        raise CorpusError(
            f"{folder}: no lists. Put words in {folder}/<type>/<class>.txt."
        )
    members: dict[Class, list[str]] = {}
    classes: dict[tuple[str, str], Class] = {}
    places: dict[tuple[str, str], Line] = {}
    for path in paths:
        kind = Class(path.parent.name, path.stem)
        members[kind] = []
        for line in read_lines(path):
            first = places.setdefault((kind.type, line.text), line)
            if first is not line:
                fault = f"stands in {first.path.name}, line {first.number}, too"
                remedy = f"Keep it in one list of {kind.type}"
                line.fail(1, f"{line.text!r} {fault}", remedy)
            members[kind].append(line.text)
            classes[kind.type, line.text] = kind
        if len(members[kind]) < 2:
            raise CorpusError(
                f"{path}: a list needs two members at least, to exchange one for the "
                "other. Add one, or remove the file."
            )
    return Lexicon(members, classes)


def _divide(part: str, members: list[str], ambiguous: set[str]) -> dict[str, list[str]]:
    if len(members) < SMALLEST_DIVIDED:
        return {split: list(members) for split in ("train", "validation", "test")}
    # A stable sort: shuffled within the ambiguous ones and within the others.
    in_order = sorted(shuffled(members, part), key=lambda one: one not in ambiguous)
    with_test = _hundredths(11, members)
    with_both = with_test + _hundredths(4, members)
    alone = shuffled(in_order[with_both:], f"{part}, the rest")
    test = _hundredths(26, members)
    validation = test + _hundredths(9, members)
    return {
        "train": in_order[:with_both] + alone[validation:],
        "validation": in_order[with_test:with_both] + alone[test:validation],
        "test": in_order[:with_test] + alone[:test],
    }


def _hundredths(share: int, members: list[str]) -> int:
    return round(share * len(members) / 100)
