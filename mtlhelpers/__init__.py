"""What should I freeze? Measured answers on a shared BERT with two heads.

`import mtlhelpers as mtl`: the names below are all that a notebook may use.
"""

from mtlhelpers.data.corpora import combine_corpora, load_corpus
from mtlhelpers.data.corpus import Corpus
from mtlhelpers.model.counting import count_parameters, parameter_table
from mtlhelpers.model.freezing import SCENARIOS, Scenario, apply_scenario
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.features import FeatureStore
from mtlhelpers.training.loop import train
from mtlhelpers.training.metrics import Scores, evaluate
from mtlhelpers.training.plan import Plan, plan_for
from mtlhelpers.training.run import Run

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
    "apply_scenario",
    "combine_corpora",
    "count_parameters",
    "evaluate",
    "load_corpus",
    "parameter_table",
    "plan_for",
    "train",
]
