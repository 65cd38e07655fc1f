"""The notebooks' folder, and the scripts in it as modules."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"notebooks_{name}", NOTEBOOKS / name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def build() -> ModuleType:
    return load("build.py")


@pytest.fixture(scope="session")
def pages() -> ModuleType:
    return load("pages.py")


@pytest.fixture(scope="session")
def report() -> ModuleType:
    return load("report.py")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `source` runs once for each source."""
    if "source" in metafunc.fixturenames:
        found = sorted((NOTEBOOKS / "source").glob("[0-9][0-9]_*.py"))
        metafunc.parametrize("source", found, ids=[path.stem for path in found])
