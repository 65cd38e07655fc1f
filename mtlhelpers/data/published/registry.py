"""The corpora known by name: whose they are, where they lie, what they must be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files

from mtlhelpers.data.published import clinc150, hwu64, snips, wnut17
from mtlhelpers.data.rows import Row, read_row

Parser = Callable[[Mapping[str, bytes]], dict[str, list[dict]]]

SPLIT_AT_MARKS = (
    "tokens: text in NFC, cut at white space and around every punctuation mark"
)


@dataclass(frozen=True)
class Publisher:
    """A corpus as its publisher offers it, in a repository on GitHub.

    Attributes:
        name: how `load_corpus` calls the corpus.
        repository, commit: where its files lie, and the one version that is meant.
        licence, citation: as the publisher states them.
        changes: what the parser does to the sentences.
        parse: makes the fields of each split's sentences, as `read_row` takes them, of
            the files' contents by path in the repository.
    """

    name: str
    repository: str
    commit: str
    licence: str
    citation: str
    changes: tuple[str, ...]
    parse: Parser

    @property
    def source(self) -> str:
        """The address of the repository, and the commit."""
        return f"https://github.com/{self.repository}, commit {self.commit}"

    @property
    def digests(self) -> dict[str, str]:
        """The sha256 of each file that is needed, by its path in the repository."""
        registry = files("mtlhelpers.data") / "registry" / f"{self.name}.sha256"
        lines = registry.read_text(encoding="utf-8").splitlines()
        pairs = (line.split("  ", maxsplit=1) for line in lines)
        return {path: digest for digest, path in pairs}

    def read(self, contents: Mapping[str, bytes]) -> dict[str, list[Row]]:
        """Return the sentences of each split, given the files by path."""
        return {
            split: [
                read_row(fields, f"{self.name}, {split}, {fields['id']}", fields["id"])
                for fields in sentences
            ]
            for split, sentences in self.parse(contents).items()
        }


_ALL = (
    Publisher(
        name="snips",
        repository="sonos/nlu-benchmark",
        commit="b86ac7f1577868c42158d0dec77db50956046696",
        licence="CC0 1.0",
        citation=(
            "Coucke A. et al. 2018, Snips Voice Platform: an embedded Spoken Language "
            "Understanding system for private-by-design voice interfaces, "
            "arXiv:1805.10190"
        ),
        changes=(
            SPLIT_AT_MARKS,
            "train: 28 sentences that repeat one of test or validation left out",
            "validation: 700 sentences carved from train, not the draw of Goo et al.",
            "test: what the publisher calls validate",
        ),
        parse=snips.parse,
    ),
    Publisher(
        name="hwu64",
        repository="xliuhw/NLU-Evaluation-Data",
        commit="f6071b496b17d71e6eb43f543af0707f4ff30557",
        licence="CC BY 4.0",
        citation=(
            "Liu X., Eshghi A., Swietojanski P., Rieser V. 2019, Benchmarking Natural "
            "Language Understanding Services for building Conversational Agents, "
            "IWSDS, arXiv:1903.05566"
        ),
        changes=(
            SPLIT_AT_MARKS,
            "train and test: the first of the publisher's ten folds",
            "label: the scenario; spans: those of the bracket annotation",
        ),
        parse=hwu64.parse,
    ),
    Publisher(
        name="wnut17",
        repository="leondz/emerging_entities_17",
        commit="e52a2d2a71ac1a051ca2d532eef28653c5c02603",
        licence="CC BY 4.0",
        citation=(
            "Derczynski L., Nichols E., van Erp M., Limsopatham N. 2017, Results of "
            "the WNUT2017 Shared Task on Novel and Emerging Entity Recognition, W-NUT "
            "at EMNLP, W17-4418"
        ),
        changes=("test: the file with one annotation a token",),
        parse=wnut17.parse,
    ),
    Publisher(
        name="clinc150",
        repository="clinc/oos-eval",
        commit="828f8093932c8fe6ca7936c3d2e52903b1c523de",
        licence="CC BY 3.0",
        citation=(
            "Larson S. et al. 2019, An Evaluation Dataset for Intent Classification "
            "and Out-of-Scope Prediction, EMNLP, D19-1131"
        ),
        changes=(
            SPLIT_AT_MARKS,
            "label: the domain of the intent, or oos (out of scope)",
            "each split: its out-of-scope sentences joined in",
        ),
        parse=clinc150.parse,
    ),
)

PUBLISHERS = {publisher.name: publisher for publisher in _ALL}
