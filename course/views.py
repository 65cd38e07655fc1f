"""One source, two notebooks: the solved copy, and the learner's copy with blanks.

A source is Python in jupytext's percent format. Cells are tagged: `exercise` (what
stands between the marks becomes `...`), `solution` and `teacher` (not in the learner's
copy), `half-day` (its heading gets a sign), `slide` (see pages.py).
"""

import ast
import re
from collections.abc import Sequence
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "source"
BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
BLOCK = re.compile(rf"^( *){BEGIN}\n(.*?)^ *{END}$\n?", re.M | re.S)
MARK = re.compile(rf"^ *(?:{BEGIN}|{END})$\n?", re.M)
# The answer to a guess, and sentences made of numbers: their code is folded away.
HIDDEN = re.compile(r"\bbecause=|^Markdown\(", re.M)
HALF_DAY = "◆"
LEFT_OUT = {"solution", "teacher"}
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class SourceError(ValueError):
    """A source that makes no lesson; the message names it and the cell."""


def sources(chosen: Sequence[str] = (), folder: Path = SOURCES) -> list[Path]:
    """The sources in order, lessons first; of those, the ones that begin as `chosen`.

    "05" is a lesson, "deeper/chance" a deep dive. Raises `ValueError` where one of
    `chosen` fits none.
    """
    lessons = sorted(folder.glob("[0-9][0-9]_*.py"))
    found = lessons + sorted((folder / "deeper").glob("*.py"))
    names = {source: title(source) for source in found}
    prefixes = [str(Path(name).with_suffix("").as_posix()) for name in chosen]
    for prefix in prefixes:
        if not any(name.startswith(prefix) for name in names.values()):
            raise ValueError(f"no source in {folder} begins with {prefix!r}")
    return [one for one in found if names[one].startswith(tuple(prefixes) or ("",))]


def title(source: Path) -> str:
    """The name of its notebooks, without ending: "05_head", "deeper/chance"."""
    deeper = "deeper/" if source.parent.name == "deeper" else ""
    return deeper + source.stem


def read(source: Path) -> NotebookNode:
    """The notebook of a source as it is written, marks included."""
    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03d}"
        # It would tell the answer before it is run.
        if cell.cell_type == "code" and HIDDEN.search(cell.source):
            cell.metadata["jupyter"] = {"source_hidden": True}
        if "half-day" in tags(cell) and cell.source.startswith("#"):
            heading, *rest = cell.source.split("\n")
            cell.source = "\n".join([f"{heading} {HALF_DAY}", *rest])
    nbformat.validate(notebook)
    return notebook


def solved(source: Path) -> NotebookNode:
    """The solved copy, before it is run."""
    notebook = read(source)
    for cell in notebook.cells:
        cell.source = MARK.sub("", cell.source).rstrip("\n")
    return notebook


def learners(source: Path) -> NotebookNode:
    """The learner's copy: blanks, no solutions, no outputs."""
    notebook = read(source)
    answers = {name for cell in notebook.cells for name in checked(cell)}
    notebook.cells = [cell for cell in notebook.cells if not LEFT_OUT & tags(cell)]
    for cell in notebook.cells:
        if "exercise" in tags(cell):
            cell.source = blanked(cell.source, answers, f"{source.stem}, {cell.id}")
    return notebook


def blanked(code: str, answers: set[str], where: str) -> str:
    """An exercise with `...` in place of what the reader writes.

    Raises `SourceError` where there is nothing between marks, or it has no name that is
    checked.
    """

    def blank(block: re.Match[str]) -> str:
        indent, solution = block[1], block[2]
        if indent:
            return f"{indent}...\n"
        names = [name for name in assigned(solution) if name in answers]
        if not names:
            raise SourceError(f"{where}: the solution assigns no name that is checked")
        return "".join(f"{name} = ...\n" for name in names)

    text, count = BLOCK.subn(blank, code)
    if not count:
        raise SourceError(f"{where}: an exercise without {BEGIN} and {END}")
    return text.rstrip("\n")


def assigned(code: str) -> list[str]:
    """The names that a piece of code assigns at its top, in order, each once."""
    names: dict[str, None] = {}
    for node in ast.parse(code).body:
        if isinstance(node, ast.FunctionDef):
            names[node.name] = None
        own = getattr(node, "targets", []) or [getattr(node, "target", None)]
        parts = [part for target in own if target for part in ast.walk(target)]
        names |= {part.id: None for part in parts if isinstance(part, ast.Name)}
    return list(names)


def checked(cell: NotebookNode) -> set[str]:
    """The names that a cell hands to `mtl.check`."""
    if cell.cell_type != "code" or ".check(" not in cell.source:
        return set()
    calls = [n for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.Call)]
    calls = [n for n in calls if getattr(n.func, "attr", "") == "check"]
    parts = [part for call in calls for part in ast.walk(call)]
    return {part.id for part in parts if isinstance(part, ast.Name)} - {"mtl"}


def tags(cell: NotebookNode) -> set[str]:
    """The tags of a cell."""
    return set(cell.metadata.get("tags", []))
