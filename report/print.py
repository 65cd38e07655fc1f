"""The report as PDF, printed by a Chromium that is installed; nothing is downloaded.

python -m report.print build/report.html build/report.pdf
"""

import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
DOWNLOADED = Path.home() / ".cache" / "ms-playwright"  # by `playwright install`
SECONDS = 120


def browser() -> str | None:
    """Return the path of a Chromium, Playwright's own as well; None without one."""
    own = sorted(DOWNLOADED.glob("chromium-*/chrome-linux*/chrome"))
    return next(filter(None, map(shutil.which, [*NAMES, *map(str, own)])), None)


def main(page: str, target: str) -> int:
    """Print a page."""
    found = browser()
    if found is None:
        print(f"no {', '.join(NAMES)}: install one, or open {page} and print it")
        return 1
    options = ["--headless", "--no-sandbox", "--no-pdf-header-footer", "--disable-gpu"]
    where = f"--print-to-pdf={Path(target).absolute()}"
    told = [found, *options, where, Path(page).absolute().as_uri()]
    subprocess.run(told, check=True, timeout=SECONDS, stderr=subprocess.DEVNULL)
    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
