"""Every dependency is pinned with hashes, and its licence lets it be given on."""

import json
import subprocess
import sys

from faults.materials import ROOT, bill, licence_of, materials


def test_every_pin_has_hashes_and_a_licence_that_is_free():
    pinned = list(materials())
    assert len(pinned) > 100
    assert [one.name for one in pinned if not one.sha256] == []
    here = [one for one in pinned if one.licence is not None]
    assert len(here) > 0.9 * len(pinned)  # others are of other systems
    assert [(one.name, one.licence) for one in here if not one.is_free] == []
    assert "BSD" in licence_of("torch")


def test_the_bill_names_every_pin(tmp_path):
    path = tmp_path / "build" / "bom.json"
    command = [sys.executable, "-m", "faults.materials", str(path)]
    subprocess.run(command, check=True, cwd=ROOT)
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written == bill() and written["bomFormat"] == "CycloneDX"
    assert len(written["components"]) == len(list(materials()))
