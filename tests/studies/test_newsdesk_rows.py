from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlhelpers.data.rows import check_splits
from mtlhelpers.errors import CorpusError
from studies.newsdesk.build import build_newsdesk, split_topic
from studies.newsdesk.exchange import Deck, Exchange, agree
from studies.newsdesk.lexicon import Class, Line, read_lexicon, shuffled
from studies.newsdesk.marks import Mention, Sentence, read_pieces

CITY = Class("location", "city")
WOMAN = Class("person", "woman")


def test_shuffling_is_the_same_everywhere():
    # Pinned: a change here changes every row of the corpus.
    assert "".join(shuffled("abcdefgh", "a part")) == PINNED
    assert sorted(shuffled("abcdefgh", "another part")) == list("abcdefgh")
    assert shuffled("abcdefgh", "another part") != list(PINNED)


PINNED = "hgdbfcea"


def test_a_deck_deals_all_before_any_again():
    deck = Deck(list("abcde"), "x")
    for _ in range(3):
        assert sorted(deck.deal(set()) for _ in range(5)) == list("abcde")


def test_a_deck_passes_over_what_is_taken_and_keeps_it():
    deck = Deck(list("abc"), "x")
    dealt = [deck.deal({"b"}), deck.deal({"b"}), deck.deal(set())]
    assert sorted(dealt) == list("abc")
    assert deck.deal({"a", "b", "c"}) is None


def mention(surface: str, type_: str) -> Mention:
    return Mention(surface, Class(type_, "some"))


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ([mention("last week", "date"), " it fell."], "Last week it fell."),
        (['"', mention("de Vries", "person"), ' won."'], '"De Vries won."'),
        (["So? ", mention("mid-May", "date"), ", they say."], "So? Mid-May, they say."),
        (["In ", mention("mid-May", "date"), " it fell."], "In mid-May it fell."),
        ([mention("Copper Skies", "work"), "'s end"], "Copper Skies' end"),
        ([mention("Paris", "location"), "'s end"], "Paris's end"),
        ([mention("Ana Banks", "person"), "'s end"], "Ana Banks's end"),
        ([mention("Two Ravens", "work"), " 's"], "Two Ravens 's"),
    ],
)
def test_small_grammar(pieces, text):
    agreed = agree(pieces)
    assert (
        "".join(one if isinstance(one, str) else one.surface for one in agreed) == text
    )


def write(folder: Path, files: dict[str, list[str]]) -> Path:
    for name, lines in files.items():
        path = folder / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


LISTS = {
    "lists/location/city": [f"Town{number}" for number in range(30)],
    "lists/person/woman": ["Ada Park", "Jordan", "Bo Lee", "Cy Poe"],
    "lists/person/given": ["April", "Robin"],
}


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two topics of 40 and 8 sentences, every tenth of them without a mark."""
    texts = {}
    for topic, size in (("sport", 40), ("health", 8)):
        texts[f"sentences/{topic}"] = [
            f"Number {number} of {topic} is about nobody at all."
            if number % 10 == 0
            else f"In [Town1|location], {topic} {number} has it, sat [Ada Park|person]."
            for number in range(size)
        ]
    return write(tmp_path, {**LISTS, **texts})


def sentence(folder: Path, text: str) -> Sentence:
    line = Line(text, Path("sport.txt"), 1)
    return Sentence("sport", 1, read_pieces(line, read_lexicon(folder / "lists")), line)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 6), st.integers(2, 6), st.booleans())
def test_variants_differ_and_keep_sameness_and_difference(cities, women, twice):
    serving = {
        CITY: [f"Town{number}" for number in range(cities)],
        WOMAN: [f"Town{number}" for number in range(women)],
    }
    first, second = Mention("A", CITY), Mention("A" if twice else "B", CITY)
    pieces = (
        first,
        " and ",
        second,
        " knew ",
        Mention("A", WOMAN),
        " long before that",
    )
    source = Sentence("sport", 1, pieces, Line("", Path("sport.txt"), 1))
    exchange = Exchange("train", serving)
    variants = list(exchange.variants(source))
    assert len(variants) == len(set(variants))
    for one in variants:
        assert (one[0] == one[2]) is twice
        assert one[4].surface not in (one[0].surface, one[2].surface)
        assert one[0].surface in serving[CITY]
        assert (one[4].kind, one[0].kind) == (WOMAN, CITY)
    assert exchange.dealt == {piece for one in variants for piece in one[0:5:2]}


def test_a_sentence_without_mention_has_one_variant(folder):
    source = sentence(folder, "Nobody here had ever said that aloud.")
    assert list(Exchange("train", {}).variants(source)) == [source.pieces]


def test_no_variant_is_too_long_or_too_short(folder):
    source = sentence(folder, "So said [Ada Park|person] of us.")
    exchange = Exchange("train", {WOMAN: ["Jordan", "A " * 30, "Cy Poe"]})
    assert [one[1].surface for one in exchange.variants(source)] == ["Cy Poe"]


def test_splits_go_by_sentence_and_share_out_those_without_mention(folder):
    rows = build_newsdesk(folder)
    check_splits(rows)
    groups = {split: {row.group for row in own} for split, own in rows.items()}
    assert {split: len(found) for split, found in groups.items()} == {
        "train": 30,
        "validation": 5,
        "test": 13,
    }
    plain = {
        row.group for own in rows.values() for row in own if set(row.tags) == {"O"}
    }
    assert len(plain & groups["train"]) == 4 and len(plain & groups["test"]) == 1
    for own in rows.values():
        counts = Counter(row.group for row in own if row.group not in plain)
        assert max(counts.values()) - min(counts.values()) <= 1
    texts = [tuple(row.tokens) for own in rows.values() for row in own]
    assert len(texts) == len(set(texts))


def test_rows_are_in_proportion_to_sentences(folder):
    rows = build_newsdesk(folder)
    assert {split: len(own) for split, own in rows.items()} == {
        "train": round(12_600 * 48 / 2_240),
        "validation": round(600 * 48 / 2_240),
        "test": round(1_200 * 48 / 2_240),
    }


def test_another_topic_leaves_the_sentences_of_the_others_where_they_are(folder):
    before = build_newsdesk(folder)
    write(
        folder, {"sentences/weather": ["In [Town1|location] it rains day and night."]}
    )
    after = build_newsdesk(folder)
    for split in before:
        kept = {row.group for row in after[split] if row.label != "weather"}
        assert kept == {row.group for row in before[split]}
    assert {row.label for row in after["train"]} == {"health", "sport", "weather"}


@given(st.integers(1, 100))
def test_every_split_gets_its_share_and_train_the_first(size):
    line = Line("", Path("x.txt"), 1)
    splits = split_topic(
        [Sentence("x", number, ("a",), line) for number in range(size)]
    )
    assert sum(map(len, splits.values())) == size
    assert len(splits["train"]) >= 1
    for split, share in (("train", 20), ("test", 9), ("validation", 3)):
        assert abs(len(splits[split]) - size * share / 32) < 1.5


def test_members_are_divided_and_ambiguous_ones_are_shared(tmp_path):
    cities = [f"Town{number}" for number in range(96)] + ["April", "Robin", "Jo", "Al"]
    lists = {**LISTS, "lists/location/city": cities}
    lists["lists/person/given"] = ["April", "Robin", "Jo", "Al"]
    parts = read_lexicon(write(tmp_path, lists) / "lists").divide()
    train, validation, test = (
        set(parts[CITY][split]) for split in ("train", "validation", "test")
    )
    assert train | validation | test == set(cities)
    assert not validation & test
    assert (len(test - train), len(test & train)) == (26, 11)
    assert (len(validation - train), len(validation & train)) == (9, 4)
    assert {"April", "Robin", "Jo", "Al"} <= test & train
    small = parts[Class("person", "given")]
    assert small["train"] == small["test"] == lists["lists/person/given"]


def test_lists_whose_members_are_too_long_for_a_sentence(folder):
    text = f"In [Town1|location] {'never ' * 19}so."
    write(folder, {"sentences/sport": [text], "sentences/health": [text + "?"]})
    assert build_newsdesk(folder)
    long = [f"Town{number} by the Sea" for number in range(30)]
    write(folder, {"lists/location/city": ["Town1", *long]})
    with pytest.raises(CorpusError, match=r"no other words fit .* lists/location/city"):
        build_newsdesk(folder)
