"""Components behind the model's own preprocessing: which they are, and how it is given again after loading."""

from collections.abc import Iterable, Mapping, Sequence

from exporter.api.components import (
    ActualComponent,
    Component,
    EvalComponent,
    InputComponent,
    OutputComponent,
    key_of,
)
from exporter.api.scores import Score
from exporter.api.sequence import SequenceSimpleExtractor
from exporter.profile import ComponentSpec, Profile, ProfileError
from exporter.profile.values import Key


def preparations(components: Iterable[Component]) -> dict[Key, SequenceSimpleExtractor]:
    """Return the preprocessing of the components that have some."""
    extractors = {key_of(c): c.extractor for c in components if not isinstance(c, ComponentSpec | EvalComponent)}
    return {key: extractor for key, extractor in extractors.items() if isinstance(extractor, SequenceSimpleExtractor)}


def loaded(profile: Profile, prep: Mapping[str, object]) -> tuple[Profile, list[Component], list[Score]]:
    """Return a profile with its components, those that `prep` names behind it, and its scores."""
    components = prepared([component.spec for component in profile.components], prep)
    return profile, components, [score.spec for score in profile.scores]


def prepared(specs: Sequence[ComponentSpec], prep: Mapping[str, object]) -> list[Component]:
    """Return the components of a file, those that `prep` names behind it; ProfileError where it names any other."""
    able = {spec.name for spec in specs if not spec.computed and spec.extractor is not None}
    if unknown := set(prep) - able:
        raise ProfileError(
            f"prep is given of {', '.join(sorted(unknown))}, which no component with an extractor is called"
        )
    return [_prepared(spec, prep[spec.name]) if spec.name in prep and spec.name in able else spec for spec in specs]


def _prepared(spec: ComponentSpec, prep: object) -> Component:
    element = (spec.element or "").partition(".")[2]
    kinds = {kind.role: kind for kind in (InputComponent, OutputComponent, ActualComponent)}
    extractor = SequenceSimpleExtractor(prep, spec.data_extractor())
    return kinds[spec.resolved_role](
        spec.name,
        extractor,
        spec.dtype,
        element or None,
        spec.domain,
        spec.thresholds,
        main=spec.main,
        importance=spec.importance,
        soft_domain=spec.soft_domain,
    )
