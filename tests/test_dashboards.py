"""The dashboards as files: generated, valid in every supported Grafana, complete, and true to the catalogue."""

import json
import re
import subprocess
import sys

import pytest
from boards import annotations, names, queries
from bundle import DASHBOARDS, ROOT, dashboards, exposed, groupings, load, recorded, rules, strangers

UIDS = {
    "models": "prediction-exporter-models",
    "model": "prediction-exporter-model",
    "data": "prediction-exporter-data",
    "component": "prediction-exporter-component",
    "quality": "prediction-exporter-quality",
    "compare": "prediction-exporter-compare",
    "exporter": "prediction-exporter-exporter",
}
PALETTE = {"#0072B2", "#E69F00", "#D55E00", "#009E73", "#56B4E9", "#CC79A7", "#F0E442", "text", "transparent"}
# What Grafana 9.5 has, the oldest that is to open the boards: of anything else it shows an error, or nothing.
PANELS = {"barchart", "bargauge", "gauge", "heatmap", "histogram", "piechart", "row", "stat", "state-timeline"}
PANELS |= {"status-history", "table", "text", "timeseries"}
TRANSFORMATIONS = {
    "calculateField",
    "filterByValue",
    "filterFieldsByName",
    "groupBy",
    "groupingToMatrix",
    "joinByField",
}
TRANSFORMATIONS |= {"labelsToFields", "limit", "merge", "organize", "reduce", "renameByRegex", "sortBy"}
VARIABLES = {"constant", "custom", "datasource", "interval", "query", "textbox"}
CELLS = {"auto", "color-background", "color-text", "gauge", "image", "json-view"}
COLOUR_MODES = {"fixed", "thresholds", "continuous-BlPu", "continuous-blues"}
LINKS = {"dashboards", "link"}
UNITS = {"bytes", "dateTimeFromNow", "dtdurations", "locale", "none", "ops", "percentunit", "reqps", "s", "short"}
KIT = """
import json, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
register_default_plugins()
print(json.dumps([Dashboard.from_json(json.load(open(path))) for path in sys.argv[1:]], cls=JSONEncoder))
"""


def all_panels():
    return [
        pytest.param(panel, id=f"{board['title']}: {panel['title']}")
        for board in dashboards()
        for panel in board["panels"]
        if "targets" in panel
    ]


def everything(value):
    """Every object inside a JSON value."""
    if isinstance(value, dict):
        yield value
    for inside in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from everything(inside)


def test_the_dashboards_are_what_their_generator_writes(tmp_path):
    subprocess.run([sys.executable, "-B", ROOT / "grafana/generate.py", tmp_path], check=True)
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_text() for path in DASHBOARDS}


def test_the_boards_are_those_that_alerts_and_people_know():
    assert {path.stem: json.loads(path.read_text())["uid"] for path in DASHBOARDS} == UIDS
    assert len({board["title"] for board in dashboards()}) == len(UIDS)


def test_grafanas_own_types_read_every_board_and_lose_nothing():
    done = subprocess.run([sys.executable, "-c", KIT, *DASHBOARDS], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == dashboards()


def test_boards_can_be_provisioned_in_every_supported_grafana():
    for board in dashboards():
        assert not {"id", "version", "__inputs", "__requires"} & board.keys()
        assert board["editable"] is False
        assert board["schemaVersion"] == 38, "that of 9.5: newer ones migrate it"


def test_boards_use_only_what_the_oldest_grafana_has():
    for board in dashboards():
        assert {panel["type"] for panel in board["panels"]} <= PANELS
        assert {variable["type"] for variable in board["templating"]["list"]} <= VARIABLES
        assert {link["type"] for link in board["links"]} <= LINKS
        steps = [step["id"] for panel in board["panels"] for step in panel.get("transformations", ())]
        assert set(steps) <= TRANSFORMATIONS
        cells = [each["cellOptions"] for each in everything(board) if "cellOptions" in each]
        cells += [each["value"] for each in everything(board) if each.get("id") == "custom.cellOptions"]
        assert {cell["type"] for cell in cells} <= CELLS


def test_what_newer_schemas_change_is_not_in_the_boards():
    # 39: timeSeriesTable; 40: a refresh that is no text; 41: options of the time picker; 42: hidden series that say
    # nothing of tooltips.
    for board in dashboards():
        assert isinstance(board["refresh"], str)
        assert "timepicker" not in board
        for each in everything(board["panels"]):
            assert each.get("id") != "timeSeriesTable"
            assert each.get("id") != "custom.hideFrom" or each["value"].keys() == {"legend", "tooltip", "viz"}


def test_panels_have_ids_of_their_own_and_do_not_overlap():
    for board in dashboards():
        ids = [panel["id"] for panel in board["panels"]]
        assert len(set(ids)) == len(ids)
        cells = set()
        for place in (panel["gridPos"] for panel in board["panels"]):
            assert place["x"] + place["w"] <= 24
            covered = {(place["x"] + i, place["y"] + j) for i in range(place["w"]) for j in range(place["h"])}
            assert not cells & covered
            cells |= covered


def test_rows_leave_no_holes():
    for board in dashboards():
        ends = {}
        for place in (panel["gridPos"] for panel in board["panels"]):
            ends[place["y"]] = max(ends.get(place["y"], 0), place["x"] + place["w"])
        assert set(ends.values()) == {24}, board["title"]


def test_titles_are_unique_within_a_board():
    for board in dashboards():
        titles = [panel["title"] for panel in board["panels"] if panel["type"] not in {"row", "text"}]
        assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("panel", all_panels())
def test_a_panel_says_what_it_means_in_which_unit_and_what_an_empty_one_means(panel):
    defaults = panel["fieldConfig"]["defaults"]
    assert len(panel["description"].split()) >= 8
    assert panel["description"].endswith(".")
    assert defaults["unit"] in UNITS
    assert defaults["noValue"].endswith(".")
    assert "max" not in defaults or "min" in defaults
    assert {source["uid"] for source in [panel["datasource"], *(t["datasource"] for t in panel["targets"])]} == {
        "${datasource}"
    }


@pytest.mark.parametrize("panel", all_panels())
def test_a_panel_has_no_colours_that_some_people_cannot_tell_apart(panel):
    text = json.dumps(panel["fieldConfig"])
    assert set(re.findall(r'"(?:fixedColor|color)": "([^"]+)"', text)) <= PALETTE
    colours = [each["color"] for each in everything(panel["fieldConfig"]) if isinstance(each.get("color"), dict)]
    colours += [each["value"] for each in everything(panel["fieldConfig"]) if each.get("id") == "color"]
    assert {each["mode"] for each in colours} <= COLOUR_MODES


@pytest.mark.parametrize("panel", all_panels())
def test_a_table_names_columns_that_exist(panel):
    steps = {step["id"]: step["options"] for step in panel.get("transformations", ())}
    if "organize" in steps:
        renamed = steps["organize"]["renameByName"]
        letters = [target["refId"] for target in panel["targets"]]
        values = {f"Value #{letter}" for letter in letters} if len(letters) > 1 else {"Value"}
        assert {name for name in renamed if name.startswith("Value")} <= values
        assert {name for name in renamed if name not in values} <= set().union(*exposed().values()) | {"bin"}
        assert set(steps["filterFieldsByName"]["include"]["names"]) == renamed.keys()
        assert sorted(steps["organize"]["indexByName"].values()) == list(range(len(renamed)))


def test_labels_in_tables_are_not_read_as_numbers_and_empty_cells_do_not_repeat_what_an_empty_panel_says():
    for board in dashboards():
        for panel in (panel for panel in board["panels"] if panel["type"] in {"table", "barchart"}):
            found = {
                (each["matcher"]["id"], each["matcher"]["options"], option["id"]): option["value"]
                for each in panel["fieldConfig"]["overrides"]
                for option in each["properties"]
            }
            steps = {step["id"]: step["options"] for step in panel["transformations"]}
            shape = steps.get("groupingToMatrix", {})
            titles = steps.get("organize", {"renameByName": {}})["renameByName"]
            labels = [title for name, title in titles.items() if not name.startswith("Value")]
            labels += [f"{shape['rowField']}\\{shape['columnField']}"] if shape else []
            assert [found.get(("byName", label, "unit")) for label in labels] == ["string"] * len(labels)
            if panel["type"] == "table":
                assert {found["byType", kind, "noValue"] for kind in ("number", "string")} == {"-"}


def test_queries_select_only_series_and_labels_that_exist():
    known = exposed() | recorded()
    for expression in [*(query.expr for query in queries()), *annotations()]:
        assert strangers(expression) == []
        assert groupings(expression) <= set().union(*known.values()) | {"bin"}, expression


def test_rates_fit_the_scrapes_or_the_range_and_counters_are_only_used_as_rates():
    for query in queries():
        assert set(re.findall(r"\[([^\]]*)\]", re.sub(r'"[^"]*"', "", query.expr))) <= {"$__rate_interval", "$__range"}
        asked = re.sub(r"(\w+_total\{[^}]*\}) unless \1 offset \$__range", "", query.expr)  # those that are new
        counters = re.findall(r"\b\w+_(?:total|bucket|count|sum)\b(?=\{)", asked)
        assert len(counters) == len(re.findall(r"\b(?:rate|increase)\(", query.expr)), query


def test_variables_are_chained_used_and_choose_labels_that_exist():
    for board in dashboards():
        variables = {variable["name"]: variable for variable in board["templating"]["list"]}
        assert next(iter(variables)) == "datasource"
        used = names(json.dumps([board["panels"], board["annotations"], *variables.values()]))
        assert used == variables.keys(), board["title"]
        seen = set()
        for variable in variables.values():
            if variable["type"] == "query":
                metric, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"]).groups()
                assert strangers(metric) == []
                assert label in exposed()[re.match(r"\w+", metric)[0]]
                assert variable["query"]["query"] == variable["definition"]
                assert variable["refresh"] == 2, "when the range changes"
                assert names(metric) <= seen, "only what is chosen before it"
            seen.add(variable["name"])


def test_a_variable_is_of_one_kind_on_every_board_that_hands_it_on():
    narrowed = [board for board in dashboards() if board["title"] not in {"Models", "Exporter"}]
    kinds = {}
    for variable in (variable for board in narrowed for variable in board["templating"]["list"]):
        kinds.setdefault(variable["name"], set()).add(variable.get("multi"))
    assert all(len(kind) == 1 for kind in kinds.values())
    assert kinds.keys() >= {"datasource", "model", "version", "component", "role", "window", "segment", "value"}


def test_every_board_leads_to_every_other_and_keeps_the_time():
    boards = {board["uid"]: board for board in dashboards()}
    for board in boards.values():
        assert {link["url"].split("?")[0] for link in board["links"]} == {
            f"/d/{uid}" for uid in boards if uid != board["uid"]
        }
        for link in board["links"]:
            assert link["keepTime"]
            assert link["includeVars"] or "${datasource:queryparam}" in link["url"]


def test_links_lead_to_boards_and_variables_that_exist_from_columns_that_exist():
    boards = {board["uid"]: {each["name"] for each in board["templating"]["list"]} for board in dashboards()}
    for board in dashboards():
        text = json.dumps(board["panels"])
        for uid, variables in re.findall(r"/d/([\w-]+)(?:\?([^\"\s)]*))?", text):
            assert set(re.findall(r"var-(\w+)=", variables)) <= boards[uid]
        for panel in board["panels"]:
            fields = set(re.findall(r"__data\.fields\.(\w+)", json.dumps(panel)))
            steps = {step["id"]: step["options"] for step in panel.get("transformations", ())}
            assert fields <= set(steps.get("organize", {}).get("renameByName", {}).values())


def test_lines_where_alerts_begin_are_the_thresholds_of_the_alerts():
    (board,) = (board for board in dashboards() if board["title"] == "Model")
    drawn = {
        panel["title"]: panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"]
        for panel in board["panels"]
        if panel["title"] in {"Failed predictions", "Latency"}
    }
    objective = next(rule["expr"] for rule in rules() if rule.get("record", "").endswith("failures_objective_ratio"))
    assert drawn == {"Failed predictions": float(objective.split()[-1]), "Latency": 1.0}


def test_the_page_about_dashboards_names_every_board_and_variable_and_shows_pictures_that_exist():
    page = (ROOT / "docs/dashboards.md").read_text()
    assert set(re.findall(r"`/d/([\w-]+)`", page)) == set(UIDS.values())
    rows = re.findall(r"(?m)^\| (`\w+`.*?) \|", page)
    variables = {variable["name"] for board in dashboards() for variable in board["templating"]["list"]}
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) == variables
    for file in (ROOT / "docs/dashboards.md", ROOT / "README.md"):
        for picture in re.findall(r"(?:\]\(|src=\")([\w/]*images/[\w.]+)", file.read_text()):
            assert (file.parent / picture).is_file()


def test_home_is_the_board_of_all_models():
    home = load("docker-compose.yml")["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    (provider,) = load("grafana/provisioning/dashboards/dashboards.yml")["providers"]
    assert home == f"{provider['options']['path']}/models.json"
