"""Damaged and hostile folders of models and backbones, and feature files."""

import json
import shutil
from functools import cache
from pathlib import Path
from random import Random
from tempfile import mkdtemp

import numpy as np
import safetensors.torch
from helpers import stored, tiny
from safetensors.torch import save_file

import mtlhelpers as mtl
from faults.case import RIGHT, UNSEEN, Case
from faults.damage import altered, damage_folder, damaged
from mtlhelpers.data.encoding import Encoded
from mtlhelpers.model.saving import MODEL, contents_digest
from mtlhelpers.training.metrics import encode_for

SENTENCES = ["Ada go to New York now", "play songs", "Bo, again ."]


def answers(model: mtl.SharedModel) -> list[object]:
    """What a model says, as far as damage can change it."""
    said = model.predict(SENTENCES)
    return [(one.label, one.tags, one.label_probability) for one in said]


@cache
def sound() -> tuple[Path, Path, Path, list[object]]:
    """A saved model, one of several files, a backbone, and what the model says."""
    folder = Path(mkdtemp(prefix="faults-"))
    model = tiny.model(tiny.corpus()).eval()
    model.save(folder / "kept")
    former = folder / "former"
    former.mkdir()
    save_file(model.state_dict(), former / "model.safetensors")
    model.backbone.config.save_pretrained(former / "backbone")
    model.tokenizer.save_pretrained(former / "tokenizer")
    about = {"backbone": "tiny", "labels": model.labels, "tags": model.tags}
    about |= {"pooling": model.pooling, "layers": list(model.layers)}
    (former / "shared_model.json").write_text(json.dumps(about))
    tiny.save_backbone(folder / "backbone")
    return folder / "kept", former, folder / "backbone", answers(model)


def _loaded(folder: Path, told: bool) -> str:
    same = answers(mtl.SharedModel.load(folder)) == sound()[3]
    return RIGHT if same else ("other predictions, unseen" if told else UNSEEN)


def models(random: Random, room: Path, _: int) -> Case:
    """A saved model of one file, with one fault: found, or without effect."""
    folder = shutil.copytree(sound()[0], room / "kept")
    what = damage_folder(random, folder, [MODEL])
    return Case(what, lambda: _loaded(folder, told=True), str(folder))


def former_models(random: Random, room: Path, _: int) -> Case:
    """A model of several files, which had no digest."""
    folder = shutil.copytree(sound()[1], room / "former")
    names = [
        *("shared_model.json", "backbone/config.json", "model.safetensors"),
        *("tokenizer/tokenizer.json", "tokenizer/tokenizer_config.json"),
    ]
    what = damage_folder(random, folder, names)
    return Case(what, lambda: _loaded(folder, told=False), str(folder))


def sealed_models(random: Random, room: Path, _: int) -> Case:
    """A hostile model: its texts are altered, and its digest fits them."""
    folder = shutil.copytree(sound()[0], room / "kept")
    content = (folder / MODEL).read_bytes()
    size = int.from_bytes(content[:8], "little")
    texts = json.loads(content[8 : 8 + size])["__metadata__"]
    del texts["sha256"]
    key = random.choice(sorted(texts))
    if random.random() < 0.7:
        what, value = altered(random, json.loads(texts[key]))
        texts[key] = json.dumps(value)
    else:
        what, raw = damaged(random, texts[key].encode())
        texts[key] = raw.decode("utf-8", "ignore")
    state = safetensors.torch.load(content)
    texts["sha256"] = contents_digest(state, texts)
    save_file(state, folder / MODEL, metadata=texts)
    return Case(f"{key}: {what}", lambda: _loaded(folder, told=False), str(folder))


def backbones(random: Random, room: Path, _: int) -> Case:
    """A folder of a backbone, whose weights nobody has a digest of."""
    folder = shutil.copytree(sound()[2], room / "backbone")
    names = [path.name for path in sorted(folder.iterdir())]
    what = damage_folder(random, folder, names)

    def said(folder: Path) -> list[object]:
        names = ["a", "b"], ["O", "B-x", "I-x"]
        return answers(mtl.SharedModel.from_backbone(str(folder), *names))

    def act() -> str:
        return RIGHT if said(folder) == said(sound()[2]) else UNSEEN

    return Case(what, act, str(folder))


@cache
def encoded_frozen() -> tuple[Encoded, mtl.SharedModel]:
    """Sentences, and a frozen model that runs them."""
    model = stored.frozen()
    return encode_for(model, stored.TRAIN), model


def feature_files(random: Random, room: Path, _: int) -> Case:
    """A file of kept hidden states: never read as something else than was written."""
    encoded, model = encoded_frozen()
    folder = room / "features"
    whole = mtl.FeatureStore(folder).states(model, encoded, (2,))
    wanted = np.array(whole.pieces), np.array(whole.means)
    name = next(folder.glob("*.safetensors")).name
    what = damage_folder(random, folder, [name])

    def act() -> str:
        found = mtl.FeatureStore(folder).states(model, encoded, (2,))
        same = np.array_equal(found.pieces, wanted[0])
        return RIGHT if same and np.array_equal(found.means, wanted[1]) else "other"

    return Case(what, act)
