"""The archive is whole, describes each of its files, and is the same each time."""

import hashlib
import json
import zipfile

import pytest

from mtlhelpers.study.records.store import read_file
from report.archive import CRATE, SUMS, main


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    (folder / "report.html").write_text("<!doctype html>", encoding="utf-8")
    for name in ("one.zip", "again.zip"):
        main(str(folder / "report.html"), str(folder / name))
    assert (folder / "one.zip").read_bytes() == (folder / "again.zip").read_bytes()
    assert sorted(path.name for path in folder.iterdir())[0] == "again.zip"
    return zipfile.ZipFile(folder / "one.zip")


@pytest.fixture(scope="module")
def graph(archive):
    crate = json.loads(archive.read(CRATE))
    assert crate["@context"][0] == "https://w3id.org/ro/crate/1.1/context"
    entities = {one["@id"]: one for one in crate["@graph"]}
    assert len(entities) == len(crate["@graph"])
    return entities


def test_the_crate_has_what_the_standard_asks_for(graph):
    """RO-Crate 1.1: a descriptor, and a root with name, description, date, licence."""
    descriptor, root = graph[CRATE], graph["./"]
    assert descriptor["@type"] == "CreativeWork"
    assert descriptor["about"] == {"@id": "./"}
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert root["@type"] == "Dataset"
    for key in ("name", "description", "datePublished", "license", "author", "hasPart"):
        assert root[key], key
    assert len(root["datePublished"]) == 10


def test_every_reference_leads_to_an_entity(graph):
    for one in graph.values():
        for key, value in one.items():
            for link in value if isinstance(value, list) else [value]:
                if isinstance(link, dict) and key != "conformsTo":
                    assert link["@id"] in graph, (one["@id"], key)


def test_every_file_is_described_with_its_checksum(archive, graph):
    names = set(archive.namelist()) - {CRATE, SUMS}
    assert {part["@id"] for part in graph["./"]["hasPart"]} == names
    for name in names:
        content = archive.read(name)
        assert graph[name]["@type"] == "File"
        assert graph[name]["sha256"] == hashlib.sha256(content).hexdigest()
        assert graph[name]["contentSize"] == str(len(content))


def test_checksums_cover_everything_but_themselves(archive):
    told = dict(
        line.split("  ")[::-1] for line in archive.read(SUMS).decode().splitlines()
    )
    assert set(told) == set(archive.namelist()) - {SUMS}
    for name, digest in told.items():
        assert hashlib.sha256(archive.read(name)).hexdigest() == digest


def test_the_records_can_be_read_out_of_it(archive, tmp_path):
    archive.extract("studies/short/records.parquet", tmp_path)
    records, faults = read_file(tmp_path / "studies/short/records.parquet")
    assert len(records) > 50 and not faults
    assert {"CITATION.cff", "requirements.txt", "report.html"} <= set(
        archive.namelist()
    )
