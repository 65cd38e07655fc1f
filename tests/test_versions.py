"""One version of everything, wherever it is named, and no address of another."""

import ast
import re
import subprocess
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
WORKFLOWS = [path.relative_to(ROOT) for path in ROOT.glob(".github/workflows/*.yml")]
TORCH_IS_IN = ("Makefile", "site/install.md", "environment.yml", *WORKFLOWS)
INDEX = "index-url|find-links|pypi.org|pythonhosted|anaconda.org|download.pytorch"
# What may be said of an index: none is written, or the reader puts it in.
HARMLESS = "--no-emit-index-url|--index-url ADDRESS|--no-index --find-links build"


def text(name: str | Path) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def project() -> dict:
    return tomllib.loads(text("pyproject.toml"))["project"]


def pinned() -> list[tuple[Requirement, list[str]]]:
    """Every requirement of requirements.txt with its hashes."""
    lines = re.sub(r"^#.*\n", "", text("requirements.txt"), flags=re.MULTILINE)
    entries = [entry.split() for entry in re.split(r"(?<!\\)\n", lines) if entry]
    return [
        (
            Requirement(" ".join(w for w in words if w != "\\" and w[:2] != "--")),
            [word for word in words if word.startswith("--hash=sha256:")],
        )
        for words in entries
    ]


def versions() -> dict[str, set[str]]:
    """The pinned versions of each package; more than one where Pythons differ."""
    found: dict[str, set[str]] = {}
    for requirement, _ in pinned():
        (pin,) = requirement.specifier
        found.setdefault(canonicalize_name(requirement.name), set()).add(pin.version)
    return found


def declared() -> list[Requirement]:
    """What pyproject asks for, but for the site and for torch."""
    extras = project()["optional-dependencies"]
    lists = [lines for extra, lines in extras.items() if extra != "site"]
    lines = [*project()["dependencies"], *sum(lists, [])]
    names = ("torch", "mtlhelpers")
    return [one for one in map(Requirement, lines) if one.name not in names]


def listed(*command: str) -> list[str]:
    """The lines that git prints; of `grep`, no line where nothing fits."""
    done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True)
    assert not done.stderr
    return done.stdout.splitlines()


def test_torch_has_one_version_everywhere():
    named = {
        name: set(re.findall(r"torch==([\w.]+)", text(name))) for name in TORCH_IS_IN
    }
    (version,) = set().union(*named.values())
    assert all(found == {version} for found in named.values()), named
    (asked,) = [one for one in project()["dependencies"] if re.match(r"torch\b", one)]
    assert Requirement(asked).specifier.contains(version)


def test_every_line_is_one_version_with_hashes_and_torch_is_not_there():
    for requirement, hashes in pinned():
        assert [pin.operator for pin in requirement.specifier] == ["=="], requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", one) for one in hashes)
    assert "torch" not in versions()


@pytest.mark.parametrize("asked", declared(), ids=str)
def test_what_pyproject_asks_for_is_pinned_within_its_bounds(asked):
    pins = versions()[canonicalize_name(asked.name)]
    assert all(asked.specifier.contains(pin) for pin in pins)


def test_what_torch_needs_on_every_machine_is_pinned():
    needed = [Requirement(line) for line in requires("torch") or ()]
    names = {canonicalize_name(one.name) for one in needed if "extra" not in str(one)}
    of_cuda = {name for name in names if re.match("nvidia-|cuda-|triton", name)}
    assert names - of_cuda <= set(versions())


def test_conda_has_the_same_versions():
    (pip,) = [
        one["pip"]
        for one in yaml.safe_load(text("environment.yml"))["dependencies"]
        if isinstance(one, dict)
    ]
    torch, *lines, clone = pip
    assert (torch.partition("==")[0], clone) == ("torch", "-e .")
    assert list(map(Requirement, lines)) == [requirement for requirement, _ in pinned()]


def test_no_committed_file_names_an_index_or_is_a_lock():
    assert listed("ls-files", "*uv.lock", "*package-lock.json", "*poetry.lock") == []
    here = f":!tests/{Path(__file__).name}"
    lines = listed("grep", "-InE", INDEX, "--", ".", here)
    assert [
        line for line in lines if re.search(INDEX, re.sub(HARMLESS, "", line))
    ] == []


def test_the_package_and_its_citation_have_one_version():
    assert project()["dynamic"] == ["version"]
    (assigned,) = [
        node.value
        for node in ast.parse(text("mtlhelpers/__init__.py")).body
        if isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) == "__version__"
    ]
    # Literal, so that it is read without importing the package.
    version = ast.literal_eval(assigned)
    assert yaml.safe_load(text("CITATION.cff"))["version"] == version
    assert f"## [{version}]" in text("CHANGELOG.md")
