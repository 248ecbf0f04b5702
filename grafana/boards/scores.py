"""The score of a model over time, on two boards: in its interval, beside reference and threshold."""

from board import choice
from grafana_foundation_sdk.models.dashboard import Panel, VariableModel
from palette import FURTHER, LIMIT, OTHER, REFERENCE
from panels import Line, lines
from promql import MODEL, most

UNSCORED = "No actuals have been joined yet, or fewer than the score needs."
SCORE = f'{MODEL},score=~"$score"'


def score() -> VariableModel:
    """Return the choice of scores."""
    return choice("score", "Score", f"model_score_preference{{{MODEL}}}", many=True)


def score_over_time() -> Panel:
    """Return a panel for each chosen score."""
    windowed = f'{SCORE},window="$window"'
    panel = lines(
        "$score",
        "The score of the chosen window, from predictions whose actual is known, in its 95 % interval and beside the "
        "score on the reference. Dashed pink is what the score is estimated to be while actuals are missing. Past the "
        "dashed threshold the model is no longer acceptable.",
        Line(most("model_score_upper", windowed), "upper end", FURTHER[0], width=0, down_to="lower end", listed=False),
        Line(most("model_score_lower", windowed), "lower end", FURTHER[0], width=0, listed=False),
        Line(
            most("model_estimated_score_upper", windowed), "at most", OTHER, width=0, down_to="at least", listed=False
        ),
        Line(most("model_estimated_score_lower", windowed), "at least", OTHER, width=0, listed=False),
        Line(most("model_estimated_score", windowed), "estimated", OTHER, dashed=True),
        Line(most("model_score", windowed), "score"),
        Line(most("model_score_reference", SCORE), "reference", REFERENCE),
        Line(most("model_score_threshold", SCORE), "threshold", LIMIT, dashed=True),
        unit="none",
        empty=UNSCORED,
        least=None,
    )
    panel.repeat, panel.repeat_direction, panel.max_per_row = "score", "h", 3
    return panel
