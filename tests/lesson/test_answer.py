"""The short answer of lesson 00: every number in it is one of a record."""

import re

import mtlhelpers as mtl
from mtlhelpers.lesson.tables.lesson00 import bars


def test_the_picture_tells_every_difference():
    shown = list(bars(mtl.lesson.studies_folder()))
    picture = mtl.lesson.show_answer()
    assert len(shown) == 12
    assert all(
        f"{one.difference:+.1f} ({one.low:+.1f} to" in picture.alt for one in shown
    )


def test_the_words_span_the_corpora():
    shown = [b for b in bars(mtl.lesson.studies_folder()) if b.size == 300]
    words = mtl.lesson.lead_in_words(300)
    ends = [float(found) for found in re.findall(r"\d+\.\d", words)]
    for task, (low, high) in (("sentence", ends[:2]), ("ner", ends[2:])):
        ahead = [round(-one.difference, 1) for one in shown if one.task == task]
        assert (min(ahead), max(ahead)) == (low, high)
