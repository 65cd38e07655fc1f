"""Tiny encoders of all families, written once."""

from pathlib import Path

import pytest
from helpers.encoders import EVERY, save_family


@pytest.fixture(scope="package")
def folders(tmp_path_factory) -> dict[str, Path]:
    """The folder of each family's encoder."""
    room = tmp_path_factory.mktemp("families")
    return {family: save_family(family, room / family) for family in EVERY}
