"""All attacks by name, with how many cases they have, and in the short form."""

import re
from collections.abc import Iterator
from functools import partial

from faults import (
    crowds,
    disks,
    fuzzed,
    kills,
    memory,
    models,
    network,
    numbers,
    odd_files,
    parsers,
    studies,
    texts,
    works,
)
from faults.case import Attack
from faults.materials import ROOT

Fuzz = partial(Attack, of="fuzzed inputs")

ATTACKS = {
    "models": Fuzz(models.models, 4000, 60),
    "models of several files": Fuzz(models.former_models, 1000, 20),
    "sealed models": Fuzz(models.sealed_models, 1500, 20),
    "backbones": Fuzz(models.backbones, 1000, 40),
    "feature files": Fuzz(models.feature_files, 800, 10),
    "files of sentences": Fuzz(parsers.parsers, 12_000, 100),
    "sentences in memory": Fuzz(parsers.rows, 2000, 20),
    "sentences to predict": Fuzz(parsers.questions, 7000, 20),
    "plans": Fuzz(studies.plans, 15_000, 100),
    "grids": Fuzz(studies.grids, 8000, 60),
    "claims": Fuzz(studies.claim_files, 1200, 10),
    "fresh checks": Fuzz(studies.fresh_checks, 3000, 20),
    "records": Fuzz(studies.kept_records, 1000, 40),
    "submitted records": Fuzz(studies.submitted, 1500, 10),
    "by hypothesis": Fuzz(fuzzed.by_hypothesis, 416, 16, 300, each=fuzzed.EXAMPLES),
    "by atheris": Fuzz(fuzzed.by_atheris, 32, 0, 300, each=fuzzed.RUNS),
    "odd files": Attack(odd_files.odd_files, odd_files.COUNT, odd_files.COUNT, 5),
    "downloads": Attack(network.network, network.COUNT, network.COUNT),
    "full and read-only disks": Attack(disks.disks, disks.COUNT, disks.COUNT, 60),
    "hostile names": Attack(texts.texts, texts.COUNT, texts.COUNT),
    "too little memory": Attack(memory.little, 40, 3, 120),
    "mapped files cut": Attack(memory.cut, 100, 5),
    "numbers": Attack(numbers.numbers, 400, 30, 60),
    "kills": Attack(kills.kills, kills.COUNT, 6, 900, "kills", kills.MOMENTS),
    "crowds": Attack(crowds.crowds, 50, 1, 120, "crowds of eight", alone=True),
}
if not fuzzed.HAS_ATHERIS:
    del ATTACKS["by atheris"]


def left_out() -> Iterator[str]:
    """Say what cannot be tried here, and what no attack can show to be safe."""
    if not fuzzed.HAS_ATHERIS:
        yield "not tried: inputs by atheris, which is not here (pip install atheris)"
    for work in works.WORKS:
        if work not in works.HERE:
            yield f"not tried: kills of {work.do.__name__}, as {work.needs} is not here"
    told = (
        (ROOT / "SECURITY.md").read_text(encoding="utf-8").partition("not promised")[2]
    )
    for title in re.findall(r"^- \*\*(.+?)\*\*", told, re.M | re.S):
        yield f"not promised (SECURITY.md): {' '.join(title.split()).rstrip('.')}"
