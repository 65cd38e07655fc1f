"""The sources of the lessons, one test each."""

import pytest

from course import views


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `source` runs once for each source."""
    if "source" in metafunc.fixturenames:
        found = views.sources()
        metafunc.parametrize("source", found, ids=[views.title(one) for one in found])
