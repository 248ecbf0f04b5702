"""The board Quality: how right the model is, about what, for whom, and how much of it is known."""

from board import board, row
from grafana_foundation_sdk.models.dashboard import Panel
from palette import FURTHER, LIMIT, LIVE, OTHER
from panels import Line, lines
from promql import (
    MODEL,
    RANGE,
    WINDOW,
    most,
    quantile,
    rate,
    total,
    way_to_threshold,
)
from tables import Column, matrix, rows

from boards.scores import UNSCORED, score, score_over_time
from boards.shared import ONLY_YES, UNCUT, one_model, segment, window

EACH_SCORE = "score"
SCORES = f'{WINDOW},score=~"$score"'
SLICES = f'{SCORES},segment="$segment",value=~"$value"'
CONFUSION = "model_confusion_total"
CALIBRATION = f'{WINDOW},score=~".*(calibration|brier|log_loss).*"'
RATIOS, DIFFERENCES = ',metric=~".+_ratio"', ',metric!~".+_ratio"'
UNCONFUSED = (
    "No confusion matrix: give the model an eval component with the extractor `confusion`, and wait for actuals."
)


def made() -> str:
    """Return the JSON."""
    return board(
        "quality",
        "Quality",
        "How right one version of a model is: every score, by class, by segment, and how much of it is known.",
        [*one_model(), window(), score(), *segment()],
        row("How right is $model $version?", 7, (_scores(), 24)),
        row("Scores over time", 8, (score_over_time(), 24)),
        row("About what", 10, (_confusion(), 13), (_classes(), 11)),
        row("Can probabilities and estimates be believed?", 7, (_estimates(), 12), (_calibration(), 12)),
        row("For whom", 10, (_segments(), 12), (_fairness(), 12)),
        row("Actuals", 8, *((panel, 6) for panel in _labels())),
    )


def _scores() -> Panel:
    def score_of(title: str, metric: str, selection: str = SCORES) -> Column:
        return Column(title, most(metric, selection, EACH_SCORE), decimals=3)

    fixed = f'{MODEL},score=~"$score"'
    return rows(
        "All scores",
        "The scores of the chosen window, the one that has gone furthest from the reference (0 %) to its threshold "
        "(100 %) on top. A score whose interval holds the reference has not changed for sure; one from fewer than 30 "
        "records says little. Estimated: what it is to be expected to be while actuals are missing.",
        Column(
            "Way to threshold",
            way_to_threshold(SCORES, EACH_SCORE),
            unit="percentunit",
            decimals=0,
            bar_to=1,
            sort=True,
        ),
        Column("Score", label="score"),
        score_of("Value", "model_score"),
        score_of("Lower end", "model_score_lower"),
        score_of("Upper end", "model_score_upper"),
        score_of("Estimated", "model_estimated_score"),
        score_of("Reference", "model_score_reference", fixed),
        score_of("Threshold", "model_score_threshold", fixed),
        score_of("Always the same answer", "model_score_dummy", fixed),
        Column("Records", total("model_score_samples", SCORES, EACH_SCORE), unit="locale"),
        empty=UNSCORED,
    )


def _counts(by: str) -> str:
    return rate(CONFUSION, MODEL, by, RANGE)


def _confusion() -> Panel:
    return matrix(
        "Confusion",
        "Of the records of each actual class (a row), the share that was predicted as each class, in the whole time "
        "range. The diagonal is right; a dark cell beside it is what the model takes one class for.",
        f"{_counts('actual, predicted')} / on (actual) group_left () ({_counts('actual')} > 0)",
        row="actual",
        column="predicted",
        unit="percentunit",
        empty=UNCONFUSED,
    )


def _classes() -> Panel:
    cells, actual = _counts("actual, predicted"), _counts("actual")
    diagonal = f'label_replace({actual}, "predicted", "$1", "actual", "(.+)")'
    right = f"sum by (actual) ({cells} and on (actual, predicted) {diagonal})"
    predicted = f'sum by (actual) (label_replace({_counts("predicted")}, "actual", "$1", "predicted", "(.+)"))'
    return rows(
        "By class",
        "Recall: of the records of a class, how many were found. Precision: of those predicted so, how many are. The "
        "class with the lowest F1 is on top: look in the matrix what it is taken for.",
        Column("F1", f"2 * {right} / ({predicted} + {actual} > 0)", unit="percentunit", decimals=1, ascending=True),
        Column("Class", label="actual"),
        Column("Recall", f"{right} / ({actual} > 0)", unit="percentunit", decimals=1),
        Column("Precision", f"{right} / ({predicted} > 0)", unit="percentunit", decimals=1),
        Column("Of all", f"({actual} > 0) / scalar(sum({actual}))", unit="percentunit", decimals=1),
        empty=UNCONFUSED,
    )


def _estimates() -> Panel:
    return lines(
        "Error of the estimates",
        "The score of the predictions whose actual is known, less what was estimated of the same predictions. Far from "
        "0 for long: the same questions have other answers now (concept drift), and estimates are wrong too.",
        Line(most("model_estimated_score_error", SCORES, EACH_SCORE), "{{score}}", None),
        unit="none",
        empty="No score is estimated: see docs/estimates.md. Or no actuals are known yet.",
        least=None,
    )


def _calibration() -> Panel:
    return lines(
        "Calibration",
        "Scores of the predicted probabilities themselves: expected calibration error, Brier score and log loss, where "
        "the profile has them under such a name. Rising while accuracy holds: the model is too sure of itself; "
        "recalibrate.",
        Line(most("model_score", CALIBRATION, EACH_SCORE), "{{score}}", None),
        unit="none",
        empty="The profile has no score called calibration, brier or log_loss.",
    )


def _segments() -> Panel:
    by = "segment, value, score"

    def gap(end: str) -> str:
        return most(f"model_segment_score_gap{end}", SLICES, by)

    return rows(
        "Segments, the worst first",
        "How much worse each value of the segment is than all others together, in the unit of the score. Where even "
        "the least gap is above 0 the segment is worse, and that is no accident of having looked at many. "
        "Here: the score of this value alone; estimated: what it is to be expected to be without actuals.",
        Column("Least gap", gap("_lower"), decimals=3, sort=True),
        Column("Value", label="value"),
        Column("Score", label="score"),
        Column("Worse", f"{gap('_lower')} > bool 0", words=ONLY_YES),
        Column("Here", most("model_segment_score", SLICES, by), decimals=3),
        Column("Estimated", most("model_segment_estimated_score", SLICES, by), decimals=3),
        Column("Gap", gap(""), decimals=3),
        Column("Largest gap", gap("_upper"), decimals=3),
        Column("Records", total("model_segment_score_samples", SLICES, by), unit="locale"),
        empty=UNCUT,
    )


def _fairness() -> Panel:
    by, chosen = "metric, group", f'{WINDOW},segment="$segment"'

    def end(name: str, only: str = "") -> str:
        return most(f"model_fairness{name}", f"{chosen}{only}", by)

    def unequal(of: str, equal: int) -> str:
        return f"({end('_lower', of)} > bool {equal}) + ({end('_upper', of)} < bool {equal})"

    sure = f"{unequal(RATIOS, 1)} or {unequal(DIFFERENCES, 0)}"
    return rows(
        "Fairness between groups",
        "Differences (0 is equal) and ratios (1 is equal) of each group to the reference group or the rest, and of any "
        "two at worst in the group __all__. Unequal: the interval does not hold the equal value.",
        Column("Unequal", sure, words=ONLY_YES, sort=True),
        Column("Measure", label="metric"),
        Column("Group", label="group"),
        Column("Value", end(""), decimals=3),
        Column("Lower end", end("_lower"), decimals=3),
        Column("Upper end", end("_upper"), decimals=3),
        Column("Records", total("model_fairness_samples", chosen, by), unit="locale"),
        empty="No fairness: name `fairness` of a segment in exporter.yml.",
    )


def _labels() -> list[Panel]:
    delay, silent = "model_actual_delay_seconds", "The log carries no actuals."
    return [
        lines(
            "Coverage",
            "Predictions a second, and actuals that found theirs. Actuals follow later; where they stay far below, "
            "scores are about the few predictions that were labelled.",
            Line(rate("model_predictions_total", MODEL), "predictions"),
            Line(rate("model_actual_delay_seconds_count", MODEL), "actuals", OTHER),
            unit="ops",
            empty=silent,
        ),
        lines(
            "Delay",
            "Half and 95 % of the actuals came within this time after their prediction. Scores are about a world as "
            "old as this.",
            Line(quantile(0.5, delay, MODEL), "half"),
            Line(quantile(0.95, delay, MODEL), "95 %", OTHER),
            unit="s",
            empty=silent,
        ),
        lines(
            "Waiting",
            "Predictions kept until their actual comes. If they only grow, actuals have stopped or carry other ids.",
            Line(total("model_predictions_pending", MODEL), "waiting"),
            unit="locale",
            empty="No prediction waits.",
        ),
        lines(
            "Lost and corrected",
            "Actuals a second that found no prediction (another id, or too short a wait) or came twice, "
            "predictions whose actual never came, and actuals that replaced an earlier one.",
            Line(rate("model_actuals_unmatched_total", MODEL), "actuals without a prediction", LIMIT),
            Line(rate("model_actuals_duplicate_total", MODEL), "actuals that came twice", OTHER),
            Line(rate("model_predictions_unlabelled_total", MODEL), "predictions without an actual", LIVE, dashed=True),
            Line(rate("model_actuals_revised_total", MODEL), "corrected actuals", FURTHER[3], dashed=True),
            unit="ops",
            empty=silent,
        ),
    ]
