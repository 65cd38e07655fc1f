"""What should I freeze? Measured answers on a shared BERT with two heads.

`import mtlhelpers as mtl` takes no time: a name is imported when it is first used.
Figures are in `mtl.plots`, records and their verdicts in `mtl.studies`, and what
notebooks show with in `mtl.lesson`.
"""

import os
import sys
import warnings
from typing import TYPE_CHECKING

from mtlhelpers import lesson as lesson
from mtlhelpers import study
from mtlhelpers.lesson import plots as plots
from mtlhelpers.names import lazy_names

__version__ = "0.1.0"
studies = study

# On cores that are busy otherwise, torch's threads spin while they wait for each other:
# beside one busy process, training everything took 2.8 times as long as alone, and 1.8
# times where they sleep after a short spin. On idle cores that costs a twentieth. It is
# read when torch is loaded, and is the user's wherever they have chosen.
_WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "1500"}
if "torch" not in sys.modules and not os.environ.keys() & {*_WAITING, "KMP_BLOCKTIME"}:
    os.environ.update(_WAITING)

# Notebooks without ipywidgets get bars of plain text, which is enough.
warnings.filterwarnings("ignore", message="IProgress not found")

if TYPE_CHECKING:
    from mtlhelpers.comparison.own_data import compare as compare
    from mtlhelpers.data.corpus import Corpus as Corpus
    from mtlhelpers.data.load import load_corpus as load_corpus
    from mtlhelpers.errors import MTLError as MTLError
    from mtlhelpers.model.audit.freezing_report import check_freezing as check_freezing
    from mtlhelpers.model.counting import count_parameters as count_parameters
    from mtlhelpers.model.counting import parameter_table as parameter_table
    from mtlhelpers.model.freezing import apply_scenario as apply_scenario
    from mtlhelpers.model.lora import load_lora as load_lora
    from mtlhelpers.model.lora import merge_lora as merge_lora
    from mtlhelpers.model.lora import save_lora as save_lora
    from mtlhelpers.model.scenarios import SCENARIOS as SCENARIOS
    from mtlhelpers.model.scenarios import Scenario as Scenario
    from mtlhelpers.model.shared import SharedModel as SharedModel
    from mtlhelpers.study.advice.recommend import recommend as recommend
    from mtlhelpers.training.features.store import FeatureStore as FeatureStore
    from mtlhelpers.training.loop import train as train
    from mtlhelpers.training.metrics import evaluate as evaluate
    from mtlhelpers.training.plan import Plan as Plan
    from mtlhelpers.training.run import Run as Run
    from mtlhelpers.training.scores import Scores as Scores
    from mtlhelpers.training.stage import Stages as Stages
    from mtlhelpers.training.stage import plan_for as plan_for
else:
    __all__, _own, _ = lazy_names(__name__, __file__)
    __all__ += ["lesson", "plots", "studies"]

    def __getattr__(name: str) -> object:
        """Import a public name, or one of a namespace, when it is first asked for.

        Before there were namespaces all names were here: the lessons still use them so.
        """
        rooms = [room for room in (lesson, plots, studies) if name in room.__all__]
        return getattr(rooms[0], name) if rooms and name not in __all__ else _own(name)

    def __dir__() -> list[str]:
        """List the public names, for completion."""
        return sorted([*__all__, "__version__"])
