# %% [markdown] tags=["slide"]
# # 01 · Shared model
#
# **How do two heads share one BERT?**
#
# One head wants one answer per sentence. The other wants one answer per word. The
# backbone gives neither: it gives one vector per *word piece*. So somebody has to pick
# pieces, average their vectors, leave out padding, and add two losses. Each of these
# steps can go wrong without a word of warning.
#
# In this lesson you take the model apart, put it together by hand, and train it with a
# loop of ten lines. You learn where tags go, why padding must not count, and why a tiny
# gradient does not mean a tiny step.
#
# *25 minutes to read, 30 seconds to run, 15 minutes of exercises. You need lesson 00.*

# %%
import math

import pandas as pd
import torch
from IPython.display import Markdown
from seqeval.metrics import f1_score
from torch.nn.functional import cross_entropy

import mtlhelpers as mtl

# %%
corpus = mtl.load_corpus("newsdesk")
model = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)
_ = model.eval()

# %% tags=["slide"]
mtl.draw_model("none_frozen", title="One backbone, two heads")

# %% [markdown] tags=["half-day", "slide"]
# ## Words and pieces
#
# BERT does not read words. It knows some thirty thousand word pieces. A word that is
# not among them is cut into pieces that are. Here is a sentence of nine words.

# %%
WORDS = ["Zsófia", "Lindqvist", "reopened", "the", "Reykjavík"]
WORDS += ["observatory", "on", "Tuesday", "."]
TAGS = ["B-person", "I-person", "O", "O", "B-location", "O", "O", "B-date", "O"]

# %%
mtl.guess("01-pieces", "Into how many pieces is it cut?", unit="word pieces", yours=...)

# %%
pieces = model.tokenizer(WORDS, is_split_into_words=True)
print(*pieces.tokens())
print(*pieces.word_ids())

# %%
mtl.reveal("01-pieces", len(pieces.tokens()) - 2)  # without [CLS] and [SEP]

# %% [markdown]
# `##` goes on with a word. `[CLS]` and `[SEP]` stand around each sentence and belong to
# no word. The second line says of each piece which word it came from, counted from 0.
#
# A tag belongs to a word, a prediction to a piece. The rule is: **the first piece of a
# word speaks for it.** Every other piece gets the number -100, which PyTorch's
# cross-entropy leaves out.


# %%
def label_pieces(word_ids, tags):
    """Put each word's tag on its first piece, and -100 on everything else."""
    labels, before = [], None
    for word in word_ids:
        is_first = word is not None and word != before
        labels.append(tags[word] if is_first else -100)
        before = word
    return labels


# %%
print(*label_pieces(pieces.word_ids(), TAGS))

# %% [markdown]
# Does it matter whether you count words or pieces? Say a model finds the person and the
# place, and takes the date for a place. Two of three names are right.

# %%
FOUND = ["B-location" if tag == "B-date" else tag for tag in TAGS]
by_word = f1_score([TAGS], [FOUND])

# %%
owners = [word for word in pieces.word_ids() if word is not None]
on_pieces = [[tags[word] for word in owners] for tags in (TAGS, FOUND)]
by_piece = f1_score([on_pieces[0]], [on_pieces[1]])
print(f"F1 by word {by_word:.3f}, by piece {by_piece:.3f}")

# %% [markdown]
# The prediction is the same, and the score is higher: a name of many pieces counts many
# times. Here the copies of `B-person` begin three names where there is one. Two papers
# that count differently cannot be compared. Here we count words.

# %% [markdown] tags=["half-day", "slide"]
# ## One vector per sentence
#
# The sentence head needs one vector. This model takes the mean over the pieces. Now
# look at a short sentence, alone and beside a longer one. In a batch the shorter one is
# filled up with `[PAD]`.

# %%
SHORT = "The mayor resigned ."
LONG = "The orchestra plays on the frozen lake tonight , and nobody minds the cold ."
alone = model.tokenizer([SHORT], return_tensors="pt")
padded = model.tokenizer([SHORT, LONG], padding=True, return_tensors="pt")
padded.attention_mask  # 1 for a piece, 0 for padding

# %% [markdown]
# Many programs write `hidden.mean(1)`, which counts the padding as well. The sentence
# is the same. How far does its vector move?

# %%
mtl.guess(
    "01-padding",
    "How far does padding move the careless mean, in per cent of the vector's length?",
    unit="per cent",
    yours=...,
)


# %%
@torch.no_grad()
def hidden_of(batch):
    """Vectors of all pieces, (B, T, H): sentences, pieces, width of the backbone."""
    return model.backbone(batch.input_ids, batch.attention_mask).last_hidden_state


# %%
def shift_of(pool):
    """How far padding moves the short sentence's vector, relative to its length."""
    before, after = pool(alone)[0], pool(padded)[0]
    return float((after - before).norm() / before.norm())


# %%
careless = shift_of(lambda b: hidden_of(b).mean(1))
masked = shift_of(lambda b: model.pool(hidden_of(b), b.attention_mask))
print(f"careless mean {100 * careless:.0f} %, mean of real pieces {masked:.0e}")

# %%
mtl.reveal("01-padding", round(100 * careless))

# %% [markdown]
# Its vector depends on its neighbours in the batch, so its label may too. Nothing
# crashes. You will write the careful mean in an exercise.

# %% [markdown] tags=["slide"]
# ## The model by hand
#
# A head is one linear layer. The sentence head sees the mean, the NER head sees every
# piece. That is the whole model, and you can compute it yourself:

# %%
with torch.no_grad():
    hidden = hidden_of(padded)
    sentence = model.sentence_classifier(model.pool(hidden, padded.attention_mask))
    ner = model.ner_classifier(hidden)

# %%
logits = model(padded.input_ids, padded.attention_mask)
print("sentence", tuple(sentence.shape), torch.equal(sentence, logits.sentence))
print("NER", tuple(ner.shape), torch.equal(ner, logits.ner))

# %% [markdown]
# Equal to the last bit. The shapes are (sentences, labels) and (sentences, pieces,
# tags).

# %% [markdown] tags=["half-day", "slide"]
# ## Two losses, one sum
#
# Each task has its cross-entropy: one over sentences, one over labelled pieces. Each is
# a *mean*, so that the many words do not drown the few sentences. We train on the sum.


# %%
def mean_loss(logits, labels):
    """Cross-entropy over what is labelled: sum over count, and 0 where nothing is."""
    logits, labels = logits.flatten(0, -2), labels.flatten()
    total = cross_entropy(logits, labels, ignore_index=-100, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)


# %%
def losses_of(rows):
    """Both losses of some sentences of the corpus."""
    words = rows["tokens"][:]
    batch = model.tokenizer(
        words, is_split_into_words=True, padding=True, return_tensors="pt"
    )
    labels = torch.tensor([corpus.labels.index(label) for label in rows["label"]])
    numbers = [[corpus.tags.index(tag) for tag in tags] for tags in rows["tags"]]
    ner = [label_pieces(batch.word_ids(i), own) for i, own in enumerate(numbers)]
    logits = model(batch.input_ids, batch.attention_mask)
    return mean_loss(logits.sentence, labels), mean_loss(logits.ner, torch.tensor(ner))


# %% [markdown]
# A new head finds all *n* labels about equally likely. Such a head has a loss of log *n*.
# (It is the natural logarithm, and its unit is the *nat*.)

# %%
rows = corpus.splits["train"].shuffle(seed=0)
sentence_loss, ner_loss = losses_of(rows.select(range(8)))
print(f"sentence {sentence_loss:.2f}, log n {math.log(len(corpus.labels)):.2f}")
print(f"NER {ner_loss:.2f}, log n {math.log(len(corpus.tags)):.2f}")

# %% [markdown]
# Look at this number whenever a training begins. Far above it, something has the wrong
# scale. Far below it, the model has seen the answers.

# %% [markdown]
# ### A batch without a single tag
#
# Why `clamp(min=1)`? Some corpora have labels on one half and tags on the other. Then a
# batch may hold no tag at all, and PyTorch's own mean divides zero by zero.


# %%
def mean_by_hand(logits, labels):
    """The mean over labelled pieces, with a mask: do not copy this."""
    mask = (labels != -100).float()
    each = cross_entropy(logits, labels.clamp(min=0), reduction="none")
    return (each * mask).sum() / mask.sum()


# %%
for way in (mean_loss, cross_entropy, mean_by_hand):
    five = torch.zeros(5, 13, requires_grad=True)
    loss = way(five, torch.full((5,), -100))
    loss.backward()
    print(
        f"{way.__name__}: loss {loss.item()}, gradient {five.grad.abs().max().item()}"
    )

# %% [markdown]
# PyTorch's loss is `nan`, but its gradients are zero, so no weight is harmed. It still
# spoils the sum of both losses, and every mean that you watch. The mean by hand is
# worse: its gradients are `nan`, and after one step every weight they reach is `nan` too.

# %% [markdown] tags=["half-day", "slide"]
# ## One step
#
# Take one step of AdamW, with a learning rate of 0.001. Look at the sentence head. Some
# of its weights have a gradient hundreds of times smaller than others.

# %%
mtl.guess(
    "01-step",
    "How far does a weight with a small gradient move, against one with a large one?",
    choices=("hundreds of times less", "half as far", "as far"),
    yours=...,
)

# %%
model.zero_grad()
sum(losses_of(rows.select(range(8)))).backward()
head = model.sentence_classifier.weight
before, gradient = head.detach().clone(), head.grad.abs().flatten()

# %%
torch.optim.AdamW(model.parameters(), lr=0.001, weight_decay=0.0).step()
moved = (head.detach() - before).abs().flatten()

# %%
levels = torch.tensor([0.01, 0.5, 0.99])
both = {"gradient": gradient, "step": moved}
sizes = {name: sizes.quantile(levels).tolist() for name, sizes in both.items()}

# %%
index = ["1 % are smaller", "median", "1 % are larger"]
pd.DataFrame(sizes, index=index).map("{:.1e}".format)

# %%
mtl.reveal(
    "01-step",
    "as far",
    because={
        "hundreds of times less": "That is plain gradient descent, which multiplies the "
        "gradient by the learning rate. Adam divides it by its own size first.",
        "half as far": "On the first step Adam keeps the sign of a gradient, and "
        "nothing of its size.",
    },
)

# %% [markdown]
# The first step moves every weight by the learning rate itself. Later steps depend on
# whether the gradients of a weight agree: where they change sign from batch to batch,
# steps get shorter and cancel each other. But "it hardly matters for the loss" keeps
# nothing still. Only freezing does.

# %% [markdown] tags=["half-day"]
# ## The loop
#
# Training is that step, many times over. The heads know nothing yet and get a high
# learning rate. The backbone knows a lot and gets a low one. `train()` turns dropout on.

# %%
model = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)
heads = [*model.sentence_classifier.parameters(), *model.ner_classifier.parameters()]
groups = [
    {"params": model.backbone.parameters(), "lr": 1e-4},
    {"params": heads, "lr": 3e-3},
]

# %%
optimizer, losses = torch.optim.AdamW(groups), []

# %%
model.train()
for start in range(0, 8 * 24, 8):
    optimizer.zero_grad()
    both = losses_of(rows.select(range(start, start + 8)))
    sum(both).backward()
    optimizer.step()
    losses.append([loss.item() for loss in both])

# %%
curve = pd.DataFrame(losses, columns=["sentence", "NER"]).rolling(4).mean().dropna()
lines = {task: curve[task].to_list() for task in curve}
steps = [step + 1 for step in curve.index]

# %% tags=["slide"]
TITLE = "Loss, mean of the last four steps"
mtl.show_lines(TITLE, steps, lines, across="step", up="loss (nats)")

# %% [markdown]
# The NER loss falls first. Most words are no names, and the head learns to say `O`.
# `mtl.train` is this loop, with what a careful person adds:
# batches of similar length, learning rates that rise and fall, clipped gradients, a store
# for what is frozen, and a proof that it stayed as it was.

# %% [markdown]
# ## Exercises
#
# ### Exercise 01.1 · The last piece
#
# Write `label_last_pieces`. It takes what `label_pieces` takes, and puts the tag on the
# *last* piece of each word. Every other piece gets -100.


# %% tags=["exercise"]
def label_last_pieces(word_ids, tags):
    # BEGIN SOLUTION
    return label_pieces(word_ids[::-1], tags)[::-1]
    # END SOLUTION


# %%
mtl.check("01.1", label_last_pieces)

# %% [markdown]
# ### Exercise 01.2 · The careful mean
#
# `hidden` is (B, T, H), `mask` is (B, T) with 1 for a piece and 0 for padding. Return
# the mean over the pieces, (B, H).


# %% tags=["exercise"]
def masked_mean(hidden, mask):
    # BEGIN SOLUTION
    weights = mask.unsqueeze(-1).float()  # (B, T, 1)
    return (hidden * weights).sum(1) / weights.sum(1)
    # END SOLUTION


# %%
mtl.check("01.2", masked_mean)

# %% [markdown] tags=["half-day"]
# ### Exercise 01.3 · The first loss
#
# CLINC150 has 150 labels. What is the sentence loss of a new head, in nats, to two
# decimals?

# %% tags=["exercise"]
# BEGIN SOLUTION
first_loss = round(math.log(150), 2)
# END SOLUTION

# %%
mtl.check("01.3", first_loss)

# %% [markdown]
# ## What you found

# %%
start, end = curve["NER"].iloc[[0, -1]]
Markdown(
    f"Two heads share one backbone by reading its vectors in two ways: as a mean, and "
    f"one by one. A mean that counts padding moves a sentence's vector by "
    f"{100 * careless:.0f} %, and a score that counts pieces turns an F1 of {100 * by_word:.1f} "
    f"into {100 * by_piece:.1f}. The first step of AdamW is the learning rate, whatever "
    f"the gradient; {len(losses)} steps took the NER loss from {start:.2f} to {end:.2f}."
)

# %% [markdown]
# ## What would have changed our mind
#
# If the careful mean had moved with the padding, something else would leak between
# sentences. If your forward pass had differed from the model's, it would do more than
# it says. If steps had been as uneven as gradients, a weight that hardly matters would
# hardly move, and freezing it would change little.
#
# ## Go deeper
#
# Next: [02 Counting parameters](02_counting_parameters.ipynb).
