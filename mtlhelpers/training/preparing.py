"""Before a stage: what the heads read, which are drawn again, and what is frozen."""

from datasets import Dataset

from mtlhelpers.model.freezing import apply_scenario, find_scenario
from mtlhelpers.model.shared import HEADS, SharedModel
from mtlhelpers.training.plan import Plan, PlanError
from mtlhelpers.training.sentences import check_fit


def prepare(model: SharedModel, sentences: Dataset, plan: Plan) -> bool:
    """Make the model ready for a stage; whether its outputs are still what they were.

    Raises `PlanError` where the plan fits neither model nor sentences.
    """
    check_fit(model, sentences, plan)
    was = (model.pooling, model.layers)
    try:
        model.read(plan.pooling, plan.layers)
    except ValueError as error:
        raise PlanError(f"the plan does not fit the model: {error}") from error
    if plan.fresh_heads:
        for task in plan.tasks:
            model.reset_head(HEADS[task], plan.seed)
    apply_scenario(model.eval(), find_scenario(plan.scenario).limited_to(plan.tasks))
    return was == (model.pooling, model.layers) and not plan.fresh_heads
