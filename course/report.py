"""The report as one file: `python -m course.report build/notebooks build/report.html`.

Lesson 09 without its code: text, tables and figures in one page that loads nothing.
"""

import re
import sys
from pathlib import Path

from nbconvert import HTMLExporter

from mtlhelpers.data.cache import write_atomically

LESSON = "solved/09_what_should_i_freeze.ipynb"
TITLE = "What should I freeze? The report"
# A link to another lesson leads nowhere from a file that was mailed: its text stays.
LESSON_LINK = re.compile(r'<a href="\d\d_\w+\.ipynb[^"]*">(.*?)</a>')
ANCHOR = re.compile(r'<a class="anchor-link".*?</a>')
STYLE = """
body { font: 16px/1.5 Georgia, serif; color: #222; max-width: 50em; margin: 2em auto;
  padding: 0 1em; }
h1, h2, h3, table { font-family: system-ui, sans-serif; line-height: 1.25; }
table { border-collapse: collapse; font-size: 13px; margin: 1em 0; }
th, td { border-bottom: 1px solid #ccc; padding: 3px 8px; text-align: left;
  vertical-align: top; }
img { max-width: 100%; }
pre { font-size: 13px; white-space: pre-wrap; }
@media print { h2 { break-before: page; } table, img { break-inside: avoid; } }
"""


def render(notebook: Path) -> str:
    """A notebook's text, tables and figures as a page by itself."""
    exporter = HTMLExporter(
        template_name="basic", exclude_input=True, exclude_output_prompt=True
    )
    body, _ = exporter.from_filename(str(notebook))
    body = ANCHOR.sub("", LESSON_LINK.sub(r"\1", body))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{TITLE}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def main(notebooks: str, target: str) -> int:
    """Write the report from the lessons in a folder."""
    page = render(Path(notebooks) / LESSON)
    write_atomically(Path(target), page.encode("utf-8"))
    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
