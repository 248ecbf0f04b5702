"""The pages of a profile and of a contrast: what they show, and that no name and no number can break them."""

import base64
import hashlib
import itertools
import math
import random
import re
from dataclasses import dataclass, field, replace
from functools import cache
from html.parser import HTMLParser

import numpy as np
import pytest
import shop
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binomtest

from exporter.contrast import contrast
from exporter.profile import Columns, ComponentSpec, ProfileSpec, ScoreSpec, build, columns_of, dump, load, observe
from exporter.report import contrast_page, profile_page
from exporter.report.curve import ranges, up_to
from exporter.report.intervals import band, wilson
from exporter.report.markup import Html, joined, shortened, tag
from exporter.report.page import SCRIPT, STYLE
from exporter.report.point import locate
from exporter.report.scale import Scale, percents, ticks
from exporter.report.words import domain, number, ordinal, share
from exporter.summaries import Grid, Histogram

law = settings(derandomize=True, deadline=None, max_examples=60)
EXTREME = float(np.finfo(np.float64).max)
RANDOM = np.random.default_rng(11)
NAMES = (
    '"><script>alert(1)</script>',
    "o'clock\n two\tlines",
    "x" * 1000,
    "\u202egnp.exe",
    "a\x00b\x1b\ud800",
    "</style></script><!--",
    "&amp;&lt;",
    "javascript:alert(1)",
)


# -- reading a page


@dataclass
class Node:
    tag: str
    attributes: dict
    children: list = field(default_factory=list)

    def all(self, name=None, **wanted):
        """The elements below of a name and with these attributes; `class_` is one of the classes."""
        style = wanted.pop("class_", None)
        found = []
        for child in self.children:
            if isinstance(child, Node):
                alike = name in (None, child.tag) and wanted.items() <= child.attributes.items()
                if alike and (style is None or style in (child.attributes.get("class") or "").split()):
                    found.append(child)
                found += child.all(name, **wanted, **({"class_": style} if style else {}))
        return found

    def one(self, name=None, **wanted):
        (found,) = self.all(name, **wanted)
        return found

    @property
    def text(self):
        return "".join(child if isinstance(child, str) else child.text for child in self.children)


class Reader(HTMLParser):
    """Reads a page into nodes and fails where an element is not closed in its place."""

    def __init__(self):
        super().__init__()
        self.root = Node("", {})
        self.open = [self.root]

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), attrs
        node = Node(tag, dict(attrs))
        self.open[-1].children.append(node)
        if tag not in ("meta", "link", "input", "col"):
            self.open.append(node)

    def handle_startendtag(self, tag, attrs):
        self.open[-1].children.append(Node(tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag

    def handle_data(self, data):
        self.open[-1].children.append(data)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == [reader.root]
    return reader.root


def body_of(page, role, name):
    """The rows of a component."""
    (found,) = [body for body in bodies(page) if body.attributes["data-find"].startswith(f"{name} {role} ")]
    return found


def bodies(root):
    """The components of a page or a table, in their order."""
    return [body for body in root.all("tbody") if "id" in body.attributes]


def heads(table):
    """The headings of a table's columns."""
    return next(child for child in table.children if child.tag == "thead").all("th")


def labels(picture):
    """The names that a plot of categories writes."""
    return [text.one("title").text for text in picture.all("text") if text.all("title")]


def cells(body):
    """The cells of a component's row by the heading of their column."""
    return {cell.attributes["data-label"]: cell for cell in body.all("td") if "data-label" in cell.attributes}


def number_rows(body, caption):
    """The rows of a table of numbers, as text."""
    (found,) = [table for table in body.all("table", class_="numbers") if table.one("caption").text == caption]
    return {row.all("th")[0].text: [cell.text for cell in row.all("td")] for row in found.one("tbody").all("tr")}


# -- what is shown


@cache
def shop_profile():
    return load(dump(shop.profile()))


@cache
def drifted():
    """The shop a month later: other sizes, colours and prices, no change, and an open door that is neither."""
    chance = random.Random(5)
    records = []
    for i in range(1500):
        one = shop.record(i, chance)
        one["input"] |= {"size": chance.gauss(14, 4) if chance.random() < 0.9 else None, "change": 0.0}
        one["input"]["colour"] = chance.choices(["red", "green", "blue", "pink"], (2, 3, 4, 1))[0]
        one["input"]["open"] = "maybe" if chance.random() < 0.2 else one["input"]["open"]
        one["actual"]["price"] = one["output"]["price"] + chance.gauss(0, 3)
        records.append(one)
    return later(records)


def later(records):
    return observe(shop_profile(), columns_of(shop.SPEC, shop.lines(records).splitlines()), 1_700_100_000.0)


@cache
def shop_page():
    return profile_page(shop_profile())


@cache
def drifted_page():
    return contrast_page(contrast(shop_profile(), drifted()))


def of_columns(values, **options):
    """A profile of input columns: lists of text are categories."""
    specs = [
        ComponentSpec(name, "input.x", dtype="category" if isinstance(column, list) else "float", **options)
        for name, column in values.items()
    ]
    return build(ProfileSpec("m", "1", specs), Columns({("input", n): c for n, c in values.items()}), 1e9)


# -- structure


@pytest.mark.parametrize("page", [shop_page, drifted_page])
def test_a_page_is_one_sound_document_that_loads_nothing_and_runs_only_its_script(page):
    root = read(page())
    everything = root.all()
    ids = [node.attributes["id"] for node in everything if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    assert len(root.all("h1")) == len(root.all("main")) == len(root.all("script")) == len(root.all("style")) == 1
    for node in everything:
        assert not {"style", "src", "srcset", "action", "xlink:href"} & node.attributes.keys()
        assert not [name for name in node.attributes if name.startswith("on")]
        if "href" in node.attributes:
            assert node.attributes["href"] == "data:," or node.attributes["href"][1:] in ids
    assert not re.search(r"https?:|@import|url\((?!#)", page())


@pytest.mark.parametrize("page", [shop_page, drifted_page])
def test_the_policy_allows_the_style_and_the_script_of_the_page_and_nothing_else(page):
    root = read(page())
    policy = root.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    for part in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(root.one(part).text.encode()).digest()).decode()
        assert rules[f"{part}-src"] == f"'sha256-{digest}'"
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert "unsafe" not in policy


@pytest.mark.parametrize("page", [shop_page, drifted_page])
def test_tables_have_headers_and_pictures_have_words(page):
    root = read(page())
    for table in root.all("table", class_="components"):
        assert all(head.attributes["scope"] == "col" for head in heads(table))
        for body in bodies(table):
            row = body.children[0].children
            assert [cell.tag for cell in row] == ["th"] + ["td"] * (len(heads(table)) - 1)
            assert row[0].attributes["scope"] == "row"
    for picture in root.all("svg"):
        words = picture.attributes.get("aria-label", "")
        assert words.startswith(("Distribution of ", "Cumulative distribution of ")) == ("role" in picture.attributes)
        assert words or picture.attributes["aria-hidden"] == "true"


def test_components_stand_under_the_heading_of_their_role_in_the_order_of_the_profile():
    found = {}
    for section in read(shop_page()).all("section"):
        if bodies(section):
            found[section.one("h2").text] = [body.all("th")[0].one("bdi").text for body in bodies(section)]
    assert found == {
        "Inputs 4 components": ["size", "change", "colour", "open"],
        "Outputs 2 components": ["price", "sold"],
        "Actuals 2 components": ["price", "sold"],
        "Evaluations 3 components": ["error", "right", "cell"],
    }


def test_sixty_components_make_a_modest_file():
    columns = {f"number {i}": RANDOM.normal(i, 2, 1000) for i in range(40)}
    columns |= {f"city {i}": [f"city {c}" for c in RANDOM.zipf(1.4, 1000).clip(0, 400)] for i in range(20)}
    profile = of_columns(columns)
    assert len(profile.components) == 60
    for page in (profile_page(profile, {("input", "number 1"): 3.0}), contrast_page(contrast(profile, profile))):
        assert len(page.encode()) < 1_500_000


# -- numbers


def test_the_head_says_which_profile_it_is():
    head = read(shop_page()).one("header").text
    profile = shop_profile()
    for part in ("shop", "1.0.0", "2023-11-14 22:13 UTC", "2,000", profile.sha256):
        assert part in head


def test_a_row_shows_the_numbers_of_the_summary():
    root = read(profile_page(drifted()))
    for component in drifted().components:
        row, presence = cells(body_of(root, component.role, component.name)), component.reference.presence
        assert row["Type"].text == component.dtype
        assert row["Values"].text == f"{component.reference.n:,}"
        assert row["Domain"].text == domain(component)
        shown = row["Invalid"].text
        assert shown.startswith(share(presence.invalid / presence.rows))
        assert float(row["Invalid"].attributes["data-sort"]) == presence.invalid / presence.rows
    assert "9.9% missing" in cells(body_of(root, "input", "size"))["Invalid"].text
    assert "19.7% unseen" in cells(body_of(root, "input", "open"))["Invalid"].text


def test_the_details_show_the_numbers_of_the_summary():
    root = read(shop_page())
    for component in shop_profile().components:
        body, summary = body_of(root, component.role, component.name), component.reference
        rows = number_rows(body, "Numbers")
        assert rows["records"] == [f"{summary.presence.rows:,}"]
        assert rows["values"] == [f"{summary.n:,}"]
        if summary.moments is not None:
            wanted = [summary.moments.mean, summary.moments.deviation, summary.moments.low, summary.moments.high]
            shown = [float(rows[name][0]) for name in ("mean", "standard deviation", "minimum", "maximum")]
            assert shown == pytest.approx(wanted, rel=1e-3)
            quantiles = [float(rows[name][0]) for name in ("1%", "5%", "25%", "50%, median", "75%", "95%", "99%")]
            wanted = summary.histogram.quantiles(np.array([0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]))
            assert quantiles == pytest.approx(wanted.tolist(), rel=1e-3)
        else:
            shown = {name: int(found[0].replace(",", "")) for name, found in number_rows(body, "Categories").items()}
            counted = zip(summary.categories.labels, summary.categories.counts.tolist(), strict=True)
            assert shown == {name: count for name, count in counted if count}


def test_the_details_say_where_a_component_comes_from():
    specs = [
        ComponentSpec("sharp", "input.image", extractor={"sharpness": {"size": 64}}, domain=[0.0, None]),
        ComponentSpec("far", "input.image", extractor={"dn2_outlier_score": {"k": 2}}),
    ]
    images = [RANDOM.integers(0, 255, (32, 32, 3), dtype=np.uint8) for _ in range(40)]
    profile = build(ProfileSpec("m", "1", specs), Columns({("input", n): images for n in ("sharp", "far")}), 1e9)
    root = read(profile_page(load(dump(profile))))
    made = number_rows(body_of(root, "input", "sharp"), "What it is")
    assert made["logged at"] == ["input.image"]
    assert made["domain"] == ["0 or more (declared)"]
    assert (made["extractor"], made["option size"], made["option statistic"]) == (["sharpness"], ["64"], ['"variance"'])
    made = number_rows(body_of(root, "input", "far"), "What it is")
    assert (made["option k"], made["option fitted"]) == (["2"], ["learned from the reference"])


def test_score_cards_show_value_threshold_preference_and_records():
    cards = [card.text for card in read(shop_page()).all("li", class_="card")]
    for score, text in zip(shop_profile().scores, cards, strict=True):
        better = {"high": "higher", "low": "lower"}[score.preference]
        assert text.startswith(f"{score.spec.name}{number(score.reference)}threshold {number(score.threshold)}{better}")
        assert f"{score.samples:,} records" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.123456, "0.1235"),
        (12345.6, "12,346"),
        (1.7e9, "1,700,000,000"),
        (1e300, "1e+300"),
        (-math.inf, "-∞"),
        (math.nan, "—"),
    ],
)
def test_a_number_is_written_as_people_read_it(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0%"), (0.0001, "<0.1%"), (0.123, "12.3%"), (0.99999, ">99.9%"), (1.0, "100%"), (math.nan, "—")],
)
def test_only_nothing_is_no_percent_and_only_all_is_a_hundred(value, text):
    assert share(value) == text


def test_ordinals_end_as_they_are_spoken():
    assert " ".join(map(ordinal, (1, 2, 3, 4, 11, 12, 13, 21, 92))) == "1st 2nd 3rd 4th 11th 12th 13th 21st 92nd"


# -- the contrast


def test_the_issues_come_first_in_their_order_and_lead_to_their_component():
    found, root = contrast(shop_profile(), drifted()), read(drifted_page())
    lines = root.all("ol", class_="issues")[0].all("li")
    assert len(lines) == len(found.issues()) > 5
    for issue, line in zip(found.issues(), lines, strict=True):
        assert line.text == issue.kind + issue.text
        if issue.kind != "score":
            anchor = line.one("a").attributes["href"][1:]
            assert root.one(id=anchor).attributes["data-find"].startswith(f"{issue.name} {issue.role} ")
    assert drifted_page().index("things are wrong") < drifted_page().index("Scores and drift")


def test_the_table_of_a_contrast_puts_the_worst_first_and_says_so_in_words():
    found, root = contrast(shop_profile(), drifted()), read(drifted_page())
    table = root.one("table", class_="components")
    verdicts = [cells(body)["Verdict"] for body in bodies(table)]
    keys = [float(cell.attributes["data-sort"]) for cell in verdicts]
    assert keys == sorted(keys, reverse=True)
    assert [head.attributes.get("aria-sort") for head in heads(table)].count("descending") == 1
    bad = [bool(cell.all(class_="bad")) for cell in verdicts]
    assert bad == sorted(bad, reverse=True)
    for component in found.components:
        body = body_of(root, component.reference.role, component.reference.name)
        text = cells(body)["Verdict"].text
        assert ("drifted" in text) == (component.drifted == "bad")
        assert ("more invalid" in text) == (component.invalid == "bad")
        assert ("always 0" in text) == (component.stuck is not None)
        before, after = (share(s) for s in (component.invalid_reference, component.invalid_observed))
        assert cells(body)["Invalid"].text.startswith(f"{before} → {after}")


def test_each_statistic_stands_beside_its_threshold():
    found, root = contrast(shop_profile(), drifted()), read(drifted_page())
    for component in found.components:
        body = body_of(root, component.reference.role, component.reference.name)
        shown = {row.one("dt").text: row.one("dd").text for row in cells(body)["Drift"].one("dl").all("div")}
        assert shown.keys() == {name.replace("_", " ") for name in component.drift}
        words = "over" if component.drifted == "bad" else "within"
        value = component.drift[component.judge]
        assert shown[component.judge] == f"{value:.3g} {words} {component.threshold:g}"


def test_score_cards_of_a_contrast_show_both_values_and_the_verdict():
    found, root = contrast(shop_profile(), drifted()), read(drifted_page())
    *cards, share_card = root.all("li", class_="card")
    for score, card in zip(found.scores, cards, strict=True):
        assert f"{number(score.reference)} → {number(score.observed)}" in card.text
        assert ("worse than allowed" in card.text) == (score.verdict == "bad")
    assert share(found.drifted_share) in share_card.text
    assert "5 of 11 judged" in share_card.text


def test_a_sample_that_is_too_small_is_said_to_be_so_and_is_no_alarm():
    page = read(contrast_page(contrast(shop_profile(), later(shop.records(25, seed=9)))))
    text = page.one("main").text
    assert "Nothing is wrong in what can be judged" in text
    assert "11 components cannot be judged for drift" in text
    assert text.count("too few records to judge") == 4
    assert not page.all(class_="bad")


def test_equal_profiles_have_nothing_wrong():
    page = read(contrast_page(contrast(shop_profile(), shop_profile())))
    assert page.all("h2", class_="good")[0].text == "✓ Nothing is wrong"
    assert not page.all(class_="bad")


def test_what_is_in_one_profile_alone_is_listed():
    part = replace(shop_profile(), components=shop_profile().components[2:])
    page = read(contrast_page(contrast(shop_profile(), part)))
    (section,) = [section for section in page.all("section") if "Not compared" in section.text]
    assert [line.text for line in section.all("li")] == ["input size", "input change"]
    assert "None is in both profiles" in contrast_page(contrast(replace(part, components=(), scores=()), part))


def test_many_issues_are_folded_away_behind_the_first():
    columns = {f"n{i}": RANDOM.normal(0, 1, 3000) for i in range(20)}
    profile = of_columns(columns)
    moved = observe(profile, Columns({("input", n): c + 2 for n, c in columns.items()}), 2e9)
    root = read(contrast_page(contrast(profile, moved)))
    first, rest = root.all("ol", class_="issues")
    issues = contrast(profile, moved).issues()
    assert len(first.all("li")) == 8
    assert [line.text for line in rest.all("li")] == [issue.kind + issue.text for issue in issues[8:]]
    assert rest.attributes["start"] == "9"


# -- the point of interest


def point_page(values):
    return read(profile_page(shop_profile(), values))


def test_a_point_is_drawn_in_each_plot_and_its_percentile_told():
    body = body_of(point_page({("input", "size"): 9.0}), "input", "size")
    component = shop_profile().components[0]
    below = float(up_to(component.reference.histogram, np.array([9.0]))[0])
    assert len(body.all("g", class_="mark")) == 3
    place = f"{ordinal(round(100 * below))} percentile: above {share(below)} of the reference"
    assert cells(body)["This point"].text == f"9{place}"


def test_a_point_of_zero_is_drawn_too():
    body = body_of(point_page({("input", "change"): 0}), "input", "change")
    assert len(body.all("g", class_="mark")) == 3
    assert cells(body)["This point"].text.startswith("050th percentile")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (("input", "size"), None, "missing"),
        (("input", "size"), math.nan, "missing"),
        (("input", "size"), "wide", "not a number"),
        (("input", "size"), True, "not a number"),
        (("input", "size"), 1000.0, "above the domain, "),
        (("input", "size"), np.float32(-1000), "below the domain, "),
        (("input", "size"), math.inf, "above the domain, "),
        (("input", "size"), 10**400, "above the domain, "),
        (("input", "change"), 5.5, "above the domain, -5 to 5"),
        (("input", "colour"), "violet", "not one of the known categories"),
        (("input", "colour"), ["red"], "not a category"),
        (("input", "open"), 3, "not a category"),
        (("eval", "error"), "much", "not a number"),
        (("eval", "right"), {"a": 1}, "not a category"),
    ],
)
def test_a_point_that_is_invalid_says_why(key, value, words):
    root = point_page({key: value})
    cell = cells(body_of(root, *key))["This point"]
    assert words in cell.one("p", class_="bad").text
    (section,) = [section for section in root.all("section") if "Point of interest" in section.text]
    assert "1 of 1 value invalid" in section.text
    assert words in section.one("li").text


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (("input", "size"), np.int64(10), "percentile"),
        (("input", "open"), np.bool_(True), "of the reference"),
        (("input", "open"), 1, "of the reference"),
        (("input", "colour"), "red", "59.3% of the reference"),
        (("eval", "cell"), "TP", "of the reference"),
        (("eval", "error"), 0.5, "percentile"),
    ],
)
def test_a_valid_point_has_its_place_and_no_fault(key, value, words):
    root = point_page({key: value})
    cell = cells(body_of(root, *key))["This point"]
    assert words in cell.text
    assert not cell.all(class_="bad")
    assert "nothing invalid in 1 value" in root.one("main").text


def test_the_category_of_a_point_is_marked_in_words_and_shape():
    body = body_of(point_page({("input", "colour"): "blue"}), "input", "colour")
    assert [text.text for text in body.all("text", class_="pointed")] == ["blue◆ blue"] * 2


def test_components_that_are_not_there_are_named_and_none_at_all_is_said():
    assert "Not in this profile: input nope" in profile_page(shop_profile(), {("input", "nope"): 1})
    assert "No value of a component of this profile" in profile_page(shop_profile(), {})


def test_the_percentile_at_the_ends_of_the_reference_is_put_in_words():
    component = of_columns({"x": np.arange(1000.0)}).components[0]
    places = {value: locate(component, value).place for value in (-1.0, 0.0, 999.0, 1000.0)}
    assert places == {
        -1.0: "below all of the reference",
        0.0: "below the 1st percentile",
        999.0: "above the 99th percentile",
        1000.0: "above all of the reference",
    }


@law
@given(st.one_of(st.none(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.integers()), st.booleans()))
def test_any_point_makes_a_page(value):
    for component in shop_profile().components:
        point = locate(component, value)
        assert point.fault or point.place
    part = replace(shop_profile(), components=shop_profile().components[1:3], scores=())
    assert_drawable(read(profile_page(part, {("input", "change"): value, ("input", "colour"): value})))


# -- names that would break out


def hostile_profile(names):
    numbers = {f"{name}#": RANDOM.normal(0, 1, 200) for name in names}
    return of_columns(numbers | {name: RANDOM.choice([*names, "plain"], 200).tolist() for name in names})


def skeleton(root):
    """The elements and attributes of a page, without what depends on names."""
    return [(node.tag, sorted(node.attributes.keys() - {"title"})) for node in root.all() if node.tag != "title"]


def test_hostile_names_stay_text():
    profile = replace(hostile_profile(NAMES), name='<img src=x onerror="alert(1)">', version="'\"><b>")
    points = {("input", NAMES[0]): '"><i>', ("input", f"{NAMES[0]}#"): "<b>", ("input", "</main>"): 1}
    for page in (profile_page(profile, points), contrast_page(contrast(profile, replace(profile, name="<u>")))):
        root = read(page)
        assert len(root.all("script")) == 1
        assert not root.all("img")
        assert not root.all("b")
        assert not root.all("i")
        assert page.encode().decode() == page
        assert "\x00" not in page
        found = {body.attributes["data-find"].split(" input ")[0] for body in bodies(root)}
        assert found >= {name for name in NAMES if name.isprintable()}


@law
@given(st.lists(st.text(min_size=1, max_size=30), min_size=2, max_size=2, unique=True))
def test_the_structure_of_a_page_does_not_depend_on_names(names):
    plain = replace(shop_profile(), components=shop_profile().components[1:3], scores=())
    components = [
        replace(c, field=replace(c.field, name=name)) for c, name in zip(plain.components, names, strict=True)
    ]
    odd = replace(plain, components=tuple(components), name=names[0], version=names[1])
    assert skeleton(read(profile_page(odd))) == skeleton(read(profile_page(plain)))


@law
@given(st.text())
def test_text_is_escaped_unless_it_is_markup(text):
    root = read(tag("p", text, Html("<b>x</b>"), title=text))
    assert [child.tag for child in root.one("p").children if isinstance(child, Node)] == ["b"]
    made = joined([text])
    assert joined([made]) == made


def test_a_long_name_is_cut_and_whole_in_its_title():
    root = read(profile_page(of_columns({"x" * 1000: RANDOM.normal(0, 1, 100)})))
    name = root.all("bdi", title="x" * 1000)[0]
    assert len(name.text) == 48
    assert name.text.endswith("…")
    assert shortened("  \n ", 10) == "(blank)"


# -- pictures


def assert_drawable(root):
    """Assert that every length and path of a page is of finite numbers within reason."""
    for node in root.all():
        for name in ("d", "x", "y", "width", "height", "viewbox", "viewBox"):
            for part in re.findall(r"[^\sMLHVhvlzA-Z,]+", node.attributes.get(name) or ""):
                assert abs(float(part)) < 2000, (node.tag, name, part)


def anything():
    special = [math.inf, -math.inf, math.nan, 0.0, -0.0, 5e-324, 1e16, 1e300, EXTREME, -EXTREME, EXTREME / 2]
    few = st.one_of(st.sampled_from(special), st.integers(-3, 3).map(float))
    return arrays(np.float64, st.integers(1, 60), elements=st.one_of(st.floats(), few))


@law
@given(anything(), anything(), st.floats())
def test_any_numbers_can_be_drawn(values, others, point):
    if not np.isfinite(values).any():
        values = np.append(values, 1.0)
    profile = of_columns({"x": values})
    assert_drawable(read(profile_page(profile, {("input", "x"): point})))
    observed = observe(profile, Columns({("input", "x"): others}), 2e9)
    assert_drawable(read(contrast_page(contrast(profile, observed))))


def test_no_values_at_all_are_no_picture():
    for columns in ({"x": RANDOM.normal(0, 1, 100)}, {"x": ["a", "b"] * 50}):
        profile = of_columns(columns)
        nothing = np.full(10, np.nan) if isinstance(columns["x"], np.ndarray) else [None] * 10
        for values in (nothing, nothing[:0]):
            observed = observe(profile, Columns({("input", "x"): values}), 2e9)
            assert "no values" in profile_page(observed)
            assert_drawable(read(contrast_page(contrast(profile, observed))))


def test_the_share_up_to_a_value_is_that_of_the_values_themselves():
    for values in (RANDOM.integers(0, 30, 5000).astype(float), RANDOM.normal(5, 2, 200), np.array([3.0]), np.zeros(50)):
        histogram = Histogram.of(values, Grid.of(values))
        at = np.concatenate([np.unique(values), [values.min() - 1, values.max() + 1, 2.5]])
        assert up_to(histogram, at) == pytest.approx([(values <= v).mean() for v in at], abs=0.005)
        assert up_to(histogram, at, strictly=True) == pytest.approx([(values < v).mean() for v in at], abs=0.005)


def test_equal_ranges_hold_what_numpy_counts_in_them():
    whole = RANDOM.integers(0, 9, 3000).astype(float)
    for values in (RANDOM.normal(0, 1, 20_000), RANDOM.exponential(1, 20_000), whole):
        histogram = Histogram.of(values, Grid.of(values))
        found = ranges([histogram])
        counted = np.array([((values > a) & (values <= b)).mean() for a, b in itertools.pairwise(found.edges)])
        assert found.shares[0] == pytest.approx(counted, abs=0.006)
        assert found.shares.sum() + found.below[0] + found.above[0] == pytest.approx(1)


@law
@given(anything(), anything())
def test_ranges_and_what_is_beyond_them_are_all_there_is(values, others):
    values = np.append(values, 0.0)
    grid = Grid.of(values)
    histograms = [Histogram.of(column, grid) for column in (values, others)]
    found = ranges(histograms)
    assert np.isfinite(found.edges).all()
    assert (np.diff(found.edges) > 0).all()
    totals = found.shares.sum(axis=1) + found.below + found.above
    assert totals == pytest.approx([float(h.n > 0) for h in histograms])


def test_whole_numbers_are_not_split_between_ranges():
    values = RANDOM.integers(0, 100, 50_000).astype(float)
    found = ranges([Histogram.of(values, Grid.of(values))])
    widths = np.diff(found.edges)
    assert widths == pytest.approx(widths[0])
    assert widths[0] == round(widths[0])
    assert found.shares[0][:-1].max() < 1.2 * found.shares[0][:-1].min()


def test_a_long_tail_does_not_squeeze_the_rest_and_is_told():
    values = np.append(RANDOM.normal(0, 1, 10_000), [1e6] * 10)
    found = ranges([Histogram.of(values, Grid.of(values))])
    assert found.edges[-1] < 10
    assert found.above[0] == pytest.approx((values > found.edges[-1]).mean())
    text = profile_page(of_columns({"x": values}))
    assert f"dotted, beyond the axis: {share(found.above[0])} above" in text


def test_what_is_outside_of_the_reference_stays_beyond_the_axis():
    reference = RANDOM.normal(0, 1, 5000)
    grid = Grid.of(reference)
    found = ranges([Histogram.of(reference, grid), Histogram.of(np.append(reference[:600], np.full(400, 50.0)), grid)])
    assert found.above.tolist() == pytest.approx([0, 0.4])
    profile = of_columns({"x": reference})
    observed = observe(profile, Columns({("input", "x"): np.append(reference[:600], np.full(400, 50.0))}), 2e9)
    body = body_of(read(contrast_page(contrast(profile, observed))), "input", "x")
    assert "observed 40.0% above" in body.text
    assert number_rows(body, "Numbers")["75%"][1].startswith("over ")
    assert len(body.all("rect", class_="open")) == 2


def test_bars_of_categories_are_as_long_as_their_shares():
    profile = of_columns({"x": ["a"] * 60 + ["b"] * 30 + ["c"] * 10})
    body = body_of(read(profile_page(profile)), "input", "x")
    small = body.all("svg")[0]
    widths = [float(bar.attributes["width"]) for bar in small.all("rect", class_="bar")]
    assert [width / widths[0] for width in widths] == pytest.approx([1, 0.5, 1 / 6], abs=0.01)


def test_other_categories_come_last_and_numbers_in_their_order():
    column = [str(digit) for digit in RANDOM.integers(0, 10, 2000)]
    profile = of_columns({"x": column})
    names = labels(body_of(read(profile_page(profile)), "input", "x").all("svg")[1])
    assert names == sorted(names)
    many = [f"city {place}" for place in RANDOM.zipf(1.3, 5000).clip(0, 500)]
    body = body_of(read(profile_page(of_columns({"x": many}))), "input", "x")
    names = labels(body.all("svg")[1])
    assert names[-1] == "__other__"
    assert len(names) == 24
    assert "not drawn: 27 more categories" in body.text


@law
@given(st.integers(0, 5000), st.integers(1, 5000))
def test_wilsons_interval_is_that_of_scipy(part, n):
    part = min(part, n)
    wanted = binomtest(part, n).proportion_ci(method="wilson")
    assert wilson(part, n) == pytest.approx((wanted.low, wanted.high), abs=1e-6)


def test_the_band_holds_the_whole_curve_as_often_as_it_says():
    grid = (np.arange(400) + 1) / 400
    sorted_ = np.sort(RANDOM.random((2000, 400)), axis=1)
    distance = np.maximum(np.abs(sorted_ - grid), np.abs(sorted_ - grid + 1 / 400)).max(axis=1)
    assert 0.94 < (distance <= band(400)).mean() < 0.975
    assert band(0) == 1


@law
@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_ticks_are_few_different_and_on_the_axis(a, b):
    low, high = sorted((a, b))
    found = ticks(Scale(low, high, 0, 400))
    assert 1 <= len(found) <= 7
    assert len({text for _, text in found}) == len(found)
    slack = (high / 2 - low / 2) * 1e-6
    assert all(low - slack <= value <= high + slack for value, _ in found)


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0, 1, "0.0 0.2 0.4 0.6 0.8 1.0"),
        (0.64, 19.7, "5 10 15"),
        (0, 0.003, "0.0000 0.0005 0.0010 0.0015 0.0020 0.0025 0.0030"),
        (-250, 900, "-200 0 200 400 600 800"),
        (1.7e9, 1.7e9 + 3600, "1.7e+09 1.700001e+09 1.700002e+09 1.700003e+09"),
    ],
)
def test_ticks_are_round_numbers(low, high, wanted):
    assert " ".join(text for _, text in ticks(Scale(low, high, 0, 440))) == wanted


def test_shares_are_ticked_in_percent():
    assert percents(Scale(0, 0.12, 200, 0), upright=True)[-1] == (pytest.approx(0.12), "12%")


# -- colours


def luminance(colour):
    digits = colour.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ratio(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def palettes():
    roots = re.findall(r":root\{([^}]*--ink[^}]*)\}", STYLE)
    light, dark = (dict(re.findall(r"--([\w-]+):(#\w+)", part)) for part in roots)
    return {"light": light, "dark": light | dark}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_it_is_on(scheme):
    colours = palettes()[scheme]
    for ground, ink in itertools.product(("page", "card", "bad-card"), ("ink", "soft", "link", "good", "bad")):
        assert ratio(colours[ground], colours[ink]) >= 4.5, (ground, ink)
    for ink in ("reference-line", "observed-line"):
        assert ratio(colours["card"], colours[ink]) >= 3, ink


def test_reference_and_observed_have_the_colours_that_everybody_can_tell_apart():
    assert (palettes()["light"]["reference"], palettes()["light"]["observed"]) == ("#e69f00", "#0072b2")
    assert re.search(r"\.curve\.observed\{stroke-dasharray", STYLE)


def test_style_and_script_cannot_end_their_element():
    assert "</" not in STYLE + SCRIPT


# -- scores that are undefined


def test_a_score_without_a_value_is_a_dash():
    spec = ProfileSpec("m", "1", shop.SPEC.components, [ScoreSpec("precision", "cell")])
    columns = dict(columns_of(spec, shop.lines(shop.records(200)).splitlines()).values)
    columns["output", "sold"] = ["no"] * 200
    page = profile_page(build(spec, Columns(columns), 1e9))
    assert read(page).one("li", class_="card").text.startswith("precision—threshold —")
