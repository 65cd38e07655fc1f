"""What advice is asked about: how many sentences, what to learn, what to keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING

from mtlhelpers.errors import InputError
from mtlhelpers.study.protocol import TASKS, Task

if TYPE_CHECKING:  # a second of imports, which a number of sentences does without
    from mtlhelpers.data.corpus import Corpus


@dataclass(frozen=True)
class Case:
    """What is asked about."""

    corpus: "Corpus | None"  # None: a number of sentences alone
    size: int  # training sentences (of each task, in a disjoint corpus)
    tasks: tuple[Task, ...]  # to be learned
    kept: Task | None = None  # a task whose trained head must keep its scores

    def __str__(self) -> str:
        size = f"{self.size:,} training sentences, to learn {' and '.join(self.tasks)}"
        return f"{size}, to keep {self.kept}" if self.kept else size


def find_case(
    corpus_or_size: "Corpus | str | Path | int", tasks: Sequence[str] | None, keep: str
) -> Case:
    """Check a question. Raises `ValueError` for one that cannot be answered."""
    there: Sequence[str]
    if isinstance(corpus_or_size, int | Integral):  # also one of numpy's
        corpus, size = None, int(corpus_or_size)
        there, name = TASKS, "what is recorded"
    else:
        from mtlhelpers.data.corpus import Corpus  # a second of imports
        from mtlhelpers.data.load import load_corpus

        given = corpus_or_size
        corpus = given if isinstance(given, Corpus) else load_corpus(given)
        size, there, name = _training_sentences(corpus), corpus.tasks, corpus.name
    if size < 1:
        raise InputError(
            f"the number of training sentences must be above 0, not {size}"
        )
    if tasks is None:
        tasks = [task for task in there if task != keep]
    asked = (tasks,) if isinstance(tasks, str) else tuple(tasks)
    for task in (*asked, *([keep] if keep else [])):
        if task not in there:
            raise InputError(f"no task {task!r}: {name} has {' and '.join(there)}")
    if not asked or keep in asked:
        raise InputError("a task that is kept cannot be learned too: name another")
    learned = tuple(task for task in TASKS if task in asked)
    return Case(corpus, size, learned, next((t for t in TASKS if t == keep), None))


def _training_sentences(corpus: "Corpus") -> int:
    """All, or those of the task that has fewer."""
    train = corpus.splits["train"]
    columns = {"sentence": "label", "ner": "tags"}
    return min(
        sum(cell is not None for cell in train[columns[task]][:])
        for task in corpus.tasks
    )
