"""A store of hidden states: equal to a pass, never run twice, shared by processes."""

import os
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers import tall, tiny
from helpers.stored import TRAIN, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

import mtlhelpers as mtl
from mtlhelpers.errors import StaleFeaturesError
from mtlhelpers.training.features import disk
from mtlhelpers.training.features import store as storing
from mtlhelpers.training.features.states import States, extract_states
from mtlhelpers.training.features.store import extract_features
from mtlhelpers.training.metrics import encode_for

CORPUS = tiny.corpus()
ROWS = st.lists(st.integers(0, len(TRAIN) - 1), min_size=1, max_size=12)
REQUESTS = st.lists(st.tuples(st.integers(0, 1), ROWS, tall.READ), max_size=6)
# Both processes start with the pass at one moment, so that they write side by side.
BUILD = """
import sys, time
from pathlib import Path
import torch
torch.set_num_threads(1)
from helpers import tall, tiny
from helpers.stored import TRAIN, frozen
import mtlhelpers as mtl
from mtlhelpers.training.metrics import encode_for
folder, own, other = map(Path, sys.argv[1:])
model = tall.model().eval()
mtl.apply_scenario(model, "backbone_frozen")
encoded = encode_for(model, tiny.corpus().splits["train"])
own.touch()
while not other.exists():
    time.sleep(0.01)
states = mtl.FeatureStore(folder).states(model, encoded, (4,))
print(float(states.pieces.double().sum()), float(states.means.double().sum()))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where stores write; it is not made yet."""
    return tmp_path / "features"


def ask(store: mtl.FeatureStore, model=None, rows=None, layers=(4,)) -> States:
    """What a store says of training sentences; all of them unless told."""
    model = model or frozen()
    chosen = TRAIN if rows is None else TRAIN.select(rows)
    return store.states(model, encode_for(model, chosen), layers)


def bits(states: States) -> list[bytes]:
    """Every sentence's pieces and mean, as bytes."""
    return [
        states.pieces[states.piece_rows([row])].numpy().tobytes()
        + mean.numpy().tobytes()
        for row, mean in enumerate(states.means)
    ]


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


# pitfall 25
@settings(max_examples=25, deadline=None)
@given(REQUESTS)
def test_any_requests_to_two_stores_on_one_folder_give_what_a_pass_gives(requests):
    model, known, asked = frozen(), {}, Counter()
    passes = tall.Passes(model)
    with tempfile.TemporaryDirectory() as folder:
        stores = [mtl.FeatureStore(Path(folder)) for _ in range(2)]
        for number, rows, layers in requests:
            found = ask(stores[number], model, rows, layers)
            asked[layers] += len({(row, layers) for row in rows} - known.keys())
            for row, own in zip(rows, bits(found)):
                # Whichever store ran it first: it is that, to the last bit.
                assert known.setdefault((row, layers), own) == own
            counted = passes.up_to.copy()
            encoded = encode_for(model, TRAIN.select(rows))
            fresh = extract_states(model, encoded, layers=layers)
            passes.up_to = counted
            torch.testing.assert_close(found.means, fresh.means, atol=1e-6, rtol=0)
            all_rows = range(len(rows))
            torch.testing.assert_close(
                found.pieces[found.piece_rows(all_rows)],
                fresh.pieces[fresh.piece_rows(all_rows)],
                atol=1e-6,
                rtol=0,
            )
            del found  # Windows removes no file that is mapped
        assert passes.up_to[0] == asked.total()
        del stores


# pitfall 25
@pytest.mark.parametrize("scenario", ["backbone_frozen", tall.top(1)])
@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_memory_a_new_disk_and_an_old_one_train_the_same_bits(
    folder, scenario, pooling
):
    plan = tiny.plan(scenario, epochs=2, select="accuracy", pooling=pooling)
    cut = 4 if scenario == "backbone_frozen" else 3
    trained = []
    for where in (None, folder, folder):
        model = tall.model()
        passes = tall.Passes(model)
        run = tiny.train(model, CORPUS, plan, store=mtl.FeatureStore(where))
        trained.append((tiny.weights(model), run.scores, passes.up_to[cut]))
    (memory, scores, once), (new, *_), (old, old_scores, again) = trained
    assert once > 0 and again == 0
    assert scores == old_scores
    for name, tensor in memory.items():
        assert torch.equal(tensor, new[name]) and torch.equal(tensor, old[name])


def test_what_lies_in_one_file_is_mapped_and_shared(folder):
    ask(mtl.FeatureStore(folder))
    store = mtl.FeatureStore(folder)
    whole, again, some = ask(store), ask(store), ask(store, rows=[7, 2, 7])
    assert whole.pieces.data_ptr() == again.pieces.data_ptr()
    assert bits(some) == [bits(whole)[row] for row in (7, 2, 7)]
    [path] = files(folder)
    maps = Path("/proc/self/maps")
    if maps.exists():
        assert str(path) in maps.read_text(encoding="utf-8")


@pytest.mark.parametrize("share", [0, 0.3, 0.99])
def test_a_file_that_another_program_cuts_is_made_again(folder, share):
    store = mtl.FeatureStore(folder)
    whole = bits(ask(store))
    [path] = files(folder)
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.warns(UserWarning, match="has cut it.*computed again"):
        assert bits(ask(store)) == whole  # to read beyond its end would be SIGBUS
    assert bits(ask(mtl.FeatureStore(folder))) == whole


def test_what_a_kill_left_goes_even_where_nothing_new_is_kept(folder):
    ask(mtl.FeatureStore(folder))
    left = folder / f".{'a' * 12}.mtl-tmp"
    left.write_bytes(b"half")
    os.utime(left, (1, 1))
    ask(mtl.FeatureStore(folder))
    assert not left.exists()


def test_a_store_opens_its_own_file_once(folder, monkeypatch):
    opened, real = [], storing.read_segment
    monkeypatch.setattr(storing, "read_segment", lambda p: opened.append(p) or real(p))
    store = mtl.FeatureStore(folder)
    for _ in range(3):
        ask(store)
    assert opened == files(folder)


def test_whoever_writes_into_states_does_not_write_into_the_file(folder):
    store = mtl.FeatureStore(folder)
    states = ask(store)
    before = bits(states)
    states.pieces.fill_(7)
    assert bits(ask(mtl.FeatureStore(folder))) == before


def test_what_lies_in_several_files_is_put_together_in_memory(folder):
    whole = bits(ask(mtl.FeatureStore()))
    for count in (8, 20, 24):
        ask(mtl.FeatureStore(folder), rows=range(count))
    assert len(files(folder)) == 3
    assert bits(ask(mtl.FeatureStore(folder))) == whole


def test_what_another_process_has_just_removed_is_no_fault(folder):
    store = mtl.FeatureStore(folder)
    ask(store, rows=range(8))
    for path in files(folder):
        path.unlink()
    model = frozen()
    passes = tall.Passes(model)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ask(store, model, range(8))  # it is mapped, so it is still there
        assert passes.up_to[0] == 0
        ask(mtl.FeatureStore(folder), model, range(8))
    assert passes.up_to[0] == 8
    assert len(files(folder)) == 1


GONE = [FileNotFoundError("gone"), RuntimeError("unable to open file <x>"), OSError(5)]


@pytest.mark.parametrize("error", GONE, ids=repr)
def test_a_file_that_goes_between_listing_and_opening_is_no_fault(
    folder, monkeypatch, error
):
    ask(mtl.FeatureStore(folder), rows=range(8))

    def vanishing(path: Path, _kind: str) -> None:
        path.unlink()
        raise error

    monkeypatch.setattr(disk, "safe_open", vanishing)
    model = frozen()
    passes = tall.Passes(model)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        states = ask(mtl.FeatureStore(folder), model, range(8))
    assert passes.up_to[0] == len(states.means) == 8


@pytest.mark.parametrize(
    "error", [RuntimeError("no"), TypeError("F8"), KeyError("keys")]
)
def test_a_file_that_cannot_be_read_is_no_end(folder, monkeypatch, error):
    ask(mtl.FeatureStore(folder), rows=range(8))

    def refusing(*_) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(disk, "safe_open", refusing)
        with pytest.warns(UserWarning, match="is damaged") as caught:
            ask(mtl.FeatureStore(folder), rows=range(8))
    assert caught[0].filename == __file__


@pytest.mark.filterwarnings("ignore:nothing can train")
def test_nothing_is_written_unless_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("MTLHELPERS_CACHE", str(tmp_path))
    tiny.train(tall.model(), CORPUS, tiny.plan("backbone_frozen"))
    assert list(tmp_path.iterdir()) == []
    tiny.train(
        tall.model(),
        CORPUS,
        tiny.plan("backbone_frozen"),
        store=mtl.FeatureStore.on_disk(),
    )
    assert files(tmp_path / "features")


# pitfall 25
def test_a_backbone_that_can_move_is_refused_whatever_lies_on_disk(folder):
    model = frozen()
    ask(mtl.FeatureStore(folder), model)
    mtl.apply_scenario(model, mtl.Scenario(["backbone.layer.3"]))
    with pytest.raises(StaleFeaturesError, match="hidden state 4"):
        ask(mtl.FeatureStore(folder), model)
    assert len(ask(mtl.FeatureStore(folder), model, layers=(3,)).means) == len(TRAIN)


# pitfall 25
def test_what_is_read_through_the_heads_layers_comes_from_disk(folder):
    for reads in ({"layers": (1, 4)}, {"pooling": "first"}):
        found = []
        for _ in range(2):
            model = frozen(**reads)
            encoded = encode_for(model, TRAIN)
            store = mtl.FeatureStore(folder)
            found.append(extract_features(model, encoded, store))
        assert torch.equal(found[0].pooled, found[1].pooled)
        assert torch.equal(found[0].words, found[1].words)


def test_nothing_asked_is_nothing_found(folder):
    model = frozen()
    none = replace(encode_for(model, TRAIN), input_ids=[])
    states = mtl.FeatureStore(folder).states(model, none, (4,))
    assert (states.pieces.shape, states.means.shape) == ((0, 32), (0, 32))
    assert not folder.exists()


def test_two_processes_that_build_one_store_do_no_harm(folder, tmp_path):
    marks = [tmp_path / "first", tmp_path / "second"]
    command = [sys.executable, "-W", "error::UserWarning", "-c", BUILD, str(folder)]
    tests = Path(__file__).parents[2]
    path = os.pathsep.join([str(Path(mtl.__file__).parents[1]), str(tests)])
    running = [
        subprocess.Popen(
            [*command, *map(str, order)],
            env=os.environ | {"PYTHONPATH": path},
            stdout=subprocess.PIPE,
            text=True,
        )
        for order in (marks, marks[::-1])
    ]
    printed = [one.communicate(timeout=300)[0] for one in running]
    assert [one.returncode for one in running] == [0, 0]
    assert printed[0] == printed[1] != ""
    assert all(path.suffix == ".safetensors" for path in files(folder))
    model = frozen()
    passes = tall.Passes(model)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        states = ask(mtl.FeatureStore(folder), model)
    assert not passes.up_to
    assert f"{float(states.pieces.double().sum())} " in printed[0]
