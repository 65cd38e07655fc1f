"""What can be typed after `python -m mtlhelpers`."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from mtlhelpers.model.freezing import SCENARIOS

Command = Callable[[argparse.Namespace], int]


def build_parser(
    version: str, description: str, commands: Sequence[Command]
) -> argparse.ArgumentParser:
    """The parser of these commands; a command's docstring is its help."""
    parser = argparse.ArgumentParser("python -m mtlhelpers", description=description)
    parser.add_argument("--version", action="version", version=version)
    parser.add_argument("--trace", action="store_true", help="show an error's trace")
    added = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in commands:
        found = added.add_parser(command.__name__, help=command.__doc__)
        found.set_defaults(command=command)
        ARGUMENTS[command.__name__](found)
    return parser


def _doctor(command: argparse.ArgumentParser) -> None:
    """It takes none."""


def _compare(command: argparse.ArgumentParser) -> None:
    command.add_argument("--corpus", required=True, metavar="FOLDER_OR_NAME")
    command.add_argument(
        "--backbone", default="minilm", help="name, folder, hub id, random:NAME"
    )
    command.add_argument(
        "--train-size", type=_positive, help="training sentences (default: all)"
    )
    command.add_argument(
        "--seeds", type=_positive, default=1, help="how many, from 0 up"
    )
    command.add_argument(
        "--scenarios", nargs="+", choices=list(SCENARIOS), metavar="SCENARIO"
    )
    command.add_argument(
        "--json", type=Path, metavar="FILE", help="write the rows here"
    )


def _corpus(command: argparse.ArgumentParser) -> None:
    command.add_argument("corpus", metavar="FOLDER_OR_NAME")
    command.add_argument("--samples", type=_positive, default=2, help="of each label")
    command.add_argument("--seed", type=int, default=0, help="which samples")
    command.add_argument(
        "--measure", action="store_true", help="newsdesk: fill its data card (an hour)"
    )


def _study(command: argparse.ArgumentParser) -> None:
    command.add_argument("action", choices=["run", "status", "pack", "choose"])
    command.add_argument("folder", type=Path, help="with grid.toml, records beside it")
    command.add_argument(
        "--corpus", nargs="+", default=(), metavar="NAME", help="these alone"
    )
    ways = command.add_mutually_exclusive_group()
    ways.add_argument(
        "--jobs", type=_positive, default=1, metavar="N", help="so many runs at once"
    )
    ways.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="a Dask scheduler's, tcp://HOST:PORT, whose workers do the runs",
    )


def _again(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", type=Path, help="the study's")
    command.add_argument("id", help="the record's")


def _claims(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "ids", nargs="*", metavar="ID", help="these, with their records"
    )
    command.add_argument("--json", action="store_true", help="for machines")
    _add_studies(command)


def _recommend(command: argparse.ArgumentParser) -> None:
    command.add_argument("corpus_or_size", metavar="FOLDER_OR_NAME_OR_SIZE")
    command.add_argument("--tasks", nargs="+", metavar="TASK", help="sentence, ner")
    command.add_argument(
        "--keep", default="", metavar="TASK", help="one that was learned before"
    )
    command.add_argument(
        "--budget", type=float, metavar="SECONDS", help="that training may take"
    )
    _add_studies(command)


def _cache(command: argparse.ArgumentParser) -> None:
    command.add_argument("action", choices=["show", "clear"])


def _add_studies(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--studies", type=Path, default=Path("studies"), metavar="FOLDER"
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return number


ARGUMENTS = {
    "doctor": _doctor,
    "compare": _compare,
    "corpus": _corpus,
    "study": _study,
    "again": _again,
    "claims": _claims,
    "recommend": _recommend,
    "cache": _cache,
}
