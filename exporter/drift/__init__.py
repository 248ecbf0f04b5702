"""Drift statistics: reference and window summaries in, one number out. One file and one line here each."""

from collections.abc import Mapping

from exporter.drift.chebyshev import CHEBYSHEV
from exporter.drift.jensen_shannon import JENSEN_SHANNON
from exporter.drift.kolmogorov_smirnov import KOLMOGOROV_SMIRNOV
from exporter.drift.psi import PSI
from exporter.drift.statistic import Statistic
from exporter.drift.total_variation import TOTAL_VARIATION
from exporter.drift.wasserstein import WASSERSTEIN
from exporter.registry import Plugins, instance_of

BUILTIN: Mapping[str, Statistic] = {
    "psi": PSI,
    "jensen_shannon": JENSEN_SHANNON,
    "kolmogorov_smirnov": KOLMOGOROV_SMIRNOV,
    "wasserstein": WASSERSTEIN,
    "total_variation": TOTAL_VARIATION,
    "chebyshev": CHEBYSHEV,
}

DEFAULT = tuple(BUILTIN)

PLUGINS = Plugins("prediction_exporter.drift", BUILTIN, instance_of(Statistic))

__all__ = ["BUILTIN", "DEFAULT", "PLUGINS", "Statistic"]
