"""The workflows are valid, ask for nothing secret, and run what exists."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
NAMED = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def steps(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@NAMED
def test_it_is_yaml_that_may_only_read(path):
    text = path.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] <= 120 for job in workflow["jobs"].values())
    assert "secrets" not in text


@NAMED
def test_actions_are_pinned_by_major_version(path):
    used = [
        step["uses"]
        for step in steps(yaml.safe_load(path.read_text("utf-8")))
        if "uses" in step
    ]
    assert used
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", action) for action in used)


@NAMED
def test_what_it_runs_exists(path):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for step in steps(yaml.safe_load(path.read_text(encoding="utf-8"))):
        for script in re.findall(r"\S+\.(?:py|txt)\b", step.get("run", "")):
            assert (ROOT / script).is_file(), script
        for target in re.findall(r"\bmake ([\w-]+)", step.get("run", "")):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
