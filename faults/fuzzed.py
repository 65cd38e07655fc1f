"""Bytes that hypothesis and atheris make up, fed to every parser.

`python -m faults.fuzzed NAME RUNS SEED FOLDER` is what atheris runs in: by itself, as
it watches which lines of the package an input reaches, and ends its process.
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from random import Random

from faults.case import RIGHT, Case

EXAMPLES, RUNS = 100, 2_000  # inputs per case
HAS_ATHERIS = find_spec("atheris") is not None
# What parsers know.
WORDS = [
    "text", "label", "tokens", "tags", "spans", "entities", "start", "end", "id",
    "data", "annotations", "result", "value", "labels", "choices", "cats", "ents",
    "answer", "accept", "split", "group", "scenario", "epochs", "seed", "tasks",
    "heads", "first", "kind", "loss_weights", "train_size", "layers", "block", "arm",
    "corpus", "backbone", "plan", "threads", "measure", "claim", "statement",
    "checked", "decisions", "interval",
]  # fmt: skip


def by_hypothesis(random: Random, room: Path, number: int) -> Case:
    """A hundred inputs for one parser; the first that is lost is made small."""
    from faults.targets import TARGETS, examples, fed

    name = sorted(TARGETS)[number % len(TARGETS)]
    seed = random.getrandbits(32)

    def act() -> str:
        from hypothesis import HealthCheck, Phase, given, settings
        from hypothesis import seed as seeded

        how = {"database": None, "deadline": None, "max_examples": EXAMPLES}
        how["suppress_health_check"] = list(HealthCheck)
        how["phases"] = [Phase.generate, Phase.shrink]

        @seeded(seed)
        @settings(**how)
        @given(_contents(examples(name)))
        def hold(content: bytes) -> None:
            fed(name, content, room)

        hold()
        return RIGHT

    return Case(f"{name}, hypothesis seed {seed}", act)


def _contents(sound: list[bytes]) -> "object":
    """Bytes, text, JSON of the words that parsers know, and pieces of sound files."""
    from hypothesis import strategies as st

    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    plain |= st.sampled_from([*WORDS, "O", "B-x", "ner", "none_frozen", "crf"])
    keys = st.sampled_from(WORDS) | st.text(max_size=3)
    values = st.recursive(
        plain,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5)
        ),
        max_leaves=20,
    )
    lines = st.lists(values.map(json.dumps), max_size=5).map("\n".join)
    tables = st.lists(
        st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=4)
    )
    rows = tables.map(lambda table: "\n".join("\t".join(row) for row in table))
    toml = st.dictionaries(st.sampled_from(WORDS), values.map(json.dumps), max_size=6)
    pairs = toml.map(lambda table: "\n".join(f"{k} = {v}" for k, v in table.items()))
    blocks = pairs.map("[[block]]\n{}".format) | pairs.map("[[claim]]\n{}".format)
    texts = (
        st.text(max_size=300)
        | lines
        | rows
        | rows.map(lambda text: text.replace("\t", ","))
    )
    texts |= values.map(json.dumps) | blocks
    encoded = texts.map(lambda text: text.encode("utf-8", "surrogatepass"))
    joined = st.tuples(st.sampled_from(sound), st.integers(0), encoded, st.integers(0))
    return st.binary(max_size=300) | encoded | joined.map(_spliced)


def _spliced(parts: tuple[bytes, int, bytes, int]) -> bytes:
    sound, at, new, left_out = parts
    at %= len(sound) + 1
    return sound[:at] + new + sound[at + left_out % 9 :]


def by_atheris(random: Random, room: Path, number: int) -> Case:
    """Thousands of inputs for one parser, led by the lines that they reach."""
    from faults.targets import TARGETS

    name = sorted(TARGETS)[number % len(TARGETS)]
    seed = random.getrandbits(31) + 1

    def act() -> str:
        command = [sys.executable, "-m", "faults.fuzzed", name, str(RUNS), str(seed)]
        done = subprocess.run(
            [*command, str(room)], capture_output=True, text=True, errors="replace"
        )
        if not done.returncode:
            return RIGHT
        lines = done.stderr.splitlines()
        told = [at for at, line in enumerate(lines) if "Uncaught Python exc" in line]
        return lines[told[0] + 1] if told else " ".join(lines[-3:])

    return Case(f"{name}, atheris seed {seed}", act)


def main(name: str, runs: str, seed: str, folder: str) -> None:
    """Fuzz one parser, and end the process."""
    import atheris

    with atheris.instrument_imports(include=["mtlhelpers"]):
        from faults.targets import examples, fed
    begin, room = Path(folder) / "begin", Path(folder) / "room"
    begin.mkdir()
    room.mkdir()
    for at, content in enumerate(examples(name)):
        (begin / str(at)).write_bytes(content)
    flags = [f"-runs={runs}", f"-seed={seed}", "-timeout=20", "-max_len=20000"]
    flags += ["-rss_limit_mb=0", f"-artifact_prefix={folder}/"]
    atheris.Setup(["faults", *flags, str(begin)], lambda data: fed(name, data, room))
    atheris.Fuzz()


if __name__ == "__main__":
    os.environ["PYTHONHASHSEED"] = "0"
    main(*sys.argv[1:])
