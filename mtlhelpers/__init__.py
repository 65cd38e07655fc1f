"""What should I freeze? Measured answers on a shared BERT with two heads.

`import mtlhelpers as mtl`: the names below are all that a notebook may use.
"""

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.load import combine_corpora, load_corpus
from mtlhelpers.lesson.card import decision_card
from mtlhelpers.lesson.guesses import guess, past_guesses
from mtlhelpers.lesson.machine import cost_since, machine_table
from mtlhelpers.lesson.plots.figures import (
    draw_bars,
    draw_line,
    new_figure,
    show_bars,
    show_figure,
    show_lines,
)
from mtlhelpers.lesson.plots.lines import draw_family
from mtlhelpers.lesson.plots.points import draw_points
from mtlhelpers.lesson.report import claim_overview, claim_table, verdict_sentence
from mtlhelpers.model.counting import count_parameters, parameter_table
from mtlhelpers.model.freezing import SCENARIOS, Scenario, apply_scenario
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.study.advice.neighbours import check_advice
from mtlhelpers.study.advice.recommend import recommend
from mtlhelpers.study.records.tables import (
    study_gradients,
    study_history,
    study_table,
    summarise,
)
from mtlhelpers.study.verdicts.crossover import compare_arms, find_crossover
from mtlhelpers.study.verdicts.ledger import judge_claims
from mtlhelpers.training.features.store import FeatureStore
from mtlhelpers.training.loop import train
from mtlhelpers.training.metrics import evaluate
from mtlhelpers.training.plan import Plan, plan_for
from mtlhelpers.training.run import Run, Scores
from mtlhelpers.training.similarity import (
    layer_vectors,
    unbiased_cka,
    weight_distance,
)
from mtlhelpers.training.stage import Stages

__version__ = "0.1.0"

__all__ = [
    "SCENARIOS",
    "Corpus",
    "FeatureStore",
    "Plan",
    "Run",
    "Scenario",
    "Scores",
    "SharedModel",
    "Stages",
    "apply_scenario",
    "check_advice",
    "claim_overview",
    "claim_table",
    "combine_corpora",
    "compare_arms",
    "cost_since",
    "count_parameters",
    "decision_card",
    "draw_bars",
    "draw_family",
    "draw_line",
    "draw_points",
    "evaluate",
    "find_crossover",
    "guess",
    "judge_claims",
    "layer_vectors",
    "load_corpus",
    "machine_table",
    "new_figure",
    "parameter_table",
    "past_guesses",
    "plan_for",
    "recommend",
    "show_bars",
    "show_figure",
    "show_lines",
    "study_gradients",
    "study_history",
    "study_table",
    "summarise",
    "train",
    "unbiased_cka",
    "verdict_sentence",
    "weight_distance",
]
