"""Answers as lines of JSON or as CoNLL, a thousand sentences at a time."""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from mtlhelpers.model.answers.inputs import Question
from mtlhelpers.model.prediction import Prediction

if TYPE_CHECKING:
    from mtlhelpers.model.shared import SharedModel

AT_ONCE = 1024  # sentences: enough to find some of like length


def answer_lines(
    model: "SharedModel",
    questions: Iterable[Question],
    form: str,
    tell: Callable[[str], None],
) -> Iterator[str]:
    """Yield the answers in order, as `jsonl` (a line each) or `conll` (a block each).

    `tell` is called with what is wrong with a line that holds no sentence. It has an
    empty answer in its place, so that answers can be laid beside their lines.
    """
    write, asked = WRITERS[form], iter(questions)
    while chunk := list(islice(asked, AT_ONCE)):
        for question in chunk:
            if question.fault:
                tell(f"line {question.line}: {question.fault}; its answer is empty")
        said = model.predict([question.sentence for question in chunk])
        yield from map(write, chunk, said)


def _json_line(question: Question, said: Prediction) -> str:
    """Where the sentence stood, and all of its answer."""
    asked = {"line": question.line, "id": question.id, "error": question.fault}
    told = {key: value for key, value in asked.items() if value is not None}
    return json.dumps(told | said.to_dict())


def _conll_block(question: Question, said: Prediction) -> str:
    """Comments with id and label, a word and its tag per line, and a blank line."""
    comments = {"id": question.id, "label": said.label, "error": question.fault}
    lines = [
        f"# {key} = {value}" for key, value in comments.items() if value is not None
    ]
    tags = said.tags or ["O"] * len(said.words)
    words = (
        " ".join(word.split()) or "_" for word in said.words
    )  # a word may be blank
    return "\n".join(
        [*lines, *(f"{word}\t{tag or 'O'}" for word, tag in zip(words, tags)), ""]
    )


WRITERS: dict[str, Callable[[Question, Prediction], str]] = {
    "jsonl": _json_line,
    "conll": _conll_block,
}
