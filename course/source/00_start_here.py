# %% [markdown]
# # 00 · Start here
#
# One BERT, two heads: one says what a sentence is about, the other finds names in it.
# When you train such a model, **what should you freeze?** The question is mostly
# answered with opinions. This series answers it with measurements, on your machine.
#
# **What you will do**
# - check that your machine has what the lessons need;
# - see the map of the series and the seven scenarios that it compares;
# - train a small model in seconds, and try it on your own sentences.
#
# **What you will learn**
# - what freezing means, and which choices there are;
# - how the lessons work: predict, then run;
# - why a score means little without a baseline beside it.
#
# **What you need**: some Python, and a first acquaintance with PyTorch. No GPU, no
# account, no network.
#
# **Time**: 10 minutes to read, under 1 minute to run on two cores.
#
# **Peak memory**: under 2 GB.

# %%
import time

import pandas as pd
from IPython.display import Markdown

import mtlhelpers as mtl

started = time.perf_counter()
CORPUS = "newsdesk"  # or "snips"
pd.set_option("display.max_colwidth", None)

# %% [markdown]
# ## 1 · Is your machine ready?

# %% [markdown]
# `mtl` is the helper package of this series. The table below comes from its doctor,
# which you can also call from a terminal: `python -m mtlhelpers doctor`.
#
# - `ok`: it is there.
# - `mend`: the lessons need it. The last column says what to do.
# - `absent`: the lessons run without it. `bert-base-uncased`, for one, is a larger
#   backbone (440 MB) that you may fetch later.

# %%
machine = mtl.machine_table()
machine

# %% [markdown]
# The next cell stops you here if something has to be mended, so that you do not find out
# in the middle of a lesson.

# %%
assert not (machine.state == "mend").any(), "see the rows with the state `mend`"

# %% [markdown]
# `minilm` is the backbone that the lessons run on: a small BERT, MiniLM-L6, with real
# pre-trained weights. It was distilled from a larger model and tuned to place sentences
# of like meaning near each other. That makes it strong at telling what a sentence is
# about, so a lesson says so wherever a result may depend on it.

# %% [markdown]
# ## 2 · The map

# %% [markdown]
# | lesson | what you do there |
# |---|---|
# | 00 start here | you are here |
# | [01 shared model](01_shared_model.ipynb) | build the model piece by piece and train one batch |
# | [02 counting parameters](02_counting_parameters.ipynb) | predict what each scenario trains, what it costs, and prove it |
# | [03 everything frozen](03_everything_frozen.ipynb) | try to train, and see why nothing can |
# | [04 backbone frozen](04_backbone_frozen.ipynb) | train the heads alone, from stored features, and find what decides |
# | [05 one head frozen](05_one_head_frozen.ipynb) | watch a frozen task drift while the backbone moves, and what helps |
# | [06 head and backbone frozen](06_head_and_backbone_frozen.ipynb) | prove bit for bit what stays, and measure what it costs |
# | [07 limited vs sufficient data](07_limited_vs_sufficient_data.ipynb) | find out at how many sentences the answer changes |
# | [08 what should I freeze](08_what_should_i_freeze.ipynb) | read the verdicts, and get a recommendation |

# %% [markdown]
# Take them in order: each lesson uses what the ones before it took apart.

# %% [markdown]
# ## 3 · How a lesson works

# %% [markdown]
# **Predict, then run.** Before a cell shows a number, you commit a guess. You learn more
# from a wrong guess than from a right one, but only if you made it. Edit the value of
# `guess=`, then run the cell. Guesses stay on your machine, in `notebooks/guesses.json`;
# `mtl.past_guesses()` shows them. If you leave the guess as it is, the lesson goes on.

# %% [markdown]
# **Exercises** stand near the end, their solutions after them, folded. Try first.

# %% [markdown]
# **Your changes.** `make report` and `make notebooks` write the notebooks anew. To keep
# your edits, work in a copy: *File*, then *Save Notebook As…*.

# %% [markdown]
# Here is your first guess. The seven scenarios come next; each of three parts (the
# backbone and two heads) either trains or is frozen. How many combinations are there?

# %%
combinations = mtl.guess("00-combinations", "How many combinations?", guess=6)
combinations

# %% tags=["nbval-check-output"]
combinations.reveal(2**3)

# %% [markdown]
# ## 4 · The question, and seven scenarios

# %% [markdown]
# Freezing a part means three things: no gradient is computed for it, the optimizer does
# not touch it, and it runs as it would at inference, without dropout. What is left trains.

# %% [markdown]
# The series names seven of the eight combinations. The one that is missing would train
# the backbone and neither head: without a head that trains, no loss is summed here, so
# nothing would tell the backbone where to go.

# %% [markdown]
# The column *case* holds the number under which the scenario goes in the exercise text
# that this series puts to the test.

# %% tags=["nbval-check-output"]
PARTS = ["backbone", "sentence_classifier", "ner_classifier"]
CASES = ["reference", "1", "2", "3A", "3B", "3A mirrored", "3B mirrored"]
scenarios = pd.DataFrame(
    {
        name: {part: "trains" if part in scenario.train else "-" for part in PARTS}
        for name, scenario in list(mtl.SCENARIOS.items())[:7]
    }
).T
scenarios.insert(0, "case", CASES)
scenarios

# %% [markdown]
# Read a row as "what still trains". `backbone_frozen` is the popular one: the heads learn,
# the pre-trained part is left alone. `none_frozen` is full fine-tuning.

# %% [markdown]
# How small is what `backbone_frozen` trains? On `bert-base-uncased`, with nothing frozen,
# about 109 million parameters train.

# %%
heads_alone = mtl.guess(
    "00-heads", "How many train with its backbone frozen?", guess=1_000_000
)
heads_alone

# %%
trainable = mtl.parameter_table("bert-base-uncased", labels=7, tags=13).trainable[:7]
mtl.show_bars(
    "What trains on bert-base-uncased (logarithmic axis)",
    trainable.to_dict(),
    across="parameters",
    log=True,
)

# %% [markdown]
# The heads are two thin layers, hardly more than a list of weights for each label. Lesson
# 02 derives each of these numbers.

# %% tags=["nbval-check-output"]
heads_alone.reveal(trainable["backbone_frozen"])

# %% [markdown]
# ## 5 · The sentences

# %% [markdown]
# Each sentence of the corpus has one **label**, and each of its words a **tag**. Tags
# follow the BIO scheme: `B-x` begins a name of type `x`, `I-x` continues it, `O` stands
# for every other word.

# %%
corpus = mtl.load_corpus(CORPUS)
print(corpus.describe())

# %% [markdown]
# Sentences that were made from one another share a *group*. A training set of a chosen
# size is drawn by whole groups, so it may hold fewer independent sentences than it seems.
#
# Newsdesk was made for teaching. When its sentences were written, about a third turned
# out too difficult. A classifier on MiniLM's sentence vectors found them, and they were
# rewritten. So its topics are somewhat easier for MiniLM than for another backbone. The
# data card, `mtlhelpers/data/newsdesk/README.md`, says so: compare scenarios on it, not
# backbones. Lesson 07 has published corpora beside it.

# %%
groups = len(set(corpus.splits["train"]["group"]))
sentences = len(corpus.splits["train"])
Markdown(
    f"The training part: {sentences:,} sentences in {groups:,} groups, "
    f"{sentences / groups:.1f} sentences per group."
)

# %% [markdown]
# How many of these words belong to a name? It matters: whoever guesses `O` for every
# word is right on all the others.

# %%
in_names = mtl.guess("00-names", "Of 100 test words, how many are in a name?", guess=50)
in_names

# %% tags=["nbval-check-output"]
test_tags = [tag for tags in corpus.splits["test"]["tags"] for tag in tags]
in_names.reveal(round(100 * sum(tag != "O" for tag in test_tags) / len(test_tags)))

# %% [markdown]
# One sentence of the training part, word by word:

# %% tags=["nbval-check-output"]
row = corpus.splits["train"][0]
print("label:", row["label"])
pd.DataFrame([row["tags"]], columns=row["tokens"], index=["tag"])

# %% [markdown]
# ## 6 · Train a small model

# %% [markdown]
# You now train both heads on 1,000 sentences, with the backbone frozen. Because a frozen
# backbone says the same of a sentence in every epoch, it runs once over each sentence,
# and the heads learn from what was kept. That is why it takes seconds.

# %% [markdown]
# Saying the same label every time is a poor model, yet it is right now and then. Any
# score has to be read beside that.

# %%
accuracy = mtl.guess(
    "00-accuracy", "Which share of test labels will be right, from 0 to 1?", guess=0.5
)
accuracy

# %% [markdown]
# `Plan` holds the settings of one training, `train` carries it out, and `FeatureStore`
# keeps what the frozen backbone says, for the next training too. Lesson 01 writes this
# loop out; for now, take it as it comes.

# %%
model = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)
plan = mtl.Plan(scenario="backbone_frozen", train_size=1000, epochs=20, seed=0)
store = mtl.FeatureStore()
run = mtl.train(model, corpus, plan, store=store)

# %% [markdown]
# The answer, and then all scores. The column *majority* is what always saying the most
# frequent label, and no name at all, would get.

# %%
accuracy.reveal(round(run.scores.accuracy, 3))

# %%
print(run.scores)

# %%
assert run.scores.accuracy > run.scores.majority_accuracy + 0.2

# %% [markdown]
# Two things to notice.
#
# - The **label** is right far more often than the majority's. The backbone was tuned on
#   whole sentences, so the head need only draw borders between clusters that are there
#   already.
# - **NER**, the search for names, lags. A name counts only if its type and both its
#   borders are right, and a linear head on frozen features has little to work with.
#   Lesson 04 measures how much of that is due to freezing.

# %% [markdown]
# The run also carries a proof that the frozen part did not move: a digest of every
# frozen tensor, before and after.

# %%
print(run.proof)
assert run.proof.holds

# %% [markdown]
# ## 7 · Your own sentences

# %% [markdown]
# Edit the list and run the cells again. First, three sentences of the test part, which
# the model has not seen.

# %%
MY_SENTENCES = [
    "Ada Lindqvist opened a new museum in Lisbon on Friday .",
    "The striker missed two matches after a virus swept the team .",
    "Play the album Blue Harbour by Marta Reyes .",
]
from_test = [row["tokens"] for row in corpus.splits["test"].select(range(3))]


# %%
def as_row(prediction):
    names = ", ".join(f"{text} [{kind}]" for text, kind in prediction.entities)
    return {
        "sentence": " ".join(prediction.words),
        "label": prediction.label,
        "probability": round(prediction.label_probability, 2),
        "names": names or "-",
    }


pd.DataFrame([as_row(found) for found in model.predict(from_test + MY_SENTENCES)])

# %% [markdown]
# Behind the label stand probabilities, which sum to one. For the first sentence of your
# list:

# %%
first = model.predict(MY_SENTENCES[:1])[0]
mtl.show_bars(
    f"“{MY_SENTENCES[0]}”",
    first.label_probabilities,
    across="probability",
    form="{:.2f}",
)

# %% [markdown]
# And a sentence that fits none of the labels? Guess what the model makes of a recipe.

# %%
recipe = mtl.guess(
    "00-recipe", "Probability of its favourite label for a recipe, 0 to 1?", guess=0.1
)
recipe

# %%
cooked = model.predict(["Stir the rice gently until it is soft ."])[0]
print(cooked)
recipe.reveal(round(cooked.label_probability, 2))

# %% [markdown]
# **What such a small model gets wrong**
#
# - It must choose one of its labels. A recipe gets one too: there is no way to say "none
#   of these", and the probabilities sum to one all the same.
# - It cuts names short, or takes one name for two. The head judges each word by itself.
#   `predict` only sees to it that tags fit together as BIO allows.
# - A name that it never saw may get the type of a name that stood in like places.
# - Few sentences and one seed: train again with `seed=1` and some answers change. From
#   lesson 03 on, claims rest on several seeds, with intervals.

# %% [markdown]
# ## 8 · Exercises

# %% [markdown]
# 1. Train with 100 sentences instead of 1,000. Guess first: which of the two tasks loses
#    the larger share of its score?
# 2. Which is the least certain of the model's labels on the first 100 test sentences,
#    and is it right?
#
# Solutions follow, folded. In JupyterLab, a click on the three dots opens them.

# %% [markdown]
# ### Solution 1

# %% [markdown]
# A fresh model, the same store, and a plan with fewer sentences. It gets more epochs, so
# that it takes about a fifth of the steps instead of a tenth.

# %% jupyter={"source_hidden": true}
fresh = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)
small = mtl.Plan(scenario="backbone_frozen", train_size=100, epochs=40, seed=0)
small_run = mtl.train(fresh, corpus, small, store=store)
both = {
    f"{r.plan.train_size} sentences": {
        "accuracy": r.scores.accuracy,
        "NER F1": r.scores.ner_f1,
    }
    for r in (run, small_run)
}
pd.DataFrame(both).round(3)

# %% [markdown]
# ### Solution 2

# %% [markdown]
# Low probability and error often come together, but not always: probabilities of a model
# trained on little are no promise.

# %% jupyter={"source_hidden": true}
hundred = corpus.splits["test"].select(range(100))
predictions = model.predict(hundred["tokens"][:])
least = min(range(100), key=lambda i: predictions[i].label_probability)
pd.Series({**as_row(predictions[least]), "truth": hundred[least]["label"]}).to_frame()

# %% [markdown]
# ## What you did

# %% [markdown]
# **What you did**
# - you checked that your machine has what the lessons need;
# - you saw the map of the series and the seven scenarios that it compares;
# - you trained a small model in seconds, and tried it on your own sentences.
#
# **What you learned**
# - freezing a part takes three things: no gradient, no update, no dropout;
# - a lesson asks you to predict, and then to run;
# - a score is read beside what a model without any sense would get.

# %%
scores = run.scores
Markdown(f"""**In numbers** (corpus {corpus.name}, seed 0, {plan.train_size} sentences)

- label accuracy {scores.accuracy:.3f}, where always saying the most frequent label gets
  {scores.majority_accuracy:.3f};
- F1 of names {scores.ner_f1:.3f}, where saying `O` to every word gets 0;
- {run.trainable_parameters:,} of {run.total_parameters:,} parameters trained, in
  {run.seconds["total"]:.1f} s;
- with {small.train_size} sentences: accuracy {small_run.scores.accuracy:.3f}, F1
  {small_run.scores.ner_f1:.3f}.

{mtl.cost_since(started)}""")

# %% [markdown]
# **What would have shown the opposite.** An accuracy no better than the majority's would
# have said that frozen features hold nothing about the label. A digest that changed
# would have said that "frozen" is only a word here. Neither happened; both were possible.
#
# Next: [01 shared model](01_shared_model.ipynb), where you build what you just used.
