# %% [markdown]
# # 09 · What should I freeze?
#
# **What should I do with my data?**
#
# Eight lessons have measured on our sentences. Yours may be shorter, stranger or fewer. No
# table can tell you what freezing costs on them, but your own machine can. It takes one
# command and a quarter of an hour.
#
# In this lesson you put a file in, look it through, train in two ways and read an answer in
# words. You also get a short table for the day when there is no time to measure. At the end
# your guesses of all lessons stand beside the truth.
#
# You learn what such an answer says, what it leaves open, and when to trust it.
#
# *20 minutes to read, 45 seconds to run, 10 minutes of exercises. You need lessons 04 and 07.*

# %%
import tempfile
from pathlib import Path

import pandas as pd
from IPython.display import Markdown

import mtlhelpers as mtl

pd.set_option("display.max_colwidth", None)
FOLDER = Path(tempfile.mkdtemp())
STUDIES = mtl.lesson.studies_folder()

# %%
ways = {"freeze": "backbone_frozen", "last three layers": "last_3_layers"}
ways |= {"LoRA": "lora", "train everything": "none_frozen"}
mtl.draw_models(ways, title="Which of these is best on your sentences?")

# %% [markdown] tags=["half-day"]
# ## Your sentences, in one line
#
# You need a file with a text and a label per line. So that the lesson runs without yours, we
# write a stand-in: headlines of six words, cut from newsdesk, each with its topic. A third of
# them is for training. Most are for testing, since that makes the answer surer.

# %%
news = mtl.load_corpus("newsdesk")


def headlines(split, most):
    """So many headlines per topic, no two from one sentence."""
    rows = news.splits[split].to_pandas().drop_duplicates("group")
    rows = rows.groupby("label").head(most)
    text = rows.tokens.map(lambda words: " ".join(words[:6]))
    return pd.DataFrame({"text": text, "label": rows.label, "split": split})


# %% tags=["nbval-check-output"]
table = pd.concat([headlines("train", 30), headlines("test", 60)])
table.to_csv(FOLDER / "headlines.csv", index=False)
table.groupby("split").head(2)

# %% [markdown]
# The next line is the only one that you change for your own file. Give a budget of time with
# it, because nobody knows how long your sentences are.

# %%
MINE, BUDGET = FOLDER / "headlines.csv", None  # yours: "tickets.csv", "15m"

# %% [markdown]
# CSV, JSONL, CoNLL, Parquet and the exports of labelling tools will do. Names in the
# sentences are welcome too: then both heads train. A column `split` is not needed. Without
# one, a fifth of the sentences becomes the test.

# %% [markdown] tags=["half-day"]
# ## Look before you train
#
# `check` reads the file as training would. It counts, and says what is wrong.

# %% tags=["nbval-check-output"]
overview = mtl.lesson.look_through(str(MINE))
print(*list(overview.lines())[1:], sep="\n")

# %% [markdown]
# Look at three things. Is every label there often enough to be learned, and tested? Are
# sentences cut, or words unknown to the backbone? And is there something to mend? In a
# terminal the same is `python -m mtlhelpers check tickets.csv`.

# %%
mtl.guess(
    "09-mine",
    "210 headlines to learn from, and 420 to be tested on: what is ahead?",
    choices=(
        "freezing the backbone",
        "training the last three layers",
        "no clear difference",
    ),
    yours=...,
)

# %% [markdown] tags=["half-day"]
# ## One seed is no answer
#
# `compare` usually tries four ways, training everything among them. To save you time, we
# name two quick ones. `frozen_best` freezes the backbone and gives it heads that suit it:
# logistic regression on all layers for labels. A weak head would make freezing look worse
# than it is. `last_3_layers` trains the upper half of the backbone (lesson 08). For your own
# file, leave `scenarios` out.

# %%
WAYS = ["frozen_best", "last_3_layers"]
settings = {"scenarios": WAYS, "output": FOLDER / "runs", "progress": False}
first = mtl.compare(MINE, BUDGET, seeds=1, **settings)
print(first.answer)

# %% [markdown]
# You see two scores, and no answer. That is on purpose. Another seed would give other
# scores, and with one seed nobody knows how different they would be. (What a terminal calls
# `--seeds 2` is `seeds=2` in Python.)

# %% [markdown] tags=["half-day"]
# ## Two seeds, and an answer
#
# The same call goes on where it stopped: finished runs lie in the folder. With a budget,
# seeds are added in pairs until the time is up.

# %%
found = mtl.compare(MINE, BUDGET, seeds=2, **settings)
print(found.answer)

# %%
leads = mtl.lesson.leader(found)
mtl.reveal(
    "09-mine",
    leads,
    because={
        "freezing the backbone": "Its heads see vectors that were made for whole "
        "sentences, and can't change them.",
        "training the last three layers": "They can learn what headlines mean here.",
        "no clear difference": "That is the answer where the interval holds zero.",
    },
)

# %% [markdown]
# Read it slowly. It begins with what to do, or says that it is open. Then comes the lead in
# points with its interval, which covers both the choice of seeds and the choice of test sentences. The time that each
# way takes follows, and it may differ from the times in `check` above and `recommend` below:
# those are estimates, and rough ones. Last comes how often the most frequent label is right.
#
# These are the runs behind it:

# %%
runs = found.table[["scenario", "seed", "accuracy", "train_seconds"]]
runs.round(3)

# %% [markdown]
# Two seeds are the least that gives an interval, and it is wide. More seeds make it narrower,
# and more test sentences do too. With fewer than 100 of those, `compare`
# gives no answer, and asks for `folds=5`, which tests on every sentence.
#
# And where does the winner go wrong? Per label, in shares from 0 to 1:

# %%
found.report().set_index("name")[["precision", "recall", "f1", "support"]].round(2)

# %% [markdown]
# In a terminal all of this is one line. It tries four ways, writes a page and keeps the best
# model:
#
# ```console
# python -m mtlhelpers compare tickets.csv --budget 15m
# ```

# %% [markdown]
# ## When you cannot measure
#
# `recommend` trains nothing. It looks up the recorded runs that are nearest to your case in
# size. So it speaks of other people's sentences. Its simplest rival is a rule that never looks
# at your data: always train everything.

# %%
mtl.guess(
    "09-rule",
    "In how many of the recorded cases is that rule as good as the best way?",
    unit="per cent",
    yours=...,
)

# %%
print(mtl.recommend(str(MINE)))

# %% [markdown]
# The file has labels alone, so only they count here. Compare this with your own measurement. Where the two differ, believe your own. These headlines are cut, and the
# recorded sentences were whole.
#
# Is such advice any good? We left out each recorded corpus in turn, at each of its sizes, and
# let the others advise.

# %%
checked = mtl.studies.check_advice(STUDIES)
print(f"advice that looks is right in {checked.hit.sum()} of {len(checked)} cases")
assert checked.hit.sum() <= checked.constant.sum()
mtl.reveal("09-rule", round(100 * checked.constant.mean()))

# %% [markdown]
# As good means within 1 point of accuracy and 2 points of F1. The rule is right as often as
# the advice that looks, so looking has gained nothing yet. This holds for both tasks together,
# and for MiniLM-L6 on 10 to 11,000 short English sentences. `recommend` tells you when your case lies outside.

# %% [markdown] tags=["half-day"]
# ## The short table
#
# If you take one thing from this course, take this. Scores are of MiniLM-L6 on SNIPS, HWU64,
# and CLINC150 with WNUT17, as far as they are recorded. The first three rows are for 300
# training sentences, the last two for 3,000.

# %% tags=["slide"]
mtl.lesson.decision_table(STUDIES)

# %% [markdown]
# One row is missing on purpose: freeze the old head, switch its loss off, and train the rest.
# Lesson 05 shows what that does to the old task. And if you stop after two epochs, none of
# these numbers are yours: lesson 07 shows how few steps turn the first row round.
#
# Not in the table: BERT-base, long documents, other languages, more than two tasks. Nothing
# here was measured on them.

# %% [markdown]
# ## Your guesses
#
# Here is what you expected in all lessons, beside what happened. It is kept on this machine
# alone.

# %%
guesses = mtl.lesson.past_guesses()
guesses if len(guesses) else Markdown("No guesses are kept on this machine yet.")

# %% [markdown]
# ## Exercises
#
# ### Exercise 09.1 · How many test sentences?
#
# A model is right in a share `p` of all sentences. On `n` test sentences the measured share
# scatters with a standard error of √(p (1 − p) / n). Write a function that returns the `n` at
# which the standard error is `error`. Both are shares: one point is 0.01.


# %% tags=["exercise"]
def test_sentences(p, error):
    # BEGIN SOLUTION
    return p * (1 - p) / error**2
    # END SOLUTION


# %%
mtl.check("09.1", test_sentences)

# %% [markdown] tags=["solution"]
# At 90 per cent, a standard error of one point takes 900 sentences. Half the error takes four
# times as many. A test of 100 sentences has an error of three points, so a difference of one
# point drowns in it.

# %% [markdown]
# ### Exercise 09.2 · Advise three people
#
# - **Ada** has 300 labelled sentences and wants the best labels and names that she can get.
# - **Ben** needs labels, and retrains every time a user clicks. He has fifteen seconds.
# - **Cleo** has a labeller in a hospital. She may add names, but no label may ever change.
#
# Give each of them one of "everything", "the heads alone", "the NER head alone". Write a
# dictionary, such as `{"Ada": "…", "Ben": "…", "Cleo": "…"}`.

# %% tags=["exercise"]
# BEGIN SOLUTION
advice = {
    "Ada": "everything",
    "Ben": "the heads alone",
    "Cleo": "the NER head alone",
}
# END SOLUTION

# %%
mtl.check("09.2", advice)

# %% [markdown] tags=["solution"]
# Ada takes the first row of the table and Ben the second: his features are stored, and only
# small heads train. Cleo freezes backbone and sentence head. Then nothing that a label
# depends on can move.

# %% [markdown]
# ## What you found

# %%
learned_from = found.standings.case.sentences
Markdown(
    f"On {learned_from} of these sentences, the answer after two seeds was: "
    f"**{leads}**. A rule that always trains everything was as good as the best way in "
    f"{checked.constant.sum()} of {len(checked)} recorded cases. It is not the cheapest "
    f"rule, and it is the wrong one where an old task must not change."
)

# %% [markdown]
# ## What would have changed our mind
#
# A recorded corpus on which the rule fails would have. A file of yours on which freezing wins
# by more than the margin, with an interval that says so, would too. If you have one, we would
# like to see its records.
#
# ## Go deeper
#
# - [Famous tables, wrong and right](deeper/famous_tables.ipynb): four comparisons whose
#   result is an artefact of one setting.
# - [Five wrong models](deeper/five_wrong_models.ipynb): is your own model frozen in truth?
# - All lessons: [00 · Start here](00_start_here.ipynb)
