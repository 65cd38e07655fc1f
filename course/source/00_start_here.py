# %% [markdown] tags=["slide"]
# # 00 · Start here
#
# **What should you freeze, and why should you believe the answer?**
#
# You have a small BERT with two heads. One says what a sentence is about: sport,
# business, politics. The other finds the names in it. You also have some labelled
# sentences. Which weights should train? Ask around, and you get opinions. We measured.
#
# In this lesson you see the answer in one picture, train your first model, and try it on
# sentences of your own. You learn what freezing means, which choices there are, and how
# to read a score.
#
# *15 minutes to read, 30 seconds to run, 15 minutes of exercises. You need some Python
# and a little PyTorch. No GPU, no account, no network.*

# %%
import pandas as pd
from IPython.display import Markdown

import mtlhelpers as mtl

pd.set_option("display.max_colwidth", None)

# %% [markdown]
# Run each cell with Shift and Enter. First, is everything there that the lessons need?

# %%
missing = mtl.machine_table().query("state == 'mend'")
missing if len(missing) else "Your machine is ready."

# %% [markdown] tags=["half-day", "slide"]
# ## One model, two tasks
#
# Read the drawing from the bottom. Words go in, cut into *pieces* (lesson 01). Six
# layers turn each piece into a vector. The sentence head reads the mean of all vectors,
# and the NER head reads each one by itself.
# (NER is short for *named entity recognition*: finding names.)

# %% tags=["slide"]
mtl.draw_model("none_frozen", title="Everything trains")

# %% [markdown]
# The *backbone* is MiniLM-L6, with 22 million parameters. Others trained it on a great
# many sentences before we came. The heads are new, and small: one linear layer each.
#
# **Freezing** a part takes three things. No gradient is computed for it. The optimizer
# leaves it alone. And it runs without dropout, the random gaps of training, as it will
# when the model is used.
#
# What is not frozen, trains. These are the choices that people argue about. LoRA
# (orange) adds small matrices beside the frozen layers: lesson 08.

# %% tags=["slide"]
mtl.draw_models(
    {
        "fine-tune everything": "none_frozen",
        "frozen backbone": "backbone_frozen",
        "LoRA": "lora",
        "top layer": "last_1_layers",
        "NER head alone": "sentence_head_and_backbone_frozen",
    },
    title="Five choices",
)

# %% [markdown] tags=["half-day", "slide"]
# ## The answer, in one picture
#
# Before you look: write your guess in place of the three dots, and run the cell. You
# learn more from a guess, even from a wrong one.

# %%
mtl.guess(
    "00-answer",
    "You have 300 labelled sentences. What finds names better?",
    choices=("a frozen backbone", "training everything", "no clear difference"),
    yours=...,
)

# %% [markdown]
# Each mark is a difference: the score with a frozen backbone, minus the score of
# training everything. Left of zero, freezing is worse. Inside the grey band the
# difference is too small to matter. The lines are 97.5 % intervals: with other test
# sentences and other random numbers, the mark might lie elsewhere on its line. Squares
# are 300 sentences, circles all that the corpus has.
#
# SNIPS and HWU64 are commands to assistants. The third row is a pair: labels from
# CLINC150, names from WNUT17.

# %% tags=["slide"]
mtl.lesson.show_answer()

# %%
mtl.reveal(
    "00-answer",
    "training everything",
    because={
        "a frozen backbone": "With few sentences, the fear is that 22 million weights "
        "learn them by heart. That fear did not come true on any of three corpora.",
        "no clear difference": "In labels the difference is small. In names it is not: "
        "the frozen backbone was made for whole sentences, and names need each word.",
    },
)

# %%
few = mtl.lesson.lead_in_words(300)
Markdown(
    f"**The short answer: train everything, and train it long enough.** With 300 "
    f"sentences it is ahead by {few}. {mtl.lesson.doubts_in_words(300)} Freezing is "
    f"good when you need an answer in seconds, or when an old task must not change by "
    f"one bit."
)

# %% [markdown]
# ### Why believe it?
#
# - Both sides had the same number of tries to find good settings.
# - Every difference is a mean over at least five *seeds*: runs that differ in their
#   random numbers alone.
# - What counts as "too small to matter" was written down before the runs.
# - Every run is kept. You can read each one, and make it again.
#
# And where must you be careful? We measured **one backbone**, MiniLM-L6, on short
# English sentences, with linear heads. Another backbone can give other numbers.

# %%
runs = mtl.study_table(mtl.lesson.studies_folder() / "transfer")
print(f"{len(runs):,} runs of this comparison are kept, of {runs.seed.nunique()} seeds")

# %% [markdown] tags=["half-day"]
# ## Your first model
#
# The lessons train on **newsdesk**, which comes with them. Each sentence has a label.
# Each word has a tag: `B-person` begins a name, `I-person` goes on with it, `O` is
# everything else.

# %%
corpus = mtl.load_corpus("newsdesk")
row = corpus.splits["train"][0]
print("label:", row["label"])
pd.DataFrame({"word": row["tokens"], "tag": row["tags"]})

# %% [markdown]
# Newsdesk is made for teaching, and nothing is decided on it here. Its data card says
# why: difficult sentences were rewritten until a classifier on MiniLM understood them.
# That makes it easy for this backbone. The picture above uses published corpora.
#
# Now train both heads on 1,000 sentences, and leave the backbone frozen. A frozen
# backbone says the same of a sentence each time, so it runs once, and its vectors are
# stored. That is why it takes seconds.

# %%
mtl.guess(
    "00-accuracy",
    f"{len(corpus.labels)} labels. How many of 100 test sentences will be right?",
    unit="of 100",
    yours=...,
)

# %%
model = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)
plan = mtl.Plan("backbone_frozen", train_size=1000, epochs=20, seed=0)
run = mtl.train(model, corpus, plan, store=mtl.FeatureStore())

# %%
mtl.reveal("00-accuracy", round(100 * run.scores.accuracy))

# %% [markdown]
# A score means little by itself. Beside it belongs the score of a model without any
# sense: one that always says the most frequent label, and never finds a name.

# %%
scores = {
    "labels (accuracy)": [run.scores.accuracy, run.scores.majority_accuracy],
    "names (F1)": [run.scores.ner_f1, 0.0],
}
(100 * pd.DataFrame(scores, index=["your model", "without any sense"])).round(1)

# %% [markdown]
# **F1** is a score for names. A name counts as found only if its type and both its
# borders are right. *Precision* is the share of found names that are right. *Recall* is
# the share of true names that were found. F1 is their harmonic mean: it is high only
# where both are.

# %% [markdown]
# ## Your own sentences
#
# Change these as you like, and run the cell again.

# %%
MY_SENTENCES = [
    "Ada Lindqvist opened a new museum in Lisbon on Friday .",
    "The striker missed two matches after a virus swept the team .",
    "Play the album Blue Harbour by Marta Reyes .",
]


# %%
def as_row(found):
    names = ", ".join(f"{text} [{kind}]" for text, kind in found.entities)
    sure = f"{100 * found.label_probability:.0f} %"
    return [" ".join(found.words), found.label, sure, names or "none"]


columns = ["sentence", "label", "sure", "names"]
pd.DataFrame(map(as_row, model.predict(MY_SENTENCES)), columns=columns)

# %% [markdown]
# The labels are business, culture, health, politics, science, sport and technology. What
# does the model make of a sleeping cat, which is none of these?

# %%
mtl.guess(
    "00-cat",
    "How sure will the model be of its label?",
    unit="per cent",
    yours=...,
)

# %%
cat = model.predict(["My cat sleeps on the sofa all day ."])[0]
print(f"{cat.label}: {100 * cat.label_probability:.0f} %")
mtl.reveal("00-cat", round(100 * cat.label_probability))

# %% [markdown]
# The model has no way to say "none of these". It must choose, and its probabilities sum
# to one all the same. A high number is no promise.

# %% [markdown] tags=["half-day"]
# ## How the lessons work
#
# You have seen it: where three dots stand, you write. Exercises are the same, and they
# check themselves. A wrong answer gets a hint. Your guesses and solved exercises stay on
# your machine; `mtl.lesson.progress()` shows how far you are. Solved copies of all
# lessons lie in the folder `solved`.
#
# | lesson | its question |
# |---|---|
# | [01 Shared model](01_shared_model.ipynb) ◆ | How do two heads share one BERT? |
# | [02 Counting parameters](02_counting_parameters.ipynb) ◆ | What trains, what does it cost, and is it really frozen? |
# | [03 Everything frozen](03_everything_frozen.ipynb) | Can anything be learned? What is chance? |
# | [04 Backbone frozen](04_backbone_frozen.ipynb) ◆ | How good are heads alone? |
# | [05 One head frozen](05_one_head_frozen.ipynb) ◆ | Why does a frozen head lose its task? |
# | [06 Head and backbone frozen](06_head_and_backbone_frozen.ipynb) | How do I add a task without touching the old one? |
# | [07 Limited and sufficient data](07_limited_vs_sufficient_data.ipynb) ◆ | From how many sentences on does training everything win? |
# | [08 Training a part](08_training_a_part.ipynb) | Must it be all or nothing? |
# | [09 What should I freeze?](09_what_should_i_freeze.ipynb) ◆ | What should I do with my data? |
#
# Half a day only? Take the lessons with ◆, and in them the sections with ◆.

# %% [markdown]
# ## Exercises
#
# ### Exercise 00.1 · The model without any sense
#
# Write a function. It gets a list of labels, and returns the accuracy, from 0 to 1, of
# always saying the most frequent one.


# %% tags=["exercise"]
def majority(labels):
    # BEGIN SOLUTION
    return max(labels.count(label) for label in labels) / len(labels)
    # END SOLUTION


# %%
mtl.check("00.1", majority)

# %% [markdown]
# ### Exercise 00.2 · F1
#
# `true` and `found` are sets of names with their types, such as `("Rome", "place")`.
# Write a function that returns their F1, from 0 to 1. The harmonic mean of *p* and *r*
# is *2 p r / (p + r)*. With nothing right, F1 is 0.


# %% tags=["exercise"]
def f1(true, found):
    # BEGIN SOLUTION
    right = len(true & found)
    if right == 0:
        return 0.0
    precision, recall = right / len(found), right / len(true)
    return 2 * precision * recall / (precision + recall)
    # END SOLUTION


# %%
mtl.check("00.2", f1)

# %% [markdown] tags=["solution"]
# For two sets there is a shorter form: twice what they share, over the sum of their
# sizes.

# %% [markdown] tags=["half-day"]
# ### Exercise 00.3 · No label may change
#
# Your sentence head is finished, and people rely on it. Now you want names as well, and
# not one label may change. Which parts may train? Write a set, with names from
# `"backbone"`, `"sentence_classifier"` and `"ner_classifier"`.

# %% tags=["exercise"]
# BEGIN SOLUTION
may_train = {"ner_classifier"}
# END SOLUTION

# %%
mtl.check("00.3", may_train)

# %% [markdown]
# ## What you found

# %%
everything = mtl.lesson.lead_in_words(300)
Markdown(
    f"With 300 sentences, training everything is ahead of a frozen backbone by "
    f"{everything}. Your own model, with frozen features, gets "
    f"{100 * run.scores.accuracy:.0f} % of the labels right, where always saying the "
    f"same gets {100 * run.scores.majority_accuracy:.0f} %. It finds names with an F1 "
    f"of {100 * run.scores.ner_f1:.0f}. And it files a sleeping cat under {cat.label}, "
    f"with {100 * cat.label_probability:.0f} % certainty."
)

# %% [markdown]
# ## What would have changed our mind
#
# Marks right of the grey band would have said: freeze. The picture has twelve marks, of
# three corpora and two tasks, and none is there. Lesson 07 looks at all sizes.
#
# ## Go deeper
#
# Next: [01 Shared model](01_shared_model.ipynb), where you build what you just used. In
# a hurry? [09 What should I freeze?](09_what_should_i_freeze.ipynb) answers for your own
# data.
