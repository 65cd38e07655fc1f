"""Commands on what a user has: sentences to look through, corpora, kept states."""

import json
from argparse import Namespace

from mtlhelpers.commands.arguments import CORPUS, Arguments, Work
from mtlhelpers.terminal import STDOUT, show, write


def check_command(parser: Arguments) -> Work:
    """Say what is in sentences of your own, what is wrong with them, and what to do."""
    parser.add_first("source", CORPUS, "file, folder, pattern, - or name of a corpus")
    parser.add_reading()
    parser.add_argument("--html", metavar="FILE", help="write a page into it")
    parser.add_json()

    def run(options: Namespace) -> int:
        from mtlhelpers.inspection.overview import look_through

        overview = look_through(
            options.source,
            format=options.format,
            columns=options.columns,
            repair=options.repair,
        )
        if options.html:
            from mtlhelpers.inspection.page import page_of

            write([page_of(overview).rstrip()], options.html)
        if options.json:
            write([json.dumps(overview.to_dict())], options.json)
        if STDOUT not in (options.json, options.html):
            show(overview.lines())
        return int(overview.to_mend > 0)

    return run


def corpus_command(parser: Arguments) -> Work:
    """Show a corpus: counts, labels, types and sample sentences."""
    parser.add_first("corpus", CORPUS, "to show")
    parser.add_number("--samples", "of each label (2)", default=2)
    parser.add_number("--seed", "which samples (0)", default=0, least=0)

    def run(options: Namespace) -> int:
        from mtlhelpers.data.corpus import sample_sentences
        from mtlhelpers.data.load import load_corpus

        corpus = load_corpus(options.corpus)
        train = corpus.splits["train"]
        samples = sample_sentences(train, options.samples, options.seed)
        return show(
            [corpus.describe(), "", *(one.replace("\n", "\\n") for one in samples)]
        )

    return run


def cache_command(parser: Arguments) -> None:
    """Show or clear the hidden states that `FeatureStore.on_disk` keeps."""
    parser.add_commands({"show": _cache_show, "clear": _cache_clear}, "ACTION")


def _cache_show(parser: Arguments) -> Work:
    """Show the files, the one that was used last first."""
    return lambda options: _show_cache()


def _cache_clear(parser: Arguments) -> Work:
    """Remove the files, which can all be made again."""
    return lambda options: _show_cache(clear=True)


def _show_cache(clear: bool = False) -> int:
    from mtlhelpers.training.features import disk

    folder = disk.features_folder()
    if clear:
        disk.clear_folder(folder)
    return show(disk.show_folder(folder))
