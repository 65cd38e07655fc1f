"""How commands are asked for: help, one meaning for each argument, old spellings."""

import argparse
import subprocess
import sys
from collections.abc import Iterator

import pytest

import mtlhelpers as mtl
from mtlhelpers.cli import build_parser, main
from mtlhelpers.commands.arguments import respelled

HEAVY = ("numpy", "pandas", "torch", "transformers", "datasets", "matplotlib", "tqdm")
LIGHT = f"""
import sys
from mtlhelpers.cli import main
for line in sys.argv[1:]:
    try:
        main(line.split())
    except SystemExit as ended:
        assert ended.code == 0, line
    loaded = sys.modules.keys() & set({HEAVY!r})
    assert not loaded, (line, loaded)
"""


def parsers(parser: argparse.ArgumentParser, name: str = "") -> Iterator[tuple]:
    """Each command and action with its parser."""
    yield name, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for key, below in action.choices.items():
                yield from parsers(below, f"{name} {key}".strip())


EACH = dict(parsers(build_parser()))


def test_commands_and_actions():
    assert set(EACH) - {""} == {
        "doctor",
        "compare",
        "check",
        "corpus",
        "study",
        "study run",
        "study status",
        "study pack",
        "study submit",
        "rerun",
        "claims",
        "recommend",
        "predict",
        "export",
        "cache",
        "cache show",
        "cache clear",
    }


@pytest.mark.parametrize("name", EACH)
def test_every_command_and_argument_is_explained(name):
    parser = EACH[name]
    assert parser.description
    for action in parser._actions:
        if not isinstance(action, argparse._SubParsersAction):
            assert action.help, action
    assert len({parser.format_help() for parser in EACH.values()}) == len(EACH)


def test_help_loads_nothing_that_takes_seconds():
    lines = ["--version", *(f"{name} --help" for name in EACH)]
    command = [sys.executable, "-c", LIGHT, *lines]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_help_of_compare_names_every_scenario():
    text = EACH["compare"].format_help()
    assert all(name in text for name in mtl.SCENARIOS)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ("compare x --seeds 0", "--seeds: '0' is not a number from 1 up"),
        ("compare x --train-size -1", "--train-size"),
        ("compare x --device tpu", "--device"),
        ("compare", "SOURCE"),
        ("corpus x --seed -1", "--seed"),
        ("study pack x --jobs 4", "--jobs 4"),
        ("study status x --cluster a", "--cluster a"),
        ("study run x --jobs 2 --cluster a", "not allowed with"),
        ("fine-tune", "fine-tune"),
        ("", "COMMAND"),
    ],
)
def test_an_argument_that_is_wrong_ends_with_status_2(arguments, part, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments.split())
    assert ended.value.code == 2
    assert part in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("again studies/x 12", "rerun studies/x 12"),
        ("--trace again studies/x 12", "--trace rerun studies/x 12"),
        ("compare --seeds 2 --corpus x", "compare x --seeds 2"),
        ("compare --scenarios a b --corpus=x", "compare x --scenarios a b"),
        ("claims --json 3A.4", "claims --json - 3A.4"),
    ],
)
def test_an_old_spelling_stands_for_one_version(old, new, capsys):
    assert respelled(old.split()) == new.split()
    assert capsys.readouterr().err.count("\n") == ("claims" not in old)


@pytest.mark.parametrize(
    "arguments",
    [
        "compare x --json rows.json",
        "corpus again --samples 2",
        "study run x --corpus snips hwu64",
        "claims 3A.4 --json",
        "--version",
        "",
    ],
)
def test_todays_spelling_is_left_alone(arguments, capsys):
    assert respelled(arguments.split()) == arguments.split()
    assert capsys.readouterr().err == ""


def test_choosing_a_grid_has_another_command_now(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["study", "choose", "studies/transfer"])
    assert ended.value.code == 2
    assert "python -m studies.choose studies/transfer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("started", "name"),
    [
        ("mtlhelpers/__main__.py", "python -m mtlhelpers"),
        ("bin/mtlhelpers", "mtlhelpers"),
    ],
)
def test_usage_names_the_command_as_it_was_started(monkeypatch, started, name):
    monkeypatch.setattr(sys, "argv", [started])
    parser = build_parser()
    assert parser.format_usage().startswith(f"usage: {name} [-h]")
    options = parser.parse_args(["study", "run", "x"])
    assert (options.where, str(options.folder)) == ("study run", "x")
