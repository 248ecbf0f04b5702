"""All that is fixed at start about one model."""

from exporter.plan.build import DELAY_EDGES, LATENCY_EDGES, Shown, fixed, plan
from exporter.plan.model import AssociationStep, Binary, EvalStep, Group, ModelPlan, ScorePlan, plug_ins, statistics

__all__ = [
    "DELAY_EDGES",
    "LATENCY_EDGES",
    "AssociationStep",
    "Binary",
    "EvalStep",
    "Group",
    "ModelPlan",
    "ScorePlan",
    "Shown",
    "fixed",
    "plan",
    "plug_ins",
    "statistics",
]
