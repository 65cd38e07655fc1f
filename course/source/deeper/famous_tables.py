# %% [markdown]
# # Deep dive · Famous tables, wrong and right
#
# **Does this table compare methods, or settings?**
#
# Freeze or train, LoRA or everything: books, blogs and repositories answer with tables. Some
# of these tables are decided by a setting that nobody meant to compare. Here are four kinds,
# each made wrong and then right on small data. None of the authors below hid anything. All of
# them published code, and that is why we can learn from it.
#
# *12 minutes to read, 60 seconds to run. It belongs to lesson 08.*

# %%
from dataclasses import replace

import pandas as pd
from datasets import DatasetDict
from IPython.display import Markdown

import mtlhelpers as mtl

STUDIES = mtl.lesson.studies_folder()

# %% [markdown]
# What runs here runs on newsdesk, the corpus that comes with the package. Its sentences are
# variants of few, and were written with a MiniLM model at hand. So take directions from these
# tables, and no sizes. The backbone is MiniLM-L6, and so it is in all records shown.

# %% [markdown]
# ## One learning rate for everybody
#
# **The kind of table.** Every row has the same learning rate, to be fair. A much-read blog post
# freezes more and more layers of RoBERTa, all at 5e-5, and finds that a fully frozen one
# learns nothing: 51 per cent on 1,000 film reviews, as much as always giving one answer
# ([How many layers of my BERT model should I freeze?](https://raphaelb.net/posts/freezing-bert),
# 2020).
#
# **Wrong twice.** These are recorded runs with 300 sentences, as in lesson 04. One learning rate
# is shared by all that trains, first a small one and then a large one. Last come settings of
# each way's own.

# %%
mtl.lesson.show_pairs(mtl.lesson.lr_pairs("newsdesk"))

# %% [markdown]
# At 5e-5 the table says: train everything. At 3e-3 it says: freeze. The data are the same. A
# head that starts from nothing wants a learning rate ten times that of a trained backbone.
# (The heads read the last layer here, which is not the best one for names.)
#
# **Cause in one line**: the shared number suits one side.

# %% [markdown]
# ## Two epochs
#
# **The kind of table.** Every row has the same small number of epochs, because that is what
# tutorials use. Zhang et al. name the small, fixed number of steps as one of three reasons why
# fine-tuning BERT on little data seems unstable
# ([arXiv 2006.05987](https://arxiv.org/abs/2006.05987), ICLR 2021).
#
# **Wrong, then right.** Recorded runs with 300 sentences, ten seeds each. The heads on a frozen
# backbone had all the steps they wanted. By how much do they lead over training everything, in
# F1 of names?

# %%
full = mtl.study_table(STUDIES / "transfer").query("train_size == 300")
short = mtl.study_table(STUDIES / "short").query("train_size == 300")
ways = {"heads": full[full.arm == "backbone_frozen"]}
ways |= {"2 epochs": short, "12 epochs": full[full.arm == "none_frozen"]}

# %%
names = {way: 100 * runs.groupby("corpus").ner_f1.mean() for way, runs in ways.items()}
names = pd.DataFrame(names).dropna()
gaps = names[["2 epochs", "12 epochs"]].rsub(names["heads"], axis=0)

# %%
mtl.show_bars(
    "Freezing leads after 2 epochs and trails after 12",
    {f"{corpus}, {way}": gap for (corpus, way), gap in gaps.stack().items()},
    across="← everything is better    points of F1    freezing is better →",
    form="{:+.1f}",
)

# %% [markdown]
# After two epochs freezing wins on all three corpora. After twelve it loses on all three.
# Training everything is slow to start, since it must move a whole backbone by small steps.
#
# **Cause in one line**: the race was stopped while one runner was still starting.

# %% [markdown]
# ## Frozen at 2e-5
#
# **The kind of table.** The learning rate that suits a whole BERT is given to a head alone.
# *Hands-On Large Language Models* trains BERT-base on film reviews for one epoch at 2e-5, and
# has an F1 of 0.857. The same arguments with a frozen backbone give 0.638
# ([chapter 11](https://github.com/HandsOnLLM/Hands-On-Large-Language-Models)). In a
# [forum thread](https://discuss.huggingface.co/t/using-extremely-small-dataset-to-finetune-bert/8847)
# a frozen BERT stays at half right with five classes. There SGD runs at 1e-4.
#
# **Wrong, then right.** We train heads for ten epochs on stored features of 300 sentences. Only
# the learning rate differs.

# %%
corpus = mtl.load_corpus("newsdesk")
test = corpus.splits["test"]
some = test.select(range(0, len(test), 4))  # every fourth, to save you a minute
small = replace(corpus, splits=DatasetDict({**corpus.splits, "test": some}))
store = mtl.FeatureStore()


# %%
def train(**settings):
    """Train a fresh model on newsdesk by a plan with these settings."""
    model = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)
    return mtl.train(model, small, mtl.Plan(**settings), store=store, progress=False)


# %%
heads = {"scenario": "backbone_frozen", "train_size": 300, "epochs": 10}
frozen = {f"{lr:.0e}": train(head_lr=lr, batch_size=16, **heads) for lr in (2e-5, 3e-3)}
mtl.lesson.entity_scores(frozen)

# %% [markdown]
# At 2e-5 the head has hardly left its random start. Always saying one topic would be right in
# 14 per cent. With AdamW a weight moves by about the learning rate per step (lesson 01), and
# 190 steps of 2e-5 lead nowhere.
#
# **Cause in one line**: a new head needs large steps, and a head alone can take them.

# %% [markdown]
# ## LoRA at a tenth of its learning rate
#
# **The kind of table.** LoRA is shown at several ranks, and more rank seems to help. In a
# [public comparison](https://github.com/vishalvaka/ML-Project) of BioBERT on medical names F1
# is 5, 40, 52 and 59 at rank 8, 16, 24 and 32, and 89 with everything trained. One more row
# has rank 32 and a learning rate of its own, 5e-5. It reaches 84.

# %%
lora = {"scenario": "lora", "train_size": 200, "epochs": 6, "batch_size": 16}
at_3e4 = {"backbone_lr": 3e-4, "head_lr": 3e-4}
tried = {"rank 8, 3e-4": train(**lora, **at_3e4)}

# %%
tried["rank 32, 3e-4"] = train(**lora, **at_3e4, lora_rank=32, lora_alpha=64)

# %%
tried["rank 8, 3e-3"] = train(**lora, backbone_lr=3e-3, head_lr=3e-3)

# %%
mtl.lesson.entity_scores(tried)

# %%
f1 = {name: 100 * run.scores.ner_f1 for name, run in tried.items()}
Markdown(
    f"Four times the rank moves F1 from {f1['rank 8, 3e-4']:.1f} to "
    f"{f1['rank 32, 3e-4']:.1f}. Ten times the learning rate moves it from "
    f"{f1['rank 8, 3e-4']:.1f} to {f1['rank 8, 3e-3']:.1f}."
)

# %% [markdown]
# In the public table recall gives it away: at rank 8 it is 3 per cent, at a precision of 89.
# The model has hardly begun to call anything a name. Its configuration sets a learning rate
# for all rows, and as we read the code, rows without one of their own fall back to 1e-5.
#
# **Cause in one line**: the rows differ in how far they got, not in what they can do.

# %% [markdown]
# ## How to read the next table
#
# - **Which learning rate did the optimizer hold?** Not the file: the optimizer. Is it the best
#   of several for each row, or one for all?
# - **How many steps?** Would twice as many change the order?
# - **Where does the best setting lie?** At the end of what was tried means: try further.
# - **Recall beside F1.** Near zero at high precision means that training had not begun.
# - **How many seeds?** With one, the order of close rows is a draw.
#
# ## What you found
#
# One shared learning rate makes freezing look hopeless or splendid, as you please. Two epochs
# make it win, and twelve make it lose. A frozen head at 2e-5 and a LoRA at a tenth of its
# learning rate both look as if the method failed, while it had hardly started.
#
# **Back to the course**: [08 · Training a part](../08_training_a_part.ipynb),
# [07 · Limited against sufficient data](../07_limited_vs_sufficient_data.ipynb).
