# %% [markdown] tags=["slide"]
# # 02 · Counting parameters
#
# **What trains, what does it cost, and is it really frozen?**
#
# "Freeze the backbone, and 110 million trainable parameters become 15 thousand." That is
# true. Seven thousand times fewer! So training must be thousands of times faster, and
# what is frozen must stay as it is. Neither follows.
#
# In this lesson you count, you time, and you look at what really moves. You learn where
# the work of a step goes, how a frozen weight can move, and how to find out that it did.
#
# *25 minutes to read, 40 seconds to run, 15 minutes of exercises. You need lesson 01.*

# %%
import time
from copy import deepcopy
from dataclasses import replace

import pandas as pd
import torch
from datasets import DatasetDict
from IPython.display import Markdown

import mtlhelpers as mtl

# %%
corpus = mtl.load_corpus("newsdesk")
model = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)

# %% tags=["slide"]
mtl.draw_model("backbone_frozen", title="Only the heads train")

# %% [markdown] tags=["half-day", "slide"]
# ## What trains
#
# Two widths decide the size of a BERT layer. Each piece is a vector of `H` numbers. Inside
# the layer it is widened to `inner` numbers for a moment. Attention has four maps from
# `H` to `H`. The feed-forward part goes from `H` to `inner` and back. Two layer norms have
# a scale and a shift each.


# %%
def layer_size(H, inner):
    attention = 4 * (H * H + H)
    feed_forward = (H * inner + inner) + (inner * H + H)
    norms = 2 * (H + H)
    return attention + feed_forward + norms


# %%
layer = model.backbone.encoder.layer[0]
live = sum(tensor.numel() for tensor in layer.parameters())
print(f"formula {layer_size(384, 1536):,}, live layer {live:,}")

# %% [markdown]
# Below the layers lies a table with one row per word piece. A head is a matrix and a
# bias: n labels take n (H + 1) numbers. Here is all of MiniLM-L6:

# %%
sizes = {"embeddings": sum(t.numel() for t in model.backbone.embeddings.parameters())}
sizes |= {f"layer {number}": live for number in range(1, 7)}
sizes["sentence head"] = len(corpus.labels) * 385
sizes["NER head"] = len(corpus.tags) * 385

# %% tags=["slide"]
mtl.show_bars("Where the parameters of MiniLM-L6 are", sizes, across="parameters")

# %% [markdown]
# More than half of it is the table. BERT-base is larger, and there the table is a
# fifth. `parameter_table` knows the formulas, so it can count a model that is not on
# your machine:

# %%
NAMES = {
    "none_frozen": "train everything",
    "sentence_head_frozen": "sentence head frozen",
    "last_1_layers": "top layer and heads",
    "backbone_frozen": "heads alone",
}
table = mtl.parameter_table("bert-base-uncased", labels=7, tags=13)
table = table.loc[list(NAMES)].rename(NAMES)

# %%
table.trainable.map("{:,}".format).rename("trainable, BERT-base").to_frame()

# %% [markdown]
# There is the 15 thousand. (The famous 110 million has a *pooler* in it, a layer that
# nobody uses here.) Freezing one head hardly changes the count. It changes something
# else: whose loss reaches the backbone. Lesson 05 is about that.

# %% [markdown] tags=["half-day", "slide"]
# ## What it costs
#
# A step goes forward through the model, and then backward. With the heads alone, seven
# thousand times fewer parameters train. How much of the work is saved?

# %%
mtl.guess(
    "02-work",
    "How much of a step's work does freezing BERT's backbone save?",
    choices=("a third", "two thirds", "nearly all"),
    yours=...,
)

# %% [markdown]
# Think in products of matrices. Forward, each weight is used once per piece. Backward it
# is used twice: for its own gradient, and to pass the gradient on to what lies below.
# Each use is a multiplication and an addition.

# %%
work = table[["forward_flops", "backward_flops"]] / 1e6
work.columns = ["forward", "backward"]
work = work.assign(together=work.sum(axis=1))
left_over = work.together["heads alone"] / work.together["train everything"]
work.map("{:,.1f}".format).add_suffix(", million operations per piece")

# %%
mtl.reveal(
    "02-work",
    "two thirds",
    because={
        "a third": "The backward pass is two thirds of the work, and all of it through "
        "the backbone is saved.",
        "nearly all": "The heads still need the vectors of each sentence. So the forward "
        "pass stays, with every operation it had.",
    },
)

# %% [markdown]
# **A third of the work remains, for one parameter in seven thousand.** Only a store
# gets rid of that third: run the backbone once, and keep its vectors. Lesson 04 does so.

# %% [markdown]
# ### On the clock
#
# Operations are not seconds. Here are four ways to train MiniLM, timed on your machine.
# In the first, everything trains. The second is a common mistake: the optimizer holds
# only the heads, but nobody told the backbone that it is frozen. The third is the same
# with dropout switched off. In the fourth, the backbone is frozen.
#
# We count *processor time*: what your machine works for this notebook, summed over its
# cores. Other programs that run beside it do not count. All four take turns, three
# times, and the shortest step of each stands.

# %%
rows = corpus.splits["train"].shuffle(seed=0).select(range(32))
pieces = model.tokenizer(
    rows["tokens"][:], is_split_into_words=True, padding=True, return_tensors="pt"
)


# %%
def one_step(optimizer):
    """Forward, backward and update, with some loss of both heads."""
    optimizer.zero_grad()
    logits = model(pieces.input_ids, pieces.attention_mask)
    (logits.sentence.square().mean() + logits.ner.square().mean()).backward()
    optimizer.step()


# %%
def milliseconds(held):
    """Processor time of the shorter of two steps."""
    optimizer, times = torch.optim.AdamW(held, lr=0.0), []
    for _ in range(2):
        start = time.process_time()
        one_step(optimizer)
        times.append(1000 * (time.process_time() - start))
    return min(times)


# %%
heads = [*model.sentence_classifier.parameters(), *model.ner_classifier.parameters()]


def in_turn():
    """Milliseconds of a step, each of the four ways once."""
    _ = mtl.apply_scenario(model.train(), "none_frozen")
    took = {"train everything": milliseconds(list(model.parameters()))}
    took["optimizer holds the heads alone"] = milliseconds(heads)
    _ = model.eval()
    took["the same, without dropout"] = milliseconds(heads)
    _ = mtl.apply_scenario(model.train(), "backbone_frozen")
    return took | {"backbone frozen": milliseconds(heads)}


# %%
took = pd.DataFrame([in_turn() for _ in range(3)]).min().to_dict()

# %% tags=["slide"]
UNIT = "milliseconds of processor time (less is better)"
mtl.show_bars("One step on 32 sentences", took, across=UNIT, form="{:.0f}")

# %% [markdown]
# "Faster, because fewer parameters are updated" is the reason you often hear. That is
# the step from the first bar to the second. The rest comes from the two passes. In the
# last bar the backward pass through the backbone is gone. The forward pass has all its
# operations still, but it draws no dropout and keeps nothing for later.

# %% [markdown]
# ### What it costs, and what it gains
#
# So far you know the price of a step. What do you get for it? The *explorer* holds the
# runs that were recorded for this course. Choose what trains, part by part, and how many
# sentences you have. It counts parameters and memory, and shows seconds and test scores of
# the recorded runs nearest to your choice. If nobody measured it, it says so.
#
# Seconds and peak memory are those of the program that made the runs. Its peak holds
# PyTorch and earlier runs, so it says little about one run. The table above the explorer
# is for paper: some ways to train on 300 sentences of SNIPS, commands to assistants.

# %%
mtl.lesson.show_explorer()

# %% [markdown]
# Untick the embeddings and layers 1 to 3, and then the rest. Names lose more than labels.
# Lesson 08 asks why.

# %% [markdown] tags=["half-day", "slide"]
# ## Is it really frozen?
#
# Now a trap. You train for one step. Then you freeze everything by hand, and call the
# optimizer once more.


# %%
def freeze_late(freeze, weight_decay=0.01):
    """Train one step, freeze, step again: how many tensors moved in that last step?"""
    late = deepcopy(fresh)
    optimizer = torch.optim.AdamW(late.parameters(), 1e-3, weight_decay=weight_decay)
    logits = late(pieces.input_ids, pieces.attention_mask)
    (logits.sentence.square().mean() + logits.ner.square().mean()).backward()
    optimizer.step()
    freeze(late)
    before = [tensor.detach().clone() for tensor in late.parameters()]
    optimizer.step()
    return sum(not torch.equal(b, t) for b, t in zip(before, late.parameters()))


# %%
fresh = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)
total = len(list(fresh.parameters()))
mtl.guess("02-late", f"How many of {total} frozen tensors move?", yours=...)

# %%
left = freeze_late(lambda late: late.requires_grad_(False))
mtl.reveal("02-late", left)

# %% [markdown]
# The optimizer does not look at your switch. It looks at `.grad`, and there the gradient
# of the last batch still lies. So clear it. But to zero, or to `None`?


# %%
def to_zero(late):
    late.requires_grad_(False).zero_grad(set_to_none=False)


def to_none(late):
    late.requires_grad_(False).zero_grad(set_to_none=True)


# %%
ways = {
    "left as it is": left,
    "set to zero": freeze_late(to_zero),
    "set to zero, no weight decay": freeze_late(to_zero, weight_decay=0.0),
    "set to None": freeze_late(to_none),
}
pd.Series(ways, name="tensors that moved").rename_axis("the gradient is").to_frame()

# %% [markdown]
# A gradient of zero is still a gradient. AdamW goes on in the direction of its running
# mean, and it decays the weights. `None` says "leave this one out". `apply_scenario`
# sets it for you.

# %% [markdown] tags=["half-day"]
# ### Frozen is not eval
#
# Plain PyTorch knows nothing of freezing: `train()` turns dropout on in frozen parts as
# well. Freeze the backbone by hand, run the same sentences twice, and compare:


# %%
@torch.no_grad()
def vectors():
    hidden = model.backbone(pieces.input_ids, pieces.attention_mask).last_hidden_state
    return model.pool(hidden, pieces.attention_mask)


# %%
def blur():
    one, two = vectors(), vectors()
    return float((one - two).norm() / one.norm())


# %%
_ = torch.manual_seed(0)
_ = model.backbone.requires_grad_(False).train()
by_hand = 100 * blur()

# %%
_ = mtl.apply_scenario(model.train(), "backbone_frozen")
print(f"frozen by hand {by_hand:.0f} %, by apply_scenario {100 * blur():.0f} %")

# %% [markdown]
# The same sentence, and vectors that differ by a good part of their length. Dropout
# helps what can adapt to it. A frozen part cannot, it is only blurred. So
# `apply_scenario` keeps frozen parts in eval mode, whatever you call.

# %% [markdown]
# ### Moving is not learning
#
# The other way round, a weight that moves need not have learned anything. Train four
# steps on 32 sentences, with nothing frozen, and look at four kinds of numbers.

# %%
few = DatasetDict(train=rows, validation=rows, test=rows)
tiny = replace(corpus, splits=few)
plan = mtl.Plan("none_frozen", epochs=1, batch_size=8, seed=0)
trained = deepcopy(fresh)
_ = mtl.train(trained, tiny, plan, progress=False)

# %%
steps = {
    name: (after.detach() - before.detach()).abs()
    for (name, after), before in zip(trained.named_parameters(), fresh.parameters())
}
words = steps["backbone.embeddings.word_embeddings.weight"]
present = pieces.input_ids.unique()
absent = torch.ones(len(words), dtype=torch.bool).index_fill(0, present, False)

# %%
SELF = "backbone.encoder.layer.0.attention.self"
kinds = {
    "word pieces that occur": words[present],
    "word pieces that do not": words[absent],
    "bias of the queries": steps[f"{SELF}.query.bias"],
    "bias of the keys": steps[f"{SELF}.key.bias"],
}
medians = {name: f"{moved.median():.0e}" for name, moved in kinds.items()}
pd.Series(medians, name="median movement").to_frame()

# %% [markdown]
# Pieces that occur nowhere move as well. That is **weight decay**, which pulls each
# number a little towards zero. AdamW decays every tensor that it is given. This package
# gives it groups, as many programs do: matrices decay, biases and layer norms do not.
#
# The bias of the keys *cannot* learn. For one query, every key gets the same extra
# score, and softmax does not notice a constant. Its gradient is rounding noise, and
# Adam divides even noise by its own size.

# %% [markdown] tags=["half-day", "slide"]
# ### Ask before you train
#
# You need not remember all this. `check_freezing` looks at any PyTorch model. Here is
# one with both traps in it:

# %%
trap = deepcopy(fresh).train()
trap(pieces.input_ids, pieces.attention_mask).ner.square().mean().backward()
optimizer = torch.optim.AdamW(trap.parameters(), lr=1e-3)
_ = trap.backbone.requires_grad_(False)  # and still in train mode

# %%
print(mtl.check_freezing(trap, optimizer))

# %%
_ = mtl.apply_scenario(trap, "backbone_frozen")
print(mtl.check_freezing(trap, optimizer))

# %% [markdown]
# ## Exercises
#
# ### Exercise 02.1 · Your heads
#
# MiniLM has H = 384. You have 150 labels and 105 tags, and the backbone is frozen. How
# many parameters train?

# %% tags=["exercise"]
# BEGIN SOLUTION
heads_of_mine = (150 + 105) * (384 + 1)
# END SOLUTION

# %%
mtl.check("02.1", heads_of_mine)

# %% [markdown] tags=["half-day"]
# ### Exercise 02.2 · Freeze it truly
#
# Write `freeze`. It gets a part of a model in the middle of training, such as
# `model.backbone`. Afterwards no optimizer moves it, and it gives the same answer twice.


# %% tags=["exercise"]
def freeze(part):
    # BEGIN SOLUTION
    part.requires_grad_(False)
    part.zero_grad(set_to_none=True)
    part.eval()
    # END SOLUTION


# %%
mtl.check("02.2", freeze)

# %% [markdown]
# ### Exercise 02.3 · The optimizer's memory
#
# Per trainable number, AdamW keeps two more. The gradient is a third. Each takes four
# bytes. How many megabytes is that, if 22.6 million numbers train?

# %% tags=["exercise"]
# BEGIN SOLUTION
megabytes = 22.6 * 3 * 4
# END SOLUTION

# %%
mtl.check("02.3", megabytes)

# %% [markdown] tags=["solution"]
# It comes on top of the weights themselves, and it is the other true saving of a frozen
# backbone: on a small machine it decides whether a model can be trained at all.

# %% [markdown]
# ## What you found

# %%
first, last = took["train everything"], took["backbone frozen"]
ratio = table.trainable["train everything"] / table.trainable["heads alone"]
Markdown(
    f"Freezing BERT-base's backbone leaves one parameter in {ratio:,.0f} to train, and "
    f"{100 * left_over:.0f} % of the work. On this machine a step of MiniLM falls from "
    f"{first:.0f} to {last:.0f} ms of processor time (which also counts dropout and what "
    f"is kept for later). A gradient that is left behind moved {left} of {total} frozen tensors; "
    f"set to `None`, it moved {ways['set to None']}."
)

# %% [markdown]
# ## What would have changed our mind
#
# Had the work fallen as far as the count, freezing alone would make training thousands
# of times faster. Had nothing moved after the switch, `requires_grad` would be all you
# need to know.
#
# ## Go deeper
#
# Next: [03 Everything frozen](03_everything_frozen.ipynb), or on the half-day path
# [04 Backbone frozen](04_backbone_frozen.ipynb).
