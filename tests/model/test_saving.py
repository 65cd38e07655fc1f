"""A saved model: whole whatever is killed, alone in its folder, refused if damaged."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from helpers import tiny
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

import mtlhelpers as mtl
from mtlhelpers.errors import BackboneError
from mtlhelpers.model import saving

SENTENCES = ["play New York songs", "call Ada now .", ["go", "to", "Rome"]]
FILE = "shared_model.safetensors"
FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A saved model."""
    tiny.model(tiny.corpus()).save(tmp_path / "kept")
    return tmp_path / "kept"


@pytest.fixture
def former(tmp_path: Path) -> Path:
    """A model that was saved when it was several files."""
    return save_former(tiny.model(tiny.corpus()), tmp_path / "former")


def save_former(model: mtl.SharedModel, folder: Path, **about: object) -> Path:
    """Save as it was done before a model was one file."""
    folder.mkdir()
    save_file(model.state_dict(), folder / "model.safetensors")
    model.backbone.config.save_pretrained(folder / "backbone")
    model.tokenizer.save_pretrained(folder / "tokenizer")
    names = {"backbone": "tiny", "labels": model.labels, "tags": model.tags}
    reads = {"pooling": model.pooling, "layers": list(model.layers)}
    edit_json(folder / "shared_model.json", names | reads | about)
    return folder


def edit_json(path: Path, change: dict[str, object]) -> None:
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps(before | change), encoding="utf-8")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def message(folder: Path) -> str:
    """What `load` says of a folder that it refuses, without a word of Python."""
    with pytest.raises(BackboneError) as caught:
        mtl.SharedModel.load(folder)
    return str(caught.value)


def equal(one: mtl.SharedModel, other: mtl.SharedModel) -> bool:
    return not tiny.changed(tiny.weights(one), other)


# pitfall 20
@pytest.mark.parametrize("pooling", ["mean", "first"])
@pytest.mark.parametrize("heads", ["both", "labels", "tags"])
def test_a_saved_model_says_the_same(tmp_path, pooling, heads):
    corpus = tiny.corpus(labels=heads != "tags", tags=heads != "labels")
    model = tiny.model(corpus, pooling=pooling)
    tiny.train(model, corpus, tiny.plan())
    model.max_length = 9
    model.save(tmp_path / "kept")
    loaded = mtl.SharedModel.load(tmp_path / "kept")
    assert loaded.predict(SENTENCES) == model.predict(SENTENCES)
    assert equal(model, loaded)
    assert (loaded.labels, loaded.tags) == (model.labels, model.tags)
    assert (loaded.pooling, loaded.name) == (model.pooling, model.name)
    assert (loaded.max_length, loaded.training) == (9, False)


# pitfall 20
def test_a_loaded_model_has_one_backbone_that_both_heads_use(folder):
    loaded = mtl.SharedModel.load(folder)
    backbones = [m for m in loaded.modules() if isinstance(m, type(tiny.encoder()))]
    assert len(backbones) == 1
    before = loaded.predict(["call Ada"])[0]
    with torch.no_grad():
        loaded.backbone.embeddings.LayerNorm.weight.mul_(-2)
    after = loaded.predict(["call Ada"])[0]
    assert after.label_probabilities != before.label_probabilities
    assert after.tag_probabilities != before.tag_probabilities


def test_a_model_of_several_files_is_read_and_replaced(former):
    model = tiny.model(tiny.corpus())
    with pytest.warns(UserWarning, match="has no digest.*Save it again") as told:
        loaded = mtl.SharedModel.load(former)
    assert told[0].filename == __file__
    assert loaded.predict(SENTENCES) == model.predict(SENTENCES)
    assert (loaded.max_length, loaded.name) == (128, "tiny")
    other = tiny.model(tiny.corpus(), seed=1)
    other.save(former)
    assert names(former) == [FILE]
    assert equal(mtl.SharedModel.load(former), other)


def test_saving_again_replaces_the_model_and_leaves_one_file(tmp_path, folder):
    model = tiny.model(tiny.corpus(), seed=1)
    model.save(folder)
    assert equal(mtl.SharedModel.load(folder), model)
    assert names(folder) == [FILE]
    assert names(tmp_path) == ["kept"]


def test_a_model_saves_over_the_file_that_it_was_loaded_from(folder):
    loaded = mtl.SharedModel.load(folder)
    loaded.reset_head("ner_classifier", 5)
    loaded.save(folder)
    assert equal(mtl.SharedModel.load(folder), loaded)


@pytest.mark.parametrize("state", ["foreign", "saved", "former"])
def test_a_folder_with_anything_else_is_refused_and_left_alone(tmp_path, state):
    place = tmp_path / "mine"
    model = tiny.model(tiny.corpus())
    if state == "saved":
        model.save(place)
    if state == "former":
        save_former(model, place)
    (place / "tokenizer").mkdir(parents=True, exist_ok=True)
    for name in ("notes.txt", "tokenizer/mine.txt", ".hidden"):
        (place / name).write_text("mine", encoding="utf-8")
    before = {path: path.stat() for path in place.rglob("*")}
    with pytest.raises(BackboneError, match="notes.txt.*Nothing was written"):
        tiny.model(tiny.corpus(), seed=1).save(place)
    assert {path: path.stat() for path in place.rglob("*")} == before


def test_a_file_of_another_model_is_refused(tmp_path):
    tiny.save_backbone(tmp_path)
    with pytest.raises(BackboneError, match="what is no saved model: config.json"):
        tiny.model(tiny.corpus()).save(tmp_path)


def test_the_folder_one_stands_in_takes_a_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny.model(tiny.corpus()).save(".")
    assert names(tmp_path) == [FILE]
    (tmp_path / "notes.txt").touch()
    with pytest.raises(BackboneError, match=r"^\. holds what is no .*notes\.txt"):
        tiny.model(tiny.corpus()).save(".")


def test_a_disk_that_cannot_be_written_is_named(tmp_path, folder, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        tiny.model(tiny.corpus()).save(tmp_path / "file")

    def fail(tensors, path, metadata):
        Path(path).write_bytes(b"half")
        raise SafetensorError("I/O error: No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", fail)
    with pytest.raises(OSError, match=f"{folder} cannot be written.*No space left"):
        tiny.model(tiny.corpus(), seed=1).save(folder)
    assert names(folder) == [FILE]
    assert equal(mtl.SharedModel.load(folder), tiny.model(tiny.corpus()))


def in_child(work: Callable[[], object]) -> int:
    """Start work in another process; its id."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return child


def killed_before(step: int, folder: Path, model: mtl.SharedModel) -> bool:
    """Whether a save was killed before its n-th look at the folder, or ended first."""
    left = step

    def kill(event: str, args: tuple) -> None:
        nonlocal left
        touches = any(str(arg).startswith(str(folder)) for arg in args)
        left -= touches
        if touches and left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def work() -> None:
        sys.addaudithook(kill)
        model.save(folder)

    _, status = os.waitpid(in_child(work), 0)
    assert os.WIFSIGNALED(status) or status == 0
    return os.WIFSIGNALED(status)


@FORK
@pytest.mark.parametrize("state", ["absent", "saved", "former"])
def test_whenever_a_save_is_killed_the_old_or_the_new_model_is_there(tmp_path, state):
    old, new = (tiny.model(tiny.corpus(), seed) for seed in (0, 1))
    folder, seen, step = tmp_path / "kept", set(), 0
    while True:
        shutil.rmtree(folder, ignore_errors=True)
        if state == "saved":
            old.save(folder)
        if state == "former":
            save_former(old, folder)
        is_killed = killed_before(step, folder, new)
        if (folder / FILE).exists() or state != "absent":
            loaded = mtl.SharedModel.load(folder)
            assert equal(loaded, old) or equal(loaded, new), step
            seen.add("old" if equal(loaded, old) else "new")
        if not is_killed:
            break
        old.save(folder)  # sweeps up after the killed one
        assert names(folder) == [FILE], step
        assert equal(mtl.SharedModel.load(folder), old)
        step += 1
    assert step > 4
    assert seen == ({"new"} if state == "absent" else {"old", "new"})


@FORK
def test_four_processes_save_to_one_folder(tmp_path):
    folder = tmp_path / "kept"
    models = [tiny.model(tiny.corpus(), seed) for seed in range(4)]
    models[0].save(folder)
    children = {
        in_child(lambda model=model: [model.save(folder) for _ in range(25)])
        for model in models
    }
    while children:  # and one reads meanwhile
        loaded = mtl.SharedModel.load(folder)
        assert any(equal(loaded, model) for model in models)
        for child in list(children):
            ended, status = os.waitpid(child, os.WNOHANG)
            assert status == 0
            children -= {ended}
    assert names(folder) == [FILE]


def test_any_flipped_bit_is_found(folder):
    path = folder / FILE
    whole = path.read_bytes()
    header = 8 + int.from_bytes(whole[:8], "little")
    places = [*range(0, header, 37), header, *range(header, len(whole), 5_003)]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        assert str(path) in message(folder)
    path.write_bytes(whole[: len(whole) // 2])
    assert "Save the model again" in message(folder)
    path.write_bytes(whole)
    mtl.SharedModel.load(folder)


def test_a_folder_that_is_no_saved_model_is_named(tmp_path):
    for place in (tmp_path, tmp_path / "no such folder"):
        said = message(place)
        assert f"{place} is no saved model: {FILE} is missing. Save" in said


@pytest.mark.parametrize(
    "missing", ["model.safetensors", "backbone/config.json", "tokenizer/tokenizer.json"]
)
def test_a_missing_file_of_several_is_named(former, missing):
    (former / missing).unlink()
    assert f"{former / missing} is missing. Save the model again" in message(former)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 9_999, b"7"])
@pytest.mark.parametrize(
    "name",
    [
        "shared_model.json",
        "model.safetensors",
        "backbone/config.json",
        "tokenizer/tokenizer.json",
    ],
)
def test_a_damaged_file_of_several_is_named(former, name, content):
    (former / name).write_bytes(content)
    said = message(former)
    assert str(former / name) in said
    assert "Save the model again, or load another folder." in said


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"colour": "red"}, r"keys \['colour'\] are unknown"),
        ({"labels": None}, "labels"),
        ({"labels": "abc"}, "labels, tags or layers are no lists"),
        ({"labels": ["call", "go", 7]}, "no lists of names"),
        ({"labels": ["call"]}, "size mismatch for sentence_classifier"),
        ({"labels": []}, "sentence_classifier"),
        ({"pooling": "max"}, "'max' is not one of mean, first"),
        ({"layers": [9]}, r"layers \[9\]"),
        ({"layers": [0.5]}, r"layers \[0.5\]"),
        ({"layers": 1}, "layers"),
        ({"max_length": 1_000}, "max_length 1000: give a whole number from 3 to 128"),
    ],
)
def test_a_description_that_does_not_fit_is_named(tmp_path, change, what):
    place = save_former(tiny.model(tiny.corpus()), tmp_path / "former", **change)
    with pytest.raises(BackboneError, match=f"{place}.*{what}.*Save the model again"):
        mtl.SharedModel.load(place)


def test_a_model_saved_before_layers_could_be_chosen_reads_the_last(former):
    path = former / "shared_model.json"
    about = json.loads(path.read_text(encoding="utf-8"))
    del about["layers"]
    path.write_text(json.dumps(about), encoding="utf-8")
    assert mtl.SharedModel.load(former).layers == (2,)
    del about["labels"]
    path.write_text(json.dumps(about), encoding="utf-8")
    assert "'labels'" in message(former)


def test_a_vocabulary_of_another_model_is_refused(former):
    edit_json(former / "backbone" / "config.json", {"vocab_size": 20})
    assert "vocabulary of 26 pieces is another model's" in message(former)


def test_a_number_that_is_none_is_named(former):
    path = former / "model.safetensors"
    state = load_file(path)
    state["ner_classifier.bias"][1] = float("nan")
    save_file(state, path)
    said = message(former)
    assert f"{path} cannot be used (numbers of ner_classifier.bias are NaN" in said


@pytest.mark.parametrize("key", ["about", "config", "tokenizer.json", "sha256"])
def test_a_header_that_lacks_a_part_is_refused(folder, key, monkeypatch):
    real = saving.contents_digest
    monkeypatch.setattr(
        saving, "contents_digest", lambda *_: "same"
    )  # as a forger could
    tiny.model(tiny.corpus()).save(folder)
    with safe_open(folder / FILE, "pt") as file:
        texts = dict(file.metadata())
        state = {name: file.get_tensor(name) for name in sorted(file.keys())}
    del texts[key]
    save_file(state, folder / FILE, metadata=texts)
    assert str(folder / FILE) in message(folder)
    assert real({}, {}) != "same"


class Twice(nn.Linear):
    """A head that saves as a plain one, and answers otherwise."""

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(hidden)


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (nn.Sequential(nn.Linear(32, 3)), "sentence_classifier is Sequential"),
        (Twice(32, 3), "sentence_classifier is Twice"),
        (nn.Linear(32, 5), "size mismatch for sentence_classifier"),
        (nn.Linear(32, 3, bias=False), "Missing key.*sentence_classifier.bias"),
        (None, "sentence_classifier is NoneType"),
    ],
)
def test_a_head_that_could_not_be_read_back_is_refused(tmp_path, head, what):
    model = tiny.model(tiny.corpus())
    model.sentence_classifier = head
    with pytest.raises(BackboneError, match=f"could not build .*{what}.*Put plain"):
        model.save(tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_tied_and_added_weights_are_refused(tmp_path):
    names = ["a", "b"]
    model = mtl.SharedModel(tiny.encoder(), tiny.tokenizer(), names, names)
    model.ner_classifier.weight = model.sentence_classifier.weight
    with pytest.raises(BackboneError, match="could not build .*share memory"):
        model.save(tmp_path / "kept")
    model.ner_classifier = nn.Linear(32, 2)
    model.backbone.register_buffer("running", torch.zeros(3))
    with pytest.raises(BackboneError, match="Unexpected key.*backbone.running"):
        model.save(tmp_path / "kept")
    del model.backbone.running
    model.save(tmp_path / "kept")


def test_saving_and_loading_draw_no_numbers_of_torchs_and_change_no_mode(tmp_path):
    model = tiny.model(tiny.corpus()).train()
    before = torch.get_rng_state()
    model.save(tmp_path / "kept")
    assert torch.equal(torch.get_rng_state(), before)
    assert model.training
