"""The features whose contributions to a prediction its record may carry."""

from collections.abc import Iterator, Sequence

ATTRIBUTIONS = "attributions"
FEATURES = 100


def misnamed(features: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the features of a spec, as (path in it, message)."""
    if len(features) > FEATURES:
        yield ATTRIBUTIONS, f"name up to {FEATURES} features"
    for place, feature in enumerate(features):
        if not all(feature.split(".")):
            yield f"{ATTRIBUTIONS}[{place}]", f"{feature!r} is not a path below {ATTRIBUTIONS}; write one such as age"
        elif any(_overlap(feature, other) for other in features[:place]):
            yield f"{ATTRIBUTIONS}[{place}]", f"{feature} is declared twice, or is a part of another"


def _overlap(one: str, other: str) -> bool:
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")
