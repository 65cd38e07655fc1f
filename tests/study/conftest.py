"""A small study that runs in every way, and the records of running it through."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers import tiny
from helpers.studies import corpus_folder, stable

from mtlhelpers.study.running.study import Study

FIRST = (
    '{ scenario = "none_frozen", tasks = [["sentence"]], batch_size = 8, epochs = 1 }'
)


@dataclass
class SmallStudy:
    """Six runs, in four chains: two seeds, a run alone and two that share a stage."""

    folder: Path
    records: list[dict]  # of running it through in this process, without times

    @property
    def study(self) -> Study:
        return Study(self.folder)

    def files(self) -> set[str]:
        """The names of all that lies beside the records."""
        return {path.name for path in (self.folder / "records").iterdir()}

    def is_whole(self) -> bool:
        """Whether it left the very records of running through, and nothing else."""
        names = {f"{record['id']}.json" for record in self.records}
        return stable(self.folder) == self.records and self.files() == names


@pytest.fixture(scope="package")
def through(tmp_path_factory) -> SmallStudy:
    """The study, run through."""
    folder = tmp_path_factory.mktemp("small")
    backbone = json.dumps(str(tiny.save_backbone(folder / "backbone")))
    corpus = corpus_folder(folder / "corpus")
    head = f"[[block]]\ncorpus = {corpus}\nbackbone = {backbone}\narm = "
    plan = "seed = [0, 1], batch_size = 8, epochs = "
    text = f"""
        threads = 1
        {head} "alone"
        plan = {{ scenario = "none_frozen", {plan} 20 }}
        {head} "shared"
        plan = {{ scenario = "sentence_head_frozen", {plan} [1, 2], first = {FIRST} }}
    """
    (folder / "grid.toml").write_text(text, encoding="utf-8")
    assert len(list(Study(folder).run())) == 6
    return SmallStudy(folder, stable(folder))


@pytest.fixture
def small(through: SmallStudy) -> SmallStudy:
    """The study without its records."""
    for path in (through.folder / "records").iterdir():
        path.unlink()
    (through.folder / "records.parquet").unlink(missing_ok=True)
    return through
