"""An overview as one page that loads nothing, for a phone as for a desk."""

from collections.abc import Iterable, Sequence
from html import escape

from mtlhelpers.inspection.findings import Finding
from mtlhelpers.inspection.overview import CountTable, Overview
from mtlhelpers.terminal import UNSEEN

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
th:first-child, td:first-child { text-align: left; padding-left: 0; min-width: 4rem;
  max-width: 20rem; overflow-wrap: anywhere; }
footer { margin-top: 3rem; font-size: 0.8rem; opacity: 0.7; }
"""


def page_of(overview: Overview) -> str:
    """Return the page; whatever comes from the sentences is escaped."""
    columns = ["sentences", "words", "labels", "spans"]
    parts = [
        f"<h1>{_safe(overview.name)}</h1>",
        f"<p>{_safe(overview.source)}</p>" if overview.source else "",
        f'<p class="verdict">{_safe(overview.verdict)}</p>',
        *map(_finding, overview.findings),
        _section("Sentences", _table("split", columns, overview.counts)),
        _section("Labels", _table("label", list(overview.counts), overview.labels)),
        _section("Types", _table("type", list(overview.counts), overview.types)),
        _section("Word pieces", f"<p>{_safe(str(overview.pieces))}</p>")
        if overview.pieces
        else "",
        _section(
            "What it takes", _list(f"{what}: {x}" for what, x in overview.costs())
        ),
        _section("What was done on the way here", _list(overview.notes)),
        "<footer>Made by mtlhelpers check.</footer>",
    ]
    body = "\n".join(part for part in parts if part)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_safe(overview.name)}: {_safe(overview.verdict)}</title>\n"
        f"<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _finding(finding: Finding) -> str:
    kind, word = ("mend", "To mend") if finding.mend else ("advice", "Advice")
    more = finding.count - len(finding.places)
    places = [*finding.places, *([f"and {more:,} more"] if more > 0 else [])]
    listed = _list(places) if finding.places else ""
    return (
        f'<div class="finding {kind}"><p><strong>{word}:</strong> '
        f"{_safe(finding.what)}. {_safe(finding.remedy)}.</p>{listed}</div>"
    )


def _section(title: str, content: str) -> str:
    return f"<h2>{title}</h2>\n{content}" if content else ""


def _list(items: Iterable[str]) -> str:
    listed = "".join(f"<li>{_safe(item)}</li>" for item in items)
    return f"<ul>{listed}</ul>" if listed else ""


def _table(title: str, columns: Sequence[str], table: CountTable) -> str:
    if not table:
        return ""
    head = "".join(f"<th>{_safe(cell)}</th>" for cell in (title, *columns))
    rows = "".join(
        f"<tr><td>{_safe(name)}</td>"
        + "".join(f"<td>{counts.get(column, 0):,}</td>" for column in columns)
        + "</tr>"
        for name, counts in table.items()
    )
    return f'<div class="wide"><table><tr>{head}</tr>{rows}</table></div>'


def _safe(text: str) -> str:
    """Escape what HTML obeys, and what would turn or hide the text beside it."""
    return escape(UNSEEN.sub(lambda match: ascii(match[0])[1:-1], text))
