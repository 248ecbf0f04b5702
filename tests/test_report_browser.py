"""The pages in a real browser: Debian's Chromium without a window, driven over the pipe of its DevTools."""

import base64
import contextlib
import functools
import io
import itertools
import json
import os
import select
import shutil
import subprocess
import threading
import time
from collections import Counter
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_report import NAMES, drifted, hostile_profile, of_columns, shop_profile

from exporter.contrast import contrast
from exporter.profile import Columns, observe
from exporter.report import contrast_page, profile_page

pytestmark = pytest.mark.slow

SECONDS = 60
WIDTH, HEIGHT = 1280, 800
KEYS = {"Enter": 13, "Tab": 9}
RANDOM = np.random.default_rng(3)


class Tab:
    """A tab of a browser; what it said since a page was opened is kept in `events`."""

    def __init__(self, commands, answers):
        self._commands, self._answers = commands, answers
        self._buffer, self._id, self._session = b"", 0, None
        self.events = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self.ask(f"{domain}.enable")
        self.ask("Page.setLifecycleEventsEnabled", enabled=True)

    def ask(self, method, /, **parameters):
        """Send a command and return its result."""
        self._id += 1
        message = {"id": self._id, "method": method, "params": parameters}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._id:
            self.events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def _read(self):
        deadline = time.monotonic() + SECONDS
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], max(deadline - time.monotonic(), 0))
            assert ready, "Chromium does not answer"
            data = os.read(self._answers, 1 << 20)
            assert data, "Chromium has ended"
            self._buffer += data
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def said(self, *methods):
        """Return the parameters of the events of these kinds."""
        return [event["params"] for event in self.events if event.get("method") in methods]

    def show(self, url, *, width=WIDTH, zoom=1, scheme="light", script=True):
        """Open a page in a window of so many pixels, and wait until it is there."""
        size = {"width": round(width / zoom), "height": round(HEIGHT / zoom), "deviceScaleFactor": zoom}
        self.ask("Emulation.setDeviceMetricsOverride", **size, mobile=False)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.ask("Emulation.setScriptExecutionDisabled", value=not script)
        self.events.clear()
        loader = self.ask("Page.navigate", url=url)["loaderId"]
        while not any(e["name"] == "load" and e["loaderId"] == loader for e in self.said("Page.lifecycleEvent")):
            self.events.append(self._read())

    def run(self, expression):
        """Return what an expression gives in the page."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key):
        """Press a key and let it go."""
        text = {"text": "\r"} if key == "Enter" else {}
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=KEYS[key], **text)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=KEYS[key])

    def type(self, text):
        """Type text where the focus is."""
        self.ask("Input.insertText", text=text)

    def shot(self):
        """Return a picture of the whole page."""
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        picture = self.ask("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        return Image.open(io.BytesIO(base64.b64decode(picture["data"])))

    def complaints(self):
        """Return errors, messages on the console and dialogs."""
        kinds = (
            "Log.entryAdded",
            "Runtime.consoleAPICalled",
            "Runtime.exceptionThrown",
            "Page.javascriptDialogOpening",
        )
        return self.said(*kinds)

    def requests(self):
        """Return the addresses that were asked for."""
        return [request["request"]["url"] for request in self.said("Network.requestWillBeSent")]


@contextlib.contextmanager
def browsing(folder):
    """Run Chromium and yield a tab; `folder` keeps its profile."""
    program = shutil.which("chromium")
    assert program, "these tests need Chromium: apt-get install chromium"
    ours, theirs = os.pipe(), os.pipe()  # commands and answers; Chromium wants them as its files 3 and 4
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"]
    flags += ["--no-first-run", "--disable-extensions", "--hide-scrollbars", f"--user-data-dir={folder}", "about:blank"]
    shell = f'exec "$0" "$@" 3<&{ours[0]} 4>&{theirs[1]}'
    with (Path(folder) / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-c", shell, program, *flags], pass_fds=(ours[0], theirs[1]), stdout=log, stderr=log
        )
    os.close(ours[0])
    os.close(theirs[1])
    try:
        yield Tab(ours[1], theirs[0])
    finally:
        process.terminate()
        process.wait(SECONDS)
        os.close(ours[1])
        os.close(theirs[0])


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browsing(tmp_path_factory.mktemp("chromium")) as found:
        yield found


def sixty():
    """A profile of 60 components, and the same with some of them moved."""
    columns = {f"number {i}": RANDOM.normal(i, 2, 1000) for i in range(20)}
    columns |= {f"amount {i}": RANDOM.lognormal(0, 1.5, 1000) for i in range(10)}
    columns |= {f"visits {i}": RANDOM.poisson(3, 1000).astype(float) for i in range(10)}
    columns |= {f"city {i}": [f"city {c}" for c in RANDOM.zipf(1.4, 1000).clip(0, 400)] for i in range(20)}
    profile = of_columns(columns)
    moved = {key: column + 2 if isinstance(column, np.ndarray) else column for key, column in columns.items()}
    return profile, observe(profile, Columns({("input", name): column for name, column in moved.items()}), 2e9)


def make_pages():
    point = {("input", "size"): 1000.0, ("input", "change"): 0, ("input", "colour"): "violet", ("output", "price"): 9}
    three = of_columns({"x" * 1000: RANDOM.normal(0, 1, 500), "b": ["yes", "no"] * 250, "c": RANDOM.normal(0, 9, 500)})
    many, moved = sixty()
    hostile = hostile_profile(NAMES)
    return {
        "profile": profile_page(shop_profile()),
        "point": profile_page(shop_profile(), point),
        "contrast": contrast_page(contrast(shop_profile(), drifted())),
        "three": profile_page(three),
        "three-contrast": contrast_page(contrast(three, three)),
        "sixty": profile_page(many),
        "sixty-contrast": contrast_page(contrast(many, moved)),
        "hostile": profile_page(hostile, {("input", NAMES[0]): NAMES[5]}),
        "hostile-contrast": contrast_page(contrast(hostile, hostile)),
    }


PAGES = (
    "profile",
    "point",
    "contrast",
    "three",
    "three-contrast",
    "sixty",
    "sixty-contrast",
    "hostile",
    "hostile-contrast",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("pages")
    for name, text in make_pages().items():
        (found / f"{name}.html").write_text(text, encoding="utf-8")
    return found


@pytest.fixture
def show(tab, folder):
    """Open a page by its name."""
    return lambda name, **options: tab.show(f"file://{folder}/{name}.html", **options)


ROWS = "[...document.querySelectorAll('table.components')].map(t => [...t.tBodies].filter(b => !b.hidden)"
NAMES_SHOWN = f"{ROWS}.map(b => b.rows[0].cells[0].querySelector('bdi').textContent))"
OPEN_ALL = "document.querySelectorAll('details').forEach(d => d.open = true)"


def keys(tab, heading):
    """What the rows sort by in the column of a heading, table by table."""
    return tab.run(
        f"{ROWS}.map(b => [...b.rows[0].cells].find((c, i) => "
        f"t.tHead.rows[0].cells[i].textContent === {json.dumps(heading)}).dataset.sort))"
    )


def click(tab, heading):
    tab.run(
        f"[...document.querySelectorAll('thead button')].find(b => b.textContent === {json.dumps(heading)}).click()"
    )


def search(tab, text):
    tab.run("(f => {f.value = ''; f.focus(); f.dispatchEvent(new Event('input'))})(document.querySelector('input'))")
    if text:
        tab.type(text)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_for_nothing_and_complains_of_nothing(tab, show, folder, name):
    show(name)
    tab.run(OPEN_ALL)
    tab.shot()
    assert tab.complaints() == []
    assert tab.requests() == [f"file://{folder}/{name}.html"]


def test_a_server_is_asked_for_the_page_alone(tab, folder):
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        tab.show(f"http://127.0.0.1:{server.server_port}/contrast.html")
        tab.shot()
        blocked = tab.run("fetch('/profile.html').then(() => 'loaded', () => 'blocked')")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert asked == ["/contrast.html"]
    assert blocked == "blocked"


def test_the_policy_stops_a_script_that_is_put_into_the_page(tab, show):
    show("hostile")
    tab.run(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.broken = 1'}));"
        "document.body.insertAdjacentHTML('beforeend', '<i onclick=\"window.broken = 2\">x</i>');"
        "document.querySelector('i').click()"
    )
    assert tab.run("window.broken") is None
    assert len(tab.complaints()) == 2


@pytest.mark.parametrize("heading", ["Component", "Type", "Values", "Domain", "Invalid"])
def test_a_profile_sorts_by_each_column_both_ways(tab, show, heading):
    show("sixty")
    found = []
    for _ in range(2):
        click(tab, heading)
        (column,) = keys(tab, heading)
        assert len(column) == 60
        found.append(column)
        state = "document.querySelector('thead [aria-sort]')"
        assert tab.run(f"{state}.textContent") == heading
        direction = tab.run(f"{state}.getAttribute('aria-sort')")
        if heading in ("Values", "Invalid"):
            assert column == sorted(column, key=float, reverse=direction == "descending")
    runs = [[key for key, _ in itertools.groupby(column)] for column in found]
    assert len(runs[0]) == len(set(found[0]))
    assert runs[0] == runs[1][::-1]


@pytest.mark.parametrize("heading", ["Component", "Role", "Verdict", "Drift", "Invalid"])
def test_a_contrast_sorts_by_each_column_both_ways(tab, show, heading):
    show("sixty-contrast")
    before = tab.run(NAMES_SHOWN)
    click(tab, heading)
    click(tab, heading)
    (column,) = keys(tab, heading)
    if heading in ("Verdict", "Drift", "Invalid"):
        known = [float(key) for key in column if key]
        assert known in (sorted(known), sorted(known, reverse=True))
        assert column[: len(known)] == [key for key in column if key]
    click(tab, "Verdict")
    if tab.run("document.querySelector('[aria-sort]').getAttribute('aria-sort')") == "ascending":
        click(tab, "Verdict")
    assert tab.run(NAMES_SHOWN) == before


def test_names_sort_as_people_count_and_details_stay_with_their_row(tab, show):
    show("sixty")
    click(tab, "Component")
    (names,) = tab.run(NAMES_SHOWN)
    assert names[:3] == ["amount 0", "amount 1", "amount 2"]
    assert names[-1] == "visits 9"
    together = tab.run(
        "[...document.querySelectorAll('.components > tbody')].every(b => b.rows.length > 1 && "
        "b.querySelector('summary').textContent.endsWith(b.querySelector('bdi').textContent))"
    )
    assert together


def test_the_tables_of_all_roles_sort_together(tab, show):
    show("profile")
    click(tab, "Component")
    names = tab.run(NAMES_SHOWN)
    assert names == [sorted(group) for group in names]
    assert len(names) == 4


def test_the_search_leaves_what_has_all_its_words(tab, show):
    show("profile")
    search(tab, "PRICE output")
    assert tab.run(NAMES_SHOWN) == [[], ["price"], [], []]
    assert tab.run("document.querySelector('output').value") == "1 of 11 shown"
    seen = "[...document.querySelectorAll('h2')].filter(h => h.checkVisibility())"
    assert tab.run(f"{seen}.map(h => h.textContent)") == ["Scores on the reference", "Outputs 2 components"]
    search(tab, "category")
    assert tab.run("document.querySelector('output').value") == "5 of 11 shown"
    search(tab, "")
    assert tab.run("document.querySelector('output').value") == "11 of 11 shown"


def test_an_issue_leads_to_the_open_details_of_its_component_even_where_the_search_hides_it(tab, show):
    show("contrast")
    search(tab, "price")
    link = "document.querySelector('.issues a')"
    target = tab.run(f"{link}.hash.slice(1)")
    tab.run(f"{link}.click()")
    tab.run("new Promise(done => setTimeout(done, 50))")
    body = f"document.getElementById('{target}')"
    assert tab.run(f"{body}.querySelector('details').open")
    assert 0 <= tab.run(f"{body}.getBoundingClientRect().top") < HEIGHT / 2
    assert tab.run("document.querySelectorAll('details[open]').length") == 1


def test_the_keyboard_alone_sorts_and_opens_details(tab, show):
    show("profile")
    tab.run("document.querySelector('input').focus()")
    tab.press("Tab")
    assert tab.run("document.activeElement.textContent") == "Component"
    tab.press("Enter")
    assert tab.run("document.querySelector('th').getAttribute('aria-sort')") == "ascending"
    for _ in range(5):
        tab.press("Tab")
    assert tab.run("document.activeElement.tagName") == "SUMMARY"
    tab.press("Enter")
    assert tab.run("document.activeElement.parentElement.open")


def tree(tab):
    """How often each role is in the accessibility tree, and the names of the pictures."""
    nodes = [node for node in tab.ask("Accessibility.getFullAXTree")["nodes"] if not node.get("ignored")]
    pictures = [node["name"]["value"] for node in nodes if node["role"]["value"] == "image"]
    return Counter(node["role"]["value"] for node in nodes), pictures


@pytest.mark.parametrize("zoom", [1, 2, 4])
def test_tables_are_tables_to_a_screen_reader_at_any_zoom(tab, show, zoom):
    show("profile", zoom=zoom)
    roles, pictures = tree(tab)
    assert (roles["table"], roles["columnheader"], roles["rowheader"]) == (4, 24, 11)
    assert roles["row"] >= 4 + 11
    assert len(pictures) == 11
    assert pictures[0].startswith("Distribution of size. reference: 2,000 values, median ")


@pytest.mark.parametrize("name", ["profile", "point", "contrast"])
def test_everything_can_be_read_without_a_script(tab, show, name):
    text = f"{OPEN_ALL}; document.querySelector('.toolbar').hidden = true; document.querySelector('main').innerText"
    show(name)
    wanted = tab.run(text)
    show(name, script=False)
    assert tab.run(text) == wanted
    assert len(wanted) > 5000
    show(name, script=False)
    assert not tab.run("document.querySelector('.toolbar').checkVisibility()")
    assert tab.run("document.querySelectorAll('button').length") == 0


WIDE = "document.documentElement.scrollWidth <= innerWidth"
SPILLED = """[...document.querySelectorAll('svg[role=img] text')].filter(t => {
  const box = t.getBBox(), view = t.ownerSVGElement.viewBox.baseVal;
  const [right, bottom] = [box.x + box.width, box.y + box.height];
  return t.checkVisibility() && (box.x < -2 || right > view.width + 6 || bottom > view.height + 3);
}).map(t => t.textContent)"""
CUT = """[...document.querySelectorAll('.components > tbody > tr > *, .card, .numbers td, .facts dd')].filter(
  e => e.checkVisibility() && e.scrollWidth > e.clientWidth + 2).map(e => e.textContent.slice(0, 60))"""


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width", "zoom"), [(1280, 1), (1280, 2), (1280, 4), (1920, 1), (900, 1)])
def test_nothing_spills_over_on_a_laptop_at_any_zoom(tab, show, name, width, zoom):
    show(name, width=width, zoom=zoom)
    tab.run(OPEN_ALL)
    assert tab.run(WIDE)
    assert tab.run(SPILLED) == []
    assert tab.run(CUT) == []


@pytest.mark.parametrize("name", PAGES)
def test_light_and_dark_are_pictures_of_the_same_page(tab, show, tmp_path, name):
    found = {}
    for scheme in ("light", "dark"):
        show(name, scheme=scheme)
        found[scheme] = tab.shot()
        found[scheme].save(tmp_path / f"{name}-{scheme}.png")
    light, dark = (found[scheme].convert("L") for scheme in ("light", "dark"))
    assert light.size == dark.size
    assert light.size[0] == WIDTH
    assert np.median(np.asarray(light)) > 240
    assert np.median(np.asarray(dark)) < 50
    for picture in (light, dark):
        assert len(set(picture.histogram())) > 100


def test_reference_and_observed_can_be_told_apart_in_grey(tab, show):
    show("contrast")
    drawn = "document.querySelector('{}')"
    for kind, rule in ((".area", "strokeDasharray"), (".curve", "strokeDasharray"), (".bar", "fill")):
        styles = [
            tab.run(f"getComputedStyle({drawn.format(kind + side)}).{rule}") for side in (".reference", ".observed")
        ]
        assert styles[0] != styles[1]


def test_on_paper_the_page_is_light_and_its_rows_are_whole(tab, show):
    show("contrast", scheme="dark")
    tab.ask("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    try:
        ink = tab.run("getComputedStyle(document.body).color")
        assert max(map(int, ink.removeprefix("rgb(").removesuffix(")").split(","))) < 100
        assert tab.run("getComputedStyle(document.querySelector('.components tbody')).breakInside") == "avoid"
        assert not tab.run("document.querySelector('.toolbar').checkVisibility()")
        paper = base64.b64decode(tab.ask("Page.printToPDF", preferCSSPageSize=True)["data"])
        assert paper.startswith(b"%PDF")
    finally:
        tab.ask("Emulation.setEmulatedMedia", media="")
