"""The command that answers by training here."""

import sys
from argparse import Namespace
from pathlib import Path

from mtlhelpers.commands.arguments import Arguments, Work
from mtlhelpers.model.scenarios import HEADS, SCENARIOS
from mtlhelpers.terminal import STDOUT, growing, show

_BUDGET = "15m"  # where neither time nor seeds are given
_SEEDS = 10  # at most, within a budget


def compare_command(parser: Arguments) -> Work:
    """Train in several ways on sentences of your own, and say which one to take."""
    parser.add_first("corpus", "SOURCE", "file, folder, pattern, - or name of a corpus")
    parser.add_reading()
    parser.add_argument(
        "--budget",
        metavar="TIME",
        help=f"such as 90s, 15m, 2h ({_BUDGET}; none where --seeds is given)",
    )
    parser.add_number("--seeds", f"at most, from 0 up ({_SEEDS})")
    parser.add_number("--folds", "cross-validate on all sentences, in N folds", least=2)
    parser.add_argument(
        "--keep",
        choices=tuple(HEADS),
        default="",
        help="the task that was learned before: ways that add the other one to it",
    )
    _add_training(parser)
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="for records, page and model; the same command goes on there (compare-…)",
    )
    parser.add_device()
    parser.add_json()
    return _compare


def _add_training(parser: Arguments) -> None:
    parser.add_argument(
        "--scenarios",
        nargs="+",
        default=(),
        metavar="SCENARIO",
        help=f"instead of the usual ways: of {', '.join(SCENARIOS)}",
    )
    parser.add_number("--train-size", "training sentences (all)")
    parser.add_argument(
        "--backbone",
        default="minilm",
        help="name, folder, hub id; random:NAME for random weights (minilm)",
    )


def _compare(options: Namespace) -> int:
    from mtlhelpers.comparison.own_data import compare_lines

    budget = options.budget
    if budget is None and options.seeds is None:
        budget = _BUDGET
    given = {key: getattr(options, key) for key in ("format", "columns")}
    with growing(options.json) as path:
        lines = compare_lines(
            options.corpus,
            reading=given | {"repair": options.repair},
            output=options.output,
            path=path,
            device=options.device,
            bar=sys.stderr.isatty(),
            scenarios=options.scenarios,
            keep=options.keep,
            backbone=options.backbone,
            train_size=options.train_size,
            seeds=options.seeds or _SEEDS,
            folds=options.folds or 0,
            budget=budget,
        )
        return show(lines, sys.stderr if options.json == STDOUT else None)
