"""Everything the report reads from the studies, read once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mtlhelpers.study.protocol import PUBLISHED, Verdict
from mtlhelpers.study.records.arms import Studies
from mtlhelpers.study.records.record import Record, Side
from mtlhelpers.study.verdicts.claims import CLAIMS, Crossing
from mtlhelpers.study.verdicts.decisions import Decision, Judged
from mtlhelpers.study.verdicts.evidence import Evidence
from mtlhelpers.study.verdicts.judge import judge_from
from report.gaps import Gap, Ways, decided, gaps

FROZEN, EVERYTHING = (
    Side("transfer", "backbone_frozen"),
    Side("transfer", "none_frozen"),
)
FREEZING = Ways(FROZEN, EVERYTHING)  # the central comparison
FEW = "4.2"  # on little data
MANY = "4.3"  # on all there is
BORDER = "4.4"


@dataclass(frozen=True)
class Facts:
    """The studies below a folder, with every verdict on them."""

    folder: Path

    @cached_property
    def judged(self) -> dict[str, Judged]:
        """The statements under test with their verdicts, by id."""
        return {one.claim.id: one for one in judge_from(self.evidence)}

    @cached_property
    def evidence(self) -> Evidence:
        """The recorded runs, each way scored once."""
        return Evidence(Studies.below(self.folder))

    @cached_property
    def studies(self) -> list[str]:
        """Names of the studies that have records, in order."""
        found = {path.parent.name for path in self.folder.glob("*/records.parquet")}
        found |= {
            path.parent.parent.name for path in self.folder.glob("*/records/*.json")
        }
        return sorted(found)

    @cached_property
    def homes(self) -> dict[str, str]:
        """The study of each record, by id: the first that has it."""
        found: dict[str, str] = {}
        for study in self.studies:
            for record in self.records(study):
                found.setdefault(record["id"], study)
        return found

    @cached_property
    def freezing(self) -> list[Gap]:
        """A frozen backbone minus everything, on published corpora at every size."""
        return list(gaps(self.evidence, FREEZING, PUBLISHED))

    @cached_property
    def border(self) -> tuple[int, int]:
        """Where the advice puts the border, in sentences: from and to."""
        rules = (rule for rule in CLAIMS[BORDER].crossing)
        return next(
            (rule.low, rule.high) for rule in rules if isinstance(rule, Crossing)
        )

    def records(self, study: str) -> list[Record]:
        """Return the records of a study."""
        return self.evidence.studies.all(study)

    def decisions(self, claim: str) -> tuple[Decision, ...]:
        """Return what was decided of a statement."""
        return self.judged[claim].decisions

    def primary(self, claim: str, corpora: Iterable[str] = PUBLISHED) -> Iterator[Gap]:
        """Yield the differences that decide a statement on these corpora."""
        for one in self.decisions(claim):
            gap = decided(one)
            if gap is not None and one.corpus in corpora:
                yield gap

    def tested(self, claim: str) -> bool:
        """Return whether anything was decided of a statement."""
        return any(d.verdict is not Verdict.NOT_TESTED for d in self.decisions(claim))

    def behind(self) -> set[str]:
        """Return the ids of all runs that a verdict rests on."""
        return {
            key
            for judged in self.judged.values()
            for one in judged.decisions
            for key in one.records
        }
