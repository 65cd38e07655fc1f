"""A corpus in lines to read: counts, samples and, of newsdesk, its data card's checks.

Lesson: 00_start_here.
"""

from collections.abc import Callable

from mtlhelpers.data.corpora import load_corpus
from mtlhelpers.data.newsdesk.checks import check_newsdesk
from mtlhelpers.data.newsdesk.samples import sample_sentences
from mtlhelpers.study import newsdesk_checks as card

Show = Callable[[object], None]


def show_corpus(
    source: str, *, samples: int, seed: int, measure: bool, show: Show
) -> bool:
    """Show a corpus, piece by piece; whether every check of it holds.

    `measure` fills newsdesk's data card, which takes an hour.
    """
    corpus = load_corpus(source)
    show(corpus.describe())
    show("")
    for line in sample_sentences(corpus.splits["train"], samples, seed):
        show(line)
    if source != "newsdesk":
        return True
    if measure:
        records = card.run_measures(corpus, list(card.planned()), seen=show)
        card.write_card(card.card_tables(records))
        for part in ("", card.table(records), *card.judge(records)):
            show(part)
    checks = check_newsdesk()
    show("")
    for check in checks:
        show(check)
    return all(check.ok for check in checks)
