"""Outcomes of test sentences come back from a record as they went in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlhelpers.errors import RecordError
from mtlhelpers.study.records.record import pack_outcomes, unpack_outcomes
from mtlhelpers.training.scores import Outcomes

COUNTS = st.integers(0, 200)  # of spans; 36 and more need two characters or more
ROWS = st.lists(st.tuples(st.sampled_from([True, False, None]), COUNTS, COUNTS, COUNTS))


@given(ROWS)
def test_outcomes_come_back_as_they_were_packed(rows):
    columns = [list(column) for column in zip(*rows)] if rows else [[], [], [], []]
    outcomes = Outcomes(*columns)
    assert unpack_outcomes(pack_outcomes(outcomes)) == outcomes


def test_up_to_35_spans_are_one_character_and_more_are_written_out():
    spans = [0, 35, 36, 120]
    packed = pack_outcomes(Outcomes([None] * 4, spans, spans, [0] * 4))
    assert packed["true_spans"] == packed["predicted_spans"] == "0z(36)(120)"
    with pytest.raises(RecordError, match="no counts of spans"):
        unpack_outcomes(packed | {"true_spans": "0z(3"})
