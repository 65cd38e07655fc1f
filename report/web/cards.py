"""Cards of corpora and backbones: whose they are, which version, licence, changes."""

from collections.abc import Iterator

from mtlhelpers.data.published.registry import NEWSDESK_ROWS, PUBLISHERS, Publisher
from mtlhelpers.lesson.explorer import backbone_sizes
from mtlhelpers.model.backbone_files import NAMED, NamedBackbone

KNOWN = {
    "minilm": "Distilled, and tuned so that similar sentences lie close together: it "
    "favours the sentence task, frozen above all. Every score here is made with it, "
    "unless another backbone is named.",
    "bert-base-uncased": "Pre-trained on masked words and next sentences. Declared in "
    "the studies; see the board for what is recorded.",
}


def cards() -> str:
    """Return the page."""
    lines = ["# Data and model cards", ""]
    lines += ["No sentence of a published corpus is in the repository: each is fetched"]
    lines += ["from its publisher, at one commit, and refused if a byte differs.", ""]
    lines += ["## Corpora", ""]
    for publisher in PUBLISHERS.values():
        lines += corpus(publisher)
    own = NEWSDESK_ROWS.with_name("README.md").read_text(encoding="utf-8")
    lines += [
        line.replace("# ", "### ", 1) if line.startswith("#") else line
        for line in own.splitlines()
    ]
    lines += ["", "## Backbones", ""]
    for name, backbone in NAMED.items():
        lines += model(name, backbone)
    return "\n".join(lines)


def corpus(one: Publisher) -> Iterator[str]:
    """Yield the card of a corpus."""
    yield from (f"### {one.name}", "")
    yield from fields(
        {
            "Source": f"<https://github.com/{one.repository}>, commit `{one.commit}`",
            "Licence": one.licence,
            "Citation": one.citation,
        }
    )
    yield from ("", "What is changed on reading:", "")
    yield from (f"- {change}" for change in one.changes)
    yield ""


def model(name: str, one: NamedBackbone) -> Iterator[str]:
    """Yield the card of a backbone."""
    found = backbone_sizes(name)
    parts = found["parts"]
    count = parts["embeddings"]["whole"] + found["depth"] * parts["layer"]["whole"]
    yield from (f"### {name}", "")
    yield from fields(
        {
            "Source": f"<https://huggingface.co/{one.hub_id}>",
            "Revision": f"`{one.revision}`",
            "Licence": one.licence,
            "Size": f"{count:,} parameters without pooler: {found['depth']} layers, "
            f"{found['width']} wide",
            "Weights": f"sha256 `{one.weights_sha256}`; others are refused",
            "To know": KNOWN[name],
        }
    )
    yield ""


def fields(found: dict[str, str]) -> Iterator[str]:
    """Yield a table of two columns."""
    yield from ("| | |", "|---|---|")
    yield from (f"| **{name}** | {said} |" for name, said in found.items())
