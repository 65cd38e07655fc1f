"""Measure how hard newsdesk is, and write the figures into its data card.

    python -m studies.newsdesk.measure

Each measurement becomes one line of studies/newsdesk/records.jsonl as it comes.
What stands there for the corpus as it is now is not measured again, so a stop loses one
run at most.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

from mtlhelpers.data.cache import write_atomically
from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.load import load_corpus
from mtlhelpers.data.published.registry import NEWSDESK_ROWS
from mtlhelpers.data.subsets import take_subset
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.loop import train
from mtlhelpers.training.plan import Plan
from studies.newsdesk.baselines import (
    bag_of_words_accuracy,
    lookup_f1,
    majority_share,
)
from studies.newsdesk.checks import Finding, check_newsdesk, judge

RECORDS = Path(__file__).with_name("records.jsonl")
CARD = NEWSDESK_ROWS.with_name("README.md")
SEEDS = range(5)
CURVE = (100, 300, 1_000, 3_000, 10_000)
# Passes over the rows, by size: about 200 steps at least, and two passes over all of
# train, in which each hand-written sentence stands nine times.
EPOCHS = {100: 50, 300: 20, 1_000: 7, 3_000: 3, 10_000: 2, None: 2}

Record = dict[str, Any]


class Measure(NamedTuple):
    """One thing to measure; `size` None is all of train."""

    method: str  # "majority", "bag of words", "lookup", or a backbone to fine-tune
    size: int | None
    seed: int


def planned(models: bool = True) -> Iterator[Measure]:
    """Yield the measurements, quick ones first."""
    yield Measure("majority", None, 0)
    yield Measure("lookup", None, 0)
    yield Measure("bag of words", None, 0)
    yield from (Measure("bag of words", 300, seed) for seed in SEEDS)
    if models:
        # Seed by seed, so that a study that is stopped has every method for some seeds.
        sizes = [("minilm", size) for size in CURVE] + [("random:minilm", 300)]
        for seed in SEEDS:
            for method, size in [*sizes, ("minilm", None)]:
                yield Measure(method, size, seed)


def measure(wanted: Measure, corpus: Corpus) -> Record:
    """Carry out one measurement; scores are shares of 1, None where it has none."""
    splits = corpus.splits
    scores: Record = {"accuracy": None, "ner_f1": None}
    if wanted.method == "majority":
        scores["accuracy"] = majority_share(splits["test"])
    elif wanted.method == "lookup":
        scores["ner_f1"] = lookup_f1(splits["train"], splits["test"])
    elif wanted.method == "bag of words":
        train = take_subset(splits["train"], wanted.size, wanted.seed)
        scores["accuracy"], scores["settings"] = bag_of_words_accuracy(
            train, splits["validation"], splits["test"]
        )
    else:
        scores |= _fine_tune(wanted, corpus)
    return {**wanted._asdict(), "corpus": corpus.fingerprint, **scores}


def run_measures(
    corpus: Corpus,
    wanted: Sequence[Measure],
    path: Path = RECORDS,
    seen: Callable[[Record], None] = lambda record: None,
) -> list[Record]:
    """Measure what is not yet recorded; return the records of this corpus."""
    records = read_records(path)
    done = {key(record) for record in records}
    for one in wanted:
        if (*one, corpus.fingerprint) in done:
            continue
        record = measure(one, corpus)
        records.append(record)
        lines = "".join(
            json.dumps(record, allow_nan=False) + "\n" for record in records
        )
        write_atomically(path, lines.encode("utf-8"))
        seen(record)
    return [record for record in records if record["corpus"] == corpus.fingerprint]


def read_records(path: Path = RECORDS) -> list[Record]:
    """Return the records of a file, none if it does not exist."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def key(record: Record) -> tuple[Any, ...]:
    """What a record measured: method, size, seed and the corpus's fingerprint."""
    return tuple(record[name] for name in ("method", "size", "seed", "corpus"))


def table(records: Sequence[Record]) -> str:
    """Return the records as a Markdown table, one line per method and size."""
    groups: dict[tuple[str, int | None], list[Record]] = {}
    for record in records:
        groups.setdefault((record["method"], record["size"]), []).append(record)
    lines = ["| method | training rows | seeds | topic accuracy | NER F1 |"]
    lines.append("|---|---:|---:|---:|---:|")
    for (method, size), own in groups.items():
        cells = [method, "all" if size is None else f"{size:,}", str(len(own))]
        for score in ("accuracy", "ner_f1"):
            cells.append(_spread([one[score] for one in own]))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def findings_table(findings: Iterable[Finding]) -> str:
    """Return findings as a Markdown table; what does not hold is marked."""
    lines = ["| checked | found | asked for | holds |", "|---|---|---|---|"]
    for one in findings:
        holds = "yes" if one.ok else "**no**"
        lines.append(f"| {one.name} | {one.found} | {one.asked} | {holds} |")
    return "\n".join(lines)


def card_tables(records: Sequence[Record]) -> dict[str, str]:
    """Return the tables of the data card, by the names of their marks."""
    return {
        "checks": findings_table(check_newsdesk()),
        "figures": table(records),
        "bars": findings_table(judge(records)),
    }


def write_card(tables: dict[str, str], path: Path = CARD) -> None:
    """Put each table between its marks in the card, `<!-- name -->` and `<!-- end -->`.

    Raises:
        ValueError: if the card has no such marks.
    """
    text = path.read_text("utf-8")
    for name, content in tables.items():
        before, opening, rest = text.partition(f"<!-- {name} -->")
        _, closing, after = rest.partition("<!-- end -->")
        if not closing:
            raise ValueError(f"{path} has no marks <!-- {name} --> and <!-- end -->")
        text = f"{before}{opening}\n{content}\n{closing}{after}"
    write_atomically(path, text.encode("utf-8"))


def _fine_tune(wanted: Measure, corpus: Corpus) -> Record:
    model = SharedModel.from_backbone(
        wanted.method, corpus.labels, corpus.tags, seed=wanted.seed
    )
    epochs = EPOCHS[wanted.size]
    plan = Plan("none_frozen", epochs, seed=wanted.seed, train_size=wanted.size)
    run = train(model, corpus, plan, progress=False)
    return {
        "accuracy": run.scores.accuracy,
        "ner_f1": run.scores.ner_f1,
        "plan": run.plan.to_dict(),
        "seconds": run.seconds["total"],
    }


def _spread(values: Sequence[float | None]) -> str:
    """Mean and standard deviation in per cent, "-" where there is no score."""
    known = [100 * value for value in values if value is not None]
    if not known:
        return "-"
    return f"{mean(known):.1f}" + (f" ± {stdev(known):.1f}" if len(known) > 1 else "")


if __name__ == "__main__":
    newsdesk = load_corpus("newsdesk")
    measured = run_measures(newsdesk, list(planned()), seen=print)
    write_card(card_tables(measured))
    print(table(measured), *judge(measured), *check_newsdesk(), sep="\n")
