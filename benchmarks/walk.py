"""How many files of the package one sentence passes, from the corpus to a verdict.

`python benchmarks/walk.py` runs four steps on a small piece of newsdesk, and prints for
each the files that it enters, in the order in which it first does.
"""

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import FrameType

import mtlhelpers as mtl
from mtlhelpers.study.running.study import Study
from mtlhelpers.study.verdicts.judge import judge_claims

PACKAGE = Path(mtl.__file__).parent
STUDIES = PACKAGE.parent / "studies"
SENTENCES = 24
CLAIM = "4.2"  # decided by recorded runs alone
GRID = f"""
[[block]]
arm = "backbone_frozen"
corpus = "newsdesk"
backbone = "minilm"
plan = {{ scenario = "backbone_frozen", train_size = {SENTENCES}, epochs = 1 }}
"""


def main() -> None:
    """Walk each step and print its files."""
    for module in walk_packages(mtl.__path__, "mtlhelpers."):
        if not module.name.endswith("__main__"):
            import_module(module.name)  # now, so that no import counts as a step
    corpus = mtl.load_corpus("newsdesk")
    model = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)
    plan = mtl.Plan("backbone_frozen", train_size=SENTENCES, epochs=1)
    steps: dict[str, Callable[[], object]] = {
        "load_corpus": partial(mtl.load_corpus, "newsdesk"),
        "train(backbone_frozen)": partial(
            mtl.train, model, corpus, plan, progress=False
        ),
        "recording one run": record_one_run,
        f"judging claim {CLAIM}": lambda: list(judge_claims(STUDIES, CLAIM)),
    }
    passed: set[str] = set()
    for name, step in steps.items():
        files = entered(step)
        passed |= set(files)
        print(f"{name}: {len(files)} files", *files, sep="\n  ")
    print(f"all of them: {len(passed)} files")


def record_one_run() -> None:
    """Carry out a grid of one run, and pack its record."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "grid.toml").write_text(GRID, encoding="utf-8")
        study = Study(folder)
        list(study.run())
        study.pack()


def entered(step: Callable[[], object]) -> list[str]:
    """The package's files whose functions a step calls, each once, in order."""
    paths: dict[str, None] = {}
    package = str(PACKAGE)

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(package):
            paths.setdefault(frame.f_code.co_filename)

    sys.setprofile(note)
    try:
        step()
    finally:
        sys.setprofile(None)
    return [Path(path).relative_to(PACKAGE).as_posix() for path in paths]


if __name__ == "__main__":
    main()
