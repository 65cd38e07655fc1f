"""Checks that decide the claims which no study of scores can, each run afresh.

Lesson: 08_what_should_i_freeze. They run on newsdesk, where a bit that differs says as
much as on any corpus. `check_record` keeps what they found.
"""

import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import DatasetDict
from torch import Tensor

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.load import load_corpus
from mtlhelpers.data.subsets import take_subset
from mtlhelpers.model.counting import count_parameters, parameter_table
from mtlhelpers.model.device import environment
from mtlhelpers.model.digests import digest_tensors
from mtlhelpers.model.freezing import apply_scenario
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.study.protocol import Verdict
from mtlhelpers.study.verdicts.decisions import Decision
from mtlhelpers.study.verdicts.step_timing import faster, for_the_reason, measure_steps
from mtlhelpers.training.features.store import FeatureStore, extract_features
from mtlhelpers.training.loop import train
from mtlhelpers.training.metrics import encode_for
from mtlhelpers.training.plan import Plan
from mtlhelpers.training.run import Run

NEWSDESK = "newsdesk"
TRAINED, SCORED = 100, 200  # sentences
RANDOM_HEADS = 20
HEAD_ALONE = "sentence_head_and_backbone_frozen"


@dataclass
class Ground:
    """What the checks share: a small corpus, and hidden states of the backbone."""

    corpus: Corpus
    store: FeatureStore = field(default_factory=FeatureStore)

    @classmethod
    def prepare(cls) -> "Ground":
        """The corpus with few sentences to score, and no hidden states yet."""
        whole = load_corpus(NEWSDESK)
        splits = DatasetDict(
            train=whole.splits["train"],
            validation=take_subset(whole.splits["validation"], SCORED, seed=0),
            test=take_subset(whole.splits["test"], SCORED, seed=0),
        )
        return cls(replace(whole, splits=splits))

    def model(self, seed: int = 0) -> SharedModel:
        """A model with random heads."""
        labels, tags = self.corpus.labels, self.corpus.tags
        return SharedModel.from_backbone("minilm", labels, tags, seed=seed)

    def train(self, model: SharedModel, plan: Plan) -> Run:
        """Train on the corpus: few sentences and epochs, unless the plan says."""
        size, epochs = plan.train_size or TRAINED, plan.epochs or 3
        plan = replace(plan, train_size=size, epochs=epochs)
        return train(model, self.corpus, plan, store=self.store, progress=False)

    def answers(self, model: SharedModel) -> list[Tensor]:
        """Logits of the test sentences: labels (N, labels), then tags (words, tags)."""
        encoded = encode_for(model, self.corpus.splits["test"])
        features = extract_features(model.eval(), encoded, self.store)
        with torch.no_grad():
            logits = features.scored_by(model)
        return [one for one in logits if one is not None]


def run_check(name: str) -> tuple[str, list[Decision], dict[str, Any]]:
    """Run a check now: the day, what it found, and the machine that it ran on."""
    ground = shared_ground()
    machine = environment(ground.model()) | {"cores": os.cpu_count()}
    return date.today().isoformat(), list(CHECKS[name](ground)), machine


@cache
def shared_ground() -> Ground:
    """The ground of this process, whose hidden states all checks use."""
    return Ground.prepare()


def nothing_learns(ground: Ground) -> Iterator[Decision]:
    """1.1: every tensor, every gradient, and what is said."""
    model = ground.model()
    before = digest_tensors(model.state_dict())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run = ground.train(model, Plan("all_frozen"))
    warned = any("nothing can train" in str(warning.message) for warning in caught)
    gradients = sum(tensor.grad is not None for tensor in model.parameters())
    same = digest_tensors(model.state_dict()) == before and run.proof.holds
    yield _by_check(
        same and not gradients and warned and run.steps == 0,
        f"{run.proof.tensors} tensors bit-identical: {same}; gradients: {gradients}; "
        f"a warning says so: {warned}",
    )


def weights_alone_decide(ground: Ground) -> Iterator[Decision]:
    """1.2: random heads before and after training, on two training sets in turn."""
    accuracies, differing = [], 0
    for seed in range(RANDOM_HEADS):
        model = ground.model(seed)
        apply_scenario(model, "all_frozen")  # its hidden states are shared by all heads
        before = ground.answers(model)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = ground.train(model, Plan("all_frozen", skip=TRAINED * (seed % 2)))
        accuracies.append(_percent(run))
        differing += not _equal(before, ground.answers(model))
    yield _by_check(
        differing == 0,
        f"{RANDOM_HEADS} random heads: accuracy {np.mean(accuracies):.0f} ± "
        f"{np.std(accuracies, ddof=1):.0f} % (from {min(accuracies):.0f} to "
        f"{max(accuracies):.0f}); heads that a training changed: {differing}",
        seeds=RANDOM_HEADS,
    )


def serves_when_trained(ground: Ground) -> Iterator[Decision]:
    """1.3: a trained model, and the same reloaded and frozen."""
    model, size = ground.model(), 1_000  # 100 sentences would teach it little
    run = ground.train(model, Plan("backbone_frozen", train_size=size, epochs=30))
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder))
        served = SharedModel.load(Path(folder))
    apply_scenario(served, "all_frozen")
    same = _equal(ground.answers(model), ground.answers(served))
    yield _by_check(
        same,
        f"every logit of the reloaded, frozen model is that of the trained one: {same} "
        f"(accuracy {_percent(run):.0f} %)",
        size=size,
    )


def heads_alone_count(ground: Ground) -> Iterator[Decision]:
    """2.1: three counts for minilm, and the text's figure for bert-base-uncased."""
    model = ground.model()
    before = {name: tensor.clone() for name, tensor in model.named_parameters()}
    apply_scenario(model, "backbone_frozen")
    counted = int(count_parameters(model)["trainable"]["all"])
    table = parameter_table("minilm", labels=len(model.labels), tags=len(model.tags))
    formula = int(table["trainable"]["backbone_frozen"])
    ground.train(model, Plan("backbone_frozen"))
    moved = sum(
        tensor.numel()
        for name, tensor in model.named_parameters()
        if not torch.equal(tensor, before[name])
    )
    text = parameter_table()
    heads, whole = (int(text[of]["backbone_frozen"]) for of in ("trainable", "total"))
    yield _by_check(
        counted == formula == moved and 1e4 < heads < 2e4,
        f"minilm: {counted:,} counted, {formula:,} by formula, {moved:,} moved; "
        f"bert-base-uncased: {heads:,} of {whole:,} without pooler",
    )


def speed_and_its_reason(ground: Ground) -> Iterator[Decision]:
    """2.2: two decisions, since a step may be faster for another reason."""
    model = ground.model()
    seconds = measure_steps(model, encode_for(model, ground.corpus.splits["test"]))
    yield faster(seconds, NEWSDESK)
    yield for_the_reason(seconds, NEWSDESK)


def like_one_task(ground: Ground) -> Iterator[Decision]:
    """3B.1: the NER head beside that of a model without a sentence head."""
    model = ground.model()
    alone = SharedModel.from_backbone("minilm", (), ground.corpus.tags, seed=0)
    heads = []
    for one in (model, alone):
        ground.train(one, Plan(HEAD_ALONE))
        state = one.state_dict()
        heads.append([state[f"ner_classifier.{part}"] for part in ("weight", "bias")])
    differing = sum(int((one != other).sum()) for one, other in zip(*heads))
    numbers = sum(tensor.numel() for tensor in heads[0])
    yield _by_check(
        differing == 0, f"{differing} of {numbers:,} numbers of the NER head differ"
    )


def stays_as_it_was(ground: Ground) -> Iterator[Decision]:
    """3B.2: every sentence logit, before and after."""
    model = ground.model()
    ground.train(model, Plan("backbone_frozen", tasks=("sentence",)))
    before = ground.answers(model)[0]
    proof = ground.train(model, Plan(HEAD_ALONE, skip=TRAINED)).proof
    changed = int((ground.answers(model)[0] != before).sum())
    yield _by_check(
        changed == 0 and proof.holds,
        f"{changed} of {before.numel():,} sentence logits changed; {proof.tensors} "
        f"frozen tensors bit-identical: {proof.holds}",
    )


CHECKS: dict[str, Callable[[Ground], Iterator[Decision]]] = {
    check.__name__: check
    for check in (
        nothing_learns,
        weights_alone_decide,
        serves_when_trained,
        heads_alone_count,
        speed_and_its_reason,
        like_one_task,
        stays_as_it_was,
    )
}


def _by_check(holds: bool, said: str, seeds: int = 1, size: int = TRAINED) -> Decision:
    verdict = Verdict.SUPPORTED if holds else Verdict.CONTRADICTED
    return Decision(NEWSDESK, "both", size, verdict, said, seeds=seeds)


def _equal(first: Sequence[Tensor], second: Sequence[Tensor]) -> bool:
    return all(torch.equal(one, other) for one, other in zip(first, second))


def _percent(run: Run) -> float:
    """Test accuracy."""
    return 100 * (run.scores.accuracy or 0.0)
