"""Every exposed metric, declared once: name, type, help and labels, in the order of exposition."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram", "summary"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric family: its full name (`_total` included), type, one sentence of help and label names."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


_MODEL = ("model", "version")
_COMPONENT = (*_MODEL, "component", "role")
_SCORE = (*_MODEL, "score")
_EXPECTATION = (*_MODEL, "expectation")
_DETECTOR = (*_MODEL, "detector")
_SEGMENT = (*_MODEL, "segment", "value")

PREDICTIONS = Metric("model_predictions_total", "counter", "Predictions in the log, failed ones included.", _MODEL)
FAILURES = Metric(
    "model_prediction_failures_total", "counter", "Predictions that the model server logged with an error.", _MODEL
)
LATENCY = Metric(
    "model_prediction_latency_seconds", "histogram", "Time that the model took for one prediction.", _MODEL
)
LAST_PREDICTION = Metric(
    "model_last_prediction_timestamp_seconds", "gauge", "Unix time of the newest prediction in the log.", _MODEL
)
COMPONENT_VALUE = Metric(
    "model_component_value",
    "histogram",
    "Values of a numeric component on the bucket edges of its reference; infinities are in buckets, not in the sum.",
    _COMPONENT,
)
COMPONENT_CATEGORY = Metric(
    "model_component_category_total",
    "counter",
    "Values of a category component; categories that the reference does not list are counted as __other__.",
    (*_COMPONENT, "category"),
)
OBSERVATIONS = Metric(
    "model_component_observations_total",
    "counter",
    "Records that should carry the component, invalid ones included: the denominator of invalid shares.",
    _COMPONENT,
)
INVALID = Metric(
    "model_component_invalid_total",
    "counter",
    "Invalid values of a component by reason: missing, type, below, above, unseen or extractor.",
    (*_COMPONENT, "reason"),
)
REFERENCE_BUCKET = Metric(
    "model_reference_bucket_ratio",
    "gauge",
    "Share of the reference up to the edge upper, a bucket's le; lower is the edge of the bucket before.",
    (*_COMPONENT, "lower", "upper"),
)
REFERENCE_CATEGORY = Metric(
    "model_reference_category_ratio", "gauge", "Share of a category in the reference.", (*_COMPONENT, "category")
)
REFERENCE_SAMPLES = Metric(
    "model_reference_samples", "gauge", "Values of a component in the reference, missing ones left out.", _COMPONENT
)
REFERENCE_INVALID = Metric(
    "model_reference_invalid_ratio", "gauge", "Share of invalid values of a component in the reference.", _COMPONENT
)
REFERENCE_DISPERSION = Metric(
    "model_reference_dispersion",
    "gauge",
    "Rows of the reference that carry the information of one independent row: 1 where rows do not repeat each other.",
    _COMPONENT,
)
REFERENCE_SEASON = Metric(
    "model_reference_season",
    "gauge",
    "How far the reference itself moves over time, as PSI; the alarm tolerates as much.",
    _COMPONENT,
)
PROFILE_INFO = Metric(
    "model_profile_info",
    "gauge",
    "1, with the name and checksum of the profile in use.",
    (*_MODEL, "profile", "sha256"),
)
PROFILE_BUILT = Metric(
    "model_profile_built_timestamp_seconds", "gauge", "Unix time when the profile was built.", _MODEL
)
QUANTILE = Metric(
    "model_component_quantile",
    "gauge",
    "Quantile of a level (0.5 is the median) of a numeric component in a window, on the fine grid of the reference.",
    (*_COMPONENT, "level", "window"),
)
DRIFT_SCORE = Metric(
    "model_drift_score",
    "gauge",
    "Distance of a component in a window from its reference; absent below the minimum sample.",
    (*_COMPONENT, "statistic", "window"),
)
DRIFT_THRESHOLD = Metric(
    "model_drift_threshold",
    "gauge",
    "Threshold of a drift statistic for a component, from its profile.",
    (*_COMPONENT, "statistic"),
)
DRIFT_NOISE = Metric(
    "model_drift_noise_floor",
    "gauge",
    "Drift score to be expected of so many values where nothing has changed: what a score has more is effect.",
    (*_COMPONENT, "statistic", "window"),
)
DRIFT_P_VALUE = Metric(
    "model_drift_p_value",
    "gauge",
    "How likely so large a drift score is without drift, in one look at one component; of statistics that are named.",
    (*_COMPONENT, "statistic", "window"),
)
DRIFT_EVIDENCE = Metric(
    "model_drift_evidence",
    "gauge",
    "Evidence that a component has left its reference, as log10 of its ratio to the alarm line: above 0 is an alarm.",
    _COMPONENT,
)
DRIFT_ALARM = Metric(
    "model_drift_alarm",
    "gauge",
    "1 from the alarm of a component until it is back at its reference, else 0.",
    _COMPONENT,
)
DRIFT_DISCOVERED = Metric(
    "model_drift_discovered",
    "gauge",
    "1 while a component is among those that have left their reference, else 0: where many have, less proves each.",
    _COMPONENT,
)
DRIFT_TOLERANCE = Metric(
    "model_drift_tolerance",
    "gauge",
    "Distance from the reference, as PSI, that is no alarm: as configured, or what the reference's size can tell.",
    _COMPONENT,
)
FALSE_ALARM_BUDGET = Metric(
    "model_drift_false_alarm_budget",
    "gauge",
    "Evaluations to one false alarm of drift, over all components of the model together, at least.",
    _MODEL,
)
DRIFTED_RATIO = Metric(
    "model_drifted_components_ratio",
    "gauge",
    "Share of the judged components whose main drift statistic (the first of its kind) is over its threshold.",
    (*_MODEL, "window"),
)
GLOBAL_DRIFT = Metric(
    "model_global_drift_score",
    "gauge",
    "PSI of the input components in a window, each less its noise floor (at least 0): their mean by importance.",
    (*_MODEL, "window"),
)
WINDOW_SAMPLES = Metric(
    "model_window_samples",
    "gauge",
    "Values of a component in a window, missing ones left out.",
    (*_COMPONENT, "window"),
)
SCORE = Metric(
    "model_score",
    "gauge",
    "Quality of the model in a window; absent when undefined or below the minimum sample.",
    (*_SCORE, "window"),
)
SCORE_LOWER = Metric(
    "model_score_lower",
    "gauge",
    "Lower end of the 95 % interval of a score; absent where there is none.",
    (*_SCORE, "window"),
)
SCORE_UPPER = Metric(
    "model_score_upper",
    "gauge",
    "Upper end of the 95 % interval of a score; absent where there is none.",
    (*_SCORE, "window"),
)
SCORE_SAMPLES = Metric("model_score_samples", "gauge", "Records behind a score.", (*_SCORE, "window"))
SCORE_REFERENCE = Metric("model_score_reference", "gauge", "The score on the reference.", _SCORE)
SCORE_DUMMY = Metric(
    "model_score_dummy",
    "gauge",
    "The score on the reference of a model that always says the same: the most frequent class, or the mean.",
    _SCORE,
)
SCORE_THRESHOLD = Metric("model_score_threshold", "gauge", "Value at which a score is no longer acceptable.", _SCORE)
SCORE_PREFERENCE = Metric(
    "model_score_preference", "gauge", "1 where a higher score is better, -1 where a lower one is.", _SCORE
)
ESTIMATED_SCORE = Metric(
    "model_estimated_score",
    "gauge",
    "Quality of the model in a window as it is to be expected without actuals; absent below the minimum sample.",
    (*_SCORE, "window"),
)
ESTIMATED_SCORE_LOWER = Metric(
    "model_estimated_score_lower",
    "gauge",
    "Lower end of the interval that holds, in 95 % of windows, the score that the actuals will give.",
    (*_SCORE, "window"),
)
ESTIMATED_SCORE_UPPER = Metric(
    "model_estimated_score_upper",
    "gauge",
    "Upper end of the interval that holds, in 95 % of windows, the score that the actuals will give.",
    (*_SCORE, "window"),
)
ESTIMATED_SCORE_ERROR = Metric(
    "model_estimated_score_error",
    "gauge",
    "The score of the predictions that have an actual less what was estimated of the same predictions.",
    (*_SCORE, "window"),
)
ESTIMATED_CONFUSION = Metric(
    "model_estimated_confusion",
    "gauge",
    "Predictions in a window by predicted class and by the actual one that is to be expected.",
    (*_MODEL, "component", "predicted", "actual", "window"),
)
LATE = Metric(
    "model_records_late_total",
    "counter",
    "Predictions and joined actuals that a window by time is without, as they came when their time had left it.",
    (*_MODEL, "window"),
)
DUPLICATE_INPUTS = Metric(
    "model_duplicate_inputs_total",
    "counter",
    "Predictions whose inputs are all equal to those of one of the 4,096 before.",
    _MODEL,
)
FUTURE = Metric(
    "model_records_future_total",
    "counter",
    "Times more than 5 s ahead of the clock, of the records whose time is looked at: live, one of each batch.",
    _MODEL,
)
OUT_OF_ORDER = Metric(
    "model_records_out_of_order_total",
    "counter",
    "Times before that of the record before, of the records whose time is looked at: live, one of each batch.",
    _MODEL,
)
GAPS = Metric(
    "model_prediction_gaps_total",
    "counter",
    "Times without a prediction that were more than twice as long as the longest of the reference.",
    _MODEL,
)
LONGEST_GAP = Metric(
    "model_reference_longest_gap_seconds", "gauge", "Longest time between two predictions of the reference.", _MODEL
)
RUN_LENGTH = Metric(
    "model_component_run_length",
    "gauge",
    "How often in a row the last value of a component has come; absent where the last prediction had none.",
    _COMPONENT,
)
STUCK = Metric(
    "model_component_stuck",
    "gauge",
    "1 while a component repeats one value for longer than its reference makes likely, else 0.",
    _COMPONENT,
)
SCALE_SLIP = Metric(
    "model_component_scale_slip",
    "gauge",
    "1 while all of a component, in the first window, is its reference in another unit: x1000, x1.8+32 and others.",
    (*_COMPONENT, "slip"),
)
SCHEMA_CHANGES = Metric(
    "model_schema_changes_total",
    "counter",
    "Fields of predictions that have appeared, disappeared or changed their type, found in a sample of records.",
    (*_MODEL, "change"),
)
FIELD_CHANGES = Metric(
    "model_schema_field_changes_total",
    "counter",
    "Changes of one field; of further fields than 50, those of field __other__.",
    (*_MODEL, "field", "change"),
)
EXPECTATION_CHECKS = Metric(
    "model_expectation_checks_total", "counter", "Predictions on which an expectation was checked.", _EXPECTATION
)
EXPECTATION_FAILURES = Metric(
    "model_expectation_failures_total", "counter", "Predictions on which an expectation did not hold.", _EXPECTATION
)
SEQUENCE_MISSING = Metric(
    "model_sequence_missing_total",
    "counter",
    "Numbers that a sequence has left out: records that never came.",
    _EXPECTATION,
)
OUTLIER_SCORE = Metric(
    "model_outlier_score",
    "histogram",
    "How unusual predictions are, by each score of outliers; the bucket edges are quantiles of the reference's scores.",
    _DETECTOR,
)
OUTLIERS = Metric(
    "model_outliers_total", "counter", "Predictions whose score of outliers is over its threshold.", _DETECTOR
)
OUTLIER_THRESHOLD = Metric(
    "model_outlier_threshold", "gauge", "Score beyond which a prediction is an outlier.", _DETECTOR
)
OUTLIER_EXPECTED = Metric(
    "model_outlier_expected_ratio",
    "gauge",
    "Share of sound predictions that is beyond the threshold, on average; of a small reference 1 in its size at least.",
    _DETECTOR,
)
ATTRIBUTION_MEAN = Metric(
    "model_attribution_mean_absolute",
    "gauge",
    "Mean absolute attribution of a feature in a window: how much it contributed, whichever way.",
    (*_MODEL, "feature", "window"),
)
ATTRIBUTION_REFERENCE = Metric(
    "model_attribution_reference",
    "gauge",
    "Mean absolute attribution of a feature in the reference.",
    (*_MODEL, "feature"),
)
ATTRIBUTION_SAMPLES = Metric(
    "model_attribution_samples", "gauge", "Predictions of a window that carry attributions.", (*_MODEL, "window")
)
ATTRIBUTION_NDCG = Metric(
    "model_attribution_ndcg",
    "gauge",
    "Agreement of a window's ranking of features by attribution with the reference's: 1 where the order is the same.",
    (*_MODEL, "window"),
)
ATTRIBUTION_NDCG_LOWER = Metric(
    "model_attribution_ndcg_lower", "gauge", "Lower end of the 95 % interval of the agreement.", (*_MODEL, "window")
)
ATTRIBUTION_NDCG_UPPER = Metric(
    "model_attribution_ndcg_upper", "gauge", "Upper end of the 95 % interval of the agreement.", (*_MODEL, "window")
)
ASSOCIATION = Metric(
    "model_association",
    "gauge",
    "How closely an input and the output go together in a window, 0 to 1: a proxy of attribution where none is logged.",
    (*_MODEL, "component", "window"),
)
ASSOCIATION_REFERENCE = Metric(
    "model_association_reference",
    "gauge",
    "How closely an input and the output went together in the reference.",
    (*_MODEL, "component"),
)
CONFUSION = Metric(
    "model_confusion_total",
    "counter",
    "Predictions by predicted and actual class, of a component that says both; every class not listed is __other__.",
    (*_MODEL, "component", "predicted", "actual"),
)
SEGMENT_PREDICTIONS = Metric(
    "model_segment_predictions_total",
    "counter",
    "Predictions of a slice of the traffic, failed ones included; slices of fewer than 10 are not shown.",
    _SEGMENT,
)
SEGMENT_FAILURES = Metric(
    "model_segment_prediction_failures_total",
    "counter",
    "Predictions of a slice that the model server logged with an error.",
    _SEGMENT,
)
SEGMENT_LATENCY = Metric(
    "model_segment_prediction_latency_seconds",
    "summary",
    "Time that the model took for one prediction of a slice: sum and count of those whose latency is known.",
    _SEGMENT,
)
SEGMENT_OBSERVATIONS = Metric(
    "model_segment_observations_total",
    "counter",
    "Records of a slice that should carry the component, invalid ones included.",
    (*_SEGMENT, "component", "role"),
)
SEGMENT_INVALID = Metric(
    "model_segment_invalid_total",
    "counter",
    "Invalid values of a component in a slice, for any reason.",
    (*_SEGMENT, "component", "role"),
)
SEGMENT_SCORE = Metric(
    "model_segment_score", "gauge", "Quality of the model in a slice and window.", (*_SEGMENT, "score", "window")
)
SEGMENT_SCORE_LOWER = Metric(
    "model_segment_score_lower",
    "gauge",
    "Lower end of the 95 % interval of a slice's score.",
    (*_SEGMENT, "score", "window"),
)
SEGMENT_SCORE_UPPER = Metric(
    "model_segment_score_upper",
    "gauge",
    "Upper end of the 95 % interval of a slice's score.",
    (*_SEGMENT, "score", "window"),
)
SEGMENT_SCORE_SAMPLES = Metric(
    "model_segment_score_samples", "gauge", "Records behind a slice's score.", (*_SEGMENT, "score", "window")
)
SEGMENT_ESTIMATED_SCORE = Metric(
    "model_segment_estimated_score",
    "gauge",
    "A score of a slice as it is to be expected without actuals; absent below the minimum sample.",
    (*_SEGMENT, "score", "window"),
)
SEGMENT_ESTIMATED_SCORE_LOWER = Metric(
    "model_segment_estimated_score_lower",
    "gauge",
    "Lower end of the interval that holds, in 95 % of windows, the score of a slice that the actuals will give.",
    (*_SEGMENT, "score", "window"),
)
SEGMENT_ESTIMATED_SCORE_UPPER = Metric(
    "model_segment_estimated_score_upper",
    "gauge",
    "Upper end of the interval that holds, in 95 % of windows, the score of a slice that the actuals will give.",
    (*_SEGMENT, "score", "window"),
)
SEGMENT_GAP = Metric(
    "model_segment_score_gap",
    "gauge",
    "How much worse a slice scores than all others together, in the unit of the score; negative where it is better.",
    (*_SEGMENT, "score", "window"),
)
SEGMENT_GAP_LOWER = Metric(
    "model_segment_score_gap_lower",
    "gauge",
    "Lower end of the interval of a gap; above 0 the slice is worse, at 95 % for all slices of a segment together.",
    (*_SEGMENT, "score", "window"),
)
SEGMENT_GAP_UPPER = Metric(
    "model_segment_score_gap_upper", "gauge", "Upper end of the interval of a gap.", (*_SEGMENT, "score", "window")
)
SEGMENT_RANK = Metric(
    "model_segment_rank",
    "gauge",
    "Place of a slice among those of its segment by the lower end of its gap: 1 is the worst.",
    (*_SEGMENT, "score", "window"),
)
SEGMENT_DRIFT = Metric(
    "model_segment_drift_score",
    "gauge",
    "PSI of a component in a slice and window to its reference, on the exposed buckets; absent where it has too few.",
    (*_SEGMENT, "component", "role", "statistic", "window"),
)
FAIRNESS = Metric(
    "model_fairness",
    "gauge",
    "Difference or ratio of a group to the reference group or the rest; of group __all__ that of any two at worst.",
    (*_MODEL, "metric", "segment", "group", "window"),
)
FAIRNESS_LOWER = Metric(
    "model_fairness_lower",
    "gauge",
    "Lower end of the 95 % interval of a fairness measure.",
    (*_MODEL, "metric", "segment", "group", "window"),
)
FAIRNESS_UPPER = Metric(
    "model_fairness_upper",
    "gauge",
    "Upper end of the 95 % interval of a fairness measure.",
    (*_MODEL, "metric", "segment", "group", "window"),
)
FAIRNESS_SAMPLES = Metric(
    "model_fairness_samples",
    "gauge",
    "Predictions of a group behind a fairness measure.",
    (*_MODEL, "metric", "segment", "group", "window"),
)
ACTUALS = Metric("model_actuals_total", "counter", "Actuals in the log.", _MODEL)
ACTUALS_UNMATCHED = Metric(
    "model_actuals_unmatched_total", "counter", "Actuals that found no prediction within the wait.", _MODEL
)
ACTUALS_DUPLICATE = Metric(
    "model_actuals_duplicate_total",
    "counter",
    "Actuals of a prediction that already had one; they are ignored.",
    _MODEL,
)
ACTUALS_REVISED = Metric(
    "model_actuals_revised_total",
    "counter",
    "Actuals that replaced an earlier one by a higher revision. Windows and their scores have the newest value alone; "
    "counters and histograms of outcomes, which never go down, have both.",
    _MODEL,
)
PREDICTIONS_UNLABELLED = Metric(
    "model_predictions_unlabelled_total", "counter", "Predictions whose actual did not come within the wait.", _MODEL
)
PREDICTIONS_PENDING = Metric("model_predictions_pending", "gauge", "Predictions waiting for their actual.", _MODEL)
ACTUAL_DELAY = Metric(
    "model_actual_delay_seconds", "histogram", "Time from a prediction to its actual, by arrival.", _MODEL
)
PROCESS_UP = Metric("model_process_up", "gauge", "1 while the watched model-server process runs.", _MODEL)
PROCESS_START = Metric(
    "model_process_start_time_seconds", "gauge", "Unix time when the model-server process started.", _MODEL
)
PROCESS_MEMORY = Metric(
    "model_process_resident_memory_bytes", "gauge", "Resident memory of the model-server process.", _MODEL
)
PROCESS_CPU = Metric(
    "model_process_cpu_seconds_total", "counter", "CPU time, user and system, of the model-server process.", _MODEL
)
PROCESS_FDS = Metric("model_process_open_fds", "gauge", "Open file descriptors of the model-server process.", _MODEL)
PROCESS_THREADS = Metric("model_process_threads", "gauge", "Threads of the model-server process.", _MODEL)

BUILD_INFO = Metric(
    "prediction_exporter_build_info",
    "gauge",
    "1, with the versions of the exporter and of Python.",
    ("version", "python"),
)
RELOAD_SUCCESSFUL = Metric(
    "prediction_exporter_config_last_reload_successful", "gauge", "1 if the last load of the configuration succeeded."
)
RELOAD_TIMESTAMP = Metric(
    "prediction_exporter_config_last_reload_success_timestamp_seconds",
    "gauge",
    "Unix time of the last successful load of the configuration.",
)
RECORDS = Metric(
    "prediction_exporter_records_total", "counter", "Lines read from a source, rejected ones included.", ("source",)
)
RECORDS_REJECTED = Metric(
    "prediction_exporter_records_rejected_total",
    "counter",
    "Lines without a record, by reason: not_json, not_object, too_long, unknown_model, empty_record or duplicate_id.",
    ("source", "reason"),
)
FILES_REFUSED = Metric(
    "prediction_exporter_files_refused_total",
    "counter",
    "Images and arrays that records name and that were not read: no_root, outside, missing, not_a_file, too_large or "
    "unreadable.",
    ("source", "reason"),
)
SOURCE_UP = Metric("prediction_exporter_source_up", "gauge", "1 while a source can be read.", ("source",))
SOURCE_LAG_BYTES = Metric(
    "prediction_exporter_source_lag_bytes", "gauge", "Bytes of a source that are not read yet.", ("source",)
)
SOURCE_LAG_SECONDS = Metric(
    "prediction_exporter_source_lag_seconds",
    "gauge",
    "Age of the newest record of a source when it was read, by the record's own time.",
    ("source",),
)
SOURCE_EVENTS = Metric(
    "prediction_exporter_source_events_total",
    "counter",
    "What happened to a source: rotations, truncations, read_errors, restarts.",
    ("source", "event"),
)
QUEUE = Metric("prediction_exporter_queue_batches", "gauge", "Decoded batches that wait for the writer.")
CHECKPOINT = Metric(
    "prediction_exporter_checkpoint_timestamp_seconds", "gauge", "Unix time when the state file was last written."
)
CHECKPOINT_FAILURES = Metric(
    "prediction_exporter_checkpoint_failures_total",
    "counter",
    "Times that the state file could not be written or read.",
)
CLOCK_JUMPS = Metric(
    "prediction_exporter_clock_jumps_total",
    "counter",
    "Times that the clock of the machine was set, or jumped, by 10 s or more.",
)
STATE_BYTES = Metric("prediction_exporter_state_bytes", "gauge", "Size of the state file.")
EVALUATION_DURATION = Metric(
    "prediction_exporter_evaluation_duration_seconds", "gauge", "Duration of the last evaluation of all models."
)
EVALUATION_TIMESTAMP = Metric(
    "prediction_exporter_evaluation_timestamp_seconds", "gauge", "Unix time of the last evaluation of all models."
)
EVALUATION_FAILURES = Metric(
    "prediction_exporter_evaluation_failures_total",
    "counter",
    "Failures of a statistic, score or extractor; each costs only itself.",
    ("kind", "name"),
)
OVERFLOW = Metric(
    "prediction_exporter_label_overflow_total",
    "counter",
    "Values that were counted under __other__ because a label has reached its cap.",
    ("label",),
)
SERIES = Metric("prediction_exporter_series", "gauge", "Series in the last scrape.")

RESPONDER_NOTIFICATIONS = Metric(
    "prediction_exporter_responder_notifications_total",
    "counter",
    "Notifications of Alertmanager that the responder has taken.",
)
RESPONDER_ALERTS = Metric(
    "prediction_exporter_responder_alerts_total",
    "counter",
    "Alerts that matched a response, by decision: queued, dry_run, repeated, cooldown or limited.",
    ("response", "decision"),
)
RESPONDER_UNFINISHED = Metric(
    "prediction_exporter_responder_unfinished_actions",
    "gauge",
    "Actions that are waiting or under way.",
    ("response",),
)
RESPONDER_ATTEMPTS = Metric(
    "prediction_exporter_responder_attempts_total",
    "counter",
    "Attempts to carry out an action, the first ones included.",
    ("response",),
)
RESPONDER_ACTIONS = Metric(
    "prediction_exporter_responder_actions_total",
    "counter",
    "Actions that are over, by outcome: succeeded, failed, given_up or interrupted.",
    ("response", "outcome"),
)

METRICS: tuple[Metric, ...] = tuple(value for value in dict(globals()).values() if isinstance(value, Metric))
