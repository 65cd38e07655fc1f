# %% [markdown]
# # 08 · What should I freeze? The report
#
# Seven lessons took the text apart, one scenario at a time. This one puts its statements
# in a row, each with what recorded runs and recorded checks say of it, and turns them
# into a page of advice that you can print. Then it answers for your own case, and says how
# such answers are checked.
#
# **What you will do**
# - decide four made-up cases by the rule that every claim is judged by;
# - read all verdicts at once, and learn which ones no score can give;
# - look at what stands behind each, and at what would have shown the opposite;
# - read the text's advice as the data supports it;
# - ask for a recommendation, and see how such answers are checked.
#
# **What you will learn**
# - why "not significant" is not "no difference";
# - why verdicts over corpora are counted, and never averaged;
# - how to read a recommendation, and when to expect none.
#
# **What you need**: lessons 02 to 07.
#
# **Time**: 30 minutes to read, about half a minute to run on two cores.
#
# **Peak memory**: under 2 GB.

# %%
import time

import pandas as pd
from IPython.display import Markdown, display

import mtlhelpers as mtl

started = time.perf_counter()
STUDIES = "../studies"
DECIDED = ["supported", "contradicted", "no practical difference"]
VERDICTS = [*DECIDED, "undecided", "not tested"]
pd.set_option("display.max_colwidth", None)

# %% [markdown]
# ## 1 · The rule, before the results

# %% [markdown]
# A claim says that one way of training stands above another, or below. The runs give a
# difference with an interval; the rule compares that with a *margin*, the smallest
# difference that anybody would care about: 1 point of accuracy, 2 points of NER F1, 10 %
# of time. Margins were written down before any run; sizes and arms too, but for 3A.1, 3A.2
# and 3A.4 on newsdesk and snips: those were settled after lesson 05's runs had been seen.

# %% [markdown]
# - The whole interval lies beyond the margin on the claimed side: *supported*.
# - All of it lies beyond the margin on the other side: *contradicted*.
# - All of it lies inside both margins: *no practical difference*.
# - Anything else: *undecided*. The interval allows more than one answer.


# %%
def decide(low, high, margin=1.0):
    """The verdict on "higher", from an interval in points."""
    if low > margin:
        return "supported"
    if high < -margin:
        return "contradicted"
    return "no practical difference" if -margin < low and high < margin else "undecided"


# %% [markdown]
# Four intervals. Which verdict does the third one get? Its whole interval is below zero.

# %%
third = mtl.guess(
    "08-third", "From -0.9 to -0.1 points, the verdict is …", guess="contradicted"
)
third

# %% [markdown]
# All four, by the rule. Read each pair as the ends of an interval, in points.

# %% tags=["nbval-check-output"]
cases = [(2.0, 9.0), (-3.0, 6.0), (-0.9, -0.1), (-8.0, -1.5)]
for low, high in cases:
    print(f"{low:5.1f} to {high:4.1f}: {decide(low, high)}")

# %% [markdown]
# And yours?

# %%
third.reveal(decide(*cases[2]))

# %% [markdown]
# A test for significance would call the third one a loss, and it is one: of less than
# a point, as surely as the interval holds. That is as good an answer as any. The second one
# is the only case that leaves open which way is better.

# %% [markdown]
# ## 2 · All claims at once

# %% [markdown]
# Seven claims are about bits, counts and milliseconds. No score can settle those, so they
# have checks, whose last result is kept with its day and machine. The rest comes from the
# records in `studies`.
# Commit a guess before you look.

# %%
held = mtl.guess("08-held", "How many claims hold wherever they were tested?", guess=10)
held

# %% [markdown]
# Reading all records and comparing their arms takes some seconds. `mtlhelpers claims
# --fresh` runs the checks on your machine: half a minute more.

# %%
start = time.perf_counter()
judged = list(mtl.judge_claims(STUDIES))
table = mtl.claim_table(judged)
f"{time.perf_counter() - start:.0f} s"

# %% [markdown]
# One row per claim. The numbers count corpora and tasks (of 2.2: the time and its
# reason). Two claims share their runs: 2.5 is the comparison of 4.3 under another name.

# %%
mtl.claim_overview(judged).drop(columns="lesson")

# %% [markdown]
# Counts, and no averages: a claim that holds on one corpus and fails on another does not
# hold "on the whole". It depends, and that is the finding.


# %%
def holds(one):
    """Whether a claim was tested, and supported wherever it was."""
    tested = {v for v in one.verdicts if v != "not tested"}
    return tested == {"supported"}


held.reveal(sum(holds(one) for one in judged))

# %% [markdown]
# And all verdicts, those of checks, of times and of scores together:

# %%
kinds = table.verdict.value_counts()
counts = {verdict: int(kinds.get(verdict, 0)) for verdict in VERDICTS}
mtl.show_bars("Verdicts over claims, corpora and tasks", counts, across="verdicts")

# %% [markdown]
# What is not tested says why. Most of it waits for runs, which anyone can make with
# `python -m mtlhelpers study run`:

# %%
waiting = table[table.verdict == "not tested"]
waiting.groupby("claim").found.agg(waiting="size", reason="first")

# %% [markdown]
# ## 3 · Little data or much

# %% [markdown]
# The text's central advice: freeze the backbone on little data, train everything on
# enough, and the border lies near 10,000 samples. Which way does it come out at 300
# sentences?

# %%
little = mtl.guess(
    "08-little",
    "On how many corpora and tasks is the frozen backbone ahead at 300?",
    guess=8,
)
little

# %% [markdown]
# What is shown of a claim from here on: where each verdict was given, what was found
# where it was tested, and what would have shown the opposite.

# %%
by_id = {one.claim.id: one for one in judged}


def tell(*ids):
    """Verdicts, findings and what would have been the opposite, claim by claim."""
    for key in ids:
        one, rows = by_id[key], table[table.claim == key]
        display(Markdown(f"**{one.claim.statement}** {mtl.verdict_sentence(one)}"))
        tested = rows[rows.verdict != "not tested"].set_index("corpus")
        if len(tested):
            display(tested[["task", "size", "verdict", "found"]])
        display(Markdown(f"*The opposite would have been {one.claim.opposite}.*"))


# %%
tell("4.2", "4.3")

# %% [markdown]
# On the side of the text, of those that were tested:

# %%
found = by_id["4.2"].verdicts
tested = sum(found.values()) > found["not tested"]
if tested:
    display(little.reveal(found["supported"]))
Markdown(f"{sum(found.values()) - found['not tested']} of 8 are tested so far.")

# %% [markdown]
# The same differences as a picture, at 300 sentences and with their intervals: to the
# right of zero the frozen backbone is ahead.


# %%
def picture(key, title):
    """Differences of a claim in points, with intervals; None before they are recorded."""
    found = {
        f"{d.where}, {d.task}": d
        for d in by_id[key].decisions
        if d.interval is not None
    }
    points = {name: 100 * d.difference for name, d in found.items()}
    ends = {name: tuple(100 * end for end in d.interval) for name, d in found.items()}
    form = {"form": "{:+.1f}", "intervals": ends}
    return mtl.show_bars(title, points, across="points", **form) if points else None


picture("4.2", "Frozen backbone minus training everything, 300 sentences")

# %% [markdown]
# Where the lead ends, and whether that is near 10,000. (The disjoint pair ends at 3,000
# sentences a task: it can contradict this claim, and never support it.)

# %%
tell("4.4")

# %% [markdown]
# Two claims give reasons for the advice. Freezing is said to prevent overfitting, and to
# cap what can be reached. Where both sides know their training sentences by heart, the gap
# between training and test only repeats the test score:

# %%
tell("2.3", "2.5")

# %% [markdown]
# ## 4 · Speed, memory, and what pre-training gave

# %% [markdown]
# That fewer numbers are updated is the usual reason given for the speed of a frozen
# backbone. Of what is saved in a step, how much is the update?

# %%
share = mtl.guess(
    "08-update", "Percent of the saved time that is the update's", guess=80
)
share

# %% [markdown]
# Both were checked on the day that is told. A step is timed part by part, with the
# backbone free and frozen, and the backbone runs in both: storing what it says (lesson 04)
# would save more.

# %%
tell("2.1", "2.2")

# %% [markdown]
# What the update is of all that is saved, in percent:

# %%
speed, reason = by_id["2.2"].decisions
share.reveal(round(100 * (reason.difference + 0.5)))

# %% [markdown]
# A backbone that does not move keeps what it knows by construction. What does one lose
# that moves? A *probe* asks for the labels of a corpus that nobody trained on, by the
# nearest neighbour among sentence vectors:

# %%
tell("2.4", "4.0", "4.1")

# %% [markdown]
# With random weights, is it the training sentences that are not learned, or is it that what
# is learned does not carry over? Guess how far they get on 300 sentences of hwu64:

# %%
drawn = mtl.guess(
    "08-random", "Test accuracy in %, random weights: hwu64, 300 sentences", guess=30
)
drawn

# %% [markdown]
# Beside them the same backbone with what it was pre-trained to, frozen and moving, all tuned
# by themselves. Mean ± standard deviation over seeds 0 to 4, in %:

# %%
STARTS = {
    "random, moves": ("further", "random weights"),
    "pre-trained, frozen": ("transfer", "backbone_frozen"),
    "pre-trained, moves": ("transfer", "none_frozen"),
}
runs = pd.concat(
    mtl.study_table(f"{STUDIES}/{study}")
    .query("arm == @arm and seed < 5")
    .assign(backbone=start)
    for start, (study, arm) in STARTS.items()
)
scores = {
    "accuracy_train": "accuracy, training",
    "accuracy": "accuracy, test",
    "ner_f1_train": "NER F1, training",
    "ner_f1": "NER F1, test",
}


def percent(seeds):
    """Mean ± standard deviation over seeds of a score between 0 and 1, in percent."""
    return f"{100 * seeds.mean():.1f} ± {100 * seeds.std():.1f}"


starts = runs.groupby(["corpus", "train_size", "backbone"])[list(scores)].agg(percent)
there = starts.query("backbone == 'random, moves'").index
rows = [(*at[:2], start) for at in there for start in STARTS]
beside = starts.loc[rows].rename(columns=scores)
beside if rows else Markdown("Not recorded yet.")

# %%
asked = runs.query(
    "corpus == 'hwu64' and train_size == 300 and arm == 'random weights'"
)
drawn.reveal(round(100 * asked.accuracy.mean(), 1)) if len(asked) else drawn

# %% [markdown]
# Random weights know their training sentences by heart. What pre-training gives shows on
# other sentences, and least in the labels of SNIPS, where 3,000 sentences bring random
# weights within a point of it.
#
# Does it outweigh the choice of what to freeze? On hwu64 it does: without moving at all,
# the pre-trained backbone is ahead of the random one. On 3,000 sentences of SNIPS it does
# not: there the random one, which moves, is ahead of the pre-trained one that is frozen.

# %% [markdown]
# ### Two tasks, one backbone

# %%
tell("4.5")

# %% [markdown]
# Do the two tasks pull the same way? The cosine between their gradients says so, layer by
# layer: above zero a step for one helps the other, below zero they are at odds, and at zero
# they do not meet. On validation sentences after training, mean ± standard deviation over
# seeds, by corpus and training sentences:

# %%
gradients = mtl.study_gradients(f"{STUDIES}/transfer")
by_part = gradients.groupby(["part", "corpus", "train_size"]).cosine.agg(
    lambda seeds: f"{seeds.mean():+.2f} ± {seeds.std():.2f}"
)
over = ["corpus", "train_size"]
by_part.unstack(over) if len(gradients) else Markdown("Not recorded yet.")

# %% [markdown]
# ### Other ways to train both

# %% [markdown]
# Between heads alone and everything lie other ways. *Heads first* trains the heads on a
# backbone that is frozen, and then everything (LP-FT, lesson 05); *upper half* leaves the
# lower three of six layers frozen; *tuned weights* trains everything, with the loss weights
# that validation chose. What does it cost in names to leave the lower half frozen?

# %%
upper = mtl.guess(
    "08-upper",
    "NER F1, upper half minus everything, in points: SNIPS, 300 sentences",
    guess=-5,
)
upper

# %% [markdown]
# Each minus training everything as the transfer study does, same seeds and sentences, in
# points of accuracy (sentence) and of F1 (ner), with intervals of 97.5 %. Heads first and
# upper half take the settings that validation chose for training everything, and were not
# tuned themselves. No claim rests on these, so there are no verdicts.

# %%
WAYS = {"heads first": "head first", "upper half": "top half"}
WAYS["tuned weights"] = "weighted"
compared = pd.concat(
    mtl.compare_arms(
        f"{STUDIES}/further", corpus, arm, beside=f"{STUDIES}/transfer"
    ).assign(way=way, corpus=corpus)
    for way, arm in WAYS.items()
    for corpus in ("snips+2000", "hwu64")
)
compared["task"] = compared.score.map({"accuracy": "sentence", "ner_f1": "ner"})
compared["points"] = [
    f"{100 * row.difference:+.1f} ({100 * row.low:+.1f} to {100 * row.high:+.1f})"
    for row in compared.itertuples()
]
where = ["corpus", "task", "train_size"]
ways = compared.pivot(index=where, columns="way", values="points")
ways = ways.reindex(columns=list(WAYS))
ways if len(ways) else Markdown("Not recorded yet.")

# %% [markdown]
# Eight weights of the sentence loss were tried, from 0.1 to 10, with that of NER at 1. At
# 300 and at 3,000 sentences validation chose 0.7 and 2.5 on SNIPS, 2.5 and 0.2 on hwu64:
# up with more data here, down there. On test none of the four was clearly better or worse
# than equal weights: every interval of that column holds zero.

# %% [markdown]
# The number that you guessed:

# %%
asked = compared[compared.way == "upper half"].set_index(where).difference
at = ("snips+2000", "ner", 300)
upper.reveal(round(100 * asked[at], 1)) if at in asked.index else upper

# %% [markdown]
# Heads first loses most where sentences are few. What did the heads know of their training
# sentences when the backbone began to move? NER F1 in %, mean ± standard deviation:

# %%
heads_first = mtl.study_table(f"{STUDIES}/further").query("arm == 'head first'")
moments = {
    "ner_f1_first_train": "training, heads alone",
    "ner_f1_train": "training, at the end",
    "ner_f1": "test, at the end",
}
known = heads_first.groupby(["corpus", "train_size"])[list(moments)].agg(percent)
known.rename(columns=moments)

# %% [markdown]
# On 300 sentences the heads know nearly every name by heart before the backbone moves.
# Then little loss is left, and loss is what moves it. That is a reading, which fits these
# numbers and is tested by no run: a first stage of fewer epochs would be the test.

# %% [markdown]
# ### Few epochs, and training a part

# %% [markdown]
# These claims were set down before their runs. There is no verdict before every planned
# seed is recorded:

# %%
tell(*(key for key in by_id if key.startswith("5.")))

# %% [markdown]
# ### Records

# %% [markdown]
# The records behind these:

# %% jupyter={"source_hidden": true}
named = {
    way: {key for ids in compared[compared.way == way].ids for key in ids}
    for way in WAYS
}
listed = "".join(
    f"<li><b>{way}</b>: {', '.join(sorted(ids))}</li>" for way, ids in named.items()
)
Markdown(f"<details><summary>Records, by way</summary><ul>{listed}</ul></details>")

# %% [markdown]
# ## 5 · One head frozen

# %% [markdown]
# Lesson 05 in verdicts. How many points of sentence accuracy did the frozen head lose on
# newsdesk, at a learning rate of 3e-4?

# %%
lost = mtl.guess("08-lost", "Points lost by the frozen head on newsdesk", guess=5)
lost

# %% [markdown]
# Sentence scores of 3A are compared with those of the same head before the backbone moved,
# NER with what a frozen backbone reaches (3B), seed by seed.

# %%
tell("3A.1", "3A.2")

# %% [markdown]
# In points of accuracy, on newsdesk:

# %%
on_newsdesk = next(d for d in by_id["3A.1"].decisions if d.corpus == "newsdesk")
lost.reveal(round(-100 * on_newsdesk.difference, 1))

# %% [markdown]
# Does a lower learning rate for the backbone help, and does anything keep the task? The
# second is asked of learning without forgetting alone, which kept the most in lesson 05.

# %%
tell("3A.3", "3A.4")

# %% [markdown]
# And with the backbone frozen too:

# %%
tell("3B.1", "3B.2")

# %% [markdown]
# The text lists forgetting among the drawbacks of this last scenario. Nothing moves in it
# that the frozen task rests on; forgetting belongs to the scenario before.

# %% [markdown]
# ### Nothing trains

# %%
tell("1.1", "1.2", "1.3")

# %% [markdown]
# ## 6 · The decision card

# %% [markdown]
# The advice, as far as the runs support it. Each answer stands with the corpora and tasks
# that gave it, so that you can see whether yours is like them. How many rows give one
# answer on every corpus, and are measured on all?

# %%
alike = mtl.guess("08-alike", "Rows of the card with one measured answer", guess=6)
alike

# %%
card = mtl.decision_card(judged)
Markdown(card)

# %% [markdown]
# Rows with one answer for every corpus and task that the claim is about:

# %%
rows = card.splitlines()[2:]
alike.reveal(sum("everywhere" in row and "not measured" not in row for row in rows))

# %% [markdown]
# ## 7 · Your own case

# %% [markdown]
# The recorded runs that are nearest in size speak for you, with the seconds that training
# would take here. Put in your number of training sentences, or the folder of your corpus.

# %%
MINE = 400

# %% [markdown]
# You have a trained sentence head and want NER beside it, without losing the labels:

# %%
seconds = mtl.guess(
    "08-seconds",
    "Seconds that training takes here, everything frozen but NER",
    guess=30,
)
seconds

# %%
keeping = mtl.recommend(MINE, keep="sentence", studies=STUDIES)
print(keeping)

# %% [markdown]
# The seconds are those of the records, scaled by how fast this machine is.

# %%
seconds.reveal(round(keeping.seconds["sentence_head_and_backbone_frozen"], 1))

# %% [markdown]
# And from the pre-trained backbone, for both tasks:

# %%
print(mtl.recommend(MINE, studies=STUDIES))

# %% [markdown]
# ### How often is such advice right?

# %% [markdown]
# Leave each recorded corpus out in turn, and let the others advise, where at least two
# are left. A *hit* is advice whose scores come within the margins of the best; `constant` is
# the same for a rule that never looks: "train everything".

# %%
checked = mtl.check_advice(STUDIES)
checked if len(checked) else Markdown("Not recorded yet: it takes three corpora.")

# %%
told = "no corpus to check against yet"
if len(checked):
    told = (
        f"{checked.hit.sum()} hits and {(~checked.hit).sum()} misses; "
        f'"train everything", always, would have {checked.constant.sum()} hits; '
        f"what was advised: {', '.join(sorted(set(checked.advised)))}"
    )
Markdown(told)

# %% [markdown]
# Do not make too much of that. Where one and the same advice is right on every corpus, a hit
# is no feat. And an interval over corpora, learned from two or three, is so wide that it
# rarely decides anything.

# %% [markdown]
# ## 8 · From the text to the records

# %% [markdown]
# Every score above comes from runs that you can make again. How many are there?

# %%
runs = mtl.guess("08-runs", "Different runs behind the verdicts", guess=100)
runs

# %% [markdown]
# A run that stands behind several verdicts counts once.

# %%
behind = {key for one in judged for d in one.decisions for key in d.records}
runs.reveal(len(behind))

# %% [markdown]
# Each statement of the text, in our words, with the lesson that took it apart and the
# number of its runs. `python -m mtlhelpers claims 4.2` names them, and
# `python -m mtlhelpers rerun FOLDER ID` makes one of them again.

# %%
mtl.claim_overview(judged)[["statement", "lesson", "records"]]

# %% [markdown]
# ### Limits

# %% [markdown]
# - **One backbone.** minilm has six layers, was distilled from a larger model, and was
#   tuned so that similar sentences lie close together. A frozen backbone that was made for
#   sentence vectors is a strong one for sentence labels. Only `bert-base-uncased` can say
#   how much of the results is that: `studies/bert_base` is ready for it.
# - **Linear heads.** A frozen backbone is read by one linear map per task. Another kind
#   of head may get more out of it.
# - **Epochs.** Each side has the number that tuning chose. With two epochs on 300
#   sentences freezing wins in names (lesson 07, section 6).
# - **newsdesk.** Its sentences are variants of few, and about a third was rewritten until
#   a classifier on MiniLM's vectors found their topic. Where a claim rests on newsdesk,
#   look for a published corpus beside it.
# - **English, short sentences.** Commands, news and messages of about ten words. Nothing
#   here speaks of documents, of other languages, or of more than two tasks.
# - **Sizes.** Eleven thousand sentences at most; lesson 07 says what is recorded. A border
#   above that would not be seen.
# - **Tuning.** Eight configurations per arm, fewer for the runs of lesson 05. Somebody
#   may find better ones for either side: several choices are the lowest learning rate
#   that was tried, 3A's on hwu64 among them, and a lower one may keep more; and random
#   weights took the most epochs that were tried throughout, so more may bring them
#   nearer.
# - **Seconds** are those of the machine they were taken on.

# %% [markdown]
# ## 9 · Exercises

# %% [markdown]
# 1. **Two rules.** Count how many decisions a test for significance (the interval excludes
#    zero) would call otherwise than the rule with margins.
# 2. **A stricter reader.** Which verdicts on 3A.1 would change with a margin of 20 points?
#
# Solutions follow, folded.

# %% [markdown]
# ### Solution 1

# %% [markdown]
# A test for significance has two answers: a difference where the interval excludes zero,
# and none found where it does not. It differs from the rule in the columns *undecided* and
# *no practical difference*: in the row *True* it calls a difference what may be too small to
# matter, in the row *False* it cannot tell the two columns apart.

# %% jupyter={"source_hidden": true}
# Of a crossing there is no difference, and its ends are sentences.
decisions = [d for one in judged for d in one.decisions if d.records]
decisions = [d for d in decisions if d.difference is not None]
significant = [d.interval[0] > 0 or d.interval[1] < 0 for d in decisions]
by_rule = [str(d.verdict) for d in decisions]
pd.crosstab(
    pd.Series(significant, name="excludes zero"), pd.Series(by_rule, name="verdict")
)

# %% [markdown]
# ### Solution 2

# %% [markdown]
# Those whose interval does not lie wholly beyond 20 points.

# %% jupyter={"source_hidden": true}
{
    d.corpus: decide(-100 * d.interval[1], -100 * d.interval[0], margin=20.0)
    for d in by_id["3A.1"].decisions
    if d.interval
}

# %% [markdown]
# ## What you did

# %% [markdown]
# **What you did**
# - you decided four made-up cases by the rule that every claim is judged by;
# - you read all verdicts at once, those by records and those by checks;
# - you looked at what stands behind each, and at what would have shown the opposite;
# - you read the text's advice as the data supports it;
# - you asked for a recommendation, and saw how such answers are checked.
#
# **What you learned**
# - an interval inside the margins says that there is no difference worth having; one that
#   holds zero and more says nothing yet;
# - a claim that holds here and fails there depends on something, which an average hides;
# - a recommendation is worth what the records near your case are worth, and far from them
#   there is none.

# %%
Markdown(f"""**In numbers** (backbone minilm)

- verdicts over claims, corpora and tasks: {", ".join(f"{n} {v}" for v, n in counts.items())};
- claims that hold wherever they were tested: {sum(holds(one) for one in judged)} of
  {len(judged)};
- advice, each corpus left out in turn: {told};
- an update's share of what a frozen backbone saves in a step:
  {100 * (reason.difference + 0.5):.0f} %.

{mtl.cost_since(started)}""")

# %% [markdown]
# **What would have shown the opposite** stands under every claim above. For this lesson as a
# whole: had every claim come out *supported*, the text could stand as it is, and nobody
# would need the other seven.
#
# Before: [07 limited against sufficient data](07_limited_vs_sufficient_data.ipynb). All
# lessons: [00 start here](00_start_here.ipynb).
