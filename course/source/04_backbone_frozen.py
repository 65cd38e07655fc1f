# %% [markdown] tags=["slide"]
# # 04 · Backbone frozen
#
# **How good are heads alone?**
#
# You freeze the backbone and train two heads on top. That takes seconds, and it is
# where most advice begins. Some people then find that it is nearly as good as training
# everything. Others find that it is useless. Both can be right about their own run.
#
# In this lesson you turn a head at chance into a good one without giving it one more
# parameter. You make either side of a comparison win by changing one number. You will
# know what to look at before you believe a score of frozen features.
#
# *25 minutes to read, 45 seconds to run, 15 minutes of exercises. You need lessons 01
# and 02.*

# %%
from dataclasses import replace

from datasets import Dataset, DatasetDict
from IPython.display import Markdown

import mtlhelpers as mtl

# %% tags=["slide"]
mtl.draw_model("backbone_frozen", title="Only the two heads train")

# %% [markdown] tags=["half-day"]
# ## Run the backbone once
#
# A frozen backbone in eval mode gives the same vectors for a sentence every time. So
# run it once per sentence and keep what it says. `FeatureStore` does that; training
# then reads from the store.

# %%
corpus = mtl.load_corpus("newsdesk")
test = corpus.splits["test"].shuffle(seed=0).select(range(600))
corpus = replace(corpus, splits=DatasetDict({**corpus.splits, "test": test}))
store = mtl.FeatureStore()


def train_heads(corpus=corpus, **settings):
    """Train heads alone on MiniLM-L6, by default on 300 sentences, seed 0."""
    model = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)
    plan = mtl.Plan(**{"scenario": "backbone_frozen", "train_size": 300} | settings)
    return mtl.train(model, corpus, plan, store=store)


# %%
usual = train_heads()
seconds = usual.seconds

# %%
Markdown(
    f"The backbone ran once over all sentences, in {seconds['setup']:.1f} s. Then the "
    f"heads took {usual.steps:,} steps in {seconds['steps']:.1f} s."
)

# %% [markdown]
# Further runs on these sentences and this layer skip the backbone altogether. The [deep
# dive on the feature store](deeper/feature_store.ipynb) shows where the time of a
# training step goes.

# %% [markdown] tags=["half-day"]
# ## At what scale?
#
# By default heads read the last layer, as drawn. They can read any, and a sentence can
# be the mean of its word pieces or the vector of `[CLS]`, the first one. Layers are
# counted from the bottom, 1 to 6. Take `[CLS]` of layer 3, half way up. How much do its
# features vary?

# %%
model = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)
spread = {}
for pooling in ("mean", "first"):
    model.read(pooling=pooling)
    vectors = mtl.layer_vectors(model, test.select(range(128)))[3]  # (N, H)
    spread[pooling] = vectors.std(0).median().item()

# %%
Markdown(
    f"A typical feature of layer 3 varies by {spread['mean']:.2g} between sentences in "
    f"the mean, and by {spread['first']:.2g} in `[CLS]`."
)

# %%
majority = 100 * usual.scores.majority_accuracy
mtl.guess(
    "04-narrow",
    f"Always saying one label scores {majority:.1f} %. What will heads on [CLS] of "
    "layer 3 score?",
    unit="% accuracy",
    yours=...,
)

# %%
LAYER_3 = {"layers": (3,), "pooling": "first", "train_size": 1000}
narrow = train_heads(**LAYER_3)
mtl.reveal("04-narrow", round(100 * narrow.scores.accuracy, 1))

# %% [markdown] tags=["slide"]
# The sentence head has learned nothing. Does layer 3 hold nothing about labels, or does
# the head not get at it?
#
# Each step of AdamW moves a weight by about the learning rate at most. A feature that
# hardly varies needs a large weight before it says anything, and a large weight takes
# many steps. So give every feature mean 0 and standard deviation 1 first. This is
# *standardising*. Same vectors, same steps, same learning rate:

# %%
standardised = train_heads(**LAYER_3, standardise=True)
mtl.lesson.score_table(
    {
        "[CLS] of layer 3": narrow.scores,
        "the same, standardised": standardised.scores,
    }
)

# %% [markdown]
# It was there all along. Before you say that a layer holds nothing, look at its scale.
#
# Is the second model a more powerful one? No. Standardising is itself linear, so it can
# be folded into the head's weights afterwards. `Plan(standardise=True)` does that, and
# you do it by hand in exercise 04.1.
#
# It is no cure for everything. Look at names: their head reads each word's own vector,
# and never read `[CLS]`. Those features were large enough already. Here, standardising
# made names worse.

# %% [markdown] tags=["half-day"]
# ## The learning rate decides
#
# Now compare heads alone with training everything. Many comparisons give both sides the
# same learning rate, since that looks fair. 3e-3 is good for heads, 5e-5 is a usual one
# for BERT.

# %%
mtl.guess(
    "04-shared",
    "Both sides train on 300 sentences with the learning rate 3e-3. Who is ahead?",
    choices=("heads alone", "everything", "neither"),
    yours=...,
)

# %% [markdown]
# The study `backbone_frozen` holds the runs. In every row the sentences, the seeds and
# each side's steps are the same. Only learning rates differ.
# The grey band marks differences that are too small to matter.

# %% tags=["slide"]
pairs = mtl.lesson.lr_pairs("newsdesk")
mtl.lesson.show_pairs(pairs)

# %%
mtl.reveal(
    "04-shared",
    mtl.lesson.leader_of(pairs, "3e-3 for both", "sentence"),
    because={
        "everything": "A learning rate of 3e-3 wrecks a backbone. It forgets what it was "
        "pre-trained on, and ends at chance.",
        "neither": "One side trains well with 3e-3, the other is wrecked by it.",
    },
)

# %% [markdown]
# Choose the learning rate, and you choose the winner. 3e-3 suits heads and wrecks a
# backbone. 5e-5 spares a backbone, and heads hardly get going. A fair comparison gives
# each side its own, chosen on validation from equally many. Then training everything is
# ahead. How far in labels, the interval leaves open. How far in names also depends on
# the heads: see *Better heads* below.
#
# With 5e-5 for both, its lead in names is smaller on average. At that learning rate,
# training everything finds fewer names too.

# %% [markdown] tags=["half-day"]
# ## Which layer?
#
# The last layer is a habit. Here heads read each layer by itself: 1,000 sentences, five
# seeds, test score in per cent, mean ± standard deviation. Layer 0 is the embeddings.

# %%
mtl.lesson.layer_table()

# %% [markdown]
# For names a middle layer is best on both corpora. For labels the last layer is the
# best on newsdesk, and the lowest on SNIPS, by little. Do not believe newsdesk here. A
# third of its sentences was rewritten with the help of a classifier on MiniLM's last
# layer, as its data card says. The layer is a choice for each task and corpus, to be
# made on validation.

# %% [markdown] tags=["half-day"]
# ## Better heads
#
# One linear layer on the last hidden state is the smallest head there is. A plan can
# ask for more, by task, in `heads=`. Below, one NER head reads layer 3, and also sees
# the words to the left and right. It is still linear.

# %%
NEIGHBOURS = {"ner": {"kind": "context", "layers": (3,)}}
better = {
    "linear, last layer": usual.scores,
    "linear, mean of layers 3 to 6": train_heads(layers=(3, 4, 5, 6)).scores,
    "names from layer 3, with neighbours": train_heads(heads=NEIGHBOURS).scores,
}

# %% [markdown]
# The scenario `frozen_best` puts the package's best together: all layers joined,
# neighbours for names, and for labels logistic regression with a penalty. `class_means`
# compares each sentence with the mean of its class, and takes no step at all.

# %%
better["frozen_best"] = train_heads(scenario="frozen_best").scores
better["class_means"] = train_heads(scenario="class_means").scores

# %% tags=["slide"]
mtl.lesson.score_table(better)

# %%
gained = 100 * (better["frozen_best"].ner_f1 - usual.scores.ner_f1)

# %%
Markdown(
    f"On this seed `frozen_best` finds {gained:.1f} points of F1 more than the linear "
    f"head. In the records, training everything was {-pairs.ner['each its own']:.1f} "
    "points ahead of that linear head."
)

# %% [markdown]
# Still frozen, still seconds. Hold the two numbers side by side. A good part of what
# freezing seemed to cost in names was the price of a small head on an unsuitable layer.
# So whoever says that freezing costs so many points must name the head. For labels
# newsdesk shows no gain. Its card says why the last layer is hard to beat here.

# %% [markdown] tags=["half-day"]
# ## Can heads overfit?
#
# Freezing is said to protect against overfitting, because so few parameters train. Take
# 100 sentences and shuffle their labels. There is nothing to learn now. All that is
# left is to learn them by heart.

# %%
mtl.guess(
    "04-by-heart",
    "What will heads alone score on these 100 training sentences?",
    unit="% accuracy",
    yours=...,
)

# %%
hundred = corpus.splits["train"].shuffle(seed=2).select(range(100))
labels = hundred.shuffle(seed=3)["label"][:]
hundred = Dataset.from_dict({**hundred[:], "label": labels})
nonsense = replace(corpus, splits=DatasetDict({**corpus.splits, "train": hundred}))

# %%
by_heart = train_heads(nonsense, train_size=100)
mtl.reveal("04-by-heart", round(100 * by_heart.train_scores.accuracy, 1))

# %% [markdown]
# A sentence vector has 384 numbers. With more numbers than sentences, some plane
# separates any two groups of them. So freezing takes away the backbone's ways to
# overfit, and leaves the heads'. A small gap between training and test score proves
# nothing either: a head that learns nothing has no gap at all.

# %% [markdown]
# ## Exercises
#
# ### Exercise 04.1 · Fold it in
#
# A head was trained on standardised vectors (*x* − `mean`) / `scale`. Return the weight
# and bias of a head that gives the same scores on *x* itself. `weight` is (L, H),
# `bias` is (L,), `mean` and `scale` are (H,).


# %% tags=["exercise"]
def fold(weight, bias, mean, scale):
    # BEGIN SOLUTION
    return weight / scale, bias - (weight / scale) @ mean
    # END SOLUTION


# %%
mtl.check("04.1", fold)

# %% [markdown]
# ### Exercise 04.2 · A fair comparison
#
# `frozen` and `full` map learning rates to pairs of scores, (validation, test). Return
# the difference on test, frozen minus full, when each side may choose its learning
# rate.


# %% tags=["exercise"]
def difference(frozen, full):
    # BEGIN SOLUTION
    return max(frozen.values())[1] - max(full.values())[1]
    # END SOLUTION


# %%
mtl.check("04.2", difference)

# %% [markdown]
# ### Exercise 04.3 · How far can a weight get?
#
# The learning rate rises from zero to its peak and falls back to zero along a line. A
# weight moves by the learning rate per step at most. How far does it get in 1,000 steps
# with a peak of 5e-5?

# %% tags=["exercise"]
# BEGIN SOLUTION
distance = 1000 * 5e-5 / 2
# END SOLUTION

# %%
mtl.check("04.3", distance)

# %% [markdown] tags=["solution"]
# The average learning rate is half the peak. Weights are drawn with standard deviation
# 0.02, so at 5e-5 none gets much further than chance has thrown it. With a peak of 3e-3
# the distance is 1.5.

# %% [markdown] tags=["half-day"]
# ## What you found

# %% tags=["slide"]
fair, shared = pairs.loc["each its own", "ner"], pairs.loc["3e-3 for both", "ner"]
plain, best = usual.scores, better["frozen_best"]
Markdown(
    f"- Heads on `[CLS]` of layer 3 scored {100 * narrow.scores.accuracy:.1f} %. Once "
    f"its features had one scale, they scored "
    f"{100 * standardised.scores.accuracy:.1f} %.\n"
    f"- In names, linear heads were {shared:.1f} points ahead with one learning rate for "
    f"both sides. With its own for each side, they were {-fair:.1f} points behind.\n"
    f"- Better heads took names from {100 * plain.ner_f1:.1f} to {100 * best.ner_f1:.1f} "
    "F1 on the same frozen features. Heads also learned shuffled labels, to "
    f"{100 * by_heart.train_scores.accuracy:.0f} %."
)

# %% [markdown]
# ## What would have changed our mind
#
# `[CLS]` of layer 3 at chance even when standardised would have meant that it holds
# nothing. The same winner in every row would have made learning rates a detail. Heads
# that fail on shuffled labels would have made freezing a protection.

# %% [markdown]
# ## Go deeper
#
# [The feature store](deeper/feature_store.ipynb): why it may be used, when it is stale,
# and what freezing saves. Next: [05 one head frozen](05_one_head_frozen.ipynb).
