"""The cases of the benchmark, with the bars they are held to."""

from extraction_case import ExtractionCase
from growth_case import LengthGrowthCase, SizeGrowthCase
from prediction_case import PredictionCase
from sharing_case import SharingCase
from steps_case import StepsCase
from training_case import TrainingCase
from turns import Case

EVERY = 13_056  # sentences of SNIPS to train on
FLAT = 1 / 1.15  # flat within 15 %

CASES: tuple[Case, ...] = (
    TrainingCase(
        name="backbone_frozen_13056",
        scenario="backbone_frozen",
        sentences=EVERY,
        epochs=10,
        learning_rate=3e-3,
        store="new",
        bars={"seconds": 10.0, "peak_bytes": 1.0},
    ),
    # The same again: an earlier process has left the hidden states on disk.
    TrainingCase(
        name="backbone_frozen_13056_kept",
        scenario="backbone_frozen",
        sentences=EVERY,
        epochs=10,
        learning_rate=3e-3,
        store="kept",
        earlier=True,
        bars={"seconds": 40.0},
        repeats=2,
    ),
    TrainingCase(
        name="none_frozen_3000",
        scenario="none_frozen",
        sentences=3000,
        epochs=1,
        batch_size=64,
        learning_rate=3e-4,
        bars={"seconds": 1.9, "work_share": 0.75},
        aims=("work_share",),
    ),
    TrainingCase(
        name="none_frozen_3000_plain",
        scenario="none_frozen",
        sentences=3000,
        epochs=1,
        batch_size=64,
        learning_rate=3e-4,
        peer="plain",
        bars={"seconds": 1.0},
    ),
    TrainingCase(
        name="none_frozen_13056",
        scenario="none_frozen",
        sentences=EVERY,
        epochs=1,
        batch_size=64,
        learning_rate=3e-4,
        bars={"peak_bytes": 1.0},
        repeats=1,
    ),
    TrainingCase(
        name="top_two_layers_3000",
        scenario="none_frozen",
        top_layers=2,
        sentences=3000,
        epochs=5,
        learning_rate=3e-4,
        bars={"seconds": 2.5},
    ),
    StepsCase(name="lora_steps", bar=1.0),
    ExtractionCase(name="extraction_snips", bar=0.8),
    SizeGrowthCase(
        name="growth_sentences_none_frozen", sizes=(1000, 3000, 10_000), bar=FLAT
    ),
    SizeGrowthCase(
        name="growth_sentences_backbone_frozen",
        scenario="backbone_frozen",
        epochs=10,
        sizes=(1000, 3000, 10_000),
        bar=FLAT,
    ),
    LengthGrowthCase(
        name="growth_length_none_frozen", sizes=(16, 32, 64, 128, 256), bar=1.0
    ),
    PredictionCase(name="predict_1000", bar=1.0),
    # The longest by far, and so the last.
    SharingCase(name="seven_scenarios_1000", sentences=1000, seeds=5),
)
