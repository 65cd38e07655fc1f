"""Is everything here that the lessons need? One line a check, with what to do."""

import platform
import sys
from dataclasses import dataclass
from importlib.metadata import version

import torch

from mtlhelpers.data.load import given_folder
from mtlhelpers.data.published.download import kept_folder
from mtlhelpers.data.published.registry import PUBLISHERS
from mtlhelpers.model.backbones import NAMED, BackboneError, load_backbone
from mtlhelpers.model.digests import tensor_digest

PACKAGES = ("torch", "transformers", "datasets", "seqeval", "scikit-learn")


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
    """Look at versions, device, backbones and corpora; never uses the network."""
    checks = [_python(), _device()]
    checks += [_package(name) for name in PACKAGES]
    checks += [_backbone(name) for name in NAMED]
    checks.append(Check("corpus newsdesk", True, "embedded in the package"))
    checks += [_corpus(name) for name in PUBLISHERS]
    return checks


def _python() -> Check:
    ok = sys.version_info >= (3, 11)
    return Check("Python", ok, f"{platform.python_version()} on {platform.platform()}")


def _device() -> Check:
    kind = "cuda" if torch.cuda.is_available() else "cpu"
    return Check("device", True, f"{kind}, {torch.get_num_threads()} threads")


def _package(name: str) -> Check:
    return Check(name, True, version(name))


def _backbone(name: str) -> Check:
    """Load it from what is on this machine, digest checked."""
    required = name == "minilm"
    try:
        backbone, _ = load_backbone(name, local_only=True)
    except BackboneError as error:
        return Check(f"backbone {name}", False, str(error), required)
    count = sum(tensor.numel() for tensor in backbone.parameters())
    digest = tensor_digest(backbone)[:12]
    found = f"{count:,} parameters, published weights (tensors {digest})"
    return Check(f"backbone {name}", True, found, required)


def _corpus(name: str) -> Check:
    """Say where a named corpus would come from; nothing is fetched."""
    folder = given_folder(name)
    kept = kept_folder(PUBLISHERS[name])
    if folder:
        return Check(f"corpus {name}", True, f"folder {folder}")
    if all((kept / path).is_file() for path in PUBLISHERS[name].digests):
        return Check(f"corpus {name}", True, f"downloaded to {kept}")
    found = (
        "not here; downloaded on first use, or set MTLHELPERS_DATA to a folder with it"
    )
    return Check(f"corpus {name}", False, found, required=False)
