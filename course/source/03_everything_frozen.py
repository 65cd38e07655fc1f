# %% [markdown] tags=["slide"]
# # 03 · Everything frozen
#
# **Can anything be learned, and what does a model score that has learned nothing?**
#
# Nobody wants to train with everything frozen. But everybody should have seen it once:
# what PyTorch says, what a training looks like that does nothing, and what a model
# scores that knows nothing. A score of 18 % on seven labels looks like a beginning. Is
# it one?
#
# In this lesson you try to train a frozen model, and then measure what knowing nothing
# scores. You will know how to recognise a training in vain, and how wide chance really
# is.
#
# *20 minutes to read, 20 seconds to run, 10 minutes of exercises. You need lessons 01
# and 02.*

# %%
import math
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from datasets import DatasetDict
from IPython.display import Markdown
from torch.nn.functional import cross_entropy

import mtlhelpers as mtl

# %% tags=["slide"]
mtl.draw_model("all_frozen", title="Everything is frozen")

# %% [markdown]
# ## Nothing to go backward through
#
# The model is MiniLM-L6 under two new heads. Switch off every tensor by hand, and
# compute a loss on one batch, as every training step does.

# %%
corpus = mtl.load_corpus("newsdesk")
model = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)
_ = model.eval().requires_grad_(False)


# %%
def batch_of(rows):
    """Word pieces of some sentences, each tensor (B, T), and their labels, (B,)."""
    words = rows["tokens"][:]
    pieces = model.tokenizer(
        words, is_split_into_words=True, padding=True, return_tensors="pt"
    )
    return pieces, torch.tensor([corpus.labels.index(one) for one in rows["label"]])


# %%
pieces, gold = batch_of(corpus.splits["train"].select(range(32)))
loss = cross_entropy(model(**pieces).sentence, gold)
print(f"loss {loss:.2f}; the log of {len(corpus.labels)} labels is "
      f"{math.log(len(corpus.labels)):.2f}")  # fmt: skip

# %% [markdown]
# The forward pass works, and the loss is that of a head that finds all labels equally
# likely. Now the backward pass.

# %%
mtl.guess(
    "03-backward",
    "What does loss.backward() do?",
    choices=("nothing", "fills in zeros", "raises an error"),
    yours=...,
)

# %%
try:
    loss.backward()
except RuntimeError as error:
    print(error)

# %%
mtl.reveal(
    "03-backward",
    "raises an error",
    because={
        "nothing": "That would be the worst answer: you would never find out. PyTorch "
        "says clearly that there is nothing to go backward through.",
        "fills in zeros": "A gradient of zero means that moving a weight changes "
        "nothing. Here nobody asked for a gradient, which is something else.",
    },
)

# %% [markdown]
# "Element 0 of tensors" is your loss. No tensor asked for a gradient, so PyTorch
# recorded nothing while the model ran. One tensor that asks is enough. The graph then
# begins at that tensor, and nothing below it is recorded:

# %%
model.sentence_classifier.bias.requires_grad_(True)
cross_entropy(model(**pieces).sentence, gold).backward()

# %%
print([name for name, tensor in model.named_parameters() if tensor.grad is not None])
model.sentence_classifier.bias.grad = None
_ = model.requires_grad_(False)

# %% [markdown] tags=["slide"]
# ## A training that does nothing
#
# Without `backward()` there is no error. Give an optimizer all tensors, frozen or not,
# with a learning rate that would wreck any model, and take ten steps.

# %%
before = {name: tensor.clone() for name, tensor in model.named_parameters()}

# %%
optimizer = torch.optim.AdamW(model.parameters(), lr=1.0, weight_decay=0.1)
for _ in range(10):
    optimizer.step()
moved = [n for n, t in model.named_parameters() if not torch.equal(t, before[n])]
print(f"{len(moved)} of {len(before)} tensors moved")

# %% [markdown]
# Not one bit, and no message. AdamW leaves out every tensor whose gradient is `None`.
# `mtl.train` warns instead, takes no step, and proves that nothing moved.

# %%
test = corpus.splits["test"]
small = replace(
    corpus, splits=DatasetDict({**corpus.splits, "test": test.select(range(20))})
)

# %%
store = mtl.FeatureStore()  # keeps what the frozen backbone says

# %%
with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    plan = mtl.Plan("all_frozen", train_size=10)
    run = mtl.train(model, small, plan, store=store)

# %%
print(heard[-1].message)
print(f"{run.steps} steps; {run.proof}")
print(f"{len(before)} parameters and {len(list(model.buffers()))} buffers")

# %% [markdown]
# `sha256` is a fingerprint of all bits. *Buffers* are tensors that never train, such as
# the numbers of positions.
#
# Do more sentences help? Train on ten, on 300, and on 300 with shuffled labels. Compare
# what both heads say of one batch afterwards, bit for bit.

# %%
train = corpus.splits["train"]
wrong = train.remove_columns("label").add_column("label", train.shuffle(0)["label"][:])

# %%
misled = replace(small, splits=DatasetDict({**small.splits, "train": wrong}))
warnings.filterwarnings("ignore", message="nothing can train")


# %%
def logits_after(corpus, **settings):
    """Train with everything frozen; return what both heads say of one batch."""
    fresh = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)
    mtl.train(fresh, corpus, mtl.Plan("all_frozen", **settings), store=store)
    return fresh(**pieces)


# %%
ten = logits_after(small, train_size=10)
for name, data in {"300": small, "300 with shuffled labels": misled}.items():
    others = logits_after(data, train_size=300)
    same = all(map(torch.equal, (ten.sentence, ten.ner), (others.sentence, others.ner)))
    print(f"{name}: {'the same bits' if same else 'other bits'}")

# %% [markdown]
# All the same. In eval mode, what a frozen model says depends on its weights alone, not
# on the size, the choice or the truth of your data. (Frozen is not eval: see lesson
# 02.)

# %% [markdown] tags=["slide"]
# ## What is chance?
#
# The model has a score all the same. Its head was drawn at random, and the seed decides
# it. The backbone is frozen, so it runs once over the test sentences, and any number of
# heads can read its vectors.

# %%
vectors = mtl.layer_vectors(model, test)[-1]  # (N, H): what the sentence head reads
truth = np.array([corpus.labels.index(label) for label in test["label"]])

# %%
N, L = len(test), len(corpus.labels)


# %%
def answers_of(seed):
    """What the head of this seed says of every test sentence, (N,)."""
    model.reset_head("sentence_classifier", seed)
    return model.sentence_classifier(vectors).argmax(1).numpy()


# %%
mtl.guess(
    "03-spread",
    "Twenty random heads, seven labels. How far apart are the best and the worst?",
    unit="points of accuracy",
    yours=...,
)

# %%
answers = np.array([answers_of(seed) for seed in range(1000)])  # (1000, N)
accuracy = (answers == truth).mean(1)

# %%
twenty = 100 * accuracy[:20]
print(" ".join(f"{value:.1f}" for value in twenty))

# %%
mtl.reveal("03-spread", round(twenty.max() - twenty.min(), 1))

# %% [markdown]
# On average over all heads there could be, the score is one over the number of labels,
# 14.3 % for seven: a random head favours no label beforehand. (Always saying the most
# frequent label may score more. Know both baselines.) But single heads are far off.
#
# The usual yardstick is a coin or a die. Thrown *N* times, its share of right answers
# has a standard deviation of √(*p* (1 − *p*) / *N*), where *p* = 1/7. For this test
# set, 95 % of all dice lie within 1.96 of these.

# %%
mtl.guess(
    "03-outside",
    "How many of the twenty heads lie outside the range that holds 95 % of dice?",
    unit="heads",
    yours=...,
)

# %%
p = 1 / L
die = math.sqrt(p * (1 - p) / N)
outside = np.abs(accuracy[:20] - p) > 1.96 * die
mtl.reveal("03-outside", int(outside.sum()))

# %% [markdown]
# By that yardstick many heads are "significantly" better or worse than chance, and none
# of them has learned anything. So it is the wrong yardstick here. A die decides each
# sentence anew. A head is a fixed function: sentences whose vectors lie close together
# get the same answer, and sentences with one label do lie close together. They are
# right together or wrong together.
#
# An explanation must be able to fail. Newsdesk's test set holds about two variants of
# each sentence, called a *group*. Let the groups exchange their labels at random. Variants
# stay together, but groups that lie close together no longer share a label. If the
# explanation is right, heads spread like dice now. In the figure the variants of a
# sentence share one throw, so these dice spread a little more.

# %%
groups, member = np.unique(test["group"], return_inverse=True)
label_of = np.zeros(len(groups), int)
label_of[member] = truth

# %%
exchanged = np.random.default_rng(0).permutation(label_of)[member]

# %%
spread = {
    "random heads": accuracy,
    "the same heads, labels exchanged": (answers == exchanged).mean(1),
    "dice, one throw per group": np.random.default_rng(1).binomial(
        len(groups), p, 1000
    ) / len(groups),
}  # fmt: skip

# %% tags=["slide"]
mtl.lesson.show_chance(spread, p)

# %%
low, high = 100 * np.quantile(accuracy, [0.025, 0.975])
side = "inside" if low <= 18 <= high else "outside"
print(f"18 % lies {side} the random heads' {low:.1f} to {high:.1f} %")

# %% [markdown]
# With exchanged labels the heads spread about like dice. So it was the closeness of
# sentences with one label. For heads that know nothing the wide band is the true one,
# and a score inside it is no sign of learning. Its width depends on the corpus and on
# the backbone. This one was tuned to put sentences of like meaning together. Draw heads
# of your own before you compare with chance.
#
# For names it is simpler. A random NER head has to hit a type and both ends, so chance
# is next to zero.

# %% [markdown]
# ## What a frozen forward pass keeps
#
# A frozen model can be used, if it has learned before. For answers alone, freezing does
# what `torch.no_grad()` does: nothing is kept for the backward pass. Count the bytes:

# %%
kept = {}
for name, trains in {"everything can train": True, "everything frozen": False}.items():
    _ = model.requires_grad_(trains)
    kept[name] = mtl.lesson.kept_megabytes(model, pieces)
_ = model.requires_grad_(False)
pd.Series(kept, name="MB kept by one forward pass of 32 sentences").round(1).to_frame()

# %% [markdown]
# The matrix products are the same either way. But memory that is not kept can be used
# again at once, so the forward pass of a frozen model often takes less time too.

# %% [markdown]
# ## Exercises
#
# ### Exercise 03.1 · Where dice fall
#
# Return the two ends between which 95 % of dice fall, for `labels` equally likely
# labels and `sentences` test sentences, as shares from 0 to 1.


# %% tags=["exercise"]
def dice_interval(labels, sentences):
    # BEGIN SOLUTION
    p = 1 / labels
    half = 1.96 * math.sqrt(p * (1 - p) / sentences)
    return p - half, p + half
    # END SOLUTION


# %%
mtl.check("03.1", dice_interval)

# %% [markdown]
# ### Exercise 03.2 · A sign of learning?
#
# `heads` holds the accuracies of many random heads, `score` that of a model. Return
# whether the score is higher than 97.5 % of the heads. (`np.quantile` helps.)


# %% tags=["exercise"]
def has_learned(score, heads):
    # BEGIN SOLUTION
    return bool(score > np.quantile(heads, 0.975))
    # END SOLUTION


# %%
mtl.check("03.2", has_learned)

# %% [markdown]
# ## What you found

# %% tags=["slide"]
Markdown(
    f"- With everything frozen nothing is learned: {len(moved)} of {len(before)} "
    "tensors moved. Ten sentences or 300 end in the same bits.\n"
    f"- Random heads score {100 * accuracy.mean():.1f} % on average, and 95 of 100 lie "
    f"between {low:.1f} and {high:.1f} %. Dice would lie between "
    f"{100 * (p - 1.96 * die):.1f} and {100 * (p + 1.96 * die):.1f} %.\n"
    f"- A frozen model keeps {kept['everything frozen']:.0f} MB per forward pass, where "
    f"one that can train keeps {kept['everything can train']:.0f}."
)

# %% [markdown]
# ## What would have changed our mind
#
# One moved bit would have meant that something trains in secret. Heads that spread like
# dice would have made the textbook's interval the right one. Heads that still spread
# widely with exchanged labels would have refuted our explanation.

# %% [markdown]
# ## Go deeper
#
# [Chance level](deeper/chance_level.ipynb): what a random head does, names by chance,
# and why a lucky seed stays lucky. Next: [04 backbone
# frozen](04_backbone_frozen.ipynb).
