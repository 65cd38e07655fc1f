# %% [markdown]
# # Deep dive · Intervals and crossings
#
# **How sure is a difference, and how sure is the place where it changes sides?**
#
# Lesson 07 drew differences with intervals of 97.5 %. Here you take one of these
# intervals apart, test by simulation whether it keeps what it promises, and estimate
# where two lines cross.
#
# *15 minutes to read, 20 seconds to run. It belongs to lesson 07.*

# %%
import math

import numpy as np
import pandas as pd
from IPython.display import Markdown
from scipy.optimize import isotonic_regression
from scipy.stats import norm, t

import mtlhelpers as mtl

# %% [markdown]
# ## Draw groups, not sentences
#
# The test sentences are drawn again to see how much a score depends on them. On a
# published corpus each sentence stands for itself. On newsdesk, test sentences come in
# variants of one another. A model that gets one variant right mostly gets the other one
# right too. Then ten sentences say less than ten.
#
# Train two heads, which takes some seconds, and draw the test set both ways.

# %%
corpus = mtl.load_corpus("newsdesk")
model = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)

# %%
plan = mtl.Plan("backbone_frozen", train_size=300, epochs=30)
run = mtl.train(model, corpus, plan, progress=False)

# %%
right = np.array(run.outcomes.label_right, dtype=float)
groups = pd.Series(corpus.splits["test"]["group"])
by_group = pd.Series(right).groupby(groups).agg(["sum", "count"]).to_numpy()

# %%
rng = np.random.default_rng(0)
sentences = rng.choice(right, size=(2000, len(right))).mean(axis=1)
picked = rng.integers(len(by_group), size=(2000, len(by_group)))
sums, counts = by_group[picked].sum(axis=1).T

# %%
print(f"drawn by sentence: standard error {100 * sentences.std():.2f} points")
print(f"drawn by group:    standard error {100 * (sums / counts).std():.2f} points")

# %% [markdown]
# Whoever draws sentences believes in more precision than there is. The same goes for
# messages of one author, or paragraphs of one document. Draw the whole author.
#
# ## One interval, taken apart
#
# Now the published corpora. `mtl.studies.compare_arms` gives the mean difference of two
# ways to train, both standard errors, and the interval. Here it is for labels on SNIPS,
# frozen minus everything, in points:

# %%
STUDIES = mtl.lesson.studies_folder()
compared = mtl.studies.compare_arms(STUDIES / "transfer", "snips+2000")
points = ["difference", "low", "high", "seed_error", "test_error"]
compared[points] *= 100
labels = compared.query("score == 'accuracy'").set_index("train_size")

# %%
labels[[*points, "seeds"]].round(2)

# %% [markdown]
# The interval is the mean ± *t* standard errors. Both errors add by their squares. But
# how many degrees of freedom does *t* get? The seeds' error is estimated from few
# values, so it has one degree less than there are seeds. The test sentences' error is
# known far better. Satterthwaite (1946) weighs the two: the larger the share of the
# seeds, the fewer the degrees.


# %%
def interval_of(row, confidence=0.975):
    """The ends of an interval from both standard errors, by hand."""
    error = math.hypot(row.seed_error, row.test_error)
    degrees = (row.seeds - 1) * (error / row.seed_error) ** 4
    half = t.ppf((1 + confidence) / 2, degrees) * error
    return row.difference - half, row.difference + half, degrees


# %%
for size in (10, 300, 10_990):
    low, high, degrees = interval_of(labels.loc[size])
    assert math.isclose(low, labels.low[size]) and math.isclose(high, labels.high[size])
    print(f"{size:6,} sentences: {low:+.1f} to {high:+.1f}, {degrees:,.0f} degrees")

# %% [markdown]
# With ten sentences nearly all of the error comes from the seeds, and the degrees are
# little more than nine. With all sentences nearly all comes from the test set.
#
# At 10,990 the seeds share their training sentences. Their scatter does not say what
# other training sentences would have given. No interval here does.
#
# ## Does it keep its promise?
#
# An interval of 97.5 % should hold the truth in 975 of 1,000 repetitions. Make up
# differences whose truth is known, and count. Three rules compete: seeds alone with
# *t*, both errors with the normal distribution, and both with *t* as above.


# %%
def coverage(seeds, of_seeds, of_test, trials=20_000):
    """How often three rules hold a true difference of 0."""
    shared = rng.normal(0, of_test, size=(trials, 1))  # one test set per repetition
    gaps = shared + rng.normal(0, of_seeds, size=(trials, seeds))
    seed_error = gaps.std(axis=1, ddof=1) / math.sqrt(seeds)
    error = np.hypot(seed_error, of_test)
    degrees = (seeds - 1) * (error / seed_error) ** 4
    halves = {
        "seeds alone, t": t.ppf(0.9875, seeds - 1) * seed_error,
        "both, normal": norm.ppf(0.9875) * error,
        "both, t": t.ppf(0.9875, degrees) * error,
    }
    return {
        rule: (abs(gaps.mean(axis=1)) < half).mean() for rule, half in halves.items()
    }


# %%
cases = {
    "5 seeds, seeds vary most": coverage(5, of_seeds=1.0, of_test=0.2),
    "5 seeds, both alike": coverage(5, of_seeds=1.0, of_test=0.45),
    "5 seeds, test set varies most": coverage(5, of_seeds=0.2, of_test=0.5),
    "10 seeds, both alike": coverage(10, of_seeds=1.0, of_test=0.32),
}

# %%
(100 * pd.DataFrame(cases).T).round(1)

# %% [markdown]
# Seeds alone fail badly where the test set varies most. That is the usual case with
# many training sentences. The normal distribution is too sure with five seeds. The
# third rule comes near its promise everywhere.
#
# ## Why 97.5 %
#
# We read two intervals together, labels and names. If each misses in 2.5 % of all
# cases, both hold in at least 95 %. For all sizes and corpora of a figure that is not
# enough. How likely is it that all of a figure's intervals hold, if they were
# independent?

# %%
for count in (1, 2, 8, 21):
    print(f"{count:2} intervals: {0.975**count:.0%}")

# %% [markdown]
# So do not look through a figure for the one interval that says what you hoped for. The
# verdicts of this course rest on sizes that were named before the runs.
#
# ## Where do two lines cross?
#
# If freezing leads on little data and loses on much, there is a size at which its lead
# ends. Reading it off a figure takes noise for a crossing. Exercise 07.3 has shown what
# comes of that. A better way assumes that the lead only shrinks, and fits the falling
# curve that is nearest to all sizes. That is *isotonic regression*.

# %%
curve = isotonic_regression(labels.difference, weights=labels.seeds, increasing=False).x

# %%
kinds = {"measured": labels.difference, "falling curve": curve}
lines = pd.concat(
    pd.DataFrame({"size": labels.index, "points": points, "kind": kind})
    for kind, points in kinds.items()
)

# %%
title = "Labels on SNIPS, frozen minus everything: measured, and as a falling curve"
figure, axes = mtl.plots.new_figure(
    title, across="training sentences", up="points of accuracy"
)
axes.set_xscale("log")
axes.set_xticks([10, 100, 1000, 10_000], ["10", "100", "1,000", "10,000"])
axes.axhline(0, color="black", linewidth=0.8)
mtl.plots.draw_family(axes, lines, x="size", y="points", name="kind")
mtl.plots.show_figure(figure, f"{title}. Both start above zero; the curve stays flat.")

# %% [markdown]
# The measured line turns up again at the right, since both sides come near 100 %. The
# falling curve cannot follow it there. For the crossing that makes no difference: all
# of these sizes lie below zero.
#
# `mtl.studies.find_crossover` reads off where the curve comes down to zero. For the
# interval it draws seeds and test sentences again, two thousand times.


# %%
def border(corpus, score):
    """Where the lead of freezing ends, with its interval."""
    return mtl.studies.find_crossover(STUDIES / "transfer", corpus, score)


# %%
CORPORA = ["snips+2000", "hwu64", "clinc150-oos+wnut17"]
TASKS = {"labels": "accuracy", "names": "ner_f1"}
borders = {
    task: {corpus: str(border(corpus, score)) for corpus in CORPORA}
    for task, score in TASKS.items()
}

# %%
pd.DataFrame(borders).rename_axis("the lead of freezing ends at")

# %% [markdown]
# *Below the smallest size* means that the fitted curve never lies above zero. Where the
# interval begins there, the records also fit a frozen side that never leads. All of
# these borders, with their intervals, lie far below 10,000.

# %%
snips = border("snips+2000", "accuracy")
Markdown(
    f"On SNIPS the estimate for labels is {snips.size:.0f} sentences, and the interval "
    f"ends at {snips.high:.0f}. On so few sentences the difference is smaller than its "
    f"own interval, so even that border may not exist."
)

# %% [markdown]
# ## What no interval holds
#
# Intervals hold seeds and test sentences. They do not hold the choice of the heads, the
# backbone, or the tuning. Another head on the same frozen vectors can move a difference
# in names by more than the whole interval. Read each number with its limits.
#
# Back to [07 limited or sufficient data](../07_limited_vs_sufficient_data.ipynb).
