"""Which components have left their reference, where several may have: the list of the e-BH procedure."""

from collections.abc import Sequence

import numpy as np

from exporter.alarm.bank import Bank
from exporter.alarm.block import Evidence
from exporter.batch import Floats


def discovered(bank: Bank, evidence: Sequence[Evidence]) -> list[bool]:
    """Return of each component whether it is among those that have left their reference.

    With e_k = w_k M_k / A, M_k the evidence of a component, w_k its share of the false alarms and A the steps to one of
    them, these are the k components of most evidence for the largest k of which the last has e >= 1/k (Wang and Ramdas,
    JRSS B 2022). So the first needs as much as an alarm, and the tenth only a tenth of it. After T steps the expected
    share of false ones in the list is at most T/A, whatever depends on what, and 2T/A with those kept in it whose alarm
    has not ended.
    """
    found = _relative(bank, evidence)
    order = np.argsort(-found, kind="stable")
    ranks = np.arange(1, len(found) + 1)
    enough = np.flatnonzero(found[order] * ranks >= 1)
    listed = np.zeros(len(found), np.bool_)
    listed[order[: enough[-1] + 1 if len(enough) else 0]] = True
    result: list[bool] = listed.tolist()
    return result


def _relative(bank: Bank, evidence: Sequence[Evidence]) -> Floats:
    """Return the evidence of each component over the line of an alarm, that of its streams added up, shape (K,)."""
    found, firing = np.zeros(len(bank.tolerances)), np.zeros(len(bank.tolerances), np.bool_)
    for part, state in zip(bank.parts, evidence, strict=True):
        places = np.array(part.places)
        np.add.at(found, places, np.exp(state.log_m - part.block.lines))
        np.logical_or.at(firing, places, state.firing)
    return np.where(firing, np.maximum(found, 1.0), found)
