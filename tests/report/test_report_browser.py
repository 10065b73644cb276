from __future__ import annotations

import html
import json
import re
import shutil
import subprocess

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="no chromium on the path: the page cannot be opened in a browser"
    ),
]

# The probe stands in a copy of the page only. It runs under the page's own rules plus itself, so the copy's
# policy is widened by the probe; what the policy would have refused is reported as a violation.
PROBE = """
<script>
var faults = [];
addEventListener("error", function (e) {
  faults.push(String(e.message || (e.target && e.target.src) || e)); }, true);
addEventListener("securitypolicyviolation", function (e) {
  faults.push(e.violatedDirective + " " + e.blockedURI); });
</script>
"""
REPORT = """
<script>
addEventListener("load", function () { setTimeout(function () {
  var out = { faults: faults, width: document.documentElement.scrollWidth, view: innerWidth,
    requests: performance.getEntriesByType("resource").map(function (r) { return r.name; }) };
  var table = document.querySelector("#effects [data-sortable][data-filter]");
  var input = table.querySelector("input"), rows = table.querySelector("tbody").rows;
  var button = table.querySelector("th.n button"), column = button.parentNode.cellIndex;
  function keys() { return Array.from(rows).map(function (r) { return r.cells[column].dataset.o; }); }
  button.click(); out.up = keys();
  button.click(); out.down = keys();
  out.sort = button.parentNode.getAttribute("aria-sort");
  input.value = "no row holds this"; input.dispatchEvent(new Event("input"));
  out.shown = Array.from(rows).filter(function (r) { return !r.hidden; }).length;
  out.status = table.querySelector("[role=status]").textContent; out.rows = rows.length;
  out.narrow = getComputedStyle(document.querySelector("figure .narrow")).display;
  out.small = Array.from(document.querySelectorAll("svg text")).filter(function (t) {
    var b = t.getBoundingClientRect(); return b.height && b.height < 9; }).length;
  var pre = document.createElement("pre"); pre.id = "probe";
  pre.textContent = JSON.stringify(out); document.body.appendChild(pre);
}, 200); });
</script>
"""


def _open(page: str, folder, width: int) -> dict:
    page, found = re.subn(r"sha256-[A-Za-z0-9+/=]+", "unsafe-inline", page)
    assert found == 1
    copy = folder / "copy.html"
    copy.write_text(
        page.replace("<head>", "<head>" + PROBE, 1).replace("</body>", REPORT + "</body>"), encoding="utf-8"
    )
    outer = folder / "outer.html"
    # Headless windows have a least width of about 500 pixels: a phone is a frame inside one.
    outer.write_text(
        f"<!doctype html><body><iframe id=f src=copy.html width={width} height=900></iframe><script>"
        "addEventListener('load', function () { setTimeout(function () { try { document.body.append("
        "document.getElementById('f').contentDocument.getElementById('probe').cloneNode(true)); } catch (e) {"
        "document.title = String(e); } }, 900); });</script>",
        encoding="utf-8",
    )
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--allow-file-access-from-files",
        "--virtual-time-budget=5000",
        f"--user-data-dir={folder / 'profile'}",
        "--window-size=1500,1000",
        "--dump-dom",
        outer.as_uri(),
    ]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True).stdout
    found = re.search(r'<pre id="probe">(.*?)</pre>', dom, re.DOTALL)
    assert found, dom[-2000:]
    return json.loads(html.unescape(found[1]))


@pytest.fixture(scope="module")
def phone(rpn_page, tmp_path_factory) -> dict:
    return _open(rpn_page, tmp_path_factory.mktemp("phone"), 390)


@pytest.fixture(scope="module")
def laptop(rpn_page, tmp_path_factory) -> dict:
    return _open(rpn_page, tmp_path_factory.mktemp("laptop"), 1440)


@pytest.mark.parametrize("kind", ["phone", "laptop"])
def test_page_opens_without_error_or_request(kind, request):
    seen = request.getfixturevalue(kind)
    assert seen["faults"] == []
    assert seen["requests"] == []


@pytest.mark.parametrize("kind", ["phone", "laptop"])
def test_page_does_not_scroll_sideways(kind, request):
    seen = request.getfixturevalue(kind)
    assert seen["width"] <= seen["view"]


def test_phone_gets_the_narrow_figures_with_readable_text(phone, laptop):
    assert phone["view"] == 390
    assert phone["narrow"] == "block"
    assert laptop["narrow"] == "none"
    assert phone["small"] == laptop["small"] == 0


def test_tables_sort_both_ways_and_keep_missing_last(laptop):
    up = [float(value) for value in laptop["up"] if value]
    down = [float(value) for value in laptop["down"] if value]
    assert len(up) > 5
    assert up == sorted(up)
    assert down == sorted(down, reverse=True)
    assert laptop["sort"] == "descending"


def test_filter_hides_rows_and_says_how_many_are_left(laptop):
    assert laptop["shown"] == 0
    assert laptop["status"] == f"0 of {laptop['rows']} rows"


def test_own_script_runs_under_the_pages_own_policy(rpn_out, tmp_path):
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path}",
        "--dump-dom",
        (rpn_out / "report.html").as_uri(),
    ]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True).stdout
    assert '<p class="filter">' in dom
    assert '<button type="button">' in dom
