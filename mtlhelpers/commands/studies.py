"""The commands on studies: to run a grid, to see what is left, to share records."""

import sys
from argparse import Namespace
from contextlib import nullcontext
from pathlib import Path

from mtlhelpers.commands.arguments import Arguments, Work, number_from
from mtlhelpers.terminal import show


def study_command(parser: Arguments) -> None:
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

        from mtlhelpers.study.running import console, study

        bar = sys.stderr.isatty()
        own = study.Study(options.folder, options.corpus, options.device)
        for line in console.run_lines(own, options.jobs, options.cluster, bar):
            with tqdm.external_write_mode() if bar else nullcontext():
                show([line])
        return 0

    return run


def _study_status(parser: Arguments) -> Work:
    """Say what is done and left, by arm and corpus, and how long that takes."""
    parser.add_study()
    parser.add_corpora()

    def run(options: Namespace) -> int:
        from mtlhelpers.study.running import console, study

        return show(console.status_lines(study.Study(options.folder, options.corpus)))

    return run


def _study_pack(parser: Arguments) -> Work:
    """Write all records into records.parquet, the file to commit."""
    parser.add_study()

    def run(options: Namespace) -> int:
        from mtlhelpers.study.running.study import Study

        return show([f"packed {Study(options.folder).pack()}"])

    return run


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


def rerun_command(parser: Arguments) -> Work:
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
