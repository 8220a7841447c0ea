"""The report in a browser, end to end: Debian's chromium with its driver, by Selenium."""

import os
import shutil

import pytest
import support

pytest.importorskip("matplotlib", reason="there is no matplotlib: reports are NOT made")
pytest.importorskip("jinja2", reason="there is no jinja2: reports are NOT made")
webdriver = pytest.importorskip(
    "selenium.webdriver", reason="there is no selenium (python3-selenium): the report is "
    "NOT looked at in a browser")
if not (shutil.which("chromium") and shutil.which("chromedriver")):
    pytest.skip("there is no chromium or no chromedriver (Debian's chromium-driver): the "
                "report is NOT looked at in a browser", allow_module_level=True)
from lensmill.report import write_report  # noqa: E402

WIDTHS = (1400, 420)
LEAST_INK_PIX = 200  # of a chart that is not empty, drawn 300 pixels wide

# How many pixels of a chart, drawn alone, are not transparent; -1: it cannot be drawn.
INK_OF_CHART = """
const [svg, done] = arguments;
const copy = svg.cloneNode(true);
const text = new XMLSerializer().serializeToString(copy)
  .replaceAll("var(--ink)", "#000").replaceAll("var(--grid)", "#ccc");
const image = new Image();
image.onload = () => {
  const canvas = document.createElement("canvas");
  canvas.width = 300; canvas.height = 200;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0, 300, 200);
  const data = context.getImageData(0, 0, 300, 200).data;
  let ink = 0;
  for (let k = 3; k < data.length; k += 4) if (data[k] > 0) ink += 1;
  done(ink);
};
image.onerror = () => done(-1);
image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
"""
# Pairs of texts of one chart whose boxes share more than a pixel: matplotlib draws each
# text as a group of its own.
OVERLAPS = """
const found = [];
for (const svg of document.querySelectorAll("svg.chart")) {
  const texts = Array.from(svg.querySelectorAll('g[id*="-text_"]'))
    .map(g => [g.id, g.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && box.height > 0);
  for (let i = 0; i < texts.length; ++i) for (let j = 0; j < i; ++j) {
    const [a, b] = [texts[i][1], texts[j][1]];
    const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (width > 1 && height > 1) found.push([texts[i][0], texts[j][0]]);
  }
}
return found;
"""


@pytest.fixture(scope="module")
def page(made, tmp_path_factory):
    for name, value in {**support.environment(), "LENSMILL_PROGRAM": support.PROGRAM}.items():
        os.environ[name] = value
    run = shutil.copytree(made("rich"), tmp_path_factory.mktemp("browser") / "run")
    return write_report(run, other=made_with_analysis(made, tmp_path_factory))


def made_with_analysis(made, tmp_path_factory):
    return shutil.copytree(made("small"), tmp_path_factory.mktemp("other") / "run")


@pytest.fixture(scope="module")
def browser():
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu",
                     "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options)
    driver.set_script_timeout(60)
    yield driver
    driver.quit()


def opened(browser, page, width=1400, scheme="light"):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-color-scheme", "value": scheme}]})
    browser.get(page.as_uri())


def test_nothing_is_fetched_and_nothing_goes_wrong(browser, page):
    opened(browser, page)

    assert browser.get_log("browser") == []
    import json
    events = [json.loads(entry["message"])["message"]
              for entry in browser.get_log("performance")]
    urls = [event["params"]["request"]["url"] for event in events
            if event["method"] == "Network.requestWillBeSent"]
    assert page.as_uri() in urls  # the log does see requests
    assert [url for url in urls if not url.startswith(("data:", page.as_uri()))] == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ("light", "dark"))
def test_nothing_sticks_out_and_no_texts_overlap(browser, page, width, scheme):
    opened(browser, page, width, scheme)

    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.execute_script(OVERLAPS) == []
    paper, ink = browser.execute_script(
        "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]")
    sums = [sum(map(int, colour[4:-1].split(","))) for colour in (paper, ink)]
    assert (sums[0] > sums[1]) == (scheme == "light")
    # The charts' ink follows.
    chart = browser.execute_script(
        "return getComputedStyle(document.querySelector('svg.chart path[style*=\"--ink\"]'))"
        ".stroke")
    assert sum(map(int, chart[4:-1].split(","))) == sums[1]


def test_all_figures_are_there(browser, page):
    opened(browser, page)

    svgs = browser.find_elements("css selector", "svg.chart")
    assert len(svgs) >= 8
    for svg in svgs:
        assert svg.size["width"] > 200 and svg.size["height"] > 100
        assert browser.execute_async_script(INK_OF_CHART, svg) > LEAST_INK_PIX
    stamps = browser.find_elements("css selector", "svg.stamp image")
    assert len(stamps) > 50
    decoded = browser.execute_async_script("""
const done = arguments[0];
Promise.all(Array.from(document.querySelectorAll("svg.stamp image")).map(one => {
  const image = new Image();
  image.src = one.getAttribute("href");
  return image.decode().then(() => image.naturalWidth > 0);
})).then(all => done(all.every(Boolean)), () => done(false));""")
    assert decoded is True


def test_links_go_somewhere_and_data_can_be_read(browser, page):
    opened(browser, page)

    for link in browser.find_elements("css selector", "nav a"):
        link.click()
        target = link.get_attribute("href").split("#")[1]
        assert browser.execute_script(
            "return Math.abs(document.getElementById(arguments[0])"
            ".getBoundingClientRect().top) < innerHeight", target)
    for link in browser.find_elements("css selector", "a.csv"):
        text = browser.execute_script(
            "const u = arguments[0].href; "
            "return atob(u.slice(u.indexOf(',') + 1))", link)
        lines = text.splitlines()
        assert len(lines) >= 2 and "," in lines[0]


def shown(browser):
    return [pair for pair in browser.find_elements("css selector", ".pair")
            if pair.is_displayed()]


def test_filters_of_the_gallery(browser, page):
    opened(browser, page)
    field = {name: browser.find_element("id", name) for name in
             ("kind", "theta-low", "theta-high", "snr-low", "circles", "shown")}
    everything = len(shown(browser))
    assert field["shown"].text == f"{everything} of {everything} rows"

    field["theta-low"].send_keys("1")
    some = shown(browser)
    assert 0 < len(some) < everything
    assert all(float(pair.get_attribute("data-theta")) >= 1 for pair in some)
    assert field["shown"].text == f"{len(some)} of {everything} rows"

    field["theta-high"].send_keys("1.2")
    assert shown(browser) == []
    browser.find_element("css selector", "#filters button").click()
    assert len(shown(browser)) == everything

    kinds = {pair.get_attribute("data-kind") for pair in shown(browser)}
    assert "unlensed" in kinds and len(kinds) > 1
    from selenium.webdriver.support.ui import Select
    Select(field["kind"]).select_by_value("unlensed")
    assert {pair.get_attribute("data-kind") for pair in shown(browser)} == {"unlensed"}
    browser.find_element("css selector", "#filters button").click()

    snr = sorted(float(pair.get_attribute("data-snr")) for pair in shown(browser)
                 if pair.get_attribute("data-snr"))
    bound = snr[len(snr) // 2]
    field["snr-low"].send_keys(f"{bound:.6f}")
    assert all(float(pair.get_attribute("data-snr")) >= round(bound, 6) - 1e-6
               for pair in shown(browser))

    circle = browser.find_elements("css selector", "#gallery .circles circle")
    assert any(one.is_displayed() for one in circle)
    field["circles"].click()
    assert not any(one.is_displayed() for one in circle)


def test_it_can_be_printed(browser, page):
    opened(browser, page, scheme="dark")

    import base64
    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {})["data"])
    assert pdf.startswith(b"%PDF")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "media": "print", "features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    assert browser.execute_script(
        "return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not browser.find_element("id", "filters").is_displayed()
