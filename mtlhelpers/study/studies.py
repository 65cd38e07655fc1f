"""The records of several studies, read as they are asked for.

Lesson: 08_what_should_i_freeze.
"""

from dataclasses import dataclass, field
from pathlib import Path

from mtlhelpers.study.arms import ArmRuns, Record, by_size, select
from mtlhelpers.study.records import read_records
from mtlhelpers.study.rules import Side
from mtlhelpers.study.worker import StudyError


@dataclass
class Studies:
    """The records of all studies below a folder, each study read once."""

    folder: Path
    _read: dict[str, list[Record]] = field(default_factory=dict, repr=False)

    @classmethod
    def below(cls, folder: str | Path) -> "Studies":
        """Those in a folder. Raises `StudyError` where it is not there."""
        if not Path(folder).is_dir():
            raise StudyError(
                f"{folder} is no folder: name the one with the studies (--studies "
                f"FOLDER); in a clone it is `studies`"
            )
        return cls(Path(folder))

    def of(self, side: Side, corpus: str) -> list[Record]:
        """The records of an arm on a corpus."""
        return select(self.all(side.study), corpus, side.arm, **dict(side.settings))

    def all(self, study: str) -> list[Record]:
        """Every record of a study; none where there is no such study."""
        if study not in self._read:
            self._read[study] = read_records(self.folder / study)[0]
        return self._read[study]

    def runs(self, side: Side, corpus: str) -> dict[int, ArmRuns]:
        """The runs of an arm on a corpus, by training size."""
        return by_size(self.of(side, corpus))
