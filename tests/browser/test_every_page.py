"""Each page: no error, nothing from outside, nothing too wide, alt text, headings."""

import pytest

# What a page looks like to somebody who checks it.
CHECK = """() => {
  const seen = (one) => one.getClientRects().length > 0;
  const wide = document.scrollingElement;
  return {
    sideways: wide.scrollWidth - wide.clientWidth,
    wideElements: [...document.querySelectorAll('body *')].filter(seen)
      .filter((one) => one.getBoundingClientRect().right > wide.clientWidth + 1)
      .map((one) => one.tagName + '.' + one.className).slice(0, 5),
    bareImages: [...document.querySelectorAll('img')]
      .filter((one) => !one.hasAttribute('alt')).map((one) => one.src),
    bareDrawings: [...document.querySelectorAll('svg[role=img]')]
      .filter((one) => one.ariaHidden !== 'true' && !one.ariaLabel).length,
    headings: [...document.querySelectorAll('main h1, main h2, main h3, main h4')]
      .map((one) => Number(one.tagName[1])),
    bareLinks: [...document.querySelectorAll('main a[href]')].filter(seen)
      .filter((one) => !(one.textContent.trim() || one.getAttribute('aria-label') ||
                         one.querySelector('img[alt]')))
      .map((one) => one.outerHTML),
    bareFields: [...document.querySelectorAll('main input, main select')].filter(seen)
      .filter((one) => !one.labels.length && !one.getAttribute('aria-label'))
      .map((one) => one.outerHTML),
    bareFieldsCut: [...document.querySelectorAll('main :is(select, input, button)')]
      .filter(seen).filter((one) => one.getBoundingClientRect().right > innerWidth)
      .map((one) => one.outerHTML.slice(0, 80)),
    lang: document.documentElement.lang,
  };
}"""


def pages(site):
    found = sorted(site.rglob("*.html"))
    left_out = ("_static", "_modules", "genindex.html")
    return [p for p in found if p.relative_to(site).parts[0] not in left_out]


def test_there_are_pages(site):
    names = {path.stem for path in pages(site)}
    assert {"index", "explorer", "board", "the_report", "api", "glossary"} <= names


@pytest.mark.parametrize("width", [1200, 360])
def test_every_page_is_sound(site, visit, width):
    faults = {}
    one = visit(width)
    for path in pages(site):
        one.errors.clear()
        one.open(path)
        found = one.page.evaluate(CHECK)
        told = {
            key: found[key] for key in found if key.startswith("bare") and found[key]
        }
        if width == 360 and found["sideways"] > 1:
            told["sideways"] = found["sideways"], found["wideElements"]
        levels = found["headings"]
        if levels and any(b - a > 1 for a, b in zip([0, *levels], levels)):
            told["headings"] = levels
        if found["lang"] != "en":
            told["lang"] = found["lang"]
        if one.errors:
            told["errors"] = list(one.errors)
        if told:
            faults[path.relative_to(site).as_posix()] = told
    assert faults == {}
    assert one.outside == []
