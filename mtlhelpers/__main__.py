"""`python -m mtlhelpers COMMAND`: the package from the command line."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mtlhelpers import __version__
from mtlhelpers.model.freezing import SCENARIOS


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
    from mtlhelpers.study.doctor import examine

    checks = examine()
    for check in checks:
        print(check)
    bad = [check for check in checks if not check.ok and check.required]
    print("OK" if not bad else f"{len(bad)} to mend: see the lines that start with ✗")
    return 1 if bad else 0


def compare(options: argparse.Namespace) -> int:
    """Train and score every scenario on one corpus."""
    from mtlhelpers.study.comparison import compare_lines

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
    """Show a corpus: counts, samples, and of newsdesk the checks of its data card."""
    import mtlhelpers as mtl
    from mtlhelpers.data.newsdesk.checks import check_newsdesk
    from mtlhelpers.data.newsdesk.samples import sample_sentences
    from mtlhelpers.study import newsdesk_checks as card

    found = mtl.load_corpus(options.corpus)
    print(found.describe(), end="\n\n")
    for line in sample_sentences(found.splits["train"], options.samples, options.seed):
        print(line)
    if options.corpus != "newsdesk":
        return 0
    if options.measure:
        records = card.run_measures(
            found, list(card.planned()), seen=lambda one: print(one, flush=True)
        )
        card.write_card(card.card_tables(records))
        print("", card.table(records), *card.judge(records), sep="\n")
    checks = check_newsdesk()
    print("", *checks, sep="\n")
    return 0 if all(check.ok for check in checks) else 1


def study(options: argparse.Namespace) -> int:
    """Run a study's grid, say what is left, pack its records, or choose it."""
    from tqdm import tqdm

    from mtlhelpers.study.actions import study_lines

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
    from mtlhelpers.study.again import again_lines

    for line in again_lines(options.folder, options.id, bar=sys.stderr.isatty()):
        print(line, flush=True)
    return 0


def claims(options: argparse.Namespace) -> int:
    """Say what the recorded runs and fresh checks make of each claim."""
    from mtlhelpers.study.verdicts import claim_lines

    for line in claim_lines(options.studies, options.ids, options.json):
        print(line, flush=True)
    return 0


def cache(options: argparse.Namespace) -> int:
    """Show or clear the hidden states that `FeatureStore.on_disk` keeps."""
    from mtlhelpers.training.inventory import clear_folder, features_folder, show_folder

    folder = features_folder()
    if options.action == "clear":
        clear_folder(folder)
    print(*show_folder(folder), sep="\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m mtlhelpers", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--trace", action="store_true", help="show an error's trace")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    found = commands.add_parser("doctor", help=doctor.__doc__)
    found.set_defaults(command=doctor)

    _add_compare(commands)

    found = commands.add_parser("corpus", help=corpus.__doc__)
    found.set_defaults(command=corpus)
    found.add_argument("corpus", metavar="FOLDER_OR_NAME")
    found.add_argument("--samples", type=_positive, default=2, help="of each label")
    found.add_argument("--seed", type=int, default=0, help="which samples")
    found.add_argument(
        "--measure", action="store_true", help="newsdesk: fill its data card (an hour)"
    )

    _add_study(commands)

    found = commands.add_parser("again", help=again.__doc__)
    found.set_defaults(command=again)
    found.add_argument("folder", type=Path, help="the study's")
    found.add_argument("id", help="the record's")

    found = commands.add_parser("claims", help=claims.__doc__)
    found.set_defaults(command=claims)
    found.add_argument("ids", nargs="*", metavar="ID", help="these, with their records")
    found.add_argument("--json", action="store_true", help="for machines")
    found.add_argument(
        "--studies", type=Path, default=Path("studies"), metavar="FOLDER"
    )

    found = commands.add_parser("cache", help=cache.__doc__)
    found.set_defaults(command=cache)
    found.add_argument("action", choices=["show", "clear"])
    return parser


def _add_study(commands: "argparse._SubParsersAction") -> None:
    found = commands.add_parser("study", help=study.__doc__)
    found.set_defaults(command=study)
    found.add_argument("action", choices=["run", "status", "pack", "choose"])
    found.add_argument("folder", type=Path, help="with grid.toml, records beside it")
    found.add_argument(
        "--corpus", nargs="+", default=(), metavar="NAME", help="these alone"
    )
    ways = found.add_mutually_exclusive_group()
    ways.add_argument(
        "--jobs", type=_positive, default=1, metavar="N", help="so many runs at once"
    )
    ways.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="a Dask scheduler's, tcp://HOST:PORT, whose workers do the runs",
    )


def _add_compare(commands: "argparse._SubParsersAction") -> None:
    found = commands.add_parser("compare", help=compare.__doc__)
    found.set_defaults(command=compare)
    found.add_argument("--corpus", required=True, metavar="FOLDER_OR_NAME")
    found.add_argument(
        "--backbone", default="minilm", help="name, folder, hub id, random:NAME"
    )
    found.add_argument(
        "--train-size", type=_positive, help="training sentences (default: all)"
    )
    found.add_argument("--seeds", type=_positive, default=1, help="how many, from 0 up")
    found.add_argument(
        "--scenarios", nargs="+", choices=list(SCENARIOS), metavar="SCENARIO"
    )
    found.add_argument("--json", type=Path, metavar="FILE", help="write the rows here")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
