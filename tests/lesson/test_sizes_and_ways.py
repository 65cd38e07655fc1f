"""Tables and figures of lessons 06 and 07, on made-up rows and on committed records."""

import pandas as pd
import pytest

import mtlhelpers as mtl


@pytest.fixture(scope="module")
def studies():
    return mtl.lesson.studies_folder()


def a_difference(low: float, high: float, size: int = 300) -> dict[str, object]:
    return {
        "corpus": "SNIPS",
        "score": "ner_f1",
        "train_size": size,
        "difference": (low + high) / 2,
        "low": low,
        "high": high,
        "seeds": 5,
        "seed_error": 0.5,
        "test_error": 0.5,
    }


def test_each_interval_is_counted_on_one_side():
    intervals = [(3, 5), (-9, -3), (-8, -2.1), (-1, 1), (-5, 0), (-1.9, -0.1)]
    found = pd.DataFrame(a_difference(low, high) for low, high in intervals)
    counted = mtl.lesson.sides_table(found).loc[("SNIPS", "names")]
    assert dict(counted) == {
        "frozen better": 1,
        "everything better": 2,
        "no practical difference": 2,
        "undecided": 1,
    }


def test_sizes_from_10_000_on_are_not_below_it():
    found = pd.DataFrame([a_difference(3, 5), a_difference(3, 5, size=10_000)])
    assert mtl.lesson.sides_table(found).to_numpy().sum() == 1


def test_a_side_is_decided_from_the_size_after_the_last_open_one():
    ends = [(-9, -5, 10), (-3, 3, 30), (-9, -5, 100), (-9, -5, 300)]
    found = pd.DataFrame([a_difference(low, up, size=n) for low, up, n in ends])
    decided = mtl.lesson.decided_from(found, found.score[0])
    assert list(decided.values()) == [100]
    assert not mtl.lesson.decided_from(found[:2], found.score[0])


def test_the_turn_names_the_side_that_leads_in_each_case():
    rows = [
        a_difference(8, 12) | {"case": "2 epochs"},
        a_difference(-12, -8) | {"case": "12 epochs"},
    ]
    alt = mtl.lesson.show_turn(pd.DataFrame(rows)).alt
    assert "2 epochs +10.0 (+8.0 to +12.0)" in alt
    assert "12 epochs -10.0 (-12.0 to -8.0)" in alt


def test_differences_of_several_corpora_are_in_points(studies):
    found = mtl.lesson.size_differences(studies / "transfer", ["hwu64"])
    direct = mtl.studies.compare_arms(studies / "transfer", "hwu64")
    assert set(found.corpus) == {"HWU64"}
    assert list(found.low) == pytest.approx(list(100 * direct.low))


def test_few_epochs_are_fewer_than_those_at_which_everything_leads(studies):
    leads = mtl.lesson.epochs_to_lead(studies)
    assert {"SNIPS", "HWU64", "CLINC150, WNUT17"} == set(leads)
    assert min(leads.values()) > 2
    level = mtl.lesson.epochs_to_lead(studies, equal=True)
    assert all(level[corpus] <= leads[corpus] for corpus in leads)
    assert "everything" in mtl.lesson.show_epochs(studies).alt


def test_two_epochs_turn_every_corpus_as_famous_tables_says(studies):
    """After two epochs freezing wins on all three corpora, after twelve it loses."""
    full = mtl.study_table(studies / "transfer").query("train_size == 300")
    short = mtl.study_table(studies / "short").query("train_size == 300")
    arms = {"heads": full[full.arm == "backbone_frozen"], "short": short}
    arms |= {"long": full[full.arm == "none_frozen"]}
    f1 = {arm: runs.groupby("corpus").ner_f1.mean() for arm, runs in arms.items()}
    means = pd.DataFrame(f1).dropna()
    assert len(means) == 3
    assert (means.short < means["heads"]).all() and (means["heads"] < means.long).all()


def test_ways_to_add_names_are_compared_seed_by_seed():
    runs = mtl.lesson.recorded_ways()
    table = mtl.lesson.ways_table(runs)
    assert list(table.index) == [
        "minus both at once, 3e-4",
        "minus both at once, 2e-5",
        "minus NER head alone",
    ]
    one = runs[(runs.corpus == "snips") & (runs.seed == 0)].set_index("arm").ner_f1
    assert one["NER head first, then both"] > one["NER head alone"]
    assert mtl.lesson.ways_sentence(runs).startswith("On SNIPS")
    assert "NER head first" in mtl.lesson.show_ways(runs, "snips").alt


def test_heads_first_from_the_start_has_one_row_per_corpus_and_size():
    gaps, table = mtl.lesson.heads_first_gaps(), mtl.lesson.heads_first_table()
    assert len(table) == 4 and len(gaps) == 8
    low = gaps.query("corpus == 'SNIPS' and train_size == 300").low.round(1)
    assert all(f"({value:+.1f} to" in table.to_string() for value in low)
