"""Search finds, colours stand out in light and dark, and the report prints short."""

import re

import pytest

# Contrast of each visible text with what lies behind it (WCAG 2.1, 1.4.3).
CONTRAST = """() => {
  const parse = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
  const linear = (v) => v <= 0.04045 * 255 ? v / 255 / 12.92
    : ((v / 255 + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) =>
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const low = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const one = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim()) continue;
    if (one.closest('svg, script, style, noscript')) continue;
    const box = one.getBoundingClientRect();
    const style = getComputedStyle(one);
    if (!box.width || !box.height || style.visibility === 'hidden') continue;
    if (one.closest('[disabled], .headerlink') || style.opacity < 1) continue;
    const both = [light(parse(style.color)), light(behind(one))];
    const [a, b] = both.sort((x, y) => y - x);
    const large = parseFloat(style.fontSize) >= 24;
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) {
      low.add(`${ratio.toFixed(1)} ${style.color} on ${behind(one)}: ` +
              walk.currentNode.data.trim().slice(0, 40));
    }
  }
  return [...low].slice(0, 8);
}"""
READ = (
    "index",
    "the_report",
    "explorer",
    "board",
    "api",
    "cards",
    "glossary",
    "results",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(site, visit, scheme):
    one = visit(scheme=scheme)
    faults = {}
    for name in READ:
        one.open(site / f"{name}.html")
        one.page.wait_for_timeout(300)  # a change of theme fades in
        if found := one.page.evaluate(CONTRAST):
            faults[name] = found
    assert faults == {}


def test_dark_mode_follows_the_reader(site, visit):
    for name in ("index", "the_report"):
        backgrounds = []
        for scheme in ("light", "dark"):
            one = visit(scheme=scheme)
            one.open(site / f"{name}.html")
            colour = one.page.evaluate(
                "getComputedStyle(document.body).backgroundColor === 'rgba(0, 0, 0, 0)'"
                "? getComputedStyle(document.documentElement).backgroundColor"
                ": getComputedStyle(document.body).backgroundColor"
            )
            backgrounds.append(sum(map(int, re.findall(r"\d+", colour)[:3])))
        assert backgrounds[0] > 600 > 200 > backgrounds[1], name


def test_search_finds_catastrophic_forgetting(site, visit):
    one = visit()
    one.open(site / "search.html", "?q=catastrophic+forgetting")
    one.page.wait_for_selector("#search-results li a")
    found = one.page.locator("#search-results li a").all_inner_texts()
    assert "Glossary" in " ".join(found)
    assert one.errors == [] and one.outside == []


def test_folded_answers_open_by_keyboard(site, visit):
    one = visit()
    one.open(site / "lessons" / "01_shared_model.html")
    answer = one.page.locator("details.hide", has_text="first_loss =")
    assert answer.count() == 1 and not answer.locator("pre").is_visible()
    answer.locator("summary").focus()
    one.page.keyboard.press("Enter")
    assert "math.log(150)" in answer.locator("pre").inner_text()
    one.page.keyboard.press("Enter")
    assert not answer.locator("pre").is_visible()


def test_a_narrow_screen_keeps_words_and_figure_of_the_front_page_whole(site, visit):
    one = visit(360)
    one.open(site / "index.html")
    figure = one.page.locator("img[src$='answer.svg']").bounding_box()
    assert figure["width"] > 500  # its letters are readable, and it scrolls
    cells = one.page.locator("article table td").all()
    assert min(cell.bounding_box()["width"] for cell in cells[:20]) > 100


def test_the_report_prints_on_under_twenty_pages(site, visit):
    one = visit()
    one.open(site / "the_report.html")
    printed = one.page.pdf(prefer_css_page_size=True)
    count = len(re.findall(rb"/Type\s*/Page\b(?!s)", printed))
    assert 5 < count < 20
