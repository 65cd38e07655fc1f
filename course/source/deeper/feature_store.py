# %% [markdown]
# # Deep dive · The feature store
#
# **Why may you keep what a frozen backbone says, and what does that save?**
#
# Lesson 04 trained heads in seconds, because the backbone ran once. Here you build such
# a store, make it stale, and look at the clock part by part.
#
# *15 minutes to read, 20 seconds to run. It belongs to lesson 04.*

# %%
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from datasets import DatasetDict
from IPython.display import Markdown
from torch.nn.functional import cross_entropy

import mtlhelpers as mtl

# %% [markdown]
# ## The same every time
#
# No weight moves and no dropout is drawn in a frozen backbone. (`train()` of this
# package leaves frozen parts in eval mode, see lesson 02.) Run 32 sentences twice:

# %%
corpus = mtl.load_corpus("newsdesk")
model = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)

# %%
_ = mtl.apply_scenario(model, "backbone_frozen")
_ = model.train()

# %%
few = corpus.splits["train"].shuffle(seed=0).select(range(32))


# %%
def encode(words):
    """Word pieces of some sentences, padded to the longest: each tensor is (B, T)."""
    return model.tokenizer(
        words, is_split_into_words=True, padding=True, return_tensors="pt"
    )


# %%
def hidden_of(words):
    """The last hidden state of each piece, (B, T, H)."""
    return model.backbone(**encode(words)).last_hidden_state


# %%
words = few["tokens"][:]
together = hidden_of(words)
assert torch.equal(together, hidden_of(words))

# %% [markdown]
# The same to the last bit. So a store is a dictionary. Each sentence runs once, alone:

# %%
kept = {tuple(sentence): hidden_of([sentence])[0] for sentence in words}

# %%
apart = max(
    (kept[tuple(sentence)] - together[row, : len(kept[tuple(sentence)])]).abs().max()
    for row, sentence in enumerate(words)
)
print(f"largest difference between alone and in a padded batch: {apart:.0e}")

# %% [markdown]
# The tiny difference is rounding. Sums are cut into other pieces for another shape of
# batch. Neither of the two numbers is the true one.
#
# ## A stale store
#
# The worst fault of a store is to answer for a backbone that has moved since. A
# dictionary by words would do just that. `FeatureStore` makes its key from the word
# pieces and from a digest of all weights up to the layer that is kept. Change one
# number of the first layer, and score with the same store:

# %%
store = mtl.FeatureStore()
first = mtl.evaluate(model, few, store=store)
bias = model.backbone.encoder.layer[0].output.dense.bias.data
was = bias.clone()
bias[0] += 5

# %%
changed, live = mtl.evaluate(model, few, store=store), mtl.evaluate(model, few)
_ = bias.copy_(was)

# %%
again = mtl.evaluate(model, few, store=store)

# %%
rows = {"stored": first, "one number moved, same store": changed}
rows |= {"one number moved, no store": live, "number put back": again}
mtl.lesson.score_table(rows)

# %% [markdown]
# With the moved number, the store gives what a live pass gives. When the number is
# back, what was stored first is found again. And while anything below the stored layer
# can train, the store refuses:

# %%
_ = mtl.apply_scenario(model, "none_frozen")
try:
    mtl.FeatureStore().states(model, None, (6,))
except Exception as error:
    print(f"{type(error).__name__}: {error}")
_ = mtl.apply_scenario(model, "backbone_frozen")

# %% [markdown]
# Such a store lives as long as its process. `mtl.FeatureStore.on_disk()` keeps files in
# your cache folder, for tomorrow's process as well.
#
# ## An epoch with and without
#
# First an epoch as most programs run it: the backbone is frozen, and still every batch
# goes through it.

# %%
SIZE, BATCH = 192, 32
some = corpus.splits["train"].shuffle(seed=1).select(range(SIZE))

# %%
lengths = [len(sentence) for sentence in some["tokens"]]
some = some.select(np.argsort(lengths, kind="stable"))


# %%
def make_batch(rows):
    """Pieces, labels (B,), and tags (B, T) on the first piece of each word."""
    pieces = encode(rows["tokens"][:])
    labels = torch.tensor([corpus.labels.index(label) for label in rows["label"]])
    tags = torch.full(pieces.input_ids.shape, -100)
    for i, names in enumerate(rows["tags"]):
        at = pieces.word_ids(i)
        for place, word in enumerate(at):
            if word is not None and word != at[place - 1]:
                tags[i, place] = corpus.tags.index(names[word])
    return pieces, labels, tags


# %%
batches = [make_batch(some.select(range(i, i + BATCH))) for i in range(0, SIZE, BATCH)]


# %%
def loss_of(logits, labels, tags):
    """Both losses, summed."""
    ner = cross_entropy(logits.ner.flatten(0, 1), tags.flatten())
    return cross_entropy(logits.sentence, labels) + ner


# %%
def live_epoch():
    """Seconds of an epoch in which the frozen backbone runs."""
    heads = [p for p in model.parameters() if p.requires_grad]
    optimizer, start = torch.optim.AdamW(heads, lr=3e-3), time.perf_counter()
    for pieces, labels, tags in batches:
        optimizer.zero_grad()
        loss_of(model(**pieces), labels, tags).backward()
        optimizer.step()
    return time.perf_counter() - start


# %%
tiny = replace(corpus, splits=DatasetDict(train=some, validation=few, test=few))
fresh = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)

# %%
plan = mtl.Plan("backbone_frozen", epochs=5, batch_size=BATCH)

# %%
run = mtl.train(fresh, tiny, plan, store=mtl.FeatureStore())

# %%
seconds = {
    "live": min(live_epoch() for _ in range(2)),
    "first pass, once": run.seconds["setup"],
    "from the store": run.history_table().seconds.min(),
}
mtl.show_bars(f"An epoch of {SIZE} sentences", seconds, across="seconds", form="{:.3f}")

# %%
thirty = (
    30
    * seconds["live"]
    / (seconds["first pass, once"] + 30 * seconds["from the store"])
)

# %%
pieces = sum(int(pieces.attention_mask.sum()) for pieces, _, _ in batches)
megabytes = pieces * model.backbone.config.hidden_size * 4 / 1e6

# %%
Markdown(
    f"Over 30 epochs, first pass included, the store is {thirty:.0f} times as fast. "
    f"It holds {megabytes * 1000 / SIZE:.0f} MB per 1,000 sentences and layer."
)

# %% [markdown]
# ## Where the time of a step goes
#
# Heads alone train faster. The usual reason given is that fewer parameters are updated.
# A step has three parts: forward, backward, update. Look at the clock after each. The
# learning rate is 0: AdamW does all of its work, and the weights stay.


# %%
def step_times(optimizer, forward):
    """Milliseconds of forward pass, backward pass and update."""
    optimizer.zero_grad()
    marks = [time.perf_counter()]
    loss = forward()
    for part in (loss.backward, optimizer.step):
        marks.append(time.perf_counter())
        part()
    return 1000 * np.diff([*marks, time.perf_counter()])


# %%
def fastest(scenario, forward):
    """The fastest time of each part, of four steps."""
    mtl.apply_scenario(model, scenario)
    model.train()
    held = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(held, lr=0.0, fused=True)
    return np.min([step_times(optimizer, forward) for _ in range(4)], axis=0)


# %%
pieces, labels, tags = batches[len(batches) // 2]
hidden = model.backbone(**pieces).last_hidden_state.detach()
pooled = model.pool(hidden, pieces.attention_mask)


# %%
def through_backbone():
    """The loss by way of the backbone."""
    return loss_of(model(**pieces), labels, tags)


# %%
def from_stored():
    """The loss from what was kept."""
    return loss_of(model.classify(pooled, hidden), labels, tags)


# %%
ways = {
    "everything trains": ("none_frozen", through_backbone),
    "backbone frozen, live": ("backbone_frozen", through_backbone),
    "backbone frozen, stored": ("backbone_frozen", from_stored),
}

# %%
parts = pd.DataFrame({name: fastest(*way) for name, way in ways.items()}).T
parts.columns = ["forward, ms", "backward, ms", "update, ms"]
parts.round(1)

# %%
saved = parts.iloc[0] - parts.iloc[1]
share = (100 * saved / saved.sum()).round(0).astype(int)

# %%
Markdown(
    f"Of what freezing saves in a step, {share.iloc[1]} % is backward pass, "
    f"{share.iloc[0]} % forward pass and {share.iloc[2]} % update."
)

# %% [markdown]
# The backward pass is most of it. The forward pass has as many operations as before,
# and still takes less time: a frozen backbone draws no dropout, keeps no graph, and can
# use its memory again. The update, which the usual reason names, is the smaller part.
# Its share grows when batches are small. Run the cells again on a quiet machine before
# you quote a number.
#
# Back to [04 backbone frozen](../04_backbone_frozen.ipynb).
