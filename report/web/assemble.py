"""The site's source, put together: pages, lessons, records, report, reference.

    python -m report.web.assemble build/book-source

Sphinx wants its source in one folder. What stands in `site/` is copied; what comes from
code or records is written beside it. `--lessons` names the folder of solved lessons.
"""

import argparse
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from report.build import STUDIES
from report.facts import Facts
from report.page import render
from report.web.cards import cards
from report.web.recorded import rows
from report.web.reference import reference
from report.web.sizes import BACKBONES, sizes

ROOT = Path(__file__).parents[2]
LESSONS = ROOT / "notebooks" / "solved"
TREE = """

```{toctree}
:hidden:
:maxdepth: 1

lessons
report
explorer
board
howto
results
reference
```
"""


def main() -> None:
    """Write the source."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
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
        (target / name).write_text(text, encoding="utf-8")
    print(f"{target}: {len(found)} lessons, {len(list(target.glob('*.md')))} pages")


def pages(lessons: list[tuple[str, str]]) -> dict[str, str]:
    """Return the pages that are written here, by name."""
    return {
        "index.md": from_root("README.md") + TREE,
        "contributing.md": from_root("CONTRIBUTING.md"),
        "changelog.md": from_root("CHANGELOG.md"),
        "lessons.md": lesson_list(lessons),
        "cards.md": cards(),
        "api.md": reference(),
    }


def from_root(name: str) -> str:
    """Return a page of the repository's root; its links to `site/` lead beside it."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.sub(r"\]\(site/", "](", text)


def data(facts: Facts) -> str:
    """Return the records as a script, which a page may load from a disk."""
    held: dict[str, Any] = {
        "sizes": {name: sizes(name) for name in BACKBONES},
        "rows": list(rows(facts)),
    }
    return f"window.RECORDED = {json.dumps(held, separators=(',', ':'))};\n"


def copied_lessons(folder: Path, target: Path) -> Iterator[tuple[str, str]]:
    """Copy the solved lessons; yield name and title of each, deep dives last."""
    found = [*sorted(folder.glob("[0-9][0-9]_*.ipynb"))]
    found += sorted((folder / "deeper").glob("*.ipynb"))
    for path in found:
        name = path.relative_to(folder)
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / name)
        yield name.with_suffix("").as_posix(), title(path)


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
        "With outputs and solutions. To work through them yourself,",
    ]
    lines += ["with blanks and checks, run `make lab`.", ""]
    for heading, deeper in (("In order", False), ("Deep dives", True)):
        own = [one for one in lessons if one[0].startswith("deeper/") is deeper]
        if own:
            lines += [f"## {heading}", "", "```{toctree}", ":maxdepth: 1", ""]
            lines += [f"lessons/{name}" for name, _ in own] + ["```", ""]
    if not lessons:
        lines += ["They are not built here: `make notebooks` runs them.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
