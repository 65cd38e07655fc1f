"""WNUT 2017: a token and its tag a line, sentences parted by a blank line."""

from collections.abc import Mapping

_FILES = {
    "train": "wnut17train.conll",
    "validation": "emerging.dev.conll",
    "test": "emerging.test.annotated",
}


def parse(contents: Mapping[str, bytes]) -> dict[str, list[dict]]:
    """Return id, tokens and tags of the sentences of each split."""
    return {
        split: [
            {"id": f"wnut17-{split}-{number:04}", "tokens": tokens, "tags": tags}
            for number, (tokens, tags) in enumerate(_sentences(contents[path]))
        ]
        for split, path in _FILES.items()
    }


def _sentences(content: bytes) -> list[tuple[list[str], list[str]]]:
    # Only "\n" ends a line, since tokens may hold other line separators. The blank line
    # between sentences holds a tab in one of the files.
    sentences: list[tuple[list[str], list[str]]] = [([], [])]
    for line in content.decode("utf-8").split("\n"):
        if line.strip():
            token, tag = line.split("\t")
            sentences[-1][0].append(token)
            sentences[-1][1].append(tag)
        else:
            sentences.append(([], []))
    return [sentence for sentence in sentences if sentence[0]]
