"""The command line: every command, its arguments beside what it does.

A command is a function that gives a parser its arguments, and returns what runs them.
Whatever is heavy is imported in there, so that help is printed at once.
"""

import json
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from mtlhelpers import __version__
from mtlhelpers.arguments import (
    CORPUS,
    Arguments,
    Command,
    Work,
    number_from,
    respelled,
)
from mtlhelpers.holdings import cache_command, check_command, corpus_command
from mtlhelpers.model.scenarios import SCENARIOS
from mtlhelpers.terminal import STDOUT, growing, guarded, show, stoppable, write


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


def _compare(parser: Arguments) -> Work:
    """Train and score every scenario on one corpus."""
    parser.add_first("corpus", CORPUS, "to train and to test on")
    parser.add_argument(
        "--backbone",
        default="minilm",
        help="name, folder, hub id; random:NAME for random weights (minilm)",
    )
    parser.add_number("--train-size", "training sentences (all)")
    parser.add_number("--seeds", "how many, from 0 up (1)", default=1)
    parser.add_argument(
        "--scenarios",
        nargs="+",
        default=(),
        metavar="SCENARIO",
        help=f"of {', '.join(SCENARIOS)} (the first seven)",
    )
    parser.add_device()
    parser.add_json()

    def run(options: Namespace) -> int:
        from mtlhelpers.model.scenarios import find_scenario
        from mtlhelpers.study.compare import compare_lines

        with growing(options.json) as path:
            lines = compare_lines(
                options.corpus,
                options.backbone,
                train_size=options.train_size,
                seeds=range(options.seeds),
                scenarios=[find_scenario(name).name for name in options.scenarios],
                path=path,
                bar=sys.stderr.isatty(),
                device=options.device,
            )
            return show(lines, sys.stderr if options.json == STDOUT else None)

    return run


def _study(parser: Arguments) -> None:
    """Run a study's grid, say what is left of it, pack its records, or add others'."""
    actions = {"run": _study_run, "status": _study_status, "pack": _study_pack}
    parser.add_commands(actions | {"submit": _study_submit}, "ACTION")


def _study_run(parser: Arguments) -> Work:
    """Carry out the runs that are not recorded yet, then pack the records."""
    parser.add_study()
    parser.add_corpora()
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument(
        "--jobs", type=number_from(1), default=1, metavar="N", help="runs at once (1)"
    )
    ways.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="tcp://HOST:PORT of a Dask scheduler, whose workers do the runs",
    )
    parser.add_device("cpu", "; the id of a record says which kind it was made on")

    def run(options: Namespace) -> int:
        from tqdm import tqdm

        from mtlhelpers.study.running.console import study_lines

        bar = sys.stderr.isatty()
        for line in study_lines(
            "run",
            options.folder,
            corpora=options.corpus,
            jobs=options.jobs,
            cluster=options.cluster,
            bar=bar,
            device=options.device,
        ):
            with tqdm.external_write_mode() if bar else nullcontext():
                show([line])
        return 0

    return run


def _study_status(parser: Arguments) -> Work:
    """Say what is done and left, by arm and corpus, and how long that takes."""
    parser.add_study()
    parser.add_corpora()
    return lambda options: _show_study("status", options.folder, options.corpus)


def _study_pack(parser: Arguments) -> Work:
    """Write all records into records.parquet, the file to commit."""
    parser.add_study()
    return lambda options: _show_study("pack", options.folder)


def _study_submit(parser: Arguments) -> Work:
    """Check records that were made elsewhere, rerun the cheapest, and add them all."""
    parser.add_study()
    parser.usage = f"{parser.prog} FOLDER SOURCE [options]"
    parser.add_argument(
        "source", type=Path, metavar="SOURCE", help="a folder or file of records"
    )
    parser.add_argument(
        "--no-rerun", action="store_true", help="add them without running one again"
    )
    parser.add_device("cpu")

    def run(options: Namespace) -> int:
        from mtlhelpers.study.running.submit import submit_lines

        bar, rerun = sys.stderr.isatty(), not options.no_rerun
        return show(
            submit_lines(options.folder, options.source, rerun, bar, options.device)
        )

    return run


def _show_study(action: str, folder: Path, corpora: Sequence[str] = ()) -> int:
    from mtlhelpers.study.running.console import study_lines

    return show(study_lines(action, folder, corpora=corpora))


def _rerun(parser: Arguments) -> Work:
    """Run the plan of one record again, and compare the scores."""
    parser.add_study()
    parser.usage = f"{parser.prog} FOLDER ID [options]"
    parser.add_argument("id", metavar="ID", help="of the record")
    parser.add_device("cpu")

    def run(options: Namespace) -> int:
        from mtlhelpers.study.running.rerun import rerun_lines

        bar = sys.stderr.isatty()
        return show(rerun_lines(options.folder, options.id, bar, options.device))

    return run


def _claims(parser: Arguments) -> Work:
    """Say what recorded runs and fresh checks make of each claim."""
    parser.add_argument(
        "ids", nargs="*", metavar="ID", help="these, with their records"
    )
    parser.add_argument("--fresh", action="store_true", help="run the checks again")
    parser.add_studies()
    parser.add_json()

    def run(options: Namespace) -> int:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # more would only spin
        from mtlhelpers.study.verdicts.ledger import claim_lines

        asked = options.studies, options.ids, bool(options.json), options.fresh
        return write(claim_lines(*asked), options.json or STDOUT)

    return run


def _recommend(parser: Arguments) -> Work:
    """Say what to freeze in a case of your own, from the nearest records."""
    parser.add_first("corpus_or_size", f"{CORPUS}_OR_SIZE", "a corpus, or sentences")
    parser.add_argument(
        "--tasks", nargs="+", metavar="TASK", help="to learn: sentence, ner (both)"
    )
    parser.add_argument(
        "--keep", default="", metavar="TASK", help="learned before, and to be kept"
    )
    parser.add_argument(
        "--budget", type=float, metavar="SECONDS", help="that training may take"
    )
    parser.add_studies()
    parser.add_device()
    parser.add_json()

    def run(options: Namespace) -> int:
        from mtlhelpers.study.advice.recommend import recommend

        size = options.corpus_or_size
        advice = recommend(
            int(size) if size.isdecimal() else size,
            options.tasks,
            options.budget,
            keep=options.keep,
            studies=options.studies,
            device=options.device,
        )
        if options.json:
            return write([json.dumps(advice.to_dict())], options.json)
        return show([advice])

    return run


COMMANDS: dict[str, Command] = {
    "doctor": _doctor,
    "compare": _compare,
    "check": check_command,
    "corpus": corpus_command,
    "study": _study,
    "rerun": _rerun,
    "claims": _claims,
    "recommend": _recommend,
    "cache": cache_command,
}
