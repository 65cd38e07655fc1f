"""What should I freeze? Measured answers on a shared BERT with two heads.

`import mtlhelpers as mtl` takes no time: a name is imported when it is first used.
Figures are in `mtl.plots`, records and their verdicts in `mtl.studies`, and what
notebooks show with in `mtl.lesson`.
"""

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

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
    "check_freezing",
    "count_parameters",
    "evaluate",
    "lesson",
    "load_corpus",
    "load_lora",
    "merge_lora",
    "parameter_table",
    "plan_for",
    "plots",
    "recommend",
    "save_lora",
    "studies",
    "train",
]

# On cores that are busy otherwise, torch's threads spin while they wait for each other:
# beside one busy process, training everything took 2.8 times as long as alone, and 1.8
# times where they sleep after a short spin. On idle cores that costs a twentieth. It is
# read when torch is loaded, and is the user's wherever they have chosen.
_WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "1500"}
if "torch" not in sys.modules and not os.environ.keys() & {*_WAITING, "KMP_BLOCKTIME"}:
    os.environ.update(_WAITING)

# Where a name is at home in the package.
_HOMES = {
    "SCENARIOS": "model.scenarios",
    "Corpus": "data.corpus",
    "FeatureStore": "training.features.store",
    "Plan": "training.plan",
    "Run": "training.run",
    "Scenario": "model.scenarios",
    "Scores": "training.scores",
    "SharedModel": "model.shared",
    "Stages": "training.stage",
    "apply_scenario": "model.freezing",
    "check_freezing": "model.audit.freezing_report",
    "count_parameters": "model.counting",
    "evaluate": "training.metrics",
    "load_corpus": "data.load",
    "load_lora": "model.lora",
    "merge_lora": "model.lora",
    "parameter_table": "model.counting",
    "plan_for": "training.stage",
    "recommend": "study.advice.recommend",
    "save_lora": "model.lora",
    "train": "training.loop",
}
_NAMESPACES = {"lesson": "lesson", "plots": "lesson.plots", "studies": "study"}
# Names that were at the top before there were namespaces: the lessons still use them.
_MOVED = {
    "check_advice": "study.advice.neighbours",
    "claim_overview": "lesson.report",
    "claim_table": "lesson.report",
    "combine_corpora": "data.load",
    "compare_arms": "study.verdicts.crossover",
    "cost_since": "lesson.machine",
    "decision_card": "lesson.report",
    "draw_bars": "lesson.plots.figures",
    "draw_family": "lesson.plots.lines",
    "draw_line": "lesson.plots.figures",
    "draw_points": "lesson.plots.points",
    "find_crossover": "study.verdicts.crossover",
    "guess": "lesson.guesses",
    "judge_claims": "study.verdicts.ledger",
    "layer_vectors": "training.similarity",
    "machine_table": "lesson.machine",
    "new_figure": "lesson.plots.figures",
    "past_guesses": "lesson.guesses",
    "show_bars": "lesson.plots.figures",
    "show_figure": "lesson.plots.figures",
    "show_lines": "lesson.plots.figures",
    "study_gradients": "study.records.tables",
    "study_history": "study.records.tables",
    "study_table": "study.records.tables",
    "summarise": "study.records.tables",
    "unbiased_cka": "training.similarity",
    "verdict_sentence": "lesson.report",
    "weight_distance": "training.similarity",
}

if TYPE_CHECKING:
    import mtlhelpers.lesson as lesson
    import mtlhelpers.lesson.plots as plots
    import mtlhelpers.study as studies
    from mtlhelpers.data.corpus import Corpus
    from mtlhelpers.data.load import load_corpus
    from mtlhelpers.model.audit.freezing_report import check_freezing
    from mtlhelpers.model.counting import count_parameters, parameter_table
    from mtlhelpers.model.freezing import apply_scenario
    from mtlhelpers.model.lora import load_lora, merge_lora, save_lora
    from mtlhelpers.model.scenarios import SCENARIOS, Scenario
    from mtlhelpers.model.shared import SharedModel
    from mtlhelpers.study.advice.recommend import recommend
    from mtlhelpers.training.features.store import FeatureStore
    from mtlhelpers.training.loop import train
    from mtlhelpers.training.metrics import evaluate
    from mtlhelpers.training.plan import Plan
    from mtlhelpers.training.run import Run
    from mtlhelpers.training.scores import Scores
    from mtlhelpers.training.stage import Stages, plan_for
else:

    def __getattr__(name: str) -> object:
        """Import a public name, or one that has moved, when it is first asked for."""
        if name in _NAMESPACES:
            return import_module(f"mtlhelpers.{_NAMESPACES[name]}")
        home = _HOMES.get(name) or _MOVED.get(name)
        if home is None:
            raise AttributeError(f"module 'mtlhelpers' has no attribute {name!r}")
        return getattr(import_module(f"mtlhelpers.{home}"), name)


def __dir__() -> list[str]:
    """List the public names, for completion."""
    return [*__all__, "__version__"]
