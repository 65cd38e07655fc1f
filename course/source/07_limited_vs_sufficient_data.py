# %% [markdown] tags=["half-day", "slide"]
# # 07 · Limited or sufficient data
#
# **From how many sentences on does training everything win?**
#
# A rule that is often repeated: with little data, freeze the backbone. With enough
# data, train everything. Enough, it goes on, begins near 10,000 sentences. You have a
# few hundred, so you freeze.
#
# In this lesson you train both sides on 100 sentences and turn the result round with one
# setting. Then you compare both sides in recorded runs, from ten sentences up.
#
# You learn why the number of steps decides such comparisons, what an interval must
# contain, and what a margin is for.
#
# *25 minutes to read, 1 minute to run, 15 minutes of exercises. You need lessons 02 and
# 04.*

# %% tags=["half-day"]
import math
from dataclasses import replace

import numpy as np
import pandas as pd
from datasets import DatasetDict
from IPython.display import Markdown

import mtlhelpers as mtl

# %% tags=["half-day", "slide"]
mtl.draw_models(
    {"freeze the backbone": "backbone_frozen", "train everything": "none_frozen"},
    title="The two sides of this lesson",
)

# %% [markdown] tags=["half-day"]
# Both sides have linear heads on MiniLM-L6. Before you look, commit yourself.

# %%
mtl.guess(
    "07-border",
    "From how many sentences on does training everything lead in names, on average?",
    unit="sentences",
    yours=...,
)

# %% [markdown] tags=["half-day"]
# ## Two epochs
#
# You begin with runs of your own, on newsdesk. Its sentences come in variants: nine
# rewordings of each in training. Ten variants of one sentence are not ten sentences, so
# keep one of each.


# %%
def one_per_group(rows):
    """The first variant of every hand-written sentence."""
    groups = pd.Series(rows["group"])
    return rows.select(groups.drop_duplicates().index)


# %%
corpus = mtl.load_corpus("newsdesk")
splits = {name: one_per_group(rows) for name, rows in corpus.splits.items()}
splits["test"] = splits["test"].shuffle(seed=0).select(range(200))
corpus = replace(corpus, splits=DatasetDict(splits))

# %% [markdown]
# (A third of newsdesk was rewritten with the help of a classifier on MiniLM's vectors.
# That helps the frozen side with labels. The corpora below were not.)
#
# The frozen side first. Its heads take 400 steps in a few seconds, because the backbone
# runs only once. They read layers 3 to 6, averaged, as tuning chose.

# %%
BOTH = {"train_size": 100, "seed": 0, "head_lr": 3e-3}
FROZEN = mtl.Plan(
    "backbone_frozen", epochs=100, batch_size=32, layers=(3, 4, 5, 6), **BOTH
)
TWO = mtl.Plan("none_frozen", epochs=2, batch_size=16, backbone_lr=2e-4, **BOTH)

# %%
store = mtl.FeatureStore()


def run_of(plan):
    """Carry out a plan on a fresh model."""
    names = corpus.labels, corpus.tags
    model = mtl.SharedModel.from_backbone("minilm", *names, seed=0)
    return mtl.train(model, corpus, plan, store=store, progress=False)


# %% [markdown]
# Training everything gets two epochs. The paper that introduced BERT recommends two to
# four, for corpora of thousands of sentences.

# %%
runs = {"frozen": run_of(FROZEN), "everything, 2 epochs": run_of(TWO)}
mtl.lesson.run_table(runs)

# %% [markdown]
# Freezing wins in both tasks, and by a lot. The other side has not found one name yet.
# Many comparisons end here.
#
# Look at the column of steps, though. On 100 sentences two epochs are 14 steps. Now
# give training everything twelve epochs, on the same sentences.

# %%
mtl.guess(
    "07-twelve",
    "Twelve epochs instead of two: who finds names better now?",
    choices=("still the frozen side", "they are level", "training everything"),
    yours=...,
)

# %% tags=["half-day"]
runs["everything, 12 epochs"] = run_of(replace(TWO, epochs=12))
mtl.lesson.run_table(runs)

# %%
lead = runs["everything, 12 epochs"].scores.ner_f1 - runs["frozen"].scores.ner_f1
ahead = "training everything" if lead > 0 else "still the frozen side"
mtl.reveal(
    "07-twelve",
    "they are level" if abs(lead) < 0.02 else ahead,
    because={
        "still the frozen side": "The frozen side led because the other one had hardly "
        "begun: 14 steps do not fit 22 million parameters.",
        "they are level": "The gap is wider than the two points of F1 that we would "
        "call level.",
        "training everything": "With enough steps the backbone adapts to names. "
        "Frozen vectors stay what they are.",
    },
)

# %% [markdown] tags=["half-day", "slide"]
# ## The missing steps turn the verdict
#
# One run on one corpus could be luck. The project has recorded the same comparison on
# two published corpora of commands to assistants, SNIPS and HWU64: 300 sentences, ten
# seeds (0 to 9), the same test sentences.

# %%
STUDIES = mtl.lesson.studies_folder()
TWO_CORPORA = ["snips+2000", "hwu64"]
twelve = mtl.lesson.size_differences(STUDIES / "transfer", TWO_CORPORA)
two = mtl.lesson.size_differences(STUDIES / "transfer", TWO_CORPORA, STUDIES / "short")

# %%
both = pd.concat([two.assign(epochs=2), twelve.assign(epochs=12)])
both = both[(both.train_size == 300) & (both.score == "ner_f1")]
both["case"] = both.corpus + ", " + both.epochs.astype(str) + " epochs"
turn = both.sort_values(["corpus", "epochs"])

# %% tags=["half-day", "slide"]
mtl.lesson.show_turn(turn)

# %%
gap = turn.set_index(["corpus", "epochs"]).difference
Markdown(
    f"On SNIPS, freezing wins by **{gap['SNIPS', 2]:.0f}** points with two epochs and "
    f"loses by **{-gap['SNIPS', 12]:.0f}** with twelve. On HWU64 it wins by "
    f"**{gap['HWU64', 2]:.0f}** and loses by **{-gap['HWU64', 12]:.0f}**."
)

# %% [markdown] tags=["half-day"]
# The data did not change, and neither did the model. Who stops early concludes the
# opposite. Two to four epochs of thousands of sentences
# are hundreds of steps. Two epochs of 300 are 38. Mosbach et al. (2021) and Zhang et
# al. (2021) found the same: fine-tuning on few sentences needs more steps.
#
# Where is the turn? Another study follows the number of epochs from 2 to 48. The dashed
# line is the frozen side with all the steps that its heads want. The dotted line gives
# the heads as few epochs as the other side.

# %% tags=["half-day"]
mtl.lesson.show_epochs(STUDIES)

# %%
crossed = mtl.lesson.epochs_to_lead(STUDIES)
level = mtl.lesson.epochs_to_lead(STUDIES, equal=True)
told, equal = (
    ", ".join(f"{corpus} at {epochs}" for corpus, epochs in one.items())
    for one in (crossed, level)
)
Markdown(
    f"Training everything passes the dashed line on {told} epochs. The dotted line, with "
    f"**equal epochs** for both, it passes sooner: {equal}."
)

# %% [markdown]
# (The third corpus is a pair: labels from CLINC150, names from WNUT17.) Do still more
# epochs help? Here are 24 and 48 of them, against twelve, as means over the same seeds:

# %%
SHORT = {
    "snips+2000": "SNIPS",
    "hwu64+2000": "HWU64",
    "clinc150-oos+wnut17": "the pair",
}
every = mtl.study_table(STUDIES / "steps").query("arm == 'none_frozen'")
f1 = 100 * every.pivot_table("ner_f1", ["corpus", "seed"], "epochs").astype(float)
more = f1[[24, 48]].sub(f1[12], axis=0).dropna().groupby("corpus").mean()

# %%
told = "; ".join(f"{SHORT[c]} {a:+.1f} and {b:+.1f}" for c, a, b in more.itertuples())
Markdown(f"NER F1 against twelve epochs, in points, with 24 and with 48: {told}.")

# %% [markdown]
# The title of the figure says how many seeds stand behind each point. A few decide
# nothing by themselves. The learning rate was chosen for twelve epochs (on the pair for
# eight). One that is chosen for two may lose less.

# %% [markdown] tags=["half-day", "slide"]
# ## From ten sentences up
#
# Now give both sides the steps they need. Each was tuned by itself, on validation, with
# equally many settings: learning rates, epochs, and the layer that frozen heads read.
# Then it ran on 10 to 11,000 sentences, with ten seeds up to 1,000 and five above.

# %%
CORPORA = ["snips+2000", "hwu64", "clinc150-oos+wnut17"]
found = mtl.lesson.size_differences(STUDIES / "transfer", CORPORA)

# %% tags=["half-day", "slide"]
mtl.lesson.show_sizes(
    found, "ner_f1", "Names: the mean is on the side of training everything"
)

# %%
largest_lead = found[found.score == "ner_f1"].groupby("train_size").difference.max()
assert (largest_lead < 0).all()
mtl.reveal("07-border", int(largest_lead.index[largest_lead < 0].min()))

# %% tags=["half-day"]
decided = mtl.lesson.decided_from(found, "ner_f1")
told = ", ".join(f"{corpus} from {size:,}" for corpus, size in decided.items())
Markdown(
    "Ten is the smallest size that was run, and that is by the mean. By our rule, which "
    f"you meet below, training everything is *better* on {told} sentences."
)

# %% [markdown] tags=["half-day"]
# Near 10,000 nothing changes sides. Labels are a closer race:

# %% tags=["half-day", "slide"]
mtl.lesson.show_sizes(found, "accuracy", "Labels: a closer race")

# %% [markdown]
# ## Does freezing protect from overfitting?
#
# That is the reason usually given for the rule. Overfitting shows as a gap between
# training and test sentences. At 300 sentences, NER F1 in %:

# %%
transfer = mtl.study_table(STUDIES / "transfer")
fit = mtl.lesson.fit_table(transfer[transfer.train_size == 300])
fit

# %% [markdown]
# Training everything knows its sentences nearly by heart, and still does better on
# test. The frozen heads know most of theirs by heart as well.

# %%
frozen_gap = fit["frozen, training"] - fit["frozen, test"]
larger = frozen_gap > fit["everything, training"] - fit["everything, test"]
Markdown(
    f"On {larger.sum()} of {len(larger)} corpora the frozen gap is even the larger one. "
    "Where it is the smaller one, the heads simply fit less."
)

# %% [markdown] tags=["half-day"]
# ## Two sources of chance
#
# The bands are 97.5 % intervals, because you read two: labels and names. Both are right
# at once in at least 95 of 100 cases. What must they contain? Take names on SNIPS at 300
# sentences. Both sides of a seed share their sentences, so compare them seed by seed.

# %%
at_300 = transfer.query("corpus == 'snips+2000' and train_size == 300")
f1 = 100 * at_300.pivot(index="seed", columns="arm", values="ner_f1").astype(float)
gaps = f1["backbone_frozen"] - f1["none_frozen"]
print(*gaps.round(1))

# %% [markdown]
# Their mean would be another with other seeds. Its *standard error* is the deviation
# over the root of the number of seeds:

# %%
seed_error = gaps.std() / math.sqrt(len(gaps))
print(f"{gaps.mean():.1f} points, standard error {seed_error:.2f}")

# %% [markdown]
# But all ten seeds were scored on the same test sentences. More seeds say nothing about
# other test sentences. So draw the test set again, many times, with replacement. Here
# with the accuracy of your own frozen run:

# %%
right = np.array(runs["frozen"].outcomes.label_right, dtype=float)  # (200,)
redrawn = np.random.default_rng(0).choice(right, size=(2000, len(right))).mean(axis=1)
print(f"{100 * right.mean():.1f} %, standard error {100 * redrawn.std():.1f}")

# %% [markdown]
# Two hundred test sentences leave an accuracy open by several points. For a difference
# it is far smaller: both sides err on the same sentences. Seeds and test sentences add
# up by their squares: that is exercise 1. Now both errors for every size, in points:

# %%
mtl.guess(
    "07-narrower",
    "SNIPS labels, 10,990 sentences: what would narrow the interval?",
    choices=("more seeds", "more test sentences"),
    yours=...,
)

# %%
errors = found.query("corpus == 'SNIPS' and score == 'accuracy'")
errors.set_index("train_size")[["seeds", "seed_error", "test_error"]].round(2)

# %%
last = errors.iloc[-1]
mtl.reveal(
    "07-narrower",
    "more seeds" if last.seed_error > last.test_error else "more test sentences",
    because={
        "more seeds": "10,990 sentences are all there are. Every seed trains on the "
        "same ones, so seeds hardly differ.",
        "more test sentences": "Seeds hardly differ at this size. With ten sentences "
        "it is the other way round: there it matters which ten.",
    },
)

# %% [markdown] tags=["half-day", "slide"]
# ## Margins, set before the runs
#
# How large must a difference be to matter? We wrote that down before the first run: 1
# point of accuracy, 2 points of F1. The grey bands show these *margins*. An interval
# can then say four things:
#
# - all of it lies above the margin: *frozen better*;
# - all of it lies below minus the margin: *everything better*;
# - all of it lies between the two margins: *no practical difference*;
# - anything else: *undecided*.
#
# How many of the sizes below 10,000 say what?

# %% tags=["half-day", "slide"]
verdicts = mtl.lesson.sides_table(found)
assert not verdicts["frozen better"].any()
verdicts

# %% [markdown]
# At no size was freezing clearly better. With ten sentences most is undecided.

# %% [markdown] tags=["half-day"]
# ## Limits
#
# - **One backbone.** MiniLM-L6 was tuned for the similarity of sentences. Others, with
#   BERT-base among them, are not measured yet.
# - **Linear heads.** Lesson 04 has heads that get more out of frozen vectors.
# - **Sizes and texts.** 11,000 short English sentences at most.
# - **Tuning.** Each side chose from a short list of settings. A choice at the end of
#   such a list may be beaten beyond it, as 24 and 48 epochs show above.
# - **Cost.** The frozen side trains in seconds. Sometimes that is what counts.

# %% [markdown]
# ## Exercises
#
# ### Exercise 07.1 · Both errors
#
# Write the standard error of a mean difference. `gaps` has one difference per seed, and
# `test_error` is the standard error from the test sentences. Independent errors add by
# their squares.


# %% tags=["exercise"]
def standard_error(gaps, test_error):
    """Standard error of the mean of `gaps`, seeds and test sentences together."""
    # BEGIN SOLUTION
    seed_error = np.std(gaps, ddof=1) / math.sqrt(len(gaps))
    return math.hypot(seed_error, test_error)
    # END SOLUTION


# %%
mtl.check("07.1", standard_error)

# %% [markdown]
# ### Exercise 07.2 · The verdict
#
# Write the rule of the four verdicts. `low` and `high` are the ends of the interval of
# frozen minus everything. Return one of the four phrases above.


# %% tags=["exercise"]
def decide(low, high, margin):
    """What an interval says, by the margin."""
    # BEGIN SOLUTION
    if low > margin:
        return "frozen better"
    if high < -margin:
        return "everything better"
    inside = -margin < low and high < margin
    return "no practical difference" if inside else "undecided"
    # END SOLUTION


# %%
mtl.check("07.2", decide)

# %% [markdown] tags=["solution"]
# The interval from -0.9 to -0.1 is the one to think about. It leaves out zero, so a
# test for significance calls it a loss. It is one, but of less than a point.

# %% [markdown]
# ### Exercise 07.3 · A border in noise
#
# Suppose both sides are equal at all eight sizes, and the runs of one size know nothing
# of the others. Somebody reports the smallest size at which the difference happens to
# be below zero as "the border". What share of such reports, from 0 to 1, names
# one of the three smallest sizes? Work it out, or draw random numbers.

# %% tags=["exercise"]
# BEGIN SOLUTION
share = 1 - 0.5**3
# END SOLUTION

# %%
mtl.check("07.3", share)

# %% [markdown] tags=["solution"]
# Each size is below zero with probability one half. That none of three is has
# probability one eighth. So nearly every such report finds a border on little data, in
# pure noise. Only an interval shows that it could be anywhere.

# %% [markdown] tags=["half-day", "slide"]
# ## What you found

# %% tags=["half-day", "slide"]
names = found[(found.score == "ner_f1") & (found.train_size >= 100)]
two_f1, frozen_f1, twelve_f1 = (
    100 * runs[name].scores.ner_f1
    for name in ("everything, 2 epochs", "frozen", "everything, 12 epochs")
)
Markdown(f"""
1. On 100 sentences training everything reached an NER F1 of {two_f1:.1f} % in two
   epochs and {twelve_f1:.1f} % in twelve; the frozen side stood at {frozen_f1:.1f} %.
2. With the steps that each side needs, training everything led in names by
   {-names.difference.max():.0f} to {-names.difference.min():.0f} points from 100
   sentences on, and freezing was clearly better at no size.
3. There is no border near 10,000 sentences: if freezing ever leads, then on a few dozen
   sentences, where our intervals allow either answer.
""")

# %% [markdown] tags=["half-day"]
# ## What would have changed our mind
#
# An interval above the margin at 300 sentences, with each side tuned and trained to the
# end, would have said that freezing pays there. A line that crosses zero between 5,000
# and 20,000 sentences would have borne out the old border. Neither happened.
#
# ## Go deeper
#
# - [Intervals and crossings](deeper/intervals_and_crossings.ipynb): degrees of freedom,
#   groups, and how a crossing is estimated.
# - [Records and verdicts](deeper/records_and_verdicts.ipynb): what stands behind a
#   number, and how to make it again.
# - Mosbach, Andriushchenko and Klakow (2021), *On the stability of fine-tuning BERT*;
#   Zhang et al. (2021), *Revisiting few-sample BERT fine-tuning*.
#
# Next: [08 training a part](08_training_a_part.ipynb). Must it be all or nothing?
