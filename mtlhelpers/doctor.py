"""Is everything here that the lessons need? One line per check, with what to do.

Only the standard library is imported at the head, so that this runs wherever something
is missing: a check imports what it looks at, and fails where that cannot be imported.
The network is never used.
"""

import os
import platform
import shutil
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

OLDEST_PYTHON = (3, 11)
ROOM = 2  # GB that the largest named backbone and the corpora take, with some to spare

MODULES = {"scikit-learn": "sklearn"}  # imported under another name than installed


@dataclass(frozen=True)
class Check:
    """One thing looked at; `required` ones decide whether the doctor is content."""

    name: str
    ok: bool
    found: str
    required: bool = True

    def __str__(self) -> str:
        mark = "✓" if self.ok else "✗" if self.required else "-"
        return f"{mark} {self.name}: {self.found}"


def examine() -> list[Check]:
    """Look at versions, device, disk, backbones and corpora, without the network."""
    return [
        _python(),
        *_checked("packages", _packages),
        *_checked("device", _device),
        *_checked("cache", _cache, required=False),
        *_checked("backbones", _backbones),
        Check("corpus newsdesk", True, "embedded in the package"),
        *_checked("corpora", _corpora, required=False),
    ]


def _checked(
    name: str, look: Callable[[], list[Check]], required: bool = True
) -> list[Check]:
    """The checks that `look` makes; a failed one where it cannot be carried out."""
    try:
        return look()
    except Exception as error:  # whatever is broken is what the doctor is there to say
        why = " ".join(str(error).split()) or type(error).__name__
        return [Check(name, False, f"cannot be looked at: {why}", required)]


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.platform()}"
    if sys.version_info < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        return Check("Python", False, f"{found}: install {wanted} or newer")
    return Check("Python", True, found)


def _packages() -> list[Check]:
    """Every package that is asked for, but those of extras."""
    from packaging.requirements import Requirement

    asked = map(Requirement, _requirements())
    return [
        _package(one.name, str(one.specifier)) for one in asked if one.marker is None
    ]


def _requirements() -> list[str]:
    """What a clone's pyproject.toml asks for, else the metadata of the installation.

    The file comes first: metadata of an editable installation is as old as that.
    """
    beside = Path(__file__).parents[1] / "pyproject.toml"
    try:
        project = tomllib.loads(beside.read_text(encoding="utf-8"))["project"]
        if project["name"] == "mtlhelpers":
            return [str(line) for line in project["dependencies"]]
    except (OSError, KeyError, ValueError):
        pass
    try:
        return metadata.requires("mtlhelpers") or []
    except metadata.PackageNotFoundError:
        return []


def _package(name: str, bounds: str) -> Check:
    """One package: there, importable as far as a look tells, and of a version asked."""
    install = f"pip install '{name}{bounds}'"
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Check(name, False, f"missing: {install}")
    try:
        is_there = find_spec(MODULES.get(name, name.replace("-", "_"))) is not None
    except (ImportError, ValueError):
        is_there = False
    if not is_there:
        again = install.replace("install", "install --force-reinstall", 1)
        return Check(name, False, f"{version}, but cannot be imported: {again}")
    from packaging.specifiers import SpecifierSet

    if not SpecifierSet(bounds).contains(version, prereleases=True):
        return Check(name, False, f"{version}, and {bounds} is needed: {install}")
    return Check(name, True, version)


def _device() -> list[Check]:
    """What "auto" would choose."""
    import torch

    if torch.cuda.is_available():
        kind = f"cuda, {torch.cuda.get_device_name()}"
    elif torch.backends.mps.is_available():
        kind = "mps"
    else:
        kind = f"cpu, {torch.get_num_threads()} threads"
    return [Check("device", True, kind)]


def _cache() -> list[Check]:
    """Whether what is downloaded or computed once can be kept."""
    from mtlhelpers.data.cache import cache_folder

    folder = cache_folder()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free / 1e9
    found = f"{free:,.0f} GB free in {folder}"
    if free < ROOM or not os.access(there, os.W_OK):
        remedy = f"a folder with {ROOM} GB of room in which you may write"
        found = f"{found}: let MTLHELPERS_CACHE name {remedy}"
        return [Check("cache", False, found, required=False)]
    return [Check("cache", True, found)]


def _backbones() -> list[Check]:
    """Files of the named backbones by their digest; no model is built of them."""
    from mtlhelpers.model.backbone_files import NAMED

    return [_backbone(name) for name in NAMED]


def _backbone(name: str) -> Check:
    from mtlhelpers.errors import BackboneError
    from mtlhelpers.model import backbone_files as files

    required, digest = name == "minilm", files.NAMED[name].weights_sha256
    try:
        weights = files.find_folder(name, local_only=True) / "model.safetensors"
        files.check_digest(weights, digest)
        files.check_digest(weights.with_name("vocab.txt"), files.VOCABULARY_SHA256)
    except BackboneError as error:
        return Check(f"backbone {name}", False, str(error), required)
    size = weights.stat().st_size / 1e6
    found = f"published weights, {size:.0f} MB (sha256 {digest[:12]}…)"
    return Check(f"backbone {name}", True, found, required)


def _corpora() -> list[Check]:
    """Say where the named corpora would come from; nothing is fetched."""
    from mtlhelpers.data.published.registry import PUBLISHERS

    return [_corpus(name) for name in PUBLISHERS]


def _corpus(name: str) -> Check:
    from mtlhelpers.data.published.download import given_folder, kept_folder
    from mtlhelpers.data.published.registry import PUBLISHERS

    if folder := given_folder(name):
        return Check(f"corpus {name}", True, f"folder {folder}")
    kept = kept_folder(PUBLISHERS[name])
    if all((kept / path).is_file() for path in PUBLISHERS[name].digests):
        return Check(f"corpus {name}", True, f"downloaded to {kept}")
    remedy = "downloaded on first use, or set MTLHELPERS_DATA to a folder with it"
    return Check(f"corpus {name}", False, f"not here; {remedy}", required=False)
