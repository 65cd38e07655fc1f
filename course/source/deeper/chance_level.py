# %% [markdown]
# # Deep dive · Chance level
#
# **Why is a head that knows nothing not at chance?**
#
# In lesson 03 random heads spread far wider than dice. Here you look at one of them,
# take the explanation apart, and find out whether a lucky seed stays lucky.
#
# *15 minutes to read, 20 seconds to run. It belongs to lesson 03.*

# %%
import math

import numpy as np
import pandas as pd
import torch
from IPython.display import Markdown
from torch.nn.functional import cross_entropy

import mtlhelpers as mtl

# %% [markdown]
# ## A thousand heads
#
# The backbone, MiniLM-L6, is frozen. So it runs once over newsdesk's test sentences,
# and every head reads the same vectors.

# %%
corpus = mtl.load_corpus("newsdesk")
model = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)
_ = model.eval().requires_grad_(False)

# %%
test = corpus.splits["test"]
vectors = mtl.layer_vectors(model, test)[-1]  # (N, H)
truth = np.array([corpus.labels.index(label) for label in test["label"]])

# %%
N, L = len(test), len(corpus.labels)


# %%
def scores_of(seed, vectors=vectors):
    """What the head of this seed gives each label, (N, L)."""
    model.reset_head("sentence_classifier", seed)
    return model.sentence_classifier(vectors)


# %%
answers = np.array([scores_of(seed).argmax(1).numpy() for seed in range(1000)])
accuracy = (answers == truth).mean(1)

# %% [markdown]
# ## One head
#
# One row per true label. In it, how often the head of seed 0 gives each of its five
# favourite labels:

# %%
kinds = pd.crosstab(
    pd.Series(test["label"][:], name="truth"),
    pd.Series([corpus.labels[one] for one in answers[0]], name="the head says"),
)
kinds[kinds.sum().nlargest(5).index]

# %% [markdown]
# Dice would fill every row evenly. A head does not. It is a fixed function, and
# sentences whose vectors lie close together tend to get the same answer. Sentences of
# one label do lie close together in this backbone, which was tuned on the meaning of
# sentences.
#
# The table holds a second suspect: the head favours some labels over others. Does that
# make heads spread, or is it the closeness of sentences with one label?
#
# ## Two controls
#
# Two ways to shuffle take away different things.
#
# - **Sentence by sentence**: each sentence gets the label of another. Neighbours share
#   no label any more, and neither do the variants of one sentence.
# - **Group by group**: newsdesk writes a sentence in several variants, a *group*. Whole
#   groups exchange labels. Variants still share a label, other neighbours do not.
#
# Neither changes the heads, nor how often they give each label.

# %%
rng = np.random.default_rng(0)
groups, member = np.unique(test["group"], return_inverse=True)
label_of = np.zeros(len(groups), int)
label_of[member] = truth

# %%
by_sentence = rng.permutation(truth)
by_group = rng.permutation(label_of)[member]


# %%
def die(count):
    """The standard deviation of dice thrown so many times, in points."""
    return 100 * math.sqrt((1 / L) * (1 - 1 / L) / count)


# %%
deviations = {
    "heads": 100 * accuracy.std(),
    "heads, labels exchanged by group": 100 * (answers == by_group).mean(1).std(),
    "heads, labels shuffled by sentence": 100 * (answers == by_sentence).mean(1).std(),
    f"dice, {len(groups)} groups": die(len(groups)),
    f"dice, {N:,} sentences": die(N),
}

# %%
spread = {"true labels": accuracy}
spread["exchanged by group"] = (answers == by_group).mean(1)
spread["shuffled by sentence"] = (answers == by_sentence).mean(1)
mtl.lesson.show_chance(spread, 1 / L)

# %%
pd.Series(deviations, name="standard deviation, points").round(2).to_frame()

# %% [markdown]
# Read it from below. Sentence by sentence, heads spread as dice do. Group by group,
# they spread a little more, since variants count almost as one throw. With true labels
# they spread far more. So favoured labels are not the reason, and variants are a small
# part. Most of it is whole topics that are right or wrong together.
#
# Put differently, 1,200 sentences weigh as much as this many independent ones:

# %%
worth = (1 / L) * (1 - 1 / L) / accuracy.var()

# %%
Markdown(f"{worth:.0f} sentences, out of {N:,}.")

# %% [markdown]
# That is why an interval from √(*p* (1 − *p*) / *N*) is too narrow here. It answers
# another question: how far would the score of *one fixed model* move with other test
# sentences? You asked how far heads that know nothing spread on the same sentences.
#
# ## Names by chance
#
# A random NER head says something of every word. A name counts when its type and both
# ends are right.

# %%
few = test.select(range(300))

# %%
store = mtl.FeatureStore()
by_seed = []
for seed in range(10):
    model.reset_head("ner_classifier", seed)
    by_seed.append(mtl.evaluate(model, few, store=store))

# %%
f1 = np.array([100 * scores.ner_f1 for scores in by_seed])
reported = np.mean([scores.predicted_spans / scores.spans for scores in by_seed])

# %%
Markdown(
    f"NER F1 {f1.mean():.1f} ± {f1.std(ddof=1):.1f} %, at most {f1.max():.1f} %. These "
    f"heads report {reported:.1f} names for every true one."
)

# %% [markdown]
# For names, chance and its spread are next to zero. A model that says `O` everywhere
# scores exactly zero.
#
# ## Does a lucky seed stay lucky?
#
# Choose the best of the 1,000 heads on one half of the test groups. Score it on the
# other half.

# %%
half = np.isin(member, rng.permutation(len(groups))[: len(groups) // 2])
hits = answers == truth

# %%
best = hits[:, half].mean(1).argmax()

# %%
Markdown(
    f"Seed {best}: {100 * hits[best, half].mean():.1f} % where it was chosen, and "
    f"{100 * hits[best, ~half].mean():.1f} % on the other half. Chance is "
    f"{100 / L:.1f} %."
)

# %% [markdown]
# Much of the luck stays. A head that happens to lie well for half of a topic lies well
# for the other half. To choose a seed by its score is to train, if badly. That is why
# the best seed on the test set is no fair score.
#
# ## A falling loss is not learning
#
# Train nothing but the bias of the head of seed 0: one number per label, 200 steps on
# 300 training sentences.

# %%
some = corpus.splits["train"].shuffle(seed=1).select(range(300))
gold = torch.tensor([corpus.labels.index(label) for label in some["label"]])
logits = scores_of(0, mtl.layer_vectors(model, some)[-1])
bias = torch.zeros(L, requires_grad=True)

# %%
optimizer = torch.optim.AdamW([bias], lr=0.05, weight_decay=0.0)

# %%
losses = []
for _ in range(200):
    optimizer.zero_grad()
    loss = cross_entropy(logits + bias, gold)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

# %%
biased = ((scores_of(0) + bias).argmax(1).numpy() == truth).mean()
low, high = np.quantile(accuracy, [0.025, 0.975])

# %%
Markdown(
    f"The loss falls from {losses[0]:.3f} to {losses[-1]:.3f}. Accuracy on test goes "
    f"from {100 * accuracy[0]:.1f} to {100 * biased:.1f} %, within the "
    f"{100 * low:.1f} to {100 * high:.1f} % of heads that know nothing."
)

# %% [markdown]
# A bias is the same for every sentence. It can make a label more frequent, but it
# cannot tell two sentences apart. Watch a score beside the loss.
#
# Back to [03 everything frozen](../03_everything_frozen.ipynb).
