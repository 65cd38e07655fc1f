# %% [markdown]
# # Deep dive · Clipping and random streams
#
# **How can a training loop tie two heads together that share no weight?**
#
# Over a frozen backbone, the NER head comes out the same to the bit, with or without
# the sentence head beside it. That holds for `mtl.train`. It does not hold for every
# loop. Here you write a loop of your own and tie the heads together in three ways. Each
# of them is common, and none gives a warning.
#
# *10 minutes to read, 20 seconds to run. It belongs to lesson 06.*

# %%
import copy

import pandas as pd
import torch
from IPython.display import Markdown
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

import mtlhelpers as mtl

# %% [markdown]
# ## A loop over stored vectors
#
# The backbone is MiniLM-L6, the corpus newsdesk. Two hundred sentences go through the
# frozen backbone once. What the heads look at is kept: one vector per sentence, and one
# per word piece.

# %%
corpus = mtl.load_corpus("newsdesk")
model = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)
rows = corpus.splits["train"].shuffle(seed=0).select(range(200))
pieces = model.tokenizer(
    rows["tokens"][:], is_split_into_words=True, padding=True, return_tensors="pt"
)

# %%
with torch.no_grad():
    encoded = model.eval().backbone(pieces.input_ids, pieces.attention_mask)
hidden = encoded.last_hidden_state  # (200, T, H)
vectors = {"sentence": model.pool(hidden, pieces.attention_mask), "ner": hidden}

# %% [markdown]
# The right answers, as in lesson 01: each tag on the first piece of its word, and -100
# everywhere else.


# %%
def label_pieces(word_ids, tags):
    """The number of each word's tag on its first piece, -100 on everything else."""
    firsts = [w is not None and w not in word_ids[:i] for i, w in enumerate(word_ids)]
    numbers = {w: corpus.tags.index(tag) for w, tag in enumerate(tags)}
    return [numbers[w] if first else -100 for w, first in zip(word_ids, firsts)]


# %%
tags = [label_pieces(pieces.word_ids(i), row) for i, row in enumerate(rows["tags"])]
labels = [corpus.labels.index(label) for label in rows["label"]]
gold = {"sentence": torch.tensor(labels), "ner": torch.tensor(tags)}


# %% [markdown]
# The loop trains copies of some heads on the sum of their losses. It takes what it
# could get wrong from outside: the heads it starts from, the batches, and how to clip.


# %%
def loss_of(task, head, picked):
    logits = head(vectors[task][picked]).flatten(0, -2)
    return cross_entropy(logits, gold[task][picked].flatten(), ignore_index=-100)


# %%
def train_heads(heads, batches, clip):
    """Train copies of the heads; return them, and what `clip` said in each step."""
    heads, said = copy.deepcopy(heads), []
    held = [p for head in heads.values() for p in head.parameters()]
    optimizer = torch.optim.AdamW(held, lr=3e-3)
    for picked in batches:
        optimizer.zero_grad()
        sum(loss_of(task, head, picked) for task, head in heads.items()).backward()
        said.append(clip(heads))
        optimizer.step()
    return heads, said


# %% [markdown]
# The heads to start from, and eight epochs of batches of sixteen. `randperm` draws from
# PyTorch's one stream of random numbers.


# %%
def fresh_heads(tasks):
    return {task: model.head(task) for task in tasks}


# %%
def draw_batches():
    return [b for _ in range(8) for b in torch.randperm(200).split(16)]


# %%
_ = torch.manual_seed(0)
batches = draw_batches()

# %% [markdown]
# ## Whose norm?
#
# *Clipping* limits a step. Where the norm of the gradient is above 1, the gradient is
# divided by it. Here is one norm per head, and one norm over everything that the
# optimizer holds. The second is the common way: `clip_grad_norm_(model.parameters(),
# 1.0)`.


# %%
def clip_each(heads):
    """Limit each head's gradient by its own norm; return the norms from before."""
    return {t: clip_grad_norm_(h.parameters(), 1.0).item() for t, h in heads.items()}


# %%
def clip_together(heads):
    """Limit all gradients by their common norm."""
    return clip_grad_norm_([p for h in heads.values() for p in h.parameters()], 1.0)


# %% [markdown]
# ## Four trials
#
# Each trial trains heads for the tasks that it is given and returns the NER head. The
# first two differ in clipping alone.


# %%
def own_norms(tasks):
    return train_heads(fresh_heads(tasks), batches, clip_each)[0]["ner"]


# %%
def one_norm(tasks):
    return train_heads(fresh_heads(tasks), batches, clip_together)[0]["ner"]


# %% [markdown]
# For the other two, heads as plain PyTorch draws them: one after the other, from one
# stream. The sentence head comes first, as in most code. The third trial starts from
# these heads. The fourth starts from the right ones, but draws its batches when the
# stream has just been used for heads.


# %%
def drawn_heads(tasks):
    """New heads by `nn.Linear`, each drawn where the one before left the stream."""
    torch.manual_seed(0)
    shapes = {task: model.head(task).weight.shape[::-1] for task in tasks}
    return {task: torch.nn.Linear(*shape) for task, shape in shapes.items()}


# %%
def one_stream_for_heads(tasks):
    return train_heads(drawn_heads(tasks), batches, clip_each)[0]["ner"]


# %%
def one_stream_for_order(tasks):
    drawn_heads(tasks)
    return train_heads(fresh_heads(tasks), draw_batches(), clip_each)[0]["ner"]


# %% [markdown]
# Each trial runs twice: with both tasks, and with names alone. How far apart are the
# two NER heads?


# %%
def compare(trial):
    """What becomes of the NER head if the sentence head trains beside it."""
    joint, alone = trial(["sentence", "ner"]), trial(["ner"])
    differ = joint.weight.view(torch.int32) != alone.weight.view(torch.int32)
    shift = 100 * (joint.weight - alone.weight).norm() / alone.weight.norm()
    tags = joint(hidden).argmax(-1) != alone(hidden).argmax(-1)
    words = tags[gold["ner"] >= 0]
    return [int(differ.sum()), round(shift.item(), 1), int(words.sum())]


# %%
trials = {
    "nothing shared": compare(own_norms),
    "one norm for clipping": compare(one_norm),
    "one stream for the heads": compare(one_stream_for_heads),
    "one stream for heads and order": compare(one_stream_for_order),
}
columns = ["numbers that differ", "shift of the head, %", "words tagged differently"]
table = pd.DataFrame.from_dict(trials, orient="index", columns=columns)
assert table.iloc[0, 0] == 0 and (table.iloc[1:, 0] > 0).all()
table

# %% [markdown]
# With nothing shared, the heads do not touch. Each of the three liberties ties them
# together.
#
# ## How clipping carries a loss across
#
# The common norm is the root of the sum of the squares of both norms.

# %%
_, norms = train_heads(fresh_heads(["sentence", "ner"]), batches, clip_each)
by_step = pd.DataFrame(norms)
by_step["both"] = (by_step.sentence**2 + by_step.ner**2) ** 0.5
first = by_step[:40]
mtl.plots.show_lines(
    "Gradient norms of the first steps; above 1 they are limited",
    list(range(1, 41)),
    {name: list(first[name]) for name in first},
    across="step",
    up="norm",
)

# %%
above = (by_step > 1).mean()
Markdown(
    f"The common norm is above the limit in {above['both']:.0%} of all steps, the NER "
    f"head's own norm in {above['ner']:.0%}."
)

# %% [markdown]
# Wherever the common norm is above the limit, the sentence loss helps to decide how
# long the NER head's gradient is. No gradient of the sentence loss ever reaches that
# head. Its *size* does, and that is enough.
#
# Does AdamW not divide each gradient by its own size? It does, and one factor for all
# steps would cancel. This one changes from step to step, and the running means remember
# every step.
#
# ## Does it matter?
#
# Such a difference is neither good nor bad in itself. It matters when you compare. "The
# NER head gained from training beside the sentence head": with a common norm, you could
# read that off a frozen backbone, where there is nothing to gain.
#
# So `mtl.train` clips each part by itself, and draws subset, heads, order and dropout
# from streams of their own. One condition is left: the batches must be the same. If
# half of the sentences have only labels and the others only tags, a batch holds fewer
# tags when both tasks train.
#
# Back to [06 one head and the backbone frozen](../06_head_and_backbone_frozen.ipynb).
