"""`python -m mtlhelpers COMMAND`: the package from the command line."""

import argparse
import signal
import sys
from collections.abc import Sequence

from mtlhelpers import __version__
from mtlhelpers.study.arguments import build_parser


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
    from mtlhelpers.study.showing import show_corpus

    holds = show_corpus(
        options.corpus,
        samples=options.samples,
        seed=options.seed,
        measure=options.measure,
        show=lambda one: print(one, flush=True),
    )
    return 0 if holds else 1


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


def recommend(options: argparse.Namespace) -> int:
    """Say what to freeze in a case of one's own, from the nearest records."""
    from mtlhelpers.study.recommending import recommend

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
    from mtlhelpers.training.inventory import clear_folder, features_folder, show_folder

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
