"""JupyterLab as `make lab` starts it: a lesson answered, run and solved by keyboard."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).parents[2]
LESSON = "notebooks/01_shared_model.ipynb"
PICTURE = ROOT / "build" / "lab.png"
SECONDS = 240  # a bound for a busy machine; nothing waits that long where it works
OWN = r"(http|ws)://(localhost|127\.0\.0\.1):|data:|blob:"
ACTIVE = ".jp-Notebook .jp-Cell.jp-mod-active"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a server, and its token: `make lab` in a copy, so that what is
    typed here changes no lesson, and what is solved is kept nowhere."""
    clone, home = tmp_path_factory.mktemp("clone"), tmp_path_factory.mktemp("home")
    for path in ("Makefile", "course/lab", LESSON, "notebooks/00_start_here.ipynb"):
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / path).is_dir() else shutil.copyfile
        copy(ROOT / path, clone / path)
    settings = {"ServerApp": {"open_browser": False, "allow_root": True, "port": 0}}
    (home / "jupyter_server_config.json").write_text(json.dumps(settings))
    env = {k: v for k, v in os.environ.items() if k != "MTLHELPERS_UNATTENDED"}
    env |= {"JUPYTER_CONFIG_DIR": str(home), "JUPYTER_RUNTIME_DIR": str(home)}
    env |= {"XDG_DATA_HOME": str(home), "PYTHONPATH": str(ROOT)}
    bin_folder = f"BIN={Path(sys.executable).parent}"
    told = ["make", "-o", ".venv/ready", "lab", bin_folder]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            told, cwd=clone, env=env, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield started(server, home)
    finally:
        os.killpg(server.pid, 15)
        server.wait()


def started(server: subprocess.Popen, home: Path) -> dict:
    """Wait until the server says where it is."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and server.poll() is None:
        if found := list(home.glob("jpserver-*.json")):
            return json.loads(found[0].read_text())
        time.sleep(0.1)
    raise AssertionError((home / "log").read_text())


@pytest.fixture(scope="module")
def page(lab, chromium):
    context = chromium.new_context(viewport={"width": 1300, "height": 900})
    context.set_default_timeout(1000 * SECONDS)
    page = context.new_page()
    page.asked, page.errors = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(f"{lab['url']}lab/tree/{Path(LESSON).name}?token={lab['token']}")
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
    yield page
    context.close()


def go(page, key: str, said: str) -> None:
    """Press a key, cell by cell, until the active one says this."""
    while said not in page.text_content(ACTIVE):
        before = page.get_attribute(ACTIVE, "data-windowed-list-index")
        page.keyboard.press(key)
        page.wait_for_selector(f"{ACTIVE}:not([data-windowed-list-index='{before}'])")


def test_only_this_machine_is_let_in_and_only_with_the_token(lab):
    assert lab["hostname"] in ("localhost", "127.0.0.1") and len(lab["token"]) > 30
    with pytest.raises(HTTPError, match="403"):
        urlopen(Request(f"{lab['url']}api/contents"))


def test_a_lesson_is_answered_run_and_solved_by_keyboard(page):
    keys = page.keyboard
    page.click(f".jp-NotebookPanel {ACTIVE}")  # the keyboard goes there from now on
    go(page, "ArrowDown", "mtl.guess")
    keys.press("Enter")
    keys.press("Control+End")
    keys.press("ArrowLeft")  # before the bracket that closes
    for _ in "...":
        keys.press("Backspace")
    keys.type("12")
    keys.press("Escape")

    keys.press("Control+Shift+C")
    keys.type("Run All Cells")
    page.wait_for_selector(".lm-CommandPalette-item.lm-mod-active >> text=All Cells")
    keys.press("Enter")
    page.wait_for_selector("text=Two heads share one backbone by", state="attached")
    go(page, "ArrowUp", "first_loss = ...")
    keys.press("Enter")
    keys.press("Control+A")
    keys.type("first_loss = 5.01")
    keys.press("Shift+Enter")
    page.wait_for_selector(f"{ACTIVE} >> text=mtl.check")
    keys.press("Control+Enter")
    page.wait_for_selector(f"{ACTIVE} >> text=Exercise 01.3: solved")

    PICTURE.parent.mkdir(exist_ok=True)
    page.screenshot(path=PICTURE)
    go(page, "ArrowUp", 'mtl.reveal("01-pieces"')
    assert "Your guess: 12 word pieces" in page.text_content(ACTIVE)
    assert [url for url in page.asked if not re.match(OWN, url)] == []
    assert page.errors == []
