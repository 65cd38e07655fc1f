"""Checks that decide the claims which no study of scores can: each is run afresh.

Lesson: 08_what_should_i_freeze. They run on newsdesk, where a bit that differs says as
much as on any corpus.
"""

import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from datasets import DatasetDict
from torch import Tensor

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.load import load_corpus
from mtlhelpers.data.subsets import take_subset
from mtlhelpers.model.counting import count_parameters, parameter_table
from mtlhelpers.model.digests import digest_tensors
from mtlhelpers.model.freezing import apply_scenario
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.study.protocol import Verdict
from mtlhelpers.study.verdicts.claims import Decision
from mtlhelpers.study.verdicts.step_timing import faster, for_the_reason, measure_steps
from mtlhelpers.training.features.store import FeatureStore, extract_features
from mtlhelpers.training.loop import train
from mtlhelpers.training.metrics import encode_for
from mtlhelpers.training.plan import Plan
from mtlhelpers.training.run import Run

NAME, SIZE, SCORED, HEADS = "newsdesk", 100, 200, 20
FROZEN = "sentence_head_and_backbone_frozen"


@dataclass
class Ground:
    """What the checks share: a small corpus, and hidden states of the backbone."""

    corpus: Corpus
    store: FeatureStore = field(default_factory=FeatureStore)

    @classmethod
    def prepare(cls) -> "Ground":
        whole = load_corpus(NAME)
        few = {
            split: take_subset(whole.splits[split], SCORED, seed=0)
            for split in ("validation", "test")
        }
        return cls(
            replace(whole, splits=DatasetDict(train=whole.splits["train"], **few))
        )

    def model(self, seed: int = 0) -> SharedModel:
        return SharedModel.from_backbone(
            "minilm", self.corpus.labels, self.corpus.tags, seed=seed
        )

    def train(self, model: SharedModel, scenario: str, **settings) -> Run:
        plan = Plan(scenario, **{"train_size": SIZE, "epochs": 3, **settings})
        return train(model, self.corpus, plan, store=self.store, progress=False)

    def answers(self, model: SharedModel) -> list[Tensor]:
        """Logits of the test sentences: labels (N, labels), then tags (words, tags)."""
        features = extract_features(
            model.eval(), encode_for(model, self.corpus.splits["test"]), self.store
        )
        with torch.no_grad():
            return [*model.classify(features.pooled, features.words)]


def nothing_learns(ground: Ground) -> Iterator[Decision]:
    """1.1: every tensor, every gradient, and what is said."""
    model = ground.model()
    before = digest_tensors(model.state_dict())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run = ground.train(model, "all_frozen")
    told = any("nothing can train" in str(warning.message) for warning in caught)
    gradients = sum(tensor.grad is not None for tensor in model.parameters())
    same = digest_tensors(model.state_dict()) == before and run.proof.holds
    yield _decided(
        same and not gradients and told and run.steps == 0,
        f"{run.proof.tensors} tensors bit-identical: {same}; gradients: {gradients}; "
        f"a warning says so: {told}",
    )


def weights_alone_decide(ground: Ground) -> Iterator[Decision]:
    """1.2: random heads before and after training, on two training sets in turn."""
    accuracies, differing = [], 0
    for seed in range(HEADS):
        model = ground.model(seed)
        apply_scenario(model, "all_frozen")  # its hidden states are shared by all heads
        before = ground.answers(model)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = ground.train(model, "all_frozen", skip=SIZE * (seed % 2))
        accuracies.append(100 * run.scores.accuracy)
        differing += not _equal(before, ground.answers(model))
    yield _decided(
        differing == 0,
        f"{HEADS} random heads: accuracy {np.mean(accuracies):.0f} ± "
        f"{np.std(accuracies, ddof=1):.0f} % (from {min(accuracies):.0f} to "
        f"{max(accuracies):.0f}); heads that a training changed: {differing}",
        seeds=HEADS,
    )


def serves_when_trained(ground: Ground) -> Iterator[Decision]:
    """1.3: a trained model, and the same reloaded and frozen."""
    model = ground.model()
    size = 1_000  # 100 sentences would teach it little
    plan = {"train_size": size, "epochs": 30}
    scores = ground.train(model, "backbone_frozen", **plan).scores
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder))
        served = SharedModel.load(Path(folder))
    apply_scenario(served, "all_frozen")
    same = _equal(ground.answers(model), ground.answers(served))
    yield _decided(
        same,
        f"every logit of the reloaded, frozen model is that of the trained one: {same} "
        f"(accuracy {100 * scores.accuracy:.0f} %)",
        size=size,
    )


def heads_alone_count(ground: Ground) -> Iterator[Decision]:
    """2.1: three counts for minilm, and the text's figure for bert-base-uncased."""
    model = ground.model()
    before = {name: tensor.clone() for name, tensor in model.named_parameters()}
    apply_scenario(model, "backbone_frozen")
    counted = int(count_parameters(model).loc["all", "trainable"])
    sizes = {"labels": len(model.labels), "tags": len(model.tags)}
    formula = int(
        parameter_table("minilm", **sizes).loc["backbone_frozen", "trainable"]
    )
    ground.train(model, "backbone_frozen")
    now = dict(model.named_parameters())
    moved = sum(
        t.numel() for name, t in before.items() if not torch.equal(t, now[name])
    )
    bert = parameter_table().loc["backbone_frozen"]
    yield _decided(
        counted == formula == moved and 1e4 < bert.trainable < 2e4,
        f"minilm: {counted:,} counted, {formula:,} by formula, {moved:,} moved; "
        f"bert-base-uncased: {bert.trainable:,} of {bert.total:,} without pooler",
    )


def speed_and_its_reason(ground: Ground) -> Iterator[Decision]:
    """2.2: two decisions, since a step may be faster for another reason."""
    model = ground.model()
    seconds = measure_steps(model, encode_for(model, ground.corpus.splits["test"]))
    yield faster(seconds, NAME)
    yield for_the_reason(seconds, NAME)


def like_one_task(ground: Ground) -> Iterator[Decision]:
    """3B.1: the NER head beside that of a model without a sentence head."""
    model = ground.model()
    alone = SharedModel.from_backbone("minilm", (), ground.corpus.tags, seed=0)
    for one in (model, alone):
        ground.train(one, FROZEN)
    pairs = zip(model.ner_classifier.parameters(), alone.ner_classifier.parameters())
    differing = sum(int((one != other).sum()) for one, other in pairs)
    numbers = sum(tensor.numel() for tensor in model.ner_classifier.parameters())
    yield _decided(
        differing == 0, f"{differing} of {numbers:,} numbers of the NER head differ"
    )


def stays_as_it_was(ground: Ground) -> Iterator[Decision]:
    """3B.2: every sentence logit, before and after."""
    model = ground.model()
    ground.train(model, "backbone_frozen", tasks=("sentence",))
    before = ground.answers(model)[0]
    proof = ground.train(model, FROZEN, skip=SIZE).proof
    changed = int((ground.answers(model)[0] != before).sum())
    yield _decided(
        changed == 0 and proof.holds,
        f"{changed} of {before.numel():,} sentence logits changed; {proof.tensors} "
        f"frozen tensors bit-identical: {proof.holds}",
    )


CHECKS: dict[str, Callable[[Ground], Iterator[Decision]]] = {
    "1.1": nothing_learns,
    "1.2": weights_alone_decide,
    "1.3": serves_when_trained,
    "2.1": heads_alone_count,
    "2.2": speed_and_its_reason,
    "3B.1": like_one_task,
    "3B.2": stays_as_it_was,
}


def _decided(holds: bool, said: str, seeds: int = 1, size: int = SIZE) -> Decision:
    found = Verdict.SUPPORTED if holds else Verdict.CONTRADICTED
    return Decision(NAME, "both", size, found, said, seeds=seeds)


def _equal(first: list[Tensor], second: list[Tensor]) -> bool:
    return all(torch.equal(one, other) for one, other in zip(first, second))
