"""The command line. Each command stands, with its arguments, in mtlhelpers/commands.

A command is a function that gives a parser its arguments, and returns what runs them.
Whatever is heavy is imported in there, so that help is printed at once.
"""

import json
import sys
from argparse import Namespace
from collections.abc import Sequence

from mtlhelpers import __version__
from mtlhelpers.commands.advice import claims_command, recommend_command
from mtlhelpers.commands.arguments import Arguments, Command, Work, respelled
from mtlhelpers.commands.compare_command import compare_command
from mtlhelpers.commands.models import export_command, predict_command
from mtlhelpers.commands.sentences import (
    cache_command,
    check_command,
    corpus_command,
)
from mtlhelpers.commands.studies import rerun_command, study_command
from mtlhelpers.terminal import guarded, show, stoppable, write


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    0 is done, 1 that doctor or check found something to mend, 2 a fault, 130 stopped.
    """
    given = sys.argv[1:] if arguments is None else arguments
    return stoppable(lambda: _run(respelled(given)), alone=arguments is None)


def _run(arguments: Sequence[str]) -> int:
    options = build_parser().parse_args(arguments)
    return guarded(lambda: int(options.run(options)), options.where, options.trace)


def build_parser() -> Arguments:
    """Return the parser of all commands."""
    as_module = sys.argv[0].endswith("__main__.py")
    name = "python -m mtlhelpers" if as_module else "mtlhelpers"
    parser = Arguments(name, description="What should I freeze? Measured answers.")
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--trace", action="store_true", help="show an error's trace")
    parser.add_commands(COMMANDS, "COMMAND")
    return parser


def _doctor(parser: Arguments) -> Work:
    """Check packages, device, disk, backbones and corpora, and say what to do."""
    parser.add_json()

    def run(options: Namespace) -> int:
        from dataclasses import asdict

        from mtlhelpers.doctor import examine

        checks = examine()
        bad = sum(check.required and not check.ok for check in checks)
        if options.json:
            write([json.dumps([asdict(check) for check in checks])], options.json)
        else:
            end = f"{bad} to mend: see the lines that start with ✗" if bad else "OK"
            show([*checks, end])
        return int(bad > 0)

    return run


COMMANDS: dict[str, Command] = {
    "doctor": _doctor,
    "check": check_command,
    "compare": compare_command,
    "recommend": recommend_command,
    "predict": predict_command,
    "export": export_command,
    "corpus": corpus_command,
    "study": study_command,
    "rerun": rerun_command,
    "claims": claims_command,
    "cache": cache_command,
}
