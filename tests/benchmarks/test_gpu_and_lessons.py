"""The GPU's cases on a tiny shape; the notebooks' budget."""

import sys
from dataclasses import replace
from pathlib import Path

import gpu
import lessons
import pytest
import torch

from course.views import sources, title


def test_quick_runs_a_tiny_shape_on_the_processor(tiny, monkeypatch, capsys):
    cases = [replace(case, corpus=tiny["corpus"]) for case in gpu.CASES]
    monkeypatch.setattr(gpu, "CASES", cases)
    monkeypatch.setattr(gpu, "measure_alone", lambda case, *of: case.measure(*of))
    monkeypatch.setattr(gpu, "write", None)
    assert gpu.main(["--quick"]) == 0
    said = capsys.readouterr().out
    assert "`gpu_snips`" in said and "`gpu_length_128_work`" in said
    assert "nothing is written" in said


def test_without_cuda_it_says_so_and_writes_nothing(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(gpu, "write", None)
    assert gpu.main([]) == 0
    assert "not measured" in capsys.readouterr().out


def test_the_device_and_its_use_are_in_the_row(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA H200")
    row = {"ours_work_share": 0.5, "ours_product_rate": 780e12}
    found = gpu.described(row)
    assert found["note"] == "390 TFLOP/s of useful work, 39 % of the data sheet's"
    assert found["machine"]["device"] == "NVIDIA H200"


def test_every_notebook_has_a_budget_and_all_fit_in_ten_minutes():
    budget = lessons.read_budget()
    assert set(map(title, sources())) <= set(budget)
    assert sum(budget[title(one)] for one in sources() if one.stem[0].isdigit()) <= 600


def test_times_are_those_of_notebooks_not_of_cells():
    said = ["  12.3 s  01_x\n", "slowest cells\n", "   9.9 s  01_x, cell 3: y\n"]
    assert lessons.times(said) == {"01_x": 12.3}


@pytest.mark.parametrize(
    "seconds, status, words",
    [(9.0, 0, "every notebook is within"), (11.0, 1, "01_x took 11.0 s of 10 s")],
)
def test_a_notebook_over_its_budget_is_named(
    monkeypatch, tmp_path, capfd, seconds, status, words
):
    build(monkeypatch, tmp_path, f"print(' {seconds} s  01_x')")
    assert lessons.main([]) == status
    assert words in capfd.readouterr().out


def test_a_notebook_that_fails_fails_the_check(monkeypatch, tmp_path):
    build(monkeypatch, tmp_path, "raise SystemExit(1)")
    assert lessons.main([]) == 1


def test_a_notebook_without_a_budget_is_named():
    assert "02_y has no budget" in lessons.over_budget({"02_y": 1.0}, {})[0]


def build(monkeypatch, folder: Path, script: str) -> None:
    """Put a script in the place of the one that builds the notebooks."""
    (folder / "build.py").write_text(script, encoding="utf-8")
    monkeypatch.setattr(lessons, "COMMAND", [sys.executable, str(folder / "build.py")])
    monkeypatch.setattr(lessons, "read_budget", lambda: {"01_x": 10.0})
