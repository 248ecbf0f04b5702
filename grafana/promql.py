"""PromQL in the words of the boards: what the variables select, and rates, shares and quantiles of it."""

MODEL = 'model=~"$model",version=~"$version"'
IN_WINDOW = 'window="$window"'
WINDOW = f"{MODEL},{IN_WINDOW}"
COMPONENT = f'{MODEL},component="$component",role="$role"'
PSI = 'statistic="psi"'
ENOUGH = 30  # records of a score: from fewer, chance moves it too much
CRITICAL = '="critical"'
WARNINGS = '="warning"'

EACH_MODEL = "model, version"
EACH_COMPONENT = "model, version, role, component"
INTERVAL = "[$__rate_interval]"
RANGE = "[$__range]"
WHOLE_RANGE = "[$__range] @ end()"  # the same at every step


def rate(metric: str, selection: str, by: str = EACH_MODEL, over: str = INTERVAL) -> str:
    """Return a counter's increase a second, summed over replicas."""
    return f"sum by ({by}) (rate({metric}{{{selection}}}{over}))"


def share(part: str, whole: str, selection: str, by: str = EACH_MODEL, over: str = INTERVAL, *, only: str = "") -> str:
    """Return one counter, or `only` some of its series, over another; absent where nothing was counted."""
    some = f"{selection},{only}" if only else selection
    return f"{rate(part, some, by, over)} / ({rate(whole, selection, by, over)} > 0)"


def quantile(level: float, metric: str, selection: str, by: str = EACH_MODEL, over: str = INTERVAL) -> str:
    """Return a quantile of a histogram."""
    return f"histogram_quantile({level}, {rate(f'{metric}_bucket', selection, f'{by}, le', over)})"


def most(metric: str, selection: str, by: str = EACH_MODEL, ago: str = "") -> str:
    """Return a gauge, the largest of its replicas; `ago` is an offset."""
    return f"max by ({by}) ({metric}{{{selection}}}{ago})"


def total(metric: str, selection: str, by: str = EACH_MODEL) -> str:
    """Return a gauge, summed over its replicas."""
    return f"sum by ({by}) ({metric}{{{selection}}})"


def age(metric: str, selection: str, by: str = EACH_MODEL) -> str:
    """Return the seconds since a time."""
    return f"time() - {most(metric, selection, by)}"


def highest(expr: str, by: str, rank: str) -> str:
    """Return the ten series that rank highest over the whole range, the same ones all along."""
    return f"{expr} and on ({by}) topk(10, {rank})"


def peak(metric: str, selection: str, by: str) -> str:
    """Return the largest value of a gauge over the whole range, for a rank."""
    return f"max by ({by}) (max_over_time({metric}{{{selection}}}{WHOLE_RANGE}))"


def firing(selection: str, severity: str = '!="none"') -> str:
    """Return the alerts that fire."""
    return f'ALERTS{{alertstate="firing",severity{severity},{selection}}}'


def since(selection: str) -> str:
    """Return when the alerts that fire began."""
    return f"ALERTS_FOR_STATE and ignoring (alertstate) {firing(selection)}"


def effect(selection: str, by: str = EACH_COMPONENT) -> str:
    """Return the PSI of components beyond what noise alone makes of so few values."""
    psi, noise = (f"{metric}{{{selection},{PSI}}}" for metric in ("model_drift_score", "model_drift_noise_floor"))
    return f"max by ({by}) (clamp_min({psi} - {noise}, 0))"


def effect_over_threshold(model: str = MODEL, by: str = EACH_COMPONENT) -> str:
    """Return the PSI of components in the chosen window beyond noise, as a share of its threshold."""
    threshold = most("model_drift_threshold", f"{model},{PSI}", by)
    return f"{effect(f'{model},{IN_WINDOW}', by)} / on ({by}) {threshold}"


def way_to_threshold(selection: str, by: str) -> str:
    """Return how far scores have gone: 0 is as on the reference, 1 at the threshold, more is worse."""
    return _way(f"model_score{{{selection}}} and model_score_samples{{{selection}}} >= {ENOUGH}", by)


def estimated_way_to_threshold(selection: str, by: str) -> str:
    """Return the same of the scores that are to be expected, whether or not actuals are known."""
    return _way(f"model_estimated_score{{{selection}}}", by)


def _way(score: str, by: str) -> str:
    here = "on (job, instance, model, version, score)"
    reference, threshold, preference = (
        f"model_score_{name}{{{MODEL}}}" for name in ("reference", "threshold", "preference")
    )
    unit = f"({preference} / (abs({reference} - {threshold}) > 0))"
    return f"max by ({by}) (({reference} - {here} group_right () ({score})) * {here} group_left () {unit})"


def by_edge(expr: str) -> str:
    """Return buckets with their upper edge as `bin`, cut after four significant decimals: 0.30969999 reads badly."""
    return f'label_replace({expr}, "bin", "$1$2", "upper", "(-?[0-9]*[.]?0*[0-9]{{1,4}})[0-9]*|(.+)")'


def by_category(expr: str) -> str:
    """Return categories with their name as `bin`."""
    return f'label_replace({expr}, "bin", "$1", "category", "(.+)")'


def _split(cumulative: str, edges: str) -> str:
    """Return buckets without the ones before them: `cumulative` has the label upper, `edges` lower and upper."""
    here = f"0 * {edges} + on (upper) group_left () {cumulative}"
    before = f'sum by (lower) (label_replace({cumulative}, "lower", "$1", "upper", "(.+)"))'
    return f"(({here}) - on (lower) group_left () {before} or {here})"


def distribution(selection: str, over: str = RANGE) -> str:
    """Return the share of values in each bucket or category, by `bin`: the upper edge, or the category."""
    edges = f"max by (lower, upper) (model_reference_bucket_ratio{{{selection}}})"
    increase = f"increase(model_component_value_bucket{{{selection}}}{over})"
    cumulative = f'sum by (upper) (label_replace({increase}, "upper", "$1", "le", "(.+)"))'
    categories = f"increase(model_component_category_total{{{selection}}}{over})"
    counts = f"{by_edge(_split(cumulative, edges))} or {by_category(categories)}"
    return f"sum by (bin) ({counts}) / scalar(sum({counts}) > 0)"


def reference_distribution(selection: str) -> str:
    """Return the same of the reference."""
    edges = f"max by (lower, upper) (model_reference_bucket_ratio{{{selection}}})"
    cumulative = f"max by (upper) (model_reference_bucket_ratio{{{selection}}})"
    categories = f"max by (category) (model_reference_category_ratio{{{selection}}})"
    return f"sum by (bin) ({by_edge(_split(cumulative, edges))} or {by_category(categories)})"


def bin_order(selection: str) -> str:
    """Return what puts bins in order: buckets by their cumulative share, the open one last, categories by share."""
    bounded, last = (f"model_reference_bucket_ratio{{{selection},upper{which}}}" for which in ('!="+Inf"', '="+Inf"'))
    categories = f"model_reference_category_ratio{{{selection}}}"
    return f"max by (bin) ({by_edge(bounded)} or 2 * {by_edge(last)} or 1 - {by_category(categories)})"
