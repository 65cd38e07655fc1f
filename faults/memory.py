"""Too little memory for what is asked, and mapped files that others cut short."""

import os
import resource
from functools import cache
from pathlib import Path
from random import Random

from helpers import tiny

import mtlhelpers as mtl
from faults.case import RIGHT, Case
from faults.models import encoded_frozen
from mtlhelpers.data.corpus import build_corpus

MB = 2**20
WORDS = 120  # per sentence, as many as the tiny model sees
SENTENCES = 800


@cache
def _large() -> mtl.Corpus:
    words, tags = " ".join(["Ada"] * WORDS), " ".join(["O"] * WORDS)
    splits = {
        split: [tiny.row(f"{split}{n}", words, tags, "go") for n in range(count)]
        for split, count in {"train": SENTENCES, "validation": 9, "test": 9}.items()
    }
    return build_corpus("large", splits)


def _train(scenario: str) -> None:
    model = tiny.model(_large())
    tiny.train(model, _large(), tiny.plan(scenario, batch_size=SENTENCES))


def _predict() -> None:
    sentences = [["Ada"] * WORDS] * SENTENCES
    tiny.model(_large()).predict(sentences, batch_size=SENTENCES)


ACTS = {
    "train everything": lambda: _train("none_frozen"),
    "train heads": lambda: _train("backbone_frozen"),
    "predict": _predict,
}


def little(random: Random, room: Path, number: int) -> Case:
    """A batch for which there may be room or not: done, or refused with advice."""
    what, act = list(ACTS.items())[number % len(ACTS)]
    more = random.randrange(1, 300)

    def tried() -> str:
        _large()
        tiny.train(tiny.model(tiny.corpus()), tiny.corpus(), tiny.plan())  # all loaded
        now = int(Path("/proc/self/statm").read_text().split()[0])
        bytes_now, limits = now * os.sysconf("SC_PAGE_SIZE"), resource.RLIMIT_AS
        before = resource.getrlimit(limits)
        resource.setrlimit(limits, (bytes_now + more * MB, before[1]))
        try:
            act()
        finally:
            resource.setrlimit(limits, before)
        return RIGHT

    return Case(f"{what}, {more} MB more", tried, "too little memory for")


def cut(random: Random, room: Path, number: int) -> Case:
    """Hidden states that are mapped, cut by another program: made again, no SIGBUS."""
    share = random.random()

    def act() -> str:
        encoded, model = encoded_frozen()
        store = mtl.FeatureStore(room)
        wanted = mtl.FeatureStore().states(model, encoded, (2,)).pieces
        store.states(model, encoded, (2,))
        path = next(room.glob("*.safetensors"))
        os.truncate(path, int(share * path.stat().st_size))
        found = store.states(model, encoded, (2,)).pieces
        return RIGHT if bool((found == wanted).all()) else "other states"

    return Case(f"cut to {share:.2f}", act)
