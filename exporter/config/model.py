"""The configuration (`exporter.yml`) as structs: an option is a field here and nothing else."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import msgspec

from exporter.config.expect import ExpectConfig, check_expectations
from exporter.config.kinds import Checked, PlugIn, Written
from exporter.config.segments import Path as RecordPath
from exporter.config.segments import SegmentConfig, check_segments
from exporter.config.values import parse_duration, parse_window
from exporter.drift import PLUGINS as STATISTICS
from exporter.process import ProcessConfig
from exporter.profile import LEVELS
from exporter.profile.spec import absent
from exporter.quality import LEVEL
from exporter.sources import PLUGINS as SOURCES
from exporter.windows import WindowSpec

RARE = 0.9  # quantile from which on what is beyond it may be called an outlier
LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def _ascending(edges: Sequence[float]) -> None:
    if not all(0 < edge < float("inf") for edge in edges) or any(low >= high for low, high in pairwise(edges)):
        raise ValueError("must be positive, finite and ascending, in seconds, such as [0.1, 0.5, 1]")


def _known(names: Sequence[str]) -> None:
    for name in names:
        if name not in STATISTICS:
            raise ValueError(absent("drift statistic", name, STATISTICS))


def _different(windows: Sequence[WindowSpec]) -> None:
    for place, window in enumerate(windows):
        for other in windows[:place]:
            if (window.seconds, window.rows, window.earlier) == (other.seconds, other.rows, other.earlier):
                raise ValueError(f"{other.label!r} and {window.label!r} are the same window")


Duration = Annotated[float, Written(parse_duration)]
Window = Annotated[WindowSpec, Written(parse_window)]
SourceConfig = Annotated[Any, PlugIn("source", SOURCES)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Some = msgspec.Meta(min_length=1)


class Actuals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a prediction waits for its actual, and how many may wait at once."""

    wait: Duration = 7 * 86_400.0
    pending: Count = 1_000_000


class Alarm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The alarm of drift: its time between two false alarms of a model, and how far (as PSI) a component may move."""

    false_alarm_budget: Annotated[Duration, msgspec.Meta(ge=3600)] = 90 * 86_400.0
    tolerance: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.01


def _level(level: float) -> None:
    if level not in (able := [one for one in LEVELS if one >= RARE]):
        raise ValueError(f"write one of {', '.join(map(str, able))}")


class Outliers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an outlier is: a prediction whose score is beyond this quantile of the reference's."""

    quantile: Annotated[float, Checked(_level)] = LEVEL


class Flagged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What people see of flagged predictions: tags, ids where there are no actuals to read them for, and raw values."""

    tags: list[RecordPath] = []
    ids: bool = False
    values: bool = False


class ModelConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model: the file of its profile, its windows and how its server is watched.

    `name` may repeat the profile's, so that a wrong file is noticed; `latency_buckets` are in seconds. `statistics` are
    taken of all components beside the usual ones, with their p-values. `segments` cut the traffic into slices;
    `expect` is what is true of every prediction.
    """

    profile: Path
    name: str | None = None
    windows: Annotated[list[Window], Some, Checked(_different)] = msgspec.field(
        default_factory=lambda: [parse_window("1h"), parse_window("24h")]
    )
    latency_buckets: Annotated[list[float], Some, Checked(_ascending)] = msgspec.field(
        default_factory=lambda: list(LATENCY_BUCKETS)
    )
    statistics: Annotated[list[str], Checked(_known)] = []
    segments: Annotated[list[RecordPath | SegmentConfig], Checked(check_segments)] = []
    expect: Annotated[list[ExpectConfig], Checked(check_expectations)] = []
    outliers: Outliers = Outliers()
    flagged: Flagged = Flagged()
    actuals: Actuals = Actuals()
    alarm: Alarm = Alarm()
    process: ProcessConfig | None = None


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds of what is exposed and read: series in all, categories of a component, bytes of a line and of an image."""

    series: Count = 50_000
    categories: Count = 50
    line_bytes: Annotated[int, msgspec.Meta(ge=1024)] = 1_048_576
    image_bytes: Annotated[int, msgspec.Meta(ge=1024)] = 67_108_864


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The models and the sources of their logs.

    `state` is the file that keeps what is known over a restart; without it nothing is kept. `evaluation_interval` is
    the time from one evaluation of windows, drift and scores to the next.
    """

    models: Annotated[list[ModelConfig], Some]
    sources: Annotated[list[SourceConfig], Some]
    state: Path | None = None
    limits: Limits = Limits()
    evaluation_interval: Annotated[Duration, msgspec.Meta(ge=0.1)] = 15.0
