"""Fixtures and guards for every test: no network beyond loopback, real data by rule."""

import os
import signal
import socket
from pathlib import Path

import pytest
import torch
from transformers import BertModel, BertTokenizer

import mtlhelpers as mtl
from mtlhelpers.model.backbones import load_backbone, load_tokenizer

LOOPBACK = ("127.", "::1", "localhost")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `make test-real` says: nothing that was chosen may skip."""
    parser.addoption("--no-skips", action="store_true", help="a skip is a failure")


@pytest.hookimpl(tryfirst=True)  # before `-m real` looks at the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as `real` what reads real corpora, by itself or through a fixture."""
    for item in items:
        if "data_folder" in getattr(item, "fixturenames", ()):
            item.add_marker("real")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """Fail what skips under `--no-skips`; an expected failure is no skip."""
    report = yield
    skipped = report.skipped and not hasattr(report, "wasxfail")
    if skipped and item.config.getoption("no_skips"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which --no-skips forbids: {report.longrepr[2]}"
    return report


@pytest.fixture(scope="session", autouse=True)
def no_network():
    """Fail any test that opens a socket beyond loopback."""
    patch = pytest.MonkeyPatch()
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def is_near(host: object) -> bool:
        return host is None or str(host).startswith(LOOPBACK)

    def guarded_connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not is_near(address[0]):
            pytest.fail(f"a test opened a socket to {address}", pytrace=True)
        return connect(self, address)

    def guarded_resolve(host, *rest, **named):
        if not is_near(host):
            pytest.fail(f"a test looked up the host {host}", pytrace=True)
        return resolve(host, *rest, **named)

    patch.setattr(socket.socket, "connect", guarded_connect)
    patch.setattr(socket, "getaddrinfo", guarded_resolve)
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_is_heard():
    """Undo what a shell does to background jobs, which is to ignore Ctrl-C."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of the real corpora, which a fresh clone has not."""
    given = os.environ.get("MTLHELPERS_DATA", "")
    if not (given and Path(given).is_dir()):
        pytest.skip("MTLHELPERS_DATA names no folder with the real corpora")
    return Path(given)


@pytest.fixture(scope="session")
def snips(data_folder) -> mtl.Corpus:
    return mtl.load_corpus("snips")


@pytest.fixture(scope="session")
def tokenizer() -> BertTokenizer:
    """The real word-piece tokenizer of both named backbones."""
    return load_tokenizer("minilm")


@pytest.fixture(scope="session")
def minilm() -> tuple[BertModel, BertTokenizer]:
    """The real backbone, loaded once: copy it before training it."""
    return load_backbone("minilm")


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Tiny products gain nothing from threads, and wait long for them on busy cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
