"""The site's source, put together: pages, lessons, records, report, reference.

    python -m report.web.assemble build/book-source [build/book]

Sphinx wants its source in one folder. What stands in `site/` is copied; what comes from
code or records is written beside it. `--lessons` names the folder of solved lessons. A
second folder gets the site that Sphinx makes of it.
"""

import argparse
import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mtlhelpers.lesson.explorer import records_script
from mtlhelpers.lesson.recorded import recorded_rows
from report.build import STUDIES
from report.facts import Facts
from report.page import render
from report.web.cards import cards
from report.web.links import followed, place
from report.web.reference import reference

ROOT = Path(__file__).parents[2]
LESSONS = ROOT / "notebooks" / "solved"
COPIED = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "site/*.md", "teaching/*.md")
FRONT = ("lessons", "report", "explorer", "board", "howto", "results", "reference")


def main() -> None:
    """Write the source."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("site", type=Path, nargs="?")
    parser.add_argument("--lessons", type=Path, default=LESSONS)
    options = parser.parse_args()
    target: Path = options.target
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(ROOT / "site", target)
    facts = Facts(STUDIES)
    (target / "_extra").mkdir()
    (target / "_extra" / "the_report.html").write_text(
        render(facts, board="board.html"), encoding="utf-8"
    )
    (target / "_static" / "records.js").write_text(data(facts), encoding="utf-8")
    found = list(copied_lessons(options.lessons, target / "lessons"))
    for name, text in pages(found).items():
        (target / name).parent.mkdir(exist_ok=True)
        (target / name).write_text(text, encoding="utf-8")
    print(f"{target}: {len(found)} lessons, {len(list(target.glob('*.md')))} pages")
    if options.site:
        publish(target, options.site)


def publish(source: Path, target: Path) -> None:
    """Let Sphinx make the site, in place of an older one once all of it is there.

    Sphinx writes page after page, and takes a page that a kill cut short for a new one.
    Raises `SystemExit` where it warns.
    """
    from sphinx.cmd.build import build_main

    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    if status := build_main(["-q", "-W", "--keep-going", str(source), str(part)]):
        raise SystemExit(status)
    shutil.rmtree(target, ignore_errors=True)
    part.rename(target)


def pages(lessons: list[tuple[str, str]]) -> dict[str, str]:
    """Return every page that is Markdown, by its name on the site."""
    found: dict[str, str] = {}
    for pattern in COPIED:
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            text = path.read_text(encoding="utf-8")
            found[place(name) or name] = followed(text, name)
    teachers = [name for name in found if name.startswith("teaching/")]
    found["index.md"] += tree((*FRONT, "teachers") if teachers else FRONT)
    if teachers:
        found["teachers.md"] = f"# For teachers\n{tree(teachers, hidden=False)}"
    return found | {
        "lessons.md": lesson_list(lessons),
        "cards.md": cards(),
        "api.md": reference(),
    }


def tree(names: Iterable[str], hidden: bool = True) -> str:
    """Return the directive that puts pages into the site's navigation."""
    lines = ["", "```{toctree}", ":maxdepth: 1", *[":hidden:"] * hidden, ""]
    return "\n".join([*lines, *(name.removesuffix(".md") for name in names), "```", ""])


def data(facts: Facts) -> str:
    """Return the records as a script, which a page may load from a disk."""
    return records_script(recorded_rows(facts.evidence.studies, facts.studies))


def copied_lessons(folder: Path, target: Path) -> Iterator[tuple[str, str]]:
    """Copy the solved lessons; yield name and title of each, deep dives last."""
    found = [*sorted(folder.glob("[0-9][0-9]_*.ipynb"))]
    found += sorted((folder / "deeper").glob("*.ipynb"))
    for path in found:
        name = path.relative_to(folder)
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        notebook = folded(json.loads(path.read_text(encoding="utf-8")))
        (target / name).write_text(json.dumps(notebook), encoding="utf-8")
        yield name.with_suffix("").as_posix(), title(path)


def folded(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return a lesson whose answers are folded away: a click or a key shows them."""
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags", [])
        hidden = cell["metadata"].get("jupyter", {}).get("source_hidden")
        if cell["cell_type"] == "code" and (hidden or "exercise" in tags):
            cell["metadata"]["tags"] = [*tags, "hide-input"]
    return notebook


def title(path: Path) -> str:
    """Return the first heading of a notebook."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and source.startswith("# "):
            return source.split("\n")[0].removeprefix("# ")
    return path.stem


def lesson_list(lessons: list[tuple[str, str]]) -> str:
    """Return the page that lists lessons and deep dives."""
    lines = [
        "# Lessons",
        "",
        "With outputs, and solutions folded away. To work through them yourself,",
    ]
    lines += ["with blanks and checks, run `make lab`.", ""]
    for heading, deeper in (("In order", False), ("Deep dives", True)):
        own = [one for one in lessons if one[0].startswith("deeper/") is deeper]
        if own:
            lines += [f"## {heading}"]
            lines += [tree([f"lessons/{name}" for name, _ in own], hidden=False)]
    if not lessons:
        lines += ["They are not built here: `make notebooks` runs them.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
