"""A corpus in lines to read: counts, samples and, of newsdesk, its data card's checks.

Lesson: 00_start_here.
"""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from mtlhelpers import __version__
from mtlhelpers.data.corpus import sample_sentences
from mtlhelpers.data.load import load_corpus
from mtlhelpers.model.freezing import SCENARIOS

Show = Callable[[object], None]


def show_corpus(source: str, *, samples: int, seed: int, show: Show) -> None:
    """Show a corpus, piece by piece."""
    corpus = load_corpus(source)
    show(corpus.describe())
    show("")
    for line in sample_sentences(corpus.splits["train"], samples, seed):
        show(line)


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, return its exit status. A known fault prints one line."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except KeyboardInterrupt:
        print("stopped; whatever was written is whole", file=sys.stderr)
        return 130
    except (ValueError, RuntimeError, OSError) as error:
        if options.trace:
            raise
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2


def doctor(options: argparse.Namespace) -> int:
    """Check versions, device, backbones and corpora."""
    from mtlhelpers.doctor import examine

    checks = examine()
    for check in checks:
        print(check)
    bad = [check for check in checks if not check.ok and check.required]
    print("OK" if not bad else f"{len(bad)} to mend: see the lines that start with ✗")
    return 1 if bad else 0


def compare(options: argparse.Namespace) -> int:
    """Train and score every scenario on one corpus."""
    from mtlhelpers.study.compare import compare_lines

    for line in compare_lines(
        options.corpus,
        options.backbone,
        train_size=options.train_size,
        seeds=range(options.seeds),
        scenarios=options.scenarios or (),
        path=options.json,
        bar=sys.stderr.isatty(),
    ):
        print(line, flush=True)
    return 0


def corpus(options: argparse.Namespace) -> int:
    """Show a corpus: counts and samples."""
    show_corpus(
        options.corpus,
        samples=options.samples,
        seed=options.seed,
        show=lambda one: print(one, flush=True),
    )
    return 0


def study(options: argparse.Namespace) -> int:
    """Run a study's grid, say what is left, pack its records, or choose it."""
    from tqdm import tqdm

    from mtlhelpers.study.running.console import study_lines

    for line in study_lines(
        options.action,
        options.folder,
        corpora=options.corpus,
        jobs=options.jobs,
        cluster=options.cluster,
        bar=sys.stderr.isatty(),
    ):
        with tqdm.external_write_mode():
            print(line, flush=True)
    return 0


def again(options: argparse.Namespace) -> int:
    """Run one record's plan again, and compare the scores."""
    from mtlhelpers.study.running.rerun import again_lines

    for line in again_lines(options.folder, options.id, bar=sys.stderr.isatty()):
        print(line, flush=True)
    return 0


def claims(options: argparse.Namespace) -> int:
    """Say what the recorded runs and fresh checks make of each claim."""
    from mtlhelpers.study.verdicts.ledger import claim_lines

    for line in claim_lines(options.studies, options.ids, options.json):
        print(line, flush=True)
    return 0


def recommend(options: argparse.Namespace) -> int:
    """Say what to freeze in a case of one's own, from the nearest records."""
    from mtlhelpers.study.advice.recommend import recommend

    size = options.corpus_or_size
    found = recommend(
        int(size) if size.isdecimal() else size,
        options.tasks,
        options.budget,
        keep=options.keep,
        studies=options.studies,
    )
    print(found)
    return 0


def cache(options: argparse.Namespace) -> int:
    """Show or clear the hidden states that `FeatureStore.on_disk` keeps."""
    from mtlhelpers.training.features.disk import (
        clear_folder,
        features_folder,
        show_folder,
    )

    folder = features_folder()
    if options.action == "clear":
        clear_folder(folder)
    print(*show_folder(folder), sep="\n")
    return 0


COMMANDS = (doctor, compare, corpus, study, again, claims, recommend, cache)


def _parser() -> argparse.ArgumentParser:
    return build_parser(__version__, __doc__, COMMANDS)


if __name__ == "__main__":
    # Told to end, as a batch system does at a time limit, end as by Ctrl-C: tidily, and
    # with the worker processes, which would go on with what they have in hand.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
