"""The page in a browser: nothing leaves it, nothing breaks, at three widths, light and dark."""

import itertools
import shutil

import numpy as np
import pytest
from analysis.planted_results import card, plant, run, study

from mindgap.report import write

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HOSTILE = "<script>document.title='owned'</script>"
LONG = "a" * 200
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

#: Contrast of every text with what is behind it, by WCAG 2.2; the least first.
CONTRASTS = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const seen = new Map();
  const rgba = colour => {
    if (!seen.has(colour)) {
      canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
      seen.set(colour, [...canvas.getImageData(0, 0, 1, 1).data]);
    }
    return seen.get(colour);
  };
  const light = c => [.2126, .7152, .0722].reduce((sum, weight, i) => {
    const part = c[i] / 255;
    return sum + weight * (part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4);
  }, 0);
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = rgba(getComputedStyle(e).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return rgba('white');
  };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    const texts = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!texts || !e.checkVisibility()) continue;
    const style = getComputedStyle(e);
    const inside = e.closest('svg');
    const [a, b] = [light(rgba(inside ? style.fill : style.color)), light(behind(e))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    found.push([Math.round(ratio * 100) / 100, e.tagName, e.textContent.slice(0, 30)]);
  }
  return found.sort((x, y) => x[0] - y[0]).slice(0, 5);
}"""


def records():
    rng = np.random.default_rng(0)
    names = ("random", HOSTILE, "‮txet thgir", LONG)
    for task in ("hard", "easy", "real"):
        for i, name in enumerate(names):
            for seed in range(3):
                ends = list(0.6 + 0.1 * (i == 1) + rng.normal(0, 0.004, 3))
                metrics = {("utilisation", x): [1.0, 0.9, 0.8] for x in ("x1", "x2")}
                metrics |= {("mipd", x): [0.1, 0.2, 0.3] for x in ("x1", HOSTILE)}
                yield from run(name, seed, ends, task, metrics=metrics)


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    cards = [
        card("hard", family="easy", pitfall="p", control="easy", severity=2),
        card("easy"),
        card("real", kind="data set", truth=None),
    ]
    names = ("random", HOSTILE, "‮txet thgir", LONG)
    asked = study(("hard", "easy", "real"), names, 3, 2)
    return write(folder, plant(folder, records(), asked, cards))


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        yield started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


@pytest.fixture
def page(browser, page_file):
    """Wide and light; whatever is said or asked for breaks the test."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, offline=True, reduced_motion="reduce"
    )
    page, told = context.new_page(), []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: told.append(request.url))
    page.goto(page_file.as_uri())
    told.remove(page_file.as_uri())
    yield page
    assert told == []
    context.close()


@pytest.mark.parametrize("width", [390, 820, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_whole_and_silent(browser, page_file, width, scheme):
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    page, said, asked = context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.title() == "mindgap: planted"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for link in page.locator("nav a").all():
        target = link.get_attribute("href")
        link.click()
        assert page.locator(target).is_visible(), target
    assert page.locator(f"text={HOSTILE}").count() > 0
    least = page.evaluate(CONTRASTS)
    assert least[0][0] >= 4.5, least
    assert said == []
    assert set(asked) == {page_file.as_uri()}
    context.close()


def test_keys_reach_what_a_mouse_does(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the answer"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.url.endswith("#answer")
    scrolling = page.locator(".box").count()
    assert page.locator(".box[tabindex='0'][role=region][aria-label]").count() == scrolling > 0


def test_the_matrix_leads_to_the_curves(page):
    """By keys alone, with a ring around what has the focus."""
    first = page.locator(".matrix td a").first
    first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    ring = page.evaluate("getComputedStyle(document.activeElement).outline")
    assert "solid 3px" in ring
    assert first.inner_text().startswith("+0.")
    page.keyboard.press("Enter")
    target = page.url[page.url.index("#") :]
    article = page.locator(target)
    assert "hard" in article.locator(".task").inner_text()
    assert article.locator("svg").count() >= 2
    assert article.evaluate("e => e.getBoundingClientRect().top") < 900
    assert page.locator(".matrix td.better").count() == 3
    assert page.locator(".matrix td.better", has_text="▲").count() == 3


def test_filters_work_by_keys_alone(page):
    page.locator(".filters summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("#show-s1").is_visible()
    rows, dots = page.locator("table tr.s1"), page.locator("svg g.s1")
    shown = page.locator("#task-0 svg g.s1").count()
    assert shown > 0
    assert page.locator("#task-0 svg g.s1").first.is_visible()
    page.locator("#show-s1").focus()
    page.keyboard.press("Space")
    for found in (rows, dots, page.locator(".matrix .s1")):
        assert found.count() > 0
        assert not any(each.is_visible() for each in found.all())
    assert page.locator(".matrix td.s2").first.is_visible()
    page.keyboard.press("Enter")  # asks for nothing, goes nowhere
    assert "?" not in page.url
    page.get_by_role("checkbox", name="control").focus()
    page.keyboard.press("Space")
    assert not page.locator("#task-1").is_visible()
    assert page.locator("#task-0").is_visible()
    page.get_by_role("button", name="Show everything").press("Enter")
    assert page.locator("#task-1").is_visible()
    assert page.locator(".matrix .s1").first.is_visible()


def test_headings_are_in_order_and_tables_have_heads(page):
    levels = page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1])"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    heads = page.locator("th")
    assert page.locator("th[scope]").count() == heads.count() > 0
    assert page.locator("main").count() == 1
    named = (
        "[...document.querySelectorAll('svg[role=img]')].map(s => s.getAttribute('aria-labelledby')"
    )
    told = page.evaluate(
        named + ".split(' ').map(id => document.getElementById(id).textContent.length))"
    )
    assert told
    assert all(title > 5 and sentence > 10 for title, sentence in told)


def test_what_is_hostile_does_nothing(page):
    assert page.title() == "mindgap: planted"
    assert page.locator("script").count() == 0
    assert page.locator("body").evaluate("b => getComputedStyle(b).direction") == "ltr"
    assert "‮" not in page.content()


def test_it_moves_only_where_movement_is_welcome(browser, page_file):
    for wish, behaviour in (("reduce", "auto"), ("no-preference", "smooth")):
        page = browser.new_page(reduced_motion=wish)
        page.goto(page_file.as_uri())
        style = "getComputedStyle(document.documentElement).scrollBehavior"
        assert page.evaluate(style) == behaviour
        page.close()


def test_it_prints_on_white_without_its_controls(browser, page_file):
    page = browser.new_page(color_scheme="dark")
    page.goto(page_file.as_uri())
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 28)"
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    assert not page.locator(".filters").is_visible()
    assert page.pdf().startswith(b"%PDF")
    page.close()
