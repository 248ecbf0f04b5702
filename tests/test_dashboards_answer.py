"""Every query of the dashboards asked of a real Prometheus that holds a day of the demo."""

import json

import pytest
import requests
import simulated_day
from boards import Query, annotations, filled, queries
from bundle import dashboards

pytestmark = pytest.mark.slow

GRAFANA = {"__rate_interval": f"{4 * simulated_day.STEP:.0f}s", "__range": "86400s", "__interval": "600s"}
COMMON = GRAFANA | {"window": "6h", "score": "accuracy", "segment": "machine", "value": ".+", "against": ".+"}
COMMON |= {"instance": ".+", "before": "6h", "baseline": "3.1.0"}
DIGITS = COMMON | {"model": "digits", "version": "3.0.0"}
DIABETES = COMMON | {"model": "diabetes", "version": "1.2.0"}
CHOICES = (
    DIGITS | {"component": "sharpness", "role": "input"},
    DIGITS | {"component": "label", "role": "output"},
    DIABETES | {"component": "sex", "role": "input", "score": "mean_absolute_error"},
    DIGITS | {"model": ".+", "version": ".+", "component": ".+", "role": ".+", "score": ".+"},
)
NO_RESPONDER = "no responder runs"
# Queries that find nothing in the day, and why that is right.
WITHOUT_ANSWER = {
    "Model: Predictions, B": "the day has no week before it",
    "Data: Components by drift over threshold, E": "no unit slips",
    "Data: Why values are invalid, G": "no extractor fails",
    "Data: Invalid values a second by reason, F": "no extractor fails",
    "Exporter: Rejected records, B": "the records name no files",
    "Exporter: Events of sources, B": "nobody sets the clock",
    "Exporter: Failures of plug-ins, A": "nothing fails",
    "Exporter: Alerts by decision, A": NO_RESPONDER,
    "Exporter: Actions by outcome, A": NO_RESPONDER,
    "Exporter: Actions by outcome, B": NO_RESPONDER,
    "Exporter: Actions under way, A": NO_RESPONDER,
}


class Answers:
    """What Prometheus says."""

    def __init__(self, url):
        self._url = url

    def of(self, query, values):
        """Return the series of a query at the end of the day, or over it."""
        asked = {"query": filled(query.expr, **values)}
        if query.instant:
            return self._ask("query", asked | {"time": simulated_day.END})
        return self._ask(
            "query_range", asked | {"start": simulated_day.START, "end": simulated_day.END, "step": simulated_day.STEP}
        )

    def _ask(self, what, parameters):
        answer = requests.post(f"{self._url}/api/v1/{what}", data=parameters, timeout=30).json()
        assert answer["status"] == "success", (answer, parameters)
        return answer["data"]["result"]

    def first(self, query):
        """Return the first answer that is not empty, of all choices of the variables."""
        return next(filter(None, (self.of(query, choice) for choice in CHOICES)), [])


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("day")
    simulated_day.blocks(folder, folder / "blocks")
    with simulated_day.prometheus(folder, folder / "blocks") as running:
        yield Answers(f"http://{running.address}")


def test_every_query_is_answered_or_known_to_have_no_answer_and_why(prometheus):
    silent = {str(query) for query in queries() if not prometheus.first(query)}
    assert silent == WITHOUT_ANSWER.keys()


def test_the_columns_of_a_table_have_the_same_labels_so_that_they_become_one_row(prometheus):
    for board in dashboards():
        for panel in (panel for panel in board["panels"] if "merge" in json.dumps(panel.get("transformations", ""))):
            asked = [query for query in queries() if (query.board, query.panel) == (board["title"], panel["title"])]
            steps = {step["id"]: step["options"] for step in panel["transformations"]}
            names = steps["organize"]["renameByName"].keys()
            labels = {query: {frozenset(each["metric"]) for each in prometheus.first(query)} for query in asked}
            seen = set().union(*(labels[query] for query in asked if f"Value #{query.letter}" in names))
            assert len(seen) == 1 or len(asked) == 1, (panel["title"], labels)
            # What is not shown brings a label along: the component of the largest value, one of each row.
            assert all(min(seen) <= each for query in asked if len(asked) > 1 for each in labels[query])
            found = set().union(*set().union(*labels.values()))
            assert {name for name in names if not name.startswith("Value")} <= found, panel["title"]


def test_no_answer_is_outside_of_its_axis(prometheus):
    for board in dashboards():
        for panel in board["panels"]:
            least, most = (panel.get("fieldConfig", {"defaults": {}})["defaults"].get(end) for end in ("min", "max"))
            asked = [query for query in queries() if (query.board, query.panel) == (board["title"], panel["title"])]
            answers = [series for query in asked for series in prometheus.first(query)]
            values = [float(value) for each in answers for _, value in each.get("values", [each.get("value")])]
            assert least is None or min(values, default=least) >= least, panel["title"]
            assert most is None or max(values, default=most) <= most, panel["title"]


def test_what_is_marked_on_the_boards_is_there(prometheus):
    for expression in annotations():
        found = prometheus.of(Query("", "", "", expression, instant=False), DIGITS)
        assert found or "sha256" in expression, "no profile changes in the day"
