"""The commands that answer from recorded runs."""

import json
import os
from argparse import Namespace

from mtlhelpers.commands.arguments import CORPUS, Arguments, Work
from mtlhelpers.terminal import STDOUT, show, write


def claims_command(parser: Arguments) -> Work:
    """Say what recorded runs and fresh checks make of each claim."""
    parser.add_argument(
        "ids", nargs="*", metavar="ID", help="these, with their records"
    )
    parser.add_argument("--fresh", action="store_true", help="run the checks again")
    parser.add_studies()
    parser.add_json()

    def run(options: Namespace) -> int:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # more would only spin
        from mtlhelpers.study.verdicts.judge import claim_lines

        asked = options.studies, options.ids, bool(options.json), options.fresh
        return write(claim_lines(*asked), options.json or STDOUT)

    return run


def recommend_command(parser: Arguments) -> Work:
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
    parser.add_argument(
        "--target-f1", type=float, metavar="F1", help="sentences that it took, in names"
    )
    parser.add_argument(
        "--target-accuracy", type=float, metavar="PERCENT", help="the same, in labels"
    )
    parser.add_studies(default=None, text="what ships of them")
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
            target_f1=options.target_f1,
            target_accuracy=options.target_accuracy,
            studies=options.studies,
            device=options.device,
        )
        data = options.json and [json.dumps(advice.to_dict())]
        return write(data, options.json) if data else show([advice])

    return run
