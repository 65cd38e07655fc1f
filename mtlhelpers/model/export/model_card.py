"""The card of an exported model: what is known of it, and what is not."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from mtlhelpers.errors import ExportError
from mtlhelpers.escapes import escaped
from mtlhelpers.model.backbone_files import NAMED
from mtlhelpers.model.export.onnx_graph import INPUTS, WORDS, inputs_of
from mtlhelpers.model.heads.kinds import crf_of
from mtlhelpers.model.shared import SharedModel

_UNKNOWN = "unknown"
_COMBINED = {"mean": "in their mean", "join": "joined", "mix": "in a learned mix"}
_COUNTED = {  # by name in `Scores`: what it is, and what it is counted on
    "accuracy": ("accuracy", "labelled_sentences"),
    "macro_f1": ("macro F1", "labelled_sentences"),
    "ner_f1": ("NER F1, lenient", "spans"),
    "ner_f1_strict": ("NER F1, strict", "spans"),
    "exact_match": ("exact match", "sentences_with_both"),
}


def card(model: SharedModel, gaps: Mapping[str, float]) -> str:
    """Write the card, in Markdown; gaps: how far the logits of each graph are off.

    Raises `ExportError` for a provenance that is none.
    """
    try:
        lines = [
            *_what_it_does(model),
            *_files(model, gaps),
            *_training(model),
            *_scores(model),
            *_licences(model),
        ]
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise ExportError(
            f"the model's provenance is not as `train` writes it ({error!r}). Train it "
            "again, or empty `model.provenance`."
        ) from error
    return "\n".join(map(_plain, lines))


def _plain(line: str) -> str:
    """A line in which no name is HTML, nor breaks the line; JSON is plain already."""
    if line.startswith("{"):
        return line
    return escape(escaped(line.replace("\n", " ")), quote=False)


def _what_it_does(model: SharedModel) -> Iterator[str]:
    types = dict.fromkeys(tag[2:] for tag in model.tags if tag != "O")
    yield from (
        "# Model card",
        "",
        f"An encoder, {model.name or _UNKNOWN}, with heads:",
        "",
    )
    if model.labels:
        yield f"- a label per sentence, of {len(model.labels)}: {_listed(model.labels)}"
    if model.tags:
        yield f"- names in the sentence, of {len(types)} types: {_listed(types)}"
    yield ""
    for task in model.tasks:
        read, spec = model.readings[task].layers, model.specs[task]
        how, layers = _COMBINED[spec.combine], ", ".join(map(str, read))
        states = f"states {layers} {how}" if len(read) > 1 else f"state {layers}"
        yield (
            f"The {task} head ({spec.kind}) reads hidden {states} (0 is the "
            f"embeddings)."
        )
    pooled = "the mean of all pieces" if model.pooling == "mean" else "the first piece"
    yield (
        f"A label is read from {pooled}. Of a sentence {model.max_length} word pieces "
        f"are read; names beyond are not found."
    )


def _files(model: SharedModel, gaps: Mapping[str, float]) -> Iterator[str]:
    yield from ("", "## Files", "")
    yield '- `answer.py`: `python answer.py "A sentence."` answers, without torch.'
    for name, gap in gaps.items():
        yield f"- `{name}`: logits within {gap:.1g} of the model's, on random pieces."
    outputs = "`label_logits` (B, L)" * bool(model.labels)
    outputs += " and " * (len(model.tasks) > 1)
    inputs = ", ".join(f"`{name}`" for name in INPUTS)
    if WORDS in inputs_of(model):
        inputs += f" (B, T) and `{WORDS}` (B, K), the first piece of each word, and -1"
        outputs += "`tag_logits` (B, K, G)"
    else:
        inputs += " (B, T)"
        outputs += "`tag_logits` (B, T, G), read at the first piece of a word" * bool(
            model.tags
        )
    yield f"  Inputs {inputs}, int64; outputs {outputs}."
    yield (
        '- `backbone/`: `AutoModel.from_pretrained("backbone")` gives its hidden '
        "states (but no pooler, which it draws at random); its tokenizer is there too."
    )
    yield "- `names.json`: labels and tags in the order of the logits."
    if crf_of(model.ner_classifier):
        yield "  Its `links` are what the CRF adds to a first tag and to the next ones."


def _training(model: SharedModel) -> Iterator[str]:
    yield from ("", "## Training", "")
    if not model.provenance:
        yield "Unknown: nothing of it was saved with the model."
        return
    corpus, plan = model.provenance["corpus"], model.provenance["plan"]
    counts = model.provenance["sentences"]
    yield f"- Sentences: {corpus['name']}; {counts['train']:,} to train on."
    yield f"- Source: {corpus['source'] or _UNKNOWN}."
    yield f"- Citation: {corpus['citation'] or _UNKNOWN}."
    for note in corpus["notes"]:
        yield f"- Note: {note}."
    yield f"- What trained: `{_scenario(plan)}`, seed {plan['seed']}. The whole plan:"
    yield from ("", "```json", json.dumps(plan, indent=1), "```")


def _scores(model: SharedModel) -> Iterator[str]:
    yield from ("", "## Scores", "")
    if not model.provenance:
        yield "Unknown. Measure it on sentences of your own before you rely on it."
        return
    scores, intervals = (model.provenance[key] for key in ("scores", "intervals"))
    tests = model.provenance["sentences"]["test"]
    yield f"On {tests:,} test sentences of the same corpus, one seed:"
    yield from ("", "| score | value | 95 % interval | majority | counted on |")
    yield "| --- | --- | --- | --- | --- |"
    for key, (name, counted) in _COUNTED.items():
        if scores[key] is not None:
            low, high = intervals.get(key, (None, None))
            between = _UNKNOWN if low is None else f"{low:.3f} to {high:.3f}"
            beside = scores.get(f"majority_{key}")
            majority = "–" if beside is None else f"{beside:.3f}"
            count = f"{scores[counted]:,} {counted.replace('_', ' ')}"
            yield f"| {name} | {scores[key]:.3f} | {between} | {majority} | {count} |"
    yield from (
        "",
        "Intervals hold the choice of test sentences (groups drawn 2,000 times), "
        "not that of a seed. Other texts were not tried, nor was the graph in 8 bits, "
        "which answers some sentences otherwise.",
    )


def _licences(model: SharedModel) -> Iterator[str]:
    corpus = model.provenance.get("corpus", {})
    known = NAMED.get(model.name.removeprefix("random:"))
    yield from ("", "## Licences", "")
    yield f"- Training sentences: {corpus.get('licence') or _UNKNOWN}."
    if known is None:
        yield "- Weights of the backbone before training: unknown."
    else:
        yield (
            f"- Weights of the backbone before training: {known.licence} "
            f"(https://huggingface.co/{known.hub_id})."
        )
    yield "- This model: for whoever trained it to say, within both."


def _scenario(plan: Mapping[str, Any]) -> str:
    scenario = plan["scenario"]
    return str(scenario["name"] if isinstance(scenario, dict) else scenario)


def _listed(names: Any) -> str:
    return ", ".join("`{}`".format(name.replace("`", "'")) for name in names)
