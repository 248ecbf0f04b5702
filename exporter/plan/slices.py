"""Plans what is kept of the slices of a segment, and how they are compared."""

from collections.abc import Iterator, Sequence

from exporter.drift import PLUGINS as STATISTICS
from exporter.extractors.classification_error_type import ClassificationErrorType
from exporter.extractors.pairing import place
from exporter.plan.model import Binary, Group, ScorePlan
from exporter.profile import Component, Estimates
from exporter.segments import Cut, Segment
from exporter.summaries import Layout
from exporter.windows import WindowSpec


def cut_of(
    segment: Segment,
    prediction: Sequence[Component],
    outcome: Sequence[Component],
    reading: tuple[Sequence[ScorePlan], Binary | None, Estimates],
    windows: Sequence[WindowSpec],
) -> Cut:
    """Plan what is kept of a segment's slices: drift on the exposed bins alone, and what its scores read."""
    scores, binary, estimates = reading
    by_time = tuple(spec for spec in windows if spec.seconds is not None and spec.earlier is None)
    if not by_time:
        raise ValueError(f"segment {segment.name} needs a window by time, such as 1h")
    chosen = [i for i, c in enumerate(prediction) if segment.components is None or c.name in segment.components]
    if unknown := set(segment.components or ()) - {prediction[i].name for i in chosen}:
        raise ValueError(f"segment {segment.name}: no input or output is called {', '.join(sorted(unknown))}")
    read = {place for score in scores if score.outcome for place in score.components}
    if segment.fairness is not None:
        if binary is None:
            raise ValueError(
                f"segment {segment.name}: fairness needs an output that is a category and an eval component of it "
                "with the extractor classification_error_type"
            )
        chosen, read = sorted({*chosen, binary.output}), {*read, binary.cells}
    joined = tuple(sorted(read))
    return Cut(
        segment,
        tuple(chosen),
        joined,
        tuple(prediction[i].measure.coarse() for i in chosen),
        tuple(outcome[i].measure for i in joined),
        by_time,
        tuple(step.measure for step in estimates.steps),
    )


def groups_of(components: Sequence[Component]) -> Iterator[Group]:
    """Yield the components of a slice by kind; their drift is that on the exposed bins."""
    for numeric in (True, False):
        places = tuple(i for i, c in enumerate(components) if (c.field.levels is None) == numeric)
        if places:
            references = [components[i].reference.coarse(components[i].measure.coarse()) for i in places]
            layout = Layout.of(references)
            yield Group(places, layout, layout.stack(references), {"psi": STATISTICS["psi"]})


def binary_of(prediction: Sequence[Component], outcome: Sequence[Component]) -> Binary | None:
    """Return the first binary output whose cells are known, None where there is none."""
    outputs = {c.name: (i, c.field) for i, c in enumerate(prediction) if c.role == "output" and c.field.levels}
    for cells, component in enumerate(outcome):
        extractor = component.spec.eval_extractor() if component.role == "eval" else None
        if isinstance(extractor, ClassificationErrorType) and extractor.output in outputs:
            output, field = outputs[extractor.output]
            return Binary(output, place(extractor.positive, field), cells)
    return None
