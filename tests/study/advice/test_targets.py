"""How many sentences a score took."""

import pytest
from helpers.advice import note_runs
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlhelpers.study.advice.curves import sentences_for
from mtlhelpers.study.advice.summary import FRESH, recorded_cells
from mtlhelpers.study.protocol import EVERYTHING

CURVE = {100: 40, 300: 60, 1_000: 80}


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studies")
    for size, points in CURVE.items():
        note_runs(folder, FRESH[EVERYTHING][0], "hwu64", size, (points, points))
    return recorded_cells(folder)


@pytest.mark.parametrize(
    ("target", "sentences", "why"),
    [
        (0.60, 300, ""),
        (0.50, 170, ""),  # 100 times the root of 3, to two digits
        (0.80, 1_000, ""),
        (0.81, None, "80.0 with 1,000, the most recorded"),
        (0.40, None, "40.0 with 100, the fewest recorded"),
    ],
)
def test_read_off_between_sizes_and_not_beyond(cells, target, sentences, why):
    [found] = sentences_for(cells, "ner", target)
    assert (found.sentences, found.why) == (sentences, why)
    assert ("not known" in str(found)) == (sentences is None)


@settings(max_examples=20, deadline=None)
@given(st.tuples(st.floats(0.41, 0.79), st.floats(0.41, 0.79)))
def test_more_takes_no_fewer_sentences(cells, targets):
    [few], [many] = (sentences_for(cells, "ner", one) for one in sorted(targets))
    assert 100 <= few.sentences <= many.sentences <= 1_000


def test_a_dip_is_not_yet_reached(tmp_path):
    for size, points in {100: 70, 300: 60, 1_000: 80}.items():
        note_runs(tmp_path, FRESH[EVERYTHING][0], "hwu64", size, (points, points))
    [found] = sentences_for(recorded_cells(tmp_path), "ner", 0.70)
    assert 300 < found.sentences < 1_000
