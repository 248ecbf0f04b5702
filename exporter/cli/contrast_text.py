"""What a contrast of two profiles says, as text for people."""

import math
from datetime import UTC, datetime

from exporter.cli.profile_text import aligned, short
from exporter.contrast import ComponentContrast, Contrast, ScoreContrast, describe
from exporter.profile import Profile

COMPONENTS = ("role", "component", "statistic", "drift", "threshold", "invalid", "verdict")
SCORES = ("score", "reference", "observed", "records", "may change", "verdict")


def difference(contrast: Contrast) -> str:
    """Return what of a profile differs from its reference as aligned text, what is wrong first."""
    lines = [f"{_title(contrast.reference)}  ->  {_title(contrast.observed)}", "", describe(contrast.issues()), ""]
    lines += aligned([COMPONENTS, *map(_component, contrast.components)])
    if contrast.scores:
        lines += ["", *aligned([SCORES, *map(_score, contrast.scores)])]
    if contrast.skipped:
        reason = "only one has it, or they have learned differently"
        lines += ["", f"not compared: {', '.join(contrast.skipped)} ({reason})"]
    return "\n".join(lines)


def _title(profile: Profile) -> str:
    return f"{profile.name} {profile.version} of {datetime.fromtimestamp(profile.built, UTC):%Y-%m-%d %H:%M UTC}"


def _component(found: ComponentContrast) -> tuple[str, ...]:
    drift, limit = short(found.drift[found.judge]), short(found.threshold)
    invalid = f"{_percent(found.invalid_reference)} -> {_percent(found.invalid_observed)}"
    return found.reference.role, found.reference.name, found.judge, drift, limit, invalid, _verdict(found)


def _verdict(found: ComponentContrast) -> str:
    wrong = {"drift": found.drifted == "bad", "invalid": found.invalid == "bad", "stuck": found.stuck is not None}
    words = ", ".join(word for word, bad in wrong.items() if bad)
    return words or ("too few values" if found.drifted == "unknown" else "good")


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{share:.1%}"


def _score(found: ScoreContrast) -> tuple[str, ...]:
    verdict = {"bad": "worse", "good": "good", "unknown": "too few records"}[found.verdict]
    limit = f"{'-' if found.preference == 'high' else '+'}{found.limit:.4g}"
    return found.name, short(found.reference), short(found.observed), f"{found.samples:,}", limit, verdict
