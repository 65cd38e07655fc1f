"""What the arguments of all commands have in common, and how they were spelled before.

One argument means one thing in every command that has it.
"""

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from mtlhelpers.terminal import FAULT, STDOUT, note, printable

Work = Callable[[argparse.Namespace], int]  # returns the exit status
Command = Callable[["Arguments"], Work | None]  # None: it only groups others

CORPUS = "SOURCE"  # a file, a folder, a pattern, "-", or a name
CLAIM = re.compile(r"\d[AB]?\.\d+")


class Arguments(argparse.ArgumentParser):
    """A parser that takes commands, and arguments that several of them share."""

    def add_commands(self, commands: Mapping[str, Command], metavar: str) -> None:
        """Take commands; the docstring of each is its help."""
        added = self.add_subparsers(required=True, metavar=metavar)
        for name, command in commands.items():
            text = command.__doc__
            own = added.add_parser(name, help=text, description=text)
            where = own.prog.partition("mtlhelpers ")[2]  # "study run"
            own.set_defaults(run=command(own), where=where)

    def add_first(self, name: str, metavar: str, text: str) -> None:
        """Take a positional argument, and show it where it is to be given: first.

        An option with several values would swallow one that follows.
        """
        self.usage = f"{self.prog} {metavar} [options]"
        self.add_argument(name, metavar=metavar, help=text)

    def add_study(self) -> None:
        """Take the folder of a study."""
        self.usage = f"{self.prog} FOLDER [options]"
        self.add_argument("folder", type=Path, metavar="FOLDER", help="of the study")

    def add_corpora(self) -> None:
        """Take corpora of a study."""
        self.add_argument(
            "--corpus",
            nargs="+",
            default=(),
            metavar="NAME",
            help="runs on these (all)",
        )

    def add_number(
        self, name: str, text: str, default: int | None = None, least: int = 1
    ) -> None:
        """Take a whole number from `least` up."""
        self.add_argument(
            name, type=number_from(least), default=default, metavar="N", help=text
        )

    def add_reading(self) -> None:
        """Take how files of sentences are to be read."""
        self.add_argument(
            "--format",
            metavar="NAME",
            help="of the files, such as csv, conll, doccano, hub (recognised)",
        )
        self.add_argument(
            "--columns",
            type=columns_from,
            metavar="FIELD=NAME,…",
            help="what holds text or tokens, label, tags, spans, id, group and split, "
            "as text=utterance,label=intent (the usual names)",
        )
        self.add_argument(
            "--repair", action="store_true", help="widen spans that break words"
        )

    def add_studies(
        self, default: Path | None = Path("studies"), text: str = "studies"
    ) -> None:
        """Take the folder with the recorded studies."""
        self.add_argument(
            "--studies",
            type=Path,
            default=default,
            metavar="FOLDER",
            help=f"with the recorded studies ({text})",
        )

    def add_device(self, default: str = "auto", remark: str = "") -> None:
        """Take a device."""
        self.add_argument(
            "--device",
            choices=("auto", "cpu", "cuda", "mps"),
            default=default,
            help=f"to compute on ({default}); auto is CUDA where it is here{remark}",
        )

    def add_json(self) -> None:
        """Take a file to write JSON to."""
        self.add_argument(
            "--json",
            nargs="?",
            const=STDOUT,
            metavar="FILE",
            help="write JSON into it; without a name, or as -, to standard output",
        )

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and how it is used; end with status 2."""
        super().error(printable(message))


def respelled(arguments: Sequence[str]) -> list[str]:
    """Return the arguments as they are spelled today; old ways stand for one version.

    `again` is `rerun`, `compare --corpus X` is `compare X`, and `claims --json ID`,
    from when `--json` took no file, is `claims ID --json`. Raises `SystemExit` for
    `study choose`, which is no command of the package any more.
    """
    words = list(arguments)
    at = next(
        (i for i, word in enumerate(words) if not word.startswith("-")), len(words)
    )
    before, command, own = words[:at], words[at : at + 1], words[at + 1 :]
    if command == ["again"]:
        note("`again` is called `rerun` now")
        command = ["rerun"]
    elif command == ["compare"] and (given := _taken(own, "--corpus")):
        note("`compare --corpus X` is `compare X` now")
        own = given[-1:] + own
    elif command == ["claims"] and "--json" in own:
        after = own.index("--json") + 1
        if after < len(own) and CLAIM.fullmatch(own[after]):
            own.insert(after, STDOUT)
    elif command == ["study"] and own[:1] == ["choose"]:
        folder = " ".join(own[1:]) or "FOLDER"
        note(f"`study choose` is `python -m studies.choose {folder}` now")
        raise SystemExit(FAULT)
    return [*before, *command, *own]


def _taken(words: list[str], option: str) -> list[str]:
    """Take an option out of the words, and return the values that it had."""
    values = []
    for at in reversed(range(len(words))):
        if words[at] == option and at + 1 < len(words):
            values.append(words[at + 1])
            del words[at : at + 2]
        elif words[at].startswith(f"{option}="):
            values.append(words.pop(at).partition("=")[2])
    return values[::-1]


def columns_from(text: str) -> dict[str, str]:
    """Return the column of each field in "text=utterance,label=intent"."""
    pairs = [pair.partition("=") for pair in text.split(",")]
    if not all(field and column for field, _, column in pairs):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form text=utterance")
    return {field.strip(): column for field, _, column in pairs}


def number_from(least: int) -> Callable[[str], int]:
    """Return the type of an argument that is a whole number from `least` up."""

    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a number from {least} up"
            )
        return int(text)

    return number
