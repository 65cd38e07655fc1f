"""An overview as one page that loads nothing, for a phone as for a desk."""

from collections.abc import Iterable, Sequence
from html import escape

from mtlhelpers.escapes import escaped
from mtlhelpers.inspection.findings import Finding
from mtlhelpers.inspection.overview import CountTable, Overview

STYLE = """
:root { color-scheme: light dark; --line: #8884; --mend: #b3261e; --soft: #8882; }
@media (prefers-color-scheme: dark) { :root { --mend: #ff8a80; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto;
  padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; line-height: 1.2; margin: 0.5rem 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 0.5rem; }
.verdict { font-weight: 600; }
.mend { border-left: 4px solid var(--mend); }
.advice { border-left: 4px solid var(--line); }
.finding { padding: 0.25rem 0.75rem; margin: 0.75rem 0; background: var(--soft); }
.finding p { margin: 0.25rem 0; }
.finding ul { margin: 0.25rem 0; padding-left: 1.2rem; font-size: 0.9rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85rem;
  font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: 0.2rem 0 0.2rem 0.6rem;
  text-align: right; overflow-wrap: normal; }
th:first-child, td:first-child { text-align: left; padding-left: 0; min-width: 7rem;
  max-width: 20rem; overflow-wrap: anywhere; }
footer { margin-top: 3rem; font-size: 0.8rem; opacity: 0.7; }
"""


def page_of(overview: Overview) -> str:
    """Return the page; whatever comes from the sentences is escaped."""
    columns = ["sentences", "words", "labels", "spans"]
    parts = [
        f"<h1>{safe(overview.name)}</h1>",
        f"<p>{safe(overview.source)}</p>" if overview.source else "",
        f'<p class="verdict">{safe(overview.verdict)}</p>',
        *map(_finding, overview.findings),
        section("Sentences", _counts("split", columns, overview.counts)),
        section("Labels", _counts("label", list(overview.counts), overview.labels)),
        section("Types", _counts("type", list(overview.counts), overview.types)),
        section("Word pieces", f"<p>{safe(str(overview.pieces))}</p>")
        if overview.pieces
        else "",
        section(
            "What it takes", bullets(f"{what}: {x}" for what, x in overview.costs())
        ),
        section("What was done on the way here", bullets(overview.notes)),
        "<footer>Made by mtlhelpers check.</footer>",
    ]
    return frame(f"{overview.name}: {overview.verdict}", parts)


def frame(title: str, parts: Iterable[str]) -> str:
    """Return a page of its parts, each of them HTML; empty ones are left out."""
    body = "\n".join(part for part in parts if part)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{safe(title)}</title>\n"
        f"<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _finding(finding: Finding) -> str:
    kind, word = ("mend", "To mend") if finding.mend else ("advice", "Advice")
    more = finding.count - len(finding.places)
    places = [*finding.places, *([f"and {more:,} more"] if more > 0 else [])]
    listed = bullets(places) if finding.places else ""
    return (
        f'<div class="finding {kind}"><p><strong>{word}:</strong> '
        f"{safe(finding.what)}. {safe(finding.remedy)}.</p>{listed}</div>"
    )


def section(title: str, content: str) -> str:
    """Return a heading with what stands below it; "" without that."""
    return f"<h2>{title}</h2>\n{content}" if content else ""


def bullets(items: Iterable[str]) -> str:
    """Return a list; "" without items."""
    listed = "".join(f"<li>{safe(item)}</li>" for item in items)
    return f"<ul>{listed}</ul>" if listed else ""


def _counts(title: str, columns: Sequence[str], counts: CountTable) -> str:
    rows = [
        (name, *(f"{own.get(column, 0):,}" for column in columns))
        for name, own in counts.items()
    ]
    return grid((title, *columns), rows)


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table that scrolls by itself where it is wide; "" without rows."""
    if not rows:
        return ""
    top = "".join(f"<th>{safe(cell)}</th>" for cell in head)
    lines = "".join(
        f"<tr>{''.join(f'<td>{safe(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f'<div class="wide"><table><tr>{top}</tr>{lines}</table></div>'


def safe(text: str) -> str:
    """Escape what HTML obeys, and what would turn or hide the text beside it."""
    return escape(escaped(text))
