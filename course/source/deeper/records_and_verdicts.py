# %% [markdown]
# # Deep dive · Records and verdicts
#
# **What stands behind a number of this course, and when does it decide something?**
#
# Lesson 07 showed means, intervals and four verdicts. Here you open the records behind
# them, make a number again, and see four ways in which an honest reader can still go
# wrong.
#
# *15 minutes to read, 20 seconds to run. It belongs to lesson 07.*

# %%
import math

import numpy as np
import pandas as pd
from IPython.display import Markdown
from scipy.stats import t

import mtlhelpers as mtl

# %% [markdown]
# ## One run, one record
#
# Every training of a study leaves one record: the plan, the corpus with its
# fingerprint, the backbone with its digest, versions, scores, and which test sentences
# came out right. `mtl.study_table` shows the main part of it, one row per run.

# %%
STUDIES = mtl.lesson.studies_folder()
transfer = mtl.study_table(STUDIES / "transfer")
one = transfer.query("corpus == 'snips+2000' and train_size == 300 and seed == 0")

# %%
shown = ["scenario", "seed", "epochs", "steps", "accuracy", "ner_f1"]
one.set_index("id")[shown].round(3)

# %% [markdown]
# A record's name is made from everything that decides its numbers: plan, corpus,
# backbone, number of threads and the version of the numerics. Change one of these, and
# it is another run. A study skips what is recorded, so nobody can quietly run a bad one
# again.
#
# You can run one again openly. From the project's folder, with the published corpora
# loaded:

# %%
Markdown(f"`python -m mtlhelpers rerun studies/transfer {one.id.iloc[0]}`")

# %% [markdown]
# It says whether the scores are the same to the last digit, or by how much they differ.
# Sums are rounded in another order on other hardware, and hundreds of steps make more
# of that. Expect a point or two there.
#
# ## A margin is not a test for significance
#
# An interval can say four things (lesson 07). A test for significance knows two: the
# interval leaves out zero, or it does not. Write both rules, and apply them to every
# size of three corpora.

# %%
MARGIN = {"accuracy": 1, "ner_f1": 2}  # points, set before the runs
CORPORA = ["snips+2000", "hwu64", "clinc150-oos+wnut17"]

# %%
found = pd.concat(
    mtl.studies.compare_arms(STUDIES / "transfer", corpus).assign(corpus=corpus)
    for corpus in CORPORA
)
found[["difference", "low", "high"]] *= 100


# %%
def verdict(row):
    """What an interval of frozen minus everything says, by its margin."""
    margin = MARGIN[row.score]
    if row.low > margin:
        return "frozen better"
    if row.high < -margin:
        return "everything better"
    inside = -margin < row.low and row.high < margin
    return "no practical difference" if inside else "undecided"


# %%
rows = list(found.itertuples())
found["verdict"] = [verdict(row) for row in rows]
leaves_out = [row.low > 0 or row.high < 0 for row in rows]
found["significant"] = np.where(leaves_out, "zero is out", "zero is in")

# %%
pd.crosstab(found.verdict, found.significant)

# %% [markdown]
# Look at the undecided ones where zero is out. A test for significance would call each
# of them a loss. It may be one, but perhaps one that nobody would notice. And where
# zero is in, "not significant" is no proof that both are equal. Only an interval within
# the margins says that.
#
# A margin is a choice. One point near the ceiling can be a large share of the errors.
# Accuracy of 98.8 % instead of 98.3 % is half a point, and more than a quarter fewer
# errors. If errors are what you pay for, set your margin there.
#
# ## Count, do not average
#
# What does freezing cost in names at 300 sentences, on the whole?

# %%
at_300 = found[found.train_size == 300]
names = at_300[at_300.score == "ner_f1"].set_index("corpus")

# %%
print(names.difference.round(1).to_string())
print(f"mean {names.difference.mean():.1f}")

# %% [markdown]
# The mean is true of none of the three. Costs depend on the corpus, and that is the
# finding. So this course counts: better here, undecided there.
#
# ## Wait for every planned seed
#
# The number of seeds is written down before the first run. Why so strict? Suppose both
# sides are equal. You look at the interval after each new seed, from the third on, and
# stop as soon as it leaves out zero. How often do you find a difference that is not
# there?


# %%
def false_finds(most, trials=4_000):
    """Share of studies that stop at an interval of 95 % without zero, in pure noise."""
    gaps = np.random.default_rng(0).normal(size=(trials, most))
    stopped = np.zeros(trials, dtype=bool)
    for k in range(3, most + 1):
        seen = gaps[:, :k]
        half = t.ppf(0.975, k - 1) * seen.std(axis=1, ddof=1) / math.sqrt(k)
        stopped |= abs(seen.mean(axis=1)) > half
    return stopped.mean()


# %%
found_none = {f"at most {n} seeds": 100 * false_finds(n) for n in (3, 5, 10, 20)}
title = "Studies of pure noise that stop at a difference"
mtl.plots.show_bars(title, found_none, across="% of studies", form="{:.0f}")

# %% [markdown]
# With one look it is the 5 % that was promised. With many looks it is several times as
# much. So a study that is still growing decides nothing, however clear its curve looks.
# Which seeds does the study of epochs have so far, of the five that it declares?

# %%
steps = mtl.study_table(STUDIES / "steps")
everything = steps[steps.arm == "none_frozen"]

# %%
everything.groupby(["corpus", "epochs"]).seed.nunique().unstack()

# %% [markdown]
# ## Count comparisons once
#
# Two statements can rest on one comparison. "Freezing costs points" and "freezing caps
# what can be reached" are the same runs at the same size. Counted twice, one finding
# looks like two.
#
# And many comparisons find something by chance. A strict reader divides the 5 % by the
# number of comparisons (Bonferroni). Which verdicts at 300 sentences survive that?


# %%
def strict(row, comparisons):
    """The same verdict with an interval that is wide enough for many comparisons."""
    error = math.hypot(row.seed_error, row.test_error)
    degrees = (row.seeds - 1) * (error / row.seed_error) ** 4
    half = 100 * t.ppf(1 - 0.025 / comparisons, degrees) * error
    wider = row._replace(low=row.difference - half, high=row.difference + half)
    return verdict(wider)


# %%
by_rule = at_300[["corpus", "score", "verdict"]].reset_index(drop=True)
rows = at_300.itertuples()

# %%
by_rule.assign(strict=[strict(row, len(found)) for row in rows])

# %% [markdown]
# What becomes *undecided* there is not wrong. It needs more test sentences or more
# seeds before a strict reader has to believe it.
#
# ## What no record holds
#
# A record knows which settings were chosen. It does not know what nobody tried. A
# choice at the end of what was offered is a warning: perhaps the next one would have
# been better still. How many epochs were offered to each side, and which were chosen?

# %%
tuning = mtl.study_table(STUDIES / "transfer_tuning")
scores = tuning[["accuracy_validation", "ner_f1_validation"]].astype(float)
settings = ["corpus", "arm", "train_size", "layers", "backbone_lr", "head_lr", "epochs"]
tuning = tuning.assign(validation=scores.mean(axis=1), layers=tuning.layers.astype(str))
tried = tuning.groupby(settings, dropna=False).validation.mean().reset_index()

# %%
tried = tried[tried.corpus.isin(CORPORA)].sort_values("validation", ascending=False)
sides = tried.groupby(["arm", "train_size", "corpus"]).epochs

# %%
chosen = sides.agg(lambda one: f"{one.iloc[0]} of {sorted(set(one))}")
chosen.unstack("corpus")

# %%
at_end = (
    sides.agg(lambda one: one.iloc[0] == max(one)).groupby("arm").agg(["sum", "size"])
)
most = {arm: "{} of {}".format(*counts) for arm, *counts in at_end.itertuples()}

# %%
every = steps[(steps.arm == "none_frozen") & steps.epochs.isin([12, 24, 48])]
f1 = 100 * every.pivot_table("ner_f1", ["corpus", "seed"], "epochs").astype(float)
more = f1[[24, 48]].sub(f1[12], axis=0).dropna().groupby("corpus").mean().round(1)

# %%
Markdown(f"""
Training everything chose the most epochs it was offered in {most["none_frozen"]} cases,
the frozen side in {most["backbone_frozen"]}. The study of epochs has more, at 300
sentences. Against twelve, NER F1 changes by these points:
{"; ".join(f"{c} {a:+} with 24 epochs, {b:+} with 48" for c, a, b in more.itertuples())}.
""")

# %% [markdown]
# Heads were all linear, too. Another kind of head was not offered.
#
# Back to [07 limited or sufficient data](../07_limited_vs_sufficient_data.ipynb).
