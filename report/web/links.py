"""Where a file of the repository stands on the site, and links that follow it there."""

import posixpath
import re

PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
FOLDERS = {
    "site/": "",
    "teaching/": "teaching/",
    "notebooks/solved/": "lessons/",
    "notebooks/": "lessons/",
}
LINK = re.compile(r"\]\(([^)#\s:]+)(#[^)\s]*)?\)")


def place(path: str) -> str | None:
    """Return where a file of the repository stands on the site; None: nowhere."""
    if path in PAGES:
        return PAGES[path]
    for folder, moved_to in FOLDERS.items():
        if path.startswith(folder):
            return moved_to + path.removeprefix(folder)
    return None


def followed(text: str, page: str) -> str:
    """Return the Markdown of a page of the repository with links as they are there."""
    home = posixpath.dirname(place(page) or "") or "."

    def link(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page), found[1]))
        there = place(target)
        if there is None:
            return found[0]
        return f"]({posixpath.relpath(there, home)}{found[2] or ''})"

    return LINK.sub(link, text)
