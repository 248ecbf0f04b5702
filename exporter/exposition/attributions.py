"""Turns what predictions are put down to into metric families."""

from collections.abc import Iterator, Sequence

from exporter import catalog
from exporter.attributions import AssociationReading, AttributionReading
from exporter.exposition.render import Family, line
from exporter.plan import ModelPlan


def referred(plan: ModelPlan) -> Iterator[Family]:
    """Yield what the profile says of attributions."""
    metric, reference = catalog.ATTRIBUTION_REFERENCE, plan.profile.attributions
    for feature, mean in zip(reference.features, reference.means.tolist(), strict=True):
        yield Family(metric, line(metric, (*plan.labels, feature), mean))


def gone_together(plan: ModelPlan, readings: Sequence[AssociationReading]) -> Iterator[Family]:
    """Yield how closely inputs and the output go together, in the reference and in each window."""
    if plan.associations is None:
        return
    for name in plan.associations.pairing.inputs:
        text = line(catalog.ASSOCIATION_REFERENCE, (*plan.labels, name), plan.profile.associations[name])
        yield Family(catalog.ASSOCIATION_REFERENCE, text)
    for reading in readings:
        for name, strength in zip(plan.associations.pairing.inputs, reading.strengths, strict=True):
            text = line(catalog.ASSOCIATION, (*plan.labels, name, reading.window), strength)
            yield Family(catalog.ASSOCIATION, text)


def put_down(plan: ModelPlan, readings: Sequence[AttributionReading]) -> Iterator[Family]:
    """Yield what each window says of them."""
    for reading in readings:
        means = zip(plan.profile.attributions.features, reading.means, strict=True)
        for feature, mean in means:
            text = line(catalog.ATTRIBUTION_MEAN, (*plan.labels, feature, reading.window), mean)
            yield Family(catalog.ATTRIBUTION_MEAN, text)
        for metric, value in (
            (catalog.ATTRIBUTION_NDCG, reading.ndcg),
            (catalog.ATTRIBUTION_NDCG_LOWER, reading.lower),
            (catalog.ATTRIBUTION_NDCG_UPPER, reading.upper),
            (catalog.ATTRIBUTION_SAMPLES, reading.samples),
        ):
            yield Family(metric, line(metric, (*plan.labels, reading.window), value))
