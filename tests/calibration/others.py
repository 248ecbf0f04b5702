"""The rules of others for one column: p-values, fixed distances, and Evidently's default, by scipy."""

import numpy as np
from scipy import stats
from scipy.spatial.distance import jensenshannon

RULES = ("p < 0.05", "Bonferroni", "PSI > 0.1", "Evidently")
SMALL = 1000  # rows of a reference up to which Evidently takes p-values


def judged(reference, window, levels, columns):
    """Return what each rule says of a column, codes of `levels` categories or numbers where that is 0."""
    if levels:
        counts = _counts(reference, window)
        table = counts[:, counts.sum(axis=0) > 0]
        p = stats.chi2_contingency(table, correction=False).pvalue if table.shape[1] > 1 else 1.0
    else:
        p = stats.ks_2samp(reference, window, method="asymp").pvalue
        edges = np.quantile(reference, np.arange(0.1, 1, 0.1))
        counts = _counts(*(np.searchsorted(edges, values) for values in (reference, window)))
    p0, p1 = (np.maximum(count / count.sum(), 1e-4) for count in counts)
    psi = float(((p1 - p0) * np.log(p1 / p0)).sum())
    _, evidently = evidently_default(reference, window, levels)
    return {"p < 0.05": p < 0.05, "Bonferroni": p < 0.05 / columns, "PSI > 0.1": psi > 0.1, "Evidently": evidently}


def evidently_default(reference, window, levels):
    """Return the number that Evidently 0.7 looks at, and whether it is drift to it.

    A p-value below 0.05 of the test of proportions, of the chi-square test that takes the reference as exact, or of
    Kolmogorov and Smirnov; of references of more than 1,000 rows 0.1 of the Jensen-Shannon distance (natural
    logarithms), or of Wasserstein's over the standard deviation.
    """
    if len(reference) > SMALL:
        if levels:
            distance = float(jensenshannon(*_counts(reference, window)))
        else:
            distance = stats.wasserstein_distance(reference, window) / max(np.std(reference), 0.001)
        return distance, distance >= 0.1
    p = _p_value(reference, window, levels)
    return p, p < 0.05


def _p_value(reference, window, levels):
    if not levels:
        return float(stats.ks_2samp(reference, window).pvalue)
    counts = _counts(reference, window)
    used = counts[:, counts.sum(axis=0) > 0]
    if used.shape[1] > 2:
        expected = used[0] * len(window) / len(reference)
        terms = (used[1] - expected) ** 2 / np.where(expected > 0, expected, np.nan)
        return float(stats.chi2.sf(np.inf if np.isnan(terms).any() else terms.sum(), used.shape[1] - 1))
    if used.shape[1] < 2:
        return 1.0
    share, both = used[:, 1] / used.sum(axis=1), used.sum(axis=0)[1] / used.sum()
    z = (share[0] - share[1]) / np.sqrt(both * (1 - both) * (1 / used.sum(axis=1)).sum())
    return float(2 * stats.norm.sf(abs(z)))


def _counts(one, other):
    width = int(max(one.max(), other.max())) + 1
    return np.array([np.bincount(values, minlength=width) for values in (one, other)])
