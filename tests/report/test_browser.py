"""The page in a browser: nothing leaves it, nothing breaks, at three widths, light and dark."""

import shutil

import numpy as np
import pytest
from analysis.planted_results import card, plant, run, study

from mindgap.report import write

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HOSTILE = "<script>document.title='owned'</script>"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    rng = np.random.default_rng(0)
    names = ("random", HOSTILE, "‮txet thgir", "a" * 200)
    records = [
        record
        for task in ("hard", "easy")
        for name in names
        for seed in range(3)
        for record in run(
            name, seed, list(0.6 + rng.normal(0, 0.02, 3)), task,
            metrics={("utilisation", x): [1.0, 0.9, 0.8] for x in ("x1", "x2")},
        )
    ]  # fmt: skip
    cards = [card("hard", family="easy", pitfall="p", control="easy"), card("easy")]
    return write(folder, plant(folder, records, study(("hard", "easy"), names, 3, 2), cards))


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        yield started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (820, "dark"), (1400, "light")])
def test_the_page_is_whole_and_silent(browser, page_file, width, scheme):
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    page, said, asked = context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    assert said == []
    assert asked == [page_file.as_uri()]
    assert page.title() == "mindgap: planted"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for link in page.locator("nav a").all():
        target = link.get_attribute("href")
        link.click()
        assert page.locator(target).is_visible(), target
    assert page.locator(f"text={HOSTILE}").count() > 0
    context.close()


def test_keys_reach_what_a_mouse_does(browser, page_file):
    page = browser.new_page()
    page.goto(page_file.as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "A"
    scrolling = page.locator(".box").count()
    assert page.locator(".box[tabindex='0']").count() == scrolling > 0
    pictures = page.locator("svg[role=img]").count()
    assert page.locator("svg[role=img][aria-label]").count() == pictures > 0
