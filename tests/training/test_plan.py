"""Plans as data: what is refused, what is filled in, and which stages there are."""

import json
from dataclasses import fields, replace
from math import ceil

import numpy as np
import pytest
from helpers import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

import mtlhelpers as mtl
from mtlhelpers.data.corpus import build_corpus
from mtlhelpers.errors import PlanError, ScenarioError
from mtlhelpers.model.scenarios import HEADS
from mtlhelpers.training.loop import training_sentences
from mtlhelpers.training.metrics import check_fit
from mtlhelpers.training.plan import ALLOWED, METRICS, RETENTIONS, FilledPlan
from mtlhelpers.training.recipes import HEADS_ALONE, THIN, WITH_BACKBONE

FEW = settings(max_examples=60, deadline=None)
PARTS = ("backbone", "backbone.layer.3", "sentence_classifier", "ner_classifier")
CUSTOM = st.builds(
    mtl.Scenario,
    st.lists(st.sampled_from(PARTS), unique=True).map(tuple),
    st.sampled_from(["", "mine", "none_frozen"]),
)
RATES = st.none() | st.floats(0, 1)
COUNTS = st.none() | st.integers(1, 10**6)


@st.composite
def plans(draw, stages: int = 2) -> mtl.Plan:
    scenario = draw(st.sampled_from(sorted(mtl.SCENARIOS)) | CUSTOM)
    known = mtl.SCENARIOS[scenario] if isinstance(scenario, str) else scenario
    some = st.lists(st.sampled_from(known.tasks or ("none",)), unique=True)
    given_first = scenario != "heads_first"
    return mtl.Plan(
        scenario=scenario,
        epochs=draw(COUNTS),
        seed=draw(st.integers(0, 2**32)),
        train_size=draw(COUNTS),
        skip=draw(st.integers(0, 100)),
        tasks=draw(st.none() | some) if known.tasks else None,
        loss_weights={"sentence": draw(st.floats(0, 9)), "ner": 1.0},
        backbone_lr=draw(RATES),
        head_lr=draw(RATES),
        batch_size=draw(COUNTS),
        select=draw(st.none() | st.sampled_from(sorted(METRICS))),
        track=draw(st.booleans()),
        retention=draw(st.none() | st.sampled_from(RETENTIONS)),
        first=draw(st.none() | plans(stages - 1)) if stages and given_first else None,
    )


@FEW
@given(plans())
def test_a_plan_is_the_same_as_json(plan):
    text = json.dumps(plan.to_dict())
    assert mtl.Plan.from_dict(json.loads(text)) == plan


@FEW
@given(CUSTOM)
def test_a_scenario_of_ones_own_keeps_its_parts_whatever_its_name(scenario):
    plan = mtl.Plan(scenario=scenario)
    assert plan.resolve(10).tasks == scenario.tasks
    found = plan.scenario
    found = mtl.SCENARIOS[found] if isinstance(found, str) else found
    assert set(found.train) == set(scenario.train)


def test_a_plan_does_not_change_with_the_dictionary_that_it_gave():
    plan = mtl.Plan()
    plan.to_dict()["loss_weights"]["ner"] = 0.0
    assert plan == mtl.Plan()


def test_a_named_scenario_is_stored_as_its_name():
    known = mtl.SCENARIOS["backbone_frozen"]
    assert mtl.Plan(scenario=known) == mtl.Plan(scenario="backbone_frozen")


NAN, INF = float("nan"), float("inf")
WRONG = {
    "scenario": [None, 1, [], ["none_frozen"], {"train": []}],
    "epochs": [0, -1, 2.5, 3.0, 1_000_001, 10**9, True, "3", NAN, []],
    "seed": [None, -1, 1.5, NAN, True, "0"],
    "train_size": [0, -5, 2.5, True, "all", (1,)],
    "skip": [None, -1, 0.5, False, INF],
    "tasks": ["ner", [1], [["ner"]], ["ner", "ner"], ["pos"], 2, {"ner": 1}, [{}]],
    "loss_weights": [
        None,
        {"sentence": 1.0},
        {"sentence": 1.0, "ner": -1.0},
        {"sentence": 1.0, "ner": NAN},
        {"sentence": 1.0, "ner": INF},
        {"sentence": 1.0, "ner": "2"},
        {"sentence": 1.0, "ner": 1.0, "pos": 1.0},
        [1.0, 1.0],
    ],
    "backbone_lr": [-1e-3, 1.1, 1e6, NAN, INF, "1e-3", True, [1e-3]],
    "head_lr": [-1, 2, NAN, -INF, "1e-3", False],
    "batch_size": [0, -3, 2.5, True, "32"],
    "warmup": [None, -0.1, 1.5, 5, NAN, INF, "0.1"],
    "weight_decay": [None, -1, NAN, INF, 10**400],
    "clip_norm": [None, 0, -1, NAN, INF, "1"],
    "select": ["loss", 1, ["accuracy"], True],
    "track": [None, 1, 0, "yes"],
    "retention": ["hope", 1, ["ewc"]],
    "retention_strength": [None, 0, -1, NAN, INF, "1"],
    "pooling": ["max", 1, ["mean"]],
    "layers": [1, [0.5], [-1], ["1"], [True], [NAN], "12", {}],
    "standardise": [None, 1, "no"],
    "fresh_heads": [None, 0, []],
    "lora_rank": [None, 0, 2.5, True, "8"],
    "lora_alpha": [None, 0, -1, NAN, INF, "16"],
    "heads": ["linear", 1, [], {"pos": "linear"}],
    "first": [{}, "none_frozen", 1, []],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, one) for name in WRONG for one in WRONG[name]]
)
def test_a_value_that_is_not_allowed_is_named_with_its_field(name, value):
    with pytest.raises(PlanError, match=f"^{name} must be .*, not "):
        mtl.Plan(**{name: value})


def test_every_field_is_checked():
    names = {one.name for one in fields(mtl.Plan)}
    assert names == set(ALLOWED) == set(WRONG)


def test_what_is_on_the_edge_is_allowed():
    weights = {"sentence": 0, "ner": 2}
    plan = mtl.Plan(
        epochs=1_000_000,
        seed=2**200,
        batch_size=1,
        backbone_lr=0,
        head_lr=1,
        warmup=1,
        weight_decay=0,
        clip_norm=1e9,
        retention_strength=1e12,
        loss_weights=weights,
        layers=[],
    )
    assert json.dumps(plan.to_dict()["head_lr"]) == "1"  # as it was written: ids stay
    weights["ner"] = -1
    assert plan.loss_weights == {"sentence": 0, "ner": 2}


def test_numbers_of_numpy_are_taken_as_pythons():
    plan = mtl.Plan(
        seed=np.int64(3), head_lr=np.float64(1e-3), layers=np.arange(3), tasks=["ner"]
    )
    assert plan == mtl.Plan(seed=3, head_lr=1e-3, layers=(0, 1, 2), tasks=("ner",))
    json.dumps(plan.to_dict())


def test_replay_keeps_a_share_of_the_sentences():
    assert mtl.Plan(retention="replay", retention_strength=1.0)
    with pytest.raises(PlanError, match="a share of the sentences for replay"):
        mtl.Plan(retention="replay", retention_strength=1.5)


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (
            {"scenario": "ner_head_frozen", "tasks": ["ner"]},
            "does not train the head of task 'ner': its tasks are sentence",
        ),
        ({"scenario": "all_frozen", "tasks": ["ner"]}, "its tasks are none"),
    ],
)
def test_a_task_whose_head_is_frozen_is_refused(settings, fault):
    with pytest.raises(PlanError, match=fault):
        mtl.Plan(**settings)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)
    ),
    max_leaves=5,
)
NAMES = st.sampled_from([one.name for one in fields(mtl.Plan)])


@settings(max_examples=300, deadline=None)
@given(JSON | st.dictionaries(NAMES, JSON, max_size=3))
def test_whatever_json_is_read_gives_a_plan_or_an_error_of_ours(data):
    try:
        plan = mtl.Plan.from_dict(data)
    except (PlanError, ScenarioError):
        return
    assert mtl.Plan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


@pytest.mark.parametrize(
    "scenario",
    [{}, {"train": 1}, {"train": [1]}, {"train": [], "name": 3}, {"parts": []}],
)
def test_a_scenario_that_is_none_is_refused(scenario):
    with pytest.raises(PlanError):
        mtl.Plan.from_dict({"scenario": scenario})


def test_unknown_scenarios_and_keys_are_refused():
    with pytest.raises(ScenarioError, match="unknown scenario 'frozen'"):
        mtl.Plan(scenario="frozen")
    with pytest.raises(PlanError, match="a plan has no speed"):
        mtl.Plan.from_dict({"scenario": "none_frozen", "speed": 1})


@FEW
@given(plans(stages=0), st.integers(1, 10**5))
def test_resolving_fills_in_everything_and_keeps_what_is_given(plan, sentences):
    found = plan.resolve(sentences)
    pairs = [(plan.to_dict(), found.to_dict())]
    if plan.scenario == "heads_first":  # its first stage takes after it: the same rule
        pairs.append(tuple(whole.pop("first") for whole in pairs[0]))
    for said, filled in pairs:
        for name, value in filled.items():
            assert said[name] is None or said[name] == value
    absent = {name for name, value in found.to_dict().items() if value is None}
    left_as_it_is = {"train_size", "select", "retention", "first", "pooling", "layers"}
    assert absent <= left_as_it_is | {"heads"}
    assert found.resolve(sentences) == found


def test_a_filled_plan_leaves_nothing_open():
    found = mtl.Plan().resolve(100)
    assert isinstance(found, FilledPlan) and isinstance(found, mtl.Plan)
    assert list(found.to_dict()) == list(mtl.Plan().to_dict())
    assert isinstance(replace(found, seed=1), FilledPlan)
    for name in ("epochs", "batch_size", "backbone_lr", "head_lr", "tasks"):
        with pytest.raises(PlanError, match=f"^{name} must be"):
            replace(found, **{name: None})
    with pytest.raises(PlanError, match="epochs must be"):
        FilledPlan()


@pytest.mark.parametrize(
    ("size", "epochs"),
    [(1000, 10), (1001, 10), (5000, 10), (500, 20), (100, 90), (1, 630)],
)
def test_a_plan_scales_to_as_many_steps_below_and_as_many_epochs_above(size, epochs):
    plan = mtl.Plan(train_size=1000, epochs=10, batch_size=16)  # 63 steps per epoch
    scaled = plan.scaled_to(size, steps=630)
    assert scaled == replace(plan, train_size=size, epochs=epochs)
    with pytest.raises(PlanError, match="only a plan with epochs and train_size"):
        mtl.Plan(train_size=1000).scaled_to(size, steps=630)


def test_tasks_that_the_corpus_lacks_are_left_out():
    plan = mtl.Plan().resolve(10, ("sentence",))
    assert plan.tasks == ("sentence",)
    assert mtl.Plan(scenario="all_frozen").resolve(10).tasks == ()


def test_little_data_gets_more_epochs():
    few, many = (mtl.Plan().resolve(size).epochs for size in (10, 100_000))
    assert few > many


@pytest.mark.parametrize("recipe", [HEADS_ALONE, WITH_BACKBONE, *THIN.values()])
@FEW
@given(st.integers(1, 20_000), st.integers(1, 3), st.sampled_from([8, 16, 32]))
def test_updates_grow_with_sentences_and_never_jump(recipe, sentences, more, batch):
    """But for what rounds up to a whole epoch, on either side."""
    sizes = sentences, sentences + more * batch
    epochs = [recipe.epochs_for(size, batch) for size in sizes]
    batches = [ceil(size / batch) for size in sizes]
    few, many = (one * each for one, each in zip(epochs, batches))
    assert epochs[1] <= epochs[0]
    assert few - batches[0] <= many
    assert many <= few * batches[1] / batches[0] + batches[1]


@pytest.mark.parametrize(
    ("sentences", "epochs"), [(54, 57), (55, 57), (300, 12), (1_000, 8), (3_000, 6)]
)
def test_everything_trains_as_long_as_tuning_chose(sentences, epochs):
    """12 epochs at 300 sentences and 6 at 3,000: studies/transfer_tuning."""
    plan = mtl.Plan().resolve(sentences)
    assert (plan.epochs, plan.batch_size, plan.backbone_lr) == (epochs, 16, 2e-4)


def stages(name: str, size: int | None, corpus: mtl.Corpus) -> list[set[str]]:
    """The ids of the sentences that each stage of the default plan trains on."""
    plan = mtl.plan_for(name, corpus, train_size=size)
    plans = [one for one in (plan.first, plan) if one is not None]
    return [set(training_sentences(corpus, one)["id"]) for one in plans]


@pytest.mark.parametrize("name", sorted(mtl.SCENARIOS))
def test_stages_are_there_where_a_head_is_frozen_alone(name):
    plan = mtl.plan_for(name, tiny.corpus(), train_size=5, seed=3)
    trained = mtl.SCENARIOS[name].train
    frozen = [task for task, head in HEADS.items() if head not in trained]
    assert (plan.scenario, plan.seed, plan.train_size) == (name, 3, 5)
    if len(frozen) != 1:
        assert plan.first is None or name == "heads_first"
        return
    moves = "backbone" in trained
    assert plan.first.tasks == tuple(frozen)
    assert plan.first.scenario == ("none_frozen" if moves else "backbone_frozen")
    assert (plan.first.seed, plan.first.train_size) == (3, 5)


def test_heads_first_trains_the_heads_on_the_same_sentences_before():
    plan = mtl.Plan(scenario="heads_first", seed=3, train_size=5)
    alone = mtl.Plan(scenario="backbone_frozen", seed=3, train_size=5)
    assert plan.first == alone
    assert mtl.plan_for("heads_first", tiny.corpus(), train_size=5, seed=3) == plan
    other = {"seed": 4, "train_size": 6, "skip": 1, "pooling": "first", "layers": (1,)}
    assert replace(plan, **other).first == replace(alone, **other)
    own = mtl.Plan(
        scenario="heads_first",
        first=mtl.Plan(scenario="backbone_frozen", head_lr=0.1),
        tasks=["ner"],
    )
    assert (own.first.head_lr, own.first.tasks) == (0.1, ("ner",))
    with pytest.raises(PlanError, match="heads_first begins with backbone_frozen"):
        mtl.Plan(scenario="heads_first", first=mtl.Plan())


@pytest.mark.parametrize(
    "name", ["sentence_head_frozen", "sentence_head_and_backbone_frozen"]
)
def test_stages_share_no_sentence_where_there_is_room(name):
    corpus = tiny.corpus()
    first, second = stages(name, 12, corpus)
    assert (len(first), len(second), first & second) == (12, 12, set())
    first, second = stages(name, 13, corpus)
    assert first == second
    first, second = stages(name, None, tiny.disjoint_corpus())
    assert not first & second


@FEW
@given(st.lists(st.sampled_from("abcd"), min_size=4, max_size=10), st.data())
def test_stages_of_any_size_can_be_taken_from_a_corpus_with_groups(groups, data):
    rows = tiny.rows("train", len(groups))
    grouped = [row._replace(group=group) for row, group in zip(rows, groups)]
    test = [row._replace(id="e", group="e") for row in rows[:1]]
    other = [row._replace(id="v", group="v") for row in rows[:1]]
    splits = {"train": grouped, "validation": other, "test": test}
    corpus = build_corpus("grouped", splits)
    size = data.draw(st.integers(1, len(groups)))
    first, second = stages("sentence_head_frozen", size, corpus)
    assert len(first) == len(second) == size
    of = dict(zip(corpus.splits["train"]["id"], corpus.splits["train"]["group"]))
    if first != second:
        assert not {of[name] for name in first} & {of[name] for name in second}


def test_a_plan_that_does_not_fit_is_refused_with_what_to_do():
    corpus = tiny.corpus(tags=False)
    plan = replace(mtl.Plan(), tasks=("ner",))
    with pytest.raises(PlanError, match="task 'ner'"):
        tiny.train(tiny.model(corpus), corpus, plan)
    model, sentences = tiny.model(tiny.corpus()), corpus.splits["train"]
    with pytest.raises(PlanError, match="no training sentence has a tag .*'ner'"):
        check_fit(model, corpus, sentences, plan.resolve(10))
