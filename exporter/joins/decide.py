"""What becomes of what is known of an id when a record of it comes, for many ids at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exporter.batch import Floats, Mask, is_later, over
from exporter.joins.rows import FAILED, JOINED, LABELLED, PREDICTED, Kept, Rows


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """The `rows` that are known then, and by record: whether that is something new (`put`), and why.

    `repeated` predictions are left out; `joins` are those by which a prediction has its actual, after `delays` (NaN in
    one record); actuals are `duplicate`, `revised`, or complete or revise an outcome (`corrects`).
    """

    rows: Rows
    put: Mask
    repeated: Mask
    joins: Mask
    delays: Floats
    duplicate: Mask
    revised: Mask
    corrects: Mask


def decide(old: Rows, new: Rows, columns: Sequence[Kept]) -> Decision:
    """Decide on records, whose state is what they say, by what was known of their ids (state 0: nothing)."""
    was = old["state"]
    repeated = (new["state"] & was & (PREDICTED | FAILED)) > 0
    said = np.where(repeated, new["state"] & LABELLED, new["state"])
    predicted, labelled, known = (said & PREDICTED) > 0, (said & LABELLED) > 0, (was & LABELLED) > 0
    first = labelled & (predicted | ~known)
    revised = labelled & ~first & (new["revision"] > old["revision"])
    rows = old.copy()
    completed = np.zeros(len(old), np.bool_)
    for column in columns:
        taken = predicted
        if column.actual:
            missing = is_later(old[column.name])
            given = labelled & ~is_later(new[column.name])
            completed |= given & ~first & missing
            taken = (labelled & ~known) | (given & (first | revised | missing))
        rows[column.name] = np.where(over(taken, new[column.name]), new[column.name], old[column.name])
    rows["key"], rows["check"] = new["key"], new["check"]
    rows["state"] = was | said
    rows["revision"] = np.where(first | revised, new["revision"], old["revision"])
    rows["at"] = np.where(predicted | first | (was == 0), new["at"], old["at"])
    joins = (predicted | first) & ((rows["state"] & JOINED) == JOINED)
    delays = np.where(predicted, 0.0, np.maximum(new["at"] - old["at"], 0.0))
    changed = revised | completed
    return Decision(
        rows,
        put=predicted | first | changed | ((said & FAILED) > 0),
        repeated=repeated,
        joins=joins,
        delays=np.where(predicted & labelled, np.nan, delays),
        duplicate=labelled & known & ~changed,
        revised=revised,
        corrects=changed & ((was & JOINED) == JOINED),
    )
