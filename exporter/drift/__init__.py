"""Drift statistics: reference and window summaries in, one number out. One file and one line here each."""

from collections.abc import Mapping

from exporter.drift.anderson_darling import ANDERSON_DARLING
from exporter.drift.chebyshev import CHEBYSHEV
from exporter.drift.chi_square import CHI_SQUARE
from exporter.drift.chi_square_distance import CHI_SQUARE_DISTANCE
from exporter.drift.cramer_von_mises import CRAMER_VON_MISES
from exporter.drift.energy_distance import ENERGY_DISTANCE
from exporter.drift.g_test import G_TEST
from exporter.drift.hellinger import HELLINGER
from exporter.drift.invalid_share import INVALID_SHARE
from exporter.drift.jensen_shannon import JENSEN_SHANNON
from exporter.drift.jensen_shannon_divergence import JENSEN_SHANNON_DIVERGENCE
from exporter.drift.kolmogorov_smirnov import KOLMOGOROV_SMIRNOV
from exporter.drift.kullback_leibler import KULLBACK_LEIBLER
from exporter.drift.mean_shift import MEAN_SHIFT
from exporter.drift.missing_share import MISSING_SHARE
from exporter.drift.new_category_share import NEW_CATEGORY_SHARE
from exporter.drift.psi import PSI
from exporter.drift.statistic import Statistic
from exporter.drift.total_variation import TOTAL_VARIATION
from exporter.drift.variance_shift import VARIANCE_SHIFT
from exporter.drift.wasserstein import WASSERSTEIN
from exporter.registry import Plugins, instance_of

BUILTIN: Mapping[str, Statistic] = {
    "psi": PSI,
    "jensen_shannon": JENSEN_SHANNON,
    "kolmogorov_smirnov": KOLMOGOROV_SMIRNOV,
    "wasserstein": WASSERSTEIN,
    "total_variation": TOTAL_VARIATION,
    "chebyshev": CHEBYSHEV,
    "kullback_leibler": KULLBACK_LEIBLER,
    "jensen_shannon_divergence": JENSEN_SHANNON_DIVERGENCE,
    "hellinger": HELLINGER,
    "chi_square_distance": CHI_SQUARE_DISTANCE,
    "chi_square": CHI_SQUARE,
    "g_test": G_TEST,
    "cramer_von_mises": CRAMER_VON_MISES,
    "anderson_darling": ANDERSON_DARLING,
    "energy_distance": ENERGY_DISTANCE,
    "mean_shift": MEAN_SHIFT,
    "variance_shift": VARIANCE_SHIFT,
    "new_category_share": NEW_CATEGORY_SHARE,
    "missing_share": MISSING_SHARE,
    "invalid_share": INVALID_SHARE,
}

DEFAULT = ("psi", "jensen_shannon", "kolmogorov_smirnov", "wasserstein", "total_variation", "chebyshev")

PLUGINS = Plugins("prediction_exporter.drift", BUILTIN, instance_of(Statistic))

__all__ = ["BUILTIN", "DEFAULT", "PLUGINS", "Statistic"]
