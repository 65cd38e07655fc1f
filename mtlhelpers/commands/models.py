"""The commands for a trained model: to answer with it, and to take it elsewhere."""

import sys
from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path

from mtlhelpers.commands.arguments import Arguments, Work
from mtlhelpers.errors import InputError
from mtlhelpers.terminal import STDOUT, note, show


def predict_command(parser: Arguments) -> Work:
    """Label sentences and find names in them, with places in the text."""
    _add_model(parser, "MODEL [FILE]")
    parser.add_argument(
        "file",
        nargs="?",
        default=STDOUT,
        metavar="FILE",
        help="of sentences: a text, *.jsonl with text or tokens, *.csv with a column "
        "text; - is standard input (-)",
    )
    parser.add_argument(
        "--input-format",
        choices=("text", "jsonl", "csv"),
        help="of FILE (as its name ends; text for standard input)",
    )
    parser.add_argument(
        "--output", default=STDOUT, metavar="FILE", help="to write (standard output)"
    )
    parser.add_argument(
        "--format", choices=("jsonl", "conll"), default="jsonl", help="to write (jsonl)"
    )
    parser.add_device()

    return _answer


def _answer(options: Namespace) -> int:
    from mtlhelpers.data.regular import open_regular
    from mtlhelpers.model.answers.inputs import reader_of
    from mtlhelpers.model.answers.outputs import answer_lines
    from mtlhelpers.model.device import choose_device
    from mtlhelpers.model.shared import SharedModel

    faults: list[str] = []

    def tell(fault: str) -> None:
        faults.append(fault)
        note(f"{options.file}, {fault}")

    read = reader_of(options.file, options.input_format)
    with ExitStack() as files:
        source, target = sys.stdin.buffer, sys.stdout
        if options.file != STDOUT:
            source = files.enter_context(open_regular(Path(options.file)))
        model = SharedModel.load(options.model).to(choose_device(options.device))
        if options.output != STDOUT:
            path = Path(options.output)
            target = files.enter_context(path.open("w", encoding="utf-8"))
        asked = read(source, options.file)
        show(answer_lines(model, asked, options.format, tell), target)
    if faults:
        raise InputError(
            f"{len(faults):,} lines of {options.file} held no sentence: they are named "
            f"above, and their answers are empty. Mend them, or leave them out."
        )
    return 0


def export_command(parser: Arguments) -> Work:
    """Write ONNX, a backbone for transformers, a plain script and a model card."""
    _add_model(parser, "MODEL FOLDER")
    text = "to write, absent or empty"
    parser.add_argument("folder", type=Path, metavar="FOLDER", help=text)

    def run(options: Namespace) -> int:
        from mtlhelpers.model.export.folder import export_model
        from mtlhelpers.model.shared import SharedModel

        return show(export_model(SharedModel.load(options.model), options.folder))

    return run


def _add_model(parser: Arguments, usage: str) -> None:
    parser.usage = f"{parser.prog} {usage} [options]"
    text = "a folder that `save` wrote"
    parser.add_argument("model", type=Path, metavar="MODEL", help=text)
