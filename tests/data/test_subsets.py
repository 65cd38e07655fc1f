import pytest
from datasets import Dataset
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mtlhelpers.data.subsets import take_subset
from mtlhelpers.errors import CorpusError

SEEDS = st.integers(0, 5)
FEW = settings(max_examples=40, deadline=None)


def split(groups: list[str], kinds: str | None = None) -> Dataset:
    """A split with a sentence a group name; kind l has a label, t tags, j both."""
    kinds = kinds or "j" * len(groups)
    return Dataset.from_dict(
        {
            "id": [f"{n:03}" for n in range(len(groups))],
            "label": ["a" if kind in "lj" else None for kind in kinds],
            "tags": [["O"] if kind in "tj" else None for kind in kinds],
            "group": groups,
        }
    )


def ids(rows: Dataset) -> list[str]:
    return rows["id"][:]


GROUPS = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=25)


@FEW
@given(GROUPS, SEEDS, st.data())
def test_a_subset_lies_in_every_larger_one(groups, seed, data):
    train = split(groups)
    large = data.draw(st.integers(1, len(groups)))
    small = data.draw(st.integers(1, large))
    inner = ids(take_subset(train, small, seed))
    outer = ids(take_subset(train, large, seed))
    assert (len(inner), len(outer)) == (small, large)
    assert set(inner) <= set(outer)
    assert inner == sorted(inner)


@FEW
@given(GROUPS, SEEDS, st.data())
def test_at_most_one_group_is_cut(groups, seed, data):
    train = split(groups)
    size = data.draw(st.integers(1, len(groups)))
    taken = take_subset(train, size, seed)["group"][:]
    cut = {group for group in taken if taken.count(group) < groups.count(group)}
    assert len(cut) <= 1


@FEW
@given(GROUPS, SEEDS)
def test_all_of_it(groups, seed):
    train = split(groups)
    assert ids(take_subset(train, None, seed)) == ids(train)
    assert ids(take_subset(train, len(groups), seed)) == ids(train)


@FEW
@given(GROUPS, SEEDS, st.data())
def test_what_is_skipped_shares_no_group_with_the_rest(groups, seed, data):
    train = split(groups)
    skip = data.draw(st.integers(1, len(groups)))
    skipped = set(take_subset(train, skip, seed)["group"])
    if skipped == set(groups):
        with pytest.raises(CorpusError, match="train has 0 sentences"):
            take_subset(train, None, seed, skip=skip)
    else:
        rest = take_subset(train, None, seed, skip=skip)
        assert set(rest["group"]) == set(groups) - skipped
        assert set(ids(take_subset(train, 1, seed, skip=skip))) <= set(ids(rest))


@FEW
@given(st.text("lt", min_size=2, max_size=25), SEEDS, st.data())
def test_each_task_of_a_disjoint_corpus_gets_its_own_number(kinds, seed, data):
    fewest = min(kinds.count("l"), kinds.count("t"))
    assume(fewest)
    train = split([f"g{n // 2}" for n in range(len(kinds))], kinds)
    size = data.draw(st.integers(1, fewest))
    taken = take_subset(train, size, seed)
    assert len(taken) == 2 * size
    assert sum(label is not None for label in taken["label"]) == size
    more = take_subset(train, fewest, seed)
    assert set(ids(taken)) <= set(ids(more))


def test_sentences_of_three_kinds_are_drawn_together():
    assert len(take_subset(split(list("abcdef"), "ltjltj"), 4, 0)) == 4


def test_seeds_draw_differently_and_a_seed_draws_the_same():
    train = split([f"{n}" for n in range(200)])
    first = ids(take_subset(train, 50, 0))
    assert first == ids(take_subset(train, 50, 0))
    assert first != ids(take_subset(train, 50, 1))


def test_the_draw_depends_on_the_names_of_groups_not_on_their_order():
    groups = [f"{n}" for n in range(50)]
    backwards = split(groups[::-1])
    taken = take_subset(split(groups), 10, 0)["group"][:]
    assert set(take_subset(backwards, 10, 0)["group"][:]) == set(taken)


@pytest.mark.parametrize("size", [0, -1, 4])
def test_a_size_that_is_not_there(size):
    with pytest.raises(CorpusError, match="train has 3 sentences .* from 1 to that"):
        take_subset(split(list("abc")), size, 0)


def test_a_size_that_one_task_has_not():
    train = split(list("abcde"), "lllt" + "t")
    with pytest.raises(CorpusError, match="train has 2 sentences with tags"):
        take_subset(train, 3, 0)
