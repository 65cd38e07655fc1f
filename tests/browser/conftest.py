"""The built site, and a headless Chromium that may reach nothing but files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from report.print import browser

ROOT = Path(__file__).parents[2]
CHROMIUM = browser()


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium is installed"))


@pytest.fixture(scope="session")
def site(tmp_path_factory, worker_id) -> Path:
    """The site in MTLHELPERS_SITE, or built here, once for all workers."""
    if built := os.environ.get("MTLHELPERS_SITE"):
        return Path(built).absolute()
    base = tmp_path_factory.getbasetemp()
    base = base if worker_id == "master" else base.parent
    source, target = base / "book-source", base / "book"
    with FileLock(base / "book.lock"):
        if not (target / "searchindex.js").is_file():
            for told in (
                ["report.web.assemble", str(source)],
                ["sphinx", "-q", "-W", "--keep-going", str(source), str(target)],
            ):
                subprocess.run([sys.executable, "-m", *told], check=True, cwd=ROOT)
    return target


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--allow-file-access-from-files"],
        )
        yield opened
        opened.close()


class Visit:
    """A page with what it logged and asked for."""

    def __init__(self, context) -> None:
        self.page = context.new_page()
        self.errors: list[str] = []
        self.asked: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._logged)
        self.page.on("request", lambda request: self.asked.append(request.url))

    def _logged(self, message) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def open(self, path: Path, anchor: str = "") -> None:
        self.page.goto(path.as_uri() + anchor)

    @property
    def outside(self) -> list[str]:
        """What it asked of anything but the disk."""
        return [url for url in self.asked if not url.startswith(("file:", "data:"))]


@pytest.fixture
def visit(chromium):
    """A fresh page; call it with the width and the colour scheme."""
    opened = []

    def make(width: int = 1200, scheme: str = "light") -> Visit:
        size = {"width": width, "height": 800}
        opened.append(chromium.new_context(viewport=size, color_scheme=scheme))
        opened[-1].set_default_timeout(10_000)
        return Visit(opened[-1])

    yield make
    for context in opened:
        context.close()
