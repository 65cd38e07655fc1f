"""Explorer and board: by keyboard, and every number that they count or show."""

import json

import pytest

import mtlhelpers as mtl
from mtlhelpers.model.counting import parameter_table
from report.build import STUDIES
from report.facts import Facts

PLACES = {  # what to choose for a scenario: how the backbone trains, and which parts
    "none_frozen": ("parts", "all"),
    "backbone_frozen": ("parts", ""),
    "last_2_layers": ("parts", "layer 5, layer 6"),
    "first_1_layers": ("parts", "layer 1"),
    "bitfit": ("biases", ""),
    "layernorm": ("norms", ""),
    "lora": ("lora", ""),
    "lora_qv": ("lora_qv", ""),
}


@pytest.fixture
def explorer(site, visit):
    one = visit()
    one.open(site / "explorer.html")
    one.page.wait_for_selector("#found strong")
    return one


def choose(page, how, parts):
    page.select_option("#how", how)
    for box in page.locator("#parts input").all():
        if box.is_enabled():
            name = box.locator("..").inner_text().strip()
            box.set_checked(parts == "all" or name in parts.split(", "))


@pytest.mark.parametrize("scenario", PLACES)
def test_it_counts_what_python_counts(explorer, scenario):
    counts = parameter_table("minilm", labels=7, tags=13)["trainable"]
    choose(explorer.page, *PLACES[scenario])
    told = explorer.page.inner_text("#found strong")
    assert told == f"{counts[scenario]:,} parameters train"


def test_it_says_what_is_not_measured(explorer):
    page = explorer.page
    choose(page, "parts", "layer 2")
    assert "Not measured" in page.inner_text("#found")
    page.select_option("#backbone", "bert-base-uncased")
    assert page.locator("#parts input").count() == 13
    choose(page, "parts", "all")
    if not Facts(STUDIES).records("bert_base"):
        assert "nothing is recorded on this backbone" in page.inner_text("#found")


def test_recorded_scores_are_shown_with_their_size(explorer, site):
    page = explorer.page
    page.fill("#sentences", "300")
    page.select_option("#corpus", "HWU64")
    choose(page, "parts", "")
    assert "Not measured" not in page.inner_text("#found")
    raw = (site / "_static" / "records.js").read_text(encoding="utf-8")
    rows = json.loads(raw.removeprefix("window.RECORDED = ").rstrip(";\n"))["rows"]
    row = next(
        one
        for one in rows
        if (one["study"], one["arm"], one["corpus"], one["size"])
        == ("transfer", "backbone_frozen", "HWU64", 300)
    )
    told = page.inner_text("#found table")
    for score in row["scores"]:
        mean, low, high = (f"{value:.1f}" for value in score)
        assert f"{mean} ({low} to {high})" in told


def test_it_works_by_keyboard_alone(explorer):
    page = explorer.page
    before = page.inner_text("#found strong")
    page.focus("#backbone")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "how"
    page.keyboard.press("ArrowDown")
    assert page.input_value("#how") == "biases"
    assert page.inner_text("#found strong") != before
    page.keyboard.press("Tab")  # parts are disabled: on to the heads
    assert page.evaluate("document.activeElement.id") == "sentence"
    page.keyboard.press("Space")
    assert not page.is_checked("#sentence")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"


@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>", "a & b"])
def test_text_of_records_is_never_markup(site, visit, name):
    one = visit()
    hostile = json.dumps(name)
    one.page.add_init_script(
        "Object.defineProperty(window, 'RECORDED', {set(value) {"
        f"for (const row of value.rows) row.arm = row.corpus = {hostile};"
        "this.held = value;}, get() {return this.held;}});"
    )
    for page in ("explorer", "board"):
        one.open(site / f"{page}.html")
        one.page.wait_for_selector("table.stacks td")
        assert one.page.inner_text("h1").startswith(page.capitalize())
        assert name in one.page.inner_text(f"#{page}-app")
        assert one.page.locator(f"#{page}-app img").count() == 0
    assert one.errors == []


def test_the_board_leads_to_runs_and_commands(site, visit):
    one = visit()
    one.open(site / "board.html")
    one.page.select_option("#pick-study", "short")
    one.page.select_option("#pick-corpus", "HWU64")
    one.page.select_option("#pick-size", "300")
    assert "1 of " in one.page.inner_text("#rows caption")
    one.page.focus("#rows button")
    one.page.keyboard.press("Enter")
    one.page.wait_for_selector("#rows tr.runs code")
    records = {run["id"] for run in Facts(STUDIES).records("short")}
    told = one.page.locator("#rows tr.runs td:first-child > code").all_inner_texts()
    assert len(told) == 10 and set(told) <= records
    command = f"python -m mtlhelpers rerun studies/short {told[0]}"
    assert command in one.page.inner_text("#rows tr.runs")
    one.page.keyboard.press("Enter")
    assert one.page.locator("#rows tr.runs").count() == 0


def test_a_link_leads_to_a_record(site, visit):
    key = Facts(STUDIES).records("short")[0]["id"]
    one = visit()
    one.open(site / "board.html", f"#{key}")
    one.page.wait_for_selector("#linked table")
    assert key in one.page.inner_text("#linked")


def test_a_lesson_holds_it_in_a_cell(visit, tmp_path, monkeypatch):
    monkeypatch.chdir(STUDIES)
    shown = tmp_path / "output.html"
    shown.write_text(mtl.lesson.show_explorer()._repr_html_(), encoding="utf-8")
    one = visit()
    one.open(shown)
    frame = one.page.frame_locator("iframe")
    counts = parameter_table("minilm", labels=7, tags=13)["trainable"]
    frame.locator("#how").select_option("lora")
    told = frame.locator("#found strong").inner_text()
    assert told == f"{counts['lora']:,} parameters train"
    held = 4 * (counts["none_frozen"] + 3 * counts["lora"]) / 1e6
    assert f"take {held:,.0f} MB" in frame.locator("#found").inner_text()
    assert frame.locator("#found table").count() == 1
    assert (one.errors, one.outside) == ([], [])
