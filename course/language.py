"""The size and the language of a lesson: `python -m course.language [05 deeper/… …]`.

It reads the source, and prints what is over the limits of a core lesson or a deep dive,
one line each; tables and figures are counted in the solved copy, where there is one.
"""

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from statistics import mean, median

import nbformat
from nbformat import NotebookNode

from course import views

SOLVED = views.HERE.parent / "notebooks" / "solved"
WORDS = (700, 1200)
MOST_WORDS_DEEPER = 1500
MEAN_SENTENCE, LONGEST_SENTENCE = 16, 30  # words
MOST = {"code cells": 45, "tables": 5, "figures": 5, "predictions": 3}
EXERCISES = (2, 3)
TABLE_COLUMNS, TABLE_ROWS = 6, 12
# Words that say nothing to a reader of lessons, and what to write.
NOT_FOR_READERS = {
    r"(?<!learning )(?<!learning-)\brates?\b": "say learning rate",
    r"\bway back\b": "say backward pass",
    r"\bfree side\b": "say training everything",
    r"\btold apart\b": "say clearly better, or different",
    r"\bso (?:do|does|did|is|are)\b(?= (?:the|a|an|it|they|this|that|its|their)\b)":
        "say it in a main clause",
    r"\bthe text\b": "say what you mean: the sentence, the lesson",
    r"\bclaims? \d[AB]?\.\d\b": "no numbers of claims",
    r"\b\d[AB]\.\d\b": "no numbers of claims",
    r"\b(?:one|two|three) (?:row|line|record|vector|label|tag|cell|run)s? an? \w+":
        "per, not a",
}  # fmt: skip
OPENING = re.compile(r"\*\d+ minutes? to read, \d+ (?:seconds?|minutes?) to run")
CLOSING = ("What you found", "What would have changed our mind", "Go deeper")


def main(chosen: Sequence[str]) -> int:
    """Print what is over, of the sources that begin as given; return exit status."""
    over = False
    for source in views.sources(chosen):
        name = views.title(source)
        found = list(findings(name, views.read(source)))
        solved = SOLVED / f"{name}.ipynb"
        if solved.is_file():
            found += outputs_over(name, nbformat.read(solved, as_version=4))
        print(f"{name}: {len(words(prose(views.read(source))))} words")
        print(*(f"  {line}" for line in found), sep="\n", end="\n" * bool(found))
        over |= bool(found)
    return int(over)


def findings(name: str, notebook: NotebookNode) -> Iterator[str]:
    """What is over or missing in a source, a line each."""
    text = prose(notebook)
    yield from _length(name, text)
    yield from _sentences(text)
    joined = " ".join(text.split())
    for pattern, instead in NOT_FOR_READERS.items():
        for found in re.finditer(pattern, joined, re.I):
            near = joined[max(0, found.start() - 30) : found.end() + 20]
            yield f"“{near}”: {instead}"
    yield from _headings(name, notebook)
    yield from _cells(name, notebook)


def prose(notebook: NotebookNode) -> str:
    """The Markdown that a learner reads, without code, links' targets and tables."""
    cells = [
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "markdown" and not views.LEFT_OUT & views.tags(cell)
    ]
    text = "\n\n".join(cells)
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    return re.sub(r"\]\([^)]*\)", "]", text)


def words(text: str) -> list[str]:
    """The words of a text; numbers and names of code count as one each."""
    return re.findall(r"[^\W_](?:[\w'’.,/-]*\w)?", re.sub(r"`[^`]*`", "code", text))


def sentences(text: str) -> list[str]:
    """Sentences of paragraphs and list items; headings and tables are none."""
    lines = [line for line in text.splitlines() if not re.match(r"\s*(#|\|)", line)]
    blocks = re.split(r"\n\s*\n|\n\s*(?=[-*] |\d+\. )", "\n".join(lines))
    plain = (re.sub(r"`[^`]*`", "code", re.sub(r"[*_]{1,2}", "", b)) for b in blocks)
    parts = (re.split(r"(?<=[.?!:])[\"”)]*\s+", " ".join(b.split())) for b in plain)
    return [one for block in parts for one in block if words(one)]


def _length(name: str, text: str) -> Iterator[str]:
    count = len(words(text))
    if is_deeper(name):
        if count > MOST_WORDS_DEEPER:
            yield f"{count} words: at most {MOST_WORDS_DEEPER}"
    elif not WORDS[0] <= count <= WORDS[1]:
        yield f"{count} words: {WORDS[0]} to {WORDS[1]}"


def _sentences(text: str) -> Iterator[str]:
    lengths = {one: len(words(one)) for one in sentences(text)}
    if lengths and mean(lengths.values()) > MEAN_SENTENCE:
        yield f"sentences have {mean(lengths.values()):.1f} words: {MEAN_SENTENCE}"
    for one, length in lengths.items():
        if length > LONGEST_SENTENCE:
            yield f"{length} words: “{one}”"


def _headings(name: str, notebook: NotebookNode) -> Iterator[str]:
    text = prose(notebook)
    levels = [len(mark) for mark in re.findall(r"^(#+) ", text, re.M)]
    if levels[:1] != [1] or levels.count(1) != 1:
        yield "it opens with one # heading, and has no other"
    for before, after in zip(levels, levels[1:]):
        if after > before + 1:
            yield f"a heading of level {after} follows one of level {before}"
    opening = notebook.cells[0].source
    if not re.search(r"\*\*[^*]+\?\*\*", opening):
        yield "the first cell asks the question in bold, ending in ?**"
    if not OPENING.search(opening):
        yield "the first cell says *N minutes to read, N seconds to run …*"
    headings = re.findall(r"^## (.*)", text, re.M)
    found = [heading.removesuffix(f" {views.HALF_DAY}") for heading in headings]
    if not is_deeper(name) and tuple(found[-3:]) != CLOSING:
        yield f"it closes with the headings {', '.join(CLOSING)}"


def _cells(name: str, notebook: NotebookNode) -> Iterator[str]:
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    lines = sorted(sum(1 for s in cell.splitlines() if s.strip()) for cell in code)
    if median(lines) > 4 or lines[int(0.9 * len(lines))] > 12 or lines[-1] > 25:
        long = [cell.splitlines()[0] for cell in code if cell.count("\n") >= 12]
        most = lines[int(0.9 * len(lines))], lines[-1]
        yield f"cell lines: median {median(lines)}, 90 % and most {most}; long: {long}"
    counts = {
        "code cells": len(code),
        "predictions": sum(cell.count("mtl.guess(") for cell in code),
    }
    yield from _too_many(counts)
    exercises = sum("exercise" in views.tags(cell) for cell in notebook.cells)
    if not is_deeper(name) and not EXERCISES[0] <= exercises <= EXERCISES[1]:
        yield f"{exercises} exercises: {EXERCISES[0]} or {EXERCISES[1]}"


def outputs_over(name: str, solved: NotebookNode) -> Iterator[str]:
    """Tables and figures that are too many or too large, in a copy that was run."""
    outputs = [o for cell in solved.cells for o in cell.get("outputs", [])]
    pages = [str(o.get("data", {}).get("text/html", "")) for o in outputs]
    tables = [page for page in pages if "<table" in page]
    written = re.findall(r"^\|[ :|-]+\|$", "\n".join(_markdown(solved)), re.M)
    counts = {
        "tables": len(tables) + len(written),
        "figures": sum("<img" in page for page in pages),
    }
    yield from _too_many(counts)
    for page in tables:
        rows = page.count("<tr") - page.count("<thead")
        columns = len(re.findall(r"<t[hd][ >]", page.partition("</tr>")[0]))
        if rows > TABLE_ROWS or columns > TABLE_COLUMNS + 1:  # the index is one more
            yield f"a table of {rows} rows and {columns - 1} columns with its index"


def _markdown(notebook: NotebookNode) -> Iterator[str]:
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            yield cell.source
        for output in cell.get("outputs", []):
            yield str(output.get("data", {}).get("text/markdown", ""))


def _too_many(counts: dict[str, int]) -> Iterator[str]:
    for what, count in counts.items():
        if count > MOST[what]:
            yield f"{count} {what}: at most {MOST[what]}"


def is_deeper(name: str) -> bool:
    """Whether it is a deep dive."""
    return name.startswith("deeper/")


def used_after_exercises(notebook: NotebookNode) -> set[str]:
    """Names of exercises that a learner's later cells use, which hold blanks there."""
    answers: set[str] = set()
    used: set[str] = set()
    for cell in notebook.cells:
        tags = views.tags(cell)
        if cell.cell_type != "code" or views.LEFT_OUT & tags:
            continue
        loaded = {n.id for n in ast.walk(ast.parse(cell.source)) if _loads(n)}
        if not views.checked(cell) and "exercise" not in tags:
            used |= loaded & answers
        if "exercise" in tags:
            answers |= set(views.assigned(cell.source))
    return used


def _loads(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
