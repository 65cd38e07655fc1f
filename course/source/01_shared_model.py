# %% [markdown]
# # 01 · The shared model
#
# One BERT feeds two heads. You now build that model from its parts, so that nothing in
# the later lessons is a black box.
#
# **What you will do**
# - lay words and word pieces side by side, and put each tag on the right piece;
# - pool a sentence into one vector, and see what padding does to it;
# - take the model apart and put it together by hand;
# - train one batch, then many, with a loop of ten lines;
# - train on sentences of which each has only one of the two labels;
# - score both tasks, and see three ways in which NER scores mislead.
#
# **What you will learn**
# - why only the first piece of a word carries a tag;
# - why a mean over a padded sentence needs a mask;
# - how two losses become one, and what happens where a label is missing;
# - how far one step of AdamW moves a weight.
#
# **What you need**: lesson 00, and PyTorch's tensors, modules and `backward()`.
#
# **Time**: 30 minutes to read, under 1 minute to run on two cores.
#
# **Peak memory**: under 2 GB.

# %%
import inspect
import math
import time
from dataclasses import replace

import pandas as pd
import torch
from datasets import Dataset, DatasetDict
from IPython.display import Markdown
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2
from torch.nn.functional import cross_entropy

import mtlhelpers as mtl

started = time.perf_counter()
CORPUS = "newsdesk"  # or "snips"
_ = torch.manual_seed(0)
# %% [markdown]
# The corpus, and a model on the backbone `minilm`: a BERT of 6 layers, distilled from a
# larger one and tuned to place sentences of like meaning near each other. The heads are
# new and know nothing. `eval()` switches dropout off, so that the same input gives the
# same output while you look around.

# %%
corpus = mtl.load_corpus(CORPUS)
model = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)
_ = model.eval()
# %% [markdown]
# ## 1 · Words and word pieces

# %% [markdown]
# BERT does not read words. Its vocabulary holds some thirty thousand *word pieces*; a
# word that is not among them is cut into pieces that are. Here is a sentence of nine
# words, with a tag on each.

# %%
WORDS = ["Zsófia", "Lindqvist", "reopened", "the", "Reykjavík"]
TAGS = ["B-person", "I-person", "O", "O", "B-location"]
WORDS += ["observatory", "on", "Tuesday", "."]
TAGS += ["O", "O", "B-date", "O"]

# %%
piece_count = mtl.guess(
    "01-pieces", "Into how many pieces is the sentence of 9 words cut?", guess=9
)
piece_count

# %% [markdown]
# `is_split_into_words=True` tells the tokenizer that you have cut the sentence into words
# already. `word_ids()` then says of each piece which word it came from.

# %% tags=["nbval-check-output"]
pieces = model.tokenizer(WORDS, is_split_into_words=True)
table = pd.DataFrame(
    {"piece": pieces.tokens(), "word": pieces.word_ids()}, dtype=object
)
table.T

# %% [markdown]
# `[CLS]` and `[SEP]` are put around each sentence and belong to no word. `##` marks a
# piece that continues a word. Upper case and accents are gone: this vocabulary is
# *uncased*.

# %% tags=["nbval-check-output"]
piece_count.reveal(len(pieces.tokens()) - 2)  # without [CLS] and [SEP]

# %% [markdown]
# ### Which piece carries the tag?

# %% [markdown]
# A tag belongs to a word, a prediction to a piece. The rule here, as in most of the
# literature: **the first piece of a word speaks for it**. Everything else gets the
# number -100, which PyTorch's cross-entropy leaves out.


# %%
def label_pieces(word_ids, tags):
    """The tag of each word on its first piece, -100 on everything else."""
    labels, before = [], None
    for word in word_ids:
        is_first = word is not None and word != before
        labels.append(tags[word] if is_first else -100)
        before = word
    return labels


# %% tags=["nbval-check-output"]
table["label"] = label_pieces(pieces.word_ids(), TAGS)
table.T

# %% [markdown]
# The check that matters: as many labelled pieces as there are words. Where the two differ,
# tags have slipped, and training goes on without a word of warning.

# %%
assert sum(label != -100 for label in table.label) == len(WORDS)

# %% [markdown]
# ### A word without a piece

# %% [markdown]
# Some characters are dropped before the sentence is cut: control characters, and the
# invisible "variation selector" that turns a sign into an emoji. If such a character
# stands alone, it is a word without a piece. A text from the web holds a few of them.

# %%
lost = mtl.guess(
    "01-lost-word",
    "What does the model say of a word that has no piece?",
    guess="an error",
    choices=("an error", "the tag of its neighbour", "nothing"),
)
lost

# %% tags=["nbval-check-output"]
sentence = ["coffee", "\ufe0f", "now"]  # the second word is a variation selector
print(model.tokenizer(sentence, is_split_into_words=True).word_ids())
tag = model.predict([sentence])[0].tags[1]  # None, and a warning says how many
lost.reveal("nothing" if tag is None else tag)

# %% [markdown]
# Word 1 does not occur in `word_ids()`. The word stays in the sentence and in the gold.
# The model has not read it, so its tag is None. In scores that counts as `O`, which is an
# error if a name was there. Leaving such words out of the gold would hide the error.

# %% [markdown]
# ## 2 · One vector for a sentence

# %% [markdown]
# The backbone gives one vector for each piece. The sentence head needs one vector for the
# sentence. Two ways are common: the vector of `[CLS]`, or the mean over all pieces. This
# model takes the mean, because its backbone was tuned that way.

# %% [markdown]
# Sentences of a batch have different lengths, and the shorter ones are filled up with
# `[PAD]`. Padding must not count. Take a short sentence, alone and beside a longer one:

# %%
SHORT = "The mayor resigned ."
LONG = "The orchestra plays on the frozen lake tonight , and nobody minds the cold ."
alone = model.tokenizer([SHORT], return_tensors="pt")
padded = model.tokenizer([SHORT, LONG], padding=True, return_tensors="pt")

# %% tags=["nbval-check-output"]
padded.attention_mask  # 1 for a piece, 0 for padding


# %%
@torch.no_grad()
def hidden_of(batch):
    """Vectors of all pieces, (B, T, H): sentences, pieces, width of the backbone."""
    return model.backbone(batch.input_ids, batch.attention_mask).last_hidden_state


def masked_mean(hidden, mask):
    weights = mask.unsqueeze(-1).float()  # (B, T, 1)
    return (hidden * weights).sum(1) / weights.sum(1)  # (B, H)


# %% [markdown]
# Now compare the vector of the short sentence alone with its vector in the padded batch.
# First your guess for the careless way, `hidden.mean(1)`, which counts the padding.

# %%
shift = mtl.guess(
    "01-padding",
    "By how many percent of its length does padding shift the unmasked mean?",
    guess=5,
)
shift


# %%
def shift_of(pool):
    """How far padding moves the short sentence's vector, relative to its length."""
    before, after = pool(alone)[0], pool(padded)[0]
    return float((after - before).norm() / before.norm())


shifts = {
    "masked mean": shift_of(lambda b: masked_mean(hidden_of(b), b.attention_mask)),
    "first token": shift_of(lambda b: hidden_of(b)[:, 0]),
    "unmasked mean": shift_of(lambda b: hidden_of(b).mean(1)),
}
pd.Series(shifts).map("{:.2e}".format).rename("relative shift").to_frame()

# %%
assert shifts["masked mean"] < 1e-5 and shifts["first token"] < 1e-5
assert shifts["unmasked mean"] > 0.1
shift.reveal(round(100 * shifts["unmasked mean"]))

# %% [markdown]
# The masked mean and the first token do not notice the padding; what is left is rounding.
# The unmasked mean moves far: the same sentence would get another label depending on its
# neighbours in the batch. Nothing crashes, so it is easily overlooked.

# %% [markdown]
# ## 3 · Two heads

# %% [markdown]
# A head is one linear layer: a matrix and a bias. The sentence head sees the pooled
# vector, the NER head sees each piece's vector.

# %% [markdown]
# What should the heads say before training? Their weights are small random numbers, so
# all labels look about alike. You can work out the loss of such a head on paper.

# %%
untrained = mtl.guess(
    "01-first-loss",
    f"Cross-entropy of a head that finds all {len(corpus.labels)} labels alike?",
    guess=1.0,
)
untrained

# %%
untrained.reveal(round(math.log(len(corpus.labels)), 3))

# %% [markdown]
# A uniform guess over *n* labels costs *log n*, in nats. You will see that number again
# in section 5. Now the shapes:

# %%
with torch.no_grad():
    logits = model(padded.input_ids, padded.attention_mask)
B, T = padded.input_ids.shape
assert logits.sentence.shape == (B, len(corpus.labels))
assert logits.ner.shape == (B, T, len(corpus.tags))

# %% tags=["nbval-check-output"]
print("pieces of the batch  ", tuple(padded.input_ids.shape), "B, T")
print("sentence logits      ", tuple(logits.sentence.shape), "B, labels")
print("NER logits           ", tuple(logits.ner.shape), "B, T, tags")
print("sentence head weights", tuple(model.sentence_classifier.weight.shape))
print("NER head weights     ", tuple(model.ner_classifier.weight.shape))

# %% [markdown]
# ## 4 · The model, taken apart

# %% [markdown]
# You have all the parts. Here is the forward pass by hand, from the backbone and the two
# linear layers, with your own pooling. How well will it agree with `model(...)`?

# %%
agreement = mtl.guess(
    "01-by-hand",
    "Your logits and the model's agree …",
    guess="to 5 digits",
    choices=("roughly", "to 5 digits", "to the last bit"),
)
agreement

# %%
hidden = hidden_of(padded)
with torch.no_grad():
    sentence_by_hand = model.sentence_classifier(
        masked_mean(hidden, padded.attention_mask)
    )
    ner_by_hand = model.ner_classifier(hidden)
assert torch.equal(sentence_by_hand, logits.sentence)
assert torch.equal(ner_by_hand, logits.ner)

# %% [markdown]
# The two `assert` lines compare bit by bit, and they passed.

# %% tags=["nbval-check-output"]
agreement.reveal("to the last bit")

# %% [markdown]
# It is the same computation. This is how the package begins and ends it; in between it
# pools, as you did. `word_mask` and `lengths` are for other kinds of heads: linear ones
# do without.

# %%
print(inspect.getsource(mtl.SharedModel.forward))
print(inspect.getsource(mtl.SharedModel.classify))

# %% [markdown]
# There is no *pooler* here, the extra layer that published BERT models put on `[CLS]`.
# Nobody would use it, and it would train all the same. Lesson 02 counts it.

# %% [markdown]
# ## 5 · One loss

# %% [markdown]
# First a batch. The tokenizer pads; `label_pieces` places the tags, now as numbers. A
# sentence without tags, or without a label, gets -100 throughout.


# %%
def make_batch(rows):
    """Tensors for a few sentences of the corpus."""
    batch = model.tokenizer(
        rows["tokens"][:], is_split_into_words=True, padding=True, return_tensors="pt"
    )
    tag_ids = [
        [-100] * len(words)
        if tags is None
        else [corpus.tags.index(tag) for tag in tags]
        for words, tags in zip(rows["tokens"], rows["tags"])
    ]
    ner = [label_pieces(batch.word_ids(i), ids) for i, ids in enumerate(tag_ids)]
    sentence = [-100 if x is None else corpus.labels.index(x) for x in rows["label"]]
    return batch, torch.tensor(sentence), torch.tensor(ner)


# %% [markdown]
# Eight sentences of the training part, drawn at random:

# %%
train_rows = corpus.splits["train"].shuffle(seed=0)
batch, sentence_labels, ner_labels = make_batch(train_rows.select(range(8)))
print(tuple(batch.input_ids.shape), sentence_labels.tolist())

# %% [markdown]
# The two losses are two cross-entropies, one over sentences and one over the labelled
# pieces. Each is a *mean*, so that the many words do not drown the few sentences. The
# model trains on the sum of the two.


# %%
def mean_loss(logits, labels):
    """Cross-entropy over what is labelled: sum over count, and 0 where nothing is."""
    logits, labels = logits.flatten(0, -2), labels.flatten()
    total = cross_entropy(logits, labels, ignore_index=-100, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)


def two_losses(batch, sentence_labels, ner_labels):
    logits = model(batch.input_ids, batch.attention_mask)
    return mean_loss(logits.sentence, sentence_labels), mean_loss(
        logits.ner, ner_labels
    )


# %% [markdown]
# The two losses of a model that knows nothing, beside *log n*:

# %%
sentence_loss, ner_loss = two_losses(batch, sentence_labels, ner_labels)
pd.DataFrame(
    {
        "loss": [sentence_loss.item(), ner_loss.item()],
        "log n": [math.log(len(corpus.labels)), math.log(len(corpus.tags))],
    },
    index=["sentence", "ner"],
).round(2)

# %% [markdown]
# Both losses stand close to *log n*, as predicted. Look at this number whenever you begin
# a training: if it is far above, the logits are on a wrong scale; if it is far below, the
# model has seen the answers.

# %%
assert abs(sentence_loss.item() - math.log(len(corpus.labels))) < 0.5
assert abs(ner_loss.item() - math.log(len(corpus.tags))) < 0.5

# %% [markdown]
# ### A batch without a single tag

# %% [markdown]
# Why `clamp(min=1)`? Suppose no sentence of the batch has tags.

# %%
nothing = mtl.guess(
    "01-no-labels",
    "PyTorch's own mean cross-entropy, where every label is -100, gives …",
    guess="0",
    choices=("0", "nan", "an error"),
)
nothing

# %% tags=["nbval-check-output"]
five_pieces, no_tags = torch.zeros(5, 13), torch.full((5,), -100)
plain = cross_entropy(five_pieces, no_tags)
print("ours:", mean_loss(five_pieces, no_tags).item())
nothing.reveal(str(plain.item()))

# %% [markdown]
# Zero divided by zero. What does such a batch do to the weights? Look at the gradients,
# of PyTorch's mean and of a mean that many people write by hand.


# %%
def mean_by_hand(logits, labels):
    """The mean over labelled pieces, with a mask: do not copy this."""
    mask = (labels != -100).float()
    each = cross_entropy(logits, labels.clamp(min=0), reduction="none")
    return (each * mask).sum() / mask.sum()


# %% tags=["nbval-check-output"]
for name, loss in {"PyTorch": cross_entropy, "by hand": mean_by_hand}.items():
    five_pieces = torch.zeros(5, 13, requires_grad=True)
    loss(five_pieces, no_tags).backward()
    print(f"{name}: gradient {five_pieces.grad.abs().max().item()}")

# %% [markdown]
# PyTorch gives a piece without a label the gradient zero, so no weight is harmed. But the
# number is `nan`. It spoils the sum of the two losses, the mean of an epoch, and whatever
# watches them. `mtl.train` would stop here. The mean by hand does worse: its gradients
# are `nan`, and after one step so is every weight that the loss reaches, for good.

# %% [markdown]
# Ours, the sum over a count of at least one, gives zero, and zero gradients with it. The
# batch teaches the other task and leaves this one alone.

# %% [markdown]
# ## 6 · One batch, one step

# %% [markdown]
# The gradient shows how the loss would change with each weight. How strong is it in each
# part?

# %%
model.zero_grad()
sum(two_losses(batch, sentence_labels, ner_labels)).backward()


# %% [markdown]
# The norm of a part's gradient is the root of the sum of all squares in it.


# %%
def gradient_norm(part):
    squares = [p.grad.square().sum() for p in part.parameters() if p.grad is not None]
    return float(torch.stack(squares).sum().sqrt())


norms = {
    "backbone": gradient_norm(model.backbone),
    "sentence": gradient_norm(model.sentence_classifier),
    "ner": gradient_norm(model.ner_classifier),
}

# %%
mtl.show_bars("First batch, by part", norms, across="gradient norm", form="{:.2f}")

# %% [markdown]
# Now one step of AdamW with a learning rate of 0.001. A weight with a large gradient and
# one with a tiny gradient: by how much does each move? Guess for the median weight of the
# sentence head.

# %%
RATE = 1e-3
step = mtl.guess(
    "01-first-step",
    "By how much does the sentence head's median weight move? (learning rate 0.001)",
    guess=0.00001,
)
step

# %%
before = model.sentence_classifier.weight.detach().clone()
gradient = model.sentence_classifier.weight.grad.abs()
torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.0).step()
moved = (model.sentence_classifier.weight.detach() - before).abs()

# %%
assert torch.allclose(moved.median(), torch.tensor(RATE), rtol=0.01)
step.reveal(round(moved.median().item(), 5))

# %% [markdown]
# The first step moves nearly every weight by the learning rate itself, whatever its
# gradient: Adam divides the gradient by its own size. Look at the spread:

# %%
levels = torch.tensor([0.05, 0.5, 0.95])
pd.DataFrame(
    {
        "size of gradient": gradient.flatten().quantile(levels).numpy(),
        "size of step": moved.flatten().quantile(levels).numpy(),
    },
    index=["5 % of weights below", "median", "95 % below"],
)

# %% [markdown]
# This is the first step. From the second on, AdamW divides a running mean of the
# gradients by a running mean of their size. If the gradients of a weight agree, however
# small they are, it goes on at full speed. If they change sign from batch to batch, its
# steps get shorter and cancel one another.

# %% [markdown]
# Either way a small gradient does not mean a small step. "It hardly matters for the loss"
# keeps nothing still; only freezing does.

# %% [markdown]
# ## 7 · The loop, in ten lines

# %% [markdown]
# Training is that step, many times over: zero the gradients, compute the losses, go
# backward, step. Here it is, with nothing hidden. `train()` switches dropout on.

# %%
model = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)
optimizer = torch.optim.AdamW(
    [
        {"params": model.backbone.parameters(), "lr": 1e-4},
        {"params": model.sentence_classifier.parameters(), "lr": 3e-3},
        {"params": model.ner_classifier.parameters(), "lr": 3e-3},
    ]
)

# %% [markdown]
# The heads start from nothing and get a high learning rate. The backbone knows a lot
# already and gets a low one. The NER loss starts near *log n*, as you saw. Where will 24
# steps of 8 sentences bring it?

# %%
after_loop = mtl.guess(
    "01-loop", "NER loss after 24 steps (mean of the last four)?", guess=2.0
)
after_loop

# %%
losses = []
model.train()
for i in range(0, 8 * 24, 8):
    rows = train_rows.select(range(i, i + 8))
    optimizer.zero_grad()
    sentence_loss, ner_loss = two_losses(*make_batch(rows))
    (sentence_loss + ner_loss).backward()
    optimizer.step()
    losses.append({"sentence": sentence_loss.item(), "ner": ner_loss.item()})
_ = model.eval()
# %%
curve = pd.DataFrame(losses).rolling(4).mean().dropna()
lines = {task: curve[task].to_list() for task in curve}
steps = [step + 1 for step in curve.index]
mtl.show_lines("Mean loss of four steps", steps, lines, across="step", up="loss (nats)")

# %%
assert (curve.iloc[-1] < curve.iloc[0]).all()
after_loop.reveal(round(curve["ner"].iloc[-1], 2))

# %% [markdown]
# NER falls first because most words are no names: the head learns to say `O`, which is
# right most of the time and finds nothing. Section 9 comes back to this.

# %% [markdown]
# `mtl.train` is this loop, with what a careful person adds:
#
# - it applies a scenario *before* it builds the optimizer, and checks that the optimizer
#   holds exactly what trains;
# - it sorts sentences into batches of like length, so that little is padded;
# - learning rates rise for a tenth of the steps and then fall to zero;
# - gradients are clipped, each part by itself;
# - subset, heads, order and dropout each draw from their own stream of random numbers;
# - a frozen backbone runs once and its features are kept;
# - frozen tensors are compared before and after.

# %% [markdown]
# Here is its core. Look for your ten lines. `retention` belongs to lesson 05 and adds
# nothing unless a plan asks for it.

# %%
print(inspect.getsource(inspect.getmodule(mtl.train).train_epochs))

# %% [markdown]
# ## 8 · Sentences with one label only

# %% [markdown]
# Few data sets have labels for both tasks on every sentence. More often one has labels
# and another has tags. The model does not mind: a missing label is -100, and its loss is
# zero for that sentence. Such a corpus is called *disjoint*.

# %% [markdown]
# Take 400 sentences, and to save time 300 of the test part. In one corpus each keeps
# both; in the other, every second sentence loses its tags, and the rest lose their label.


# %%
def keep_one(row, index):
    """Even sentences keep the label, odd ones the tags."""
    return {**row, "tags": None} if index % 2 == 0 else {**row, "label": None}


both = train_rows.select(range(400))
halves = [keep_one(row, index) for index, row in enumerate(both)]
one_each = Dataset.from_list(halves, features=both.features)
test_rows = corpus.splits["test"].shuffle(seed=0).select(range(300))

# %% [markdown]
# The disjoint half holds half as many labels for each task. What does that cost?

# %%
cost = mtl.guess(
    "01-disjoint",
    "NER F1 with both labels on each sentence, minus F1 with one each, in points?",
    guess=20,
)
cost


# %%
def train_on(rows):
    """Train both heads of a fresh model on these sentences; the backbone is frozen."""
    splits = DatasetDict({**corpus.splits, "train": rows, "test": test_rows})
    fresh = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)
    plan = mtl.Plan(scenario="backbone_frozen", epochs=30, seed=0)
    return mtl.train(fresh, replace(corpus, splits=splits), plan, store=store)


store = mtl.FeatureStore()
joint_run, disjoint_run = train_on(both), train_on(one_each)

# %%
runs = {"both on each": joint_run, "one on each": disjoint_run}
pd.DataFrame(
    {
        name: {
            "accuracy": run.scores.accuracy,
            "NER F1": run.scores.ner_f1,
            "batches with a label": run.batches["sentence"],
            "batches with tags": run.batches["ner"],
        }
        for name, run in runs.items()
    }
).T.round(3)

# %%
cost.reveal(round(100 * (joint_run.scores.ner_f1 - disjoint_run.scores.ner_f1), 1))

# %% [markdown]
# Half of the labels did not mean half of the score. One seed on one corpus proves nothing
# about how large the loss is in general; it shows that a disjoint corpus trains both heads
# at all. Lesson 07 measures learning curves with intervals.

# %% [markdown]
# Look at the batches, too: sentences of both kinds are mixed, so that nearly every batch
# teaches both tasks.

# %%
assert disjoint_run.batches["sentence"] > 0 and disjoint_run.batches["ner"] > 0
assert disjoint_run.scores.ner_f1 > 0 and joint_run.scores.ner_f1 > 0

# %% [markdown]
# ## 9 · Scoring, and three ways to be misled

# %% [markdown]
# NER is scored by *entity F1*: a name counts as found only if its type and both borders
# are right. F1 is the harmonic mean of precision (found names that are right) and recall
# (true names that were found).

# %% [markdown]
# ### Counting pieces

# %% [markdown]
# Suppose a model finds the person and the place in the sentence of section 1, and takes
# the date for a place. Two of three names are right, and one of three predictions is
# wrong: precision, recall and F1 are two thirds.

# %% tags=["nbval-check-output"]
FOUND = ["B-location" if tag == "B-date" else tag for tag in TAGS]
by_word = f1_score([TAGS], [FOUND])
print(f"F1 by word: {by_word:.3f}")

# %% [markdown]
# Some programs score pieces: each piece repeats the tag of its word. Then `Zsófia`, of
# three pieces, brings three times `B-person`, and each `B` opens an entity of its own.

# %%
by_piece_guess = mtl.guess(
    "01-piece-f1", "What is the same prediction's F1, counted on pieces?", guess=0.667
)
by_piece_guess


# %% tags=["nbval-check-output"]
def on_pieces(tags):
    return [tags[word] for word in pieces.word_ids() if word is not None]


by_piece = f1_score([on_pieces(TAGS)], [on_pieces(FOUND)])
assert by_piece > by_word
by_piece_guess.reveal(round(by_piece, 3))

# %% [markdown]
# The prediction is the same, the score is higher: a name of many pieces counts many times.
# Had the model missed the person instead of the date, the score would have fallen. A score
# on pieces cannot be compared with one on words. Here, predictions and scores are always
# per word.

# %% [markdown]
# ### Accuracy, and a model that finds nothing

# %% [markdown]
# Most words are no names. A model that says `O` to everything finds nothing at all. How
# does it look?

# %%
lazy = mtl.guess(
    "01-all-O", "Share of test words that `O` everywhere gets right, 0 to 1?", guess=0.5
)
lazy

# %%
gold = corpus.splits["test"]["tags"][:]
nothing_found = [["O"] * len(tags) for tags in gold]
share = sum(tags.count("O") for tags in gold) / sum(map(len, gold))
lazy.reveal(round(share, 3))

# %%
f1_of_nothing = f1_score(gold, nothing_found, zero_division=0)
assert f1_of_nothing == 0.0
print(f"accuracy by word {share:.3f}, entity F1 {f1_of_nothing:.3f}")

# %% [markdown]
# That is why every score of this series has a baseline beside it: the most frequent label
# for sentences, `O` everywhere for words.

# %%
print(joint_run.scores)

# %% [markdown]
# ### Lenient and strict

# %% [markdown]
# A tag sequence may be broken: an `I-person` that no `B-person` opened. The scorer of the
# CoNLL shared tasks is *lenient* and counts it as a name. *Strict* scoring throws it away.

# %% tags=["nbval-check-output"]
broken = [["O", "I-person", "I-person", "O"]]
true = [["O", "B-person", "I-person", "O"]]
lenient = f1_score(true, broken)
strict = f1_score(true, broken, mode="strict", scheme=IOB2, zero_division=0)
assert (lenient, strict) == (1.0, 0.0)
print(f"lenient {lenient:.1f}, strict {strict:.1f}")

# %% [markdown]
# The same prediction, and the whole scale between the two scores. Many reports do not say
# which one they use. Here both are printed, by name. Which is higher depends on
# the errors: strict scoring drops broken names that were right, but also broken names that
# were wrong, and those would have hurt precision.

# %% [markdown]
# Last, a check on the package itself. `predict` never gives a broken sequence: of the
# tags that BIO allows it gives the best. `evaluate` scores these as `ner_f1_constrained`,
# and each word's best tag, broken or not, as `ner_f1`. On a small slice, the first is
# what seqeval gives on the tags of `predict`:

# %%
slice_ = corpus.splits["test"].select(range(60))
predicted = [found.tags for found in model.predict(slice_["tokens"][:])]
by_package = mtl.evaluate(model, slice_).ner_f1_constrained
assert abs(f1_score(slice_["tags"][:], predicted, zero_division=0) - by_package) < 1e-9

# %% [markdown]
# ## 10 · Exercises

# %% [markdown]
# 1. **Last piece.** Write `label_last_pieces`, which puts the tag on the last piece of a
#    word instead of the first. How many labels of the sentence in section 1 move?
# 2. **First token.** Train heads on the `[CLS]` vector instead of the mean
#    (`pooling="first"`), with the plan of section 8. Guess first which is better, and why.
# 3. **Loud task.** Multiply the NER loss by ten. By what factor does the gradient of each
#    part grow? Why not the same factor for all?
#
# Solutions follow, folded.

# %% [markdown]
# ### Solution 1

# %% [markdown]
# Walk through the pieces backwards, and turn the result round.


# %% jupyter={"source_hidden": true} tags=["nbval-check-output"]
def label_last_pieces(word_ids, tags):
    return label_pieces(word_ids[::-1], tags)[::-1]


last = label_last_pieces(pieces.word_ids(), TAGS)
assert sum(label != -100 for label in last) == len(WORDS)
sum(label != -100 and label != old for label, old in zip(last, table.label))

# %% [markdown]
# Only the words of more than one piece are concerned. Either rule works, as long as
# training and prediction follow the same one.

# %% [markdown]
# ### Solution 2

# %% [markdown]
# The NER head does not look at the pooled vector, so its score stays the same to the last
# digit. What happens to accuracy depends on the backbone: `minilm` was tuned with the
# mean. Another backbone may answer otherwise.

# %% jupyter={"source_hidden": true}
first_token = mtl.SharedModel.from_backbone(
    "minilm", corpus.labels, corpus.tags, seed=0, pooling="first"
)
plan = mtl.Plan(scenario="backbone_frozen", epochs=30, seed=0)
splits = DatasetDict({**corpus.splits, "train": both, "test": test_rows})
first_run = mtl.train(first_token, replace(corpus, splits=splits), plan, store=store)
assert first_run.scores.ner_f1 == joint_run.scores.ner_f1
print(f"mean {joint_run.scores.accuracy:.3f}, first {first_run.scores.accuracy:.3f}")

# %% [markdown]
# ### Solution 3

# %% [markdown]
# The NER head's gradient grows by ten, the sentence head's not at all: no NER loss reaches
# it. The backbone gets both losses and lies between.

# %% jupyter={"source_hidden": true}
parts = [model.backbone, model.sentence_classifier, model.ner_classifier]
norms_by_weight = {}
for weight in (1, 10):
    model.zero_grad()
    sentence_loss, ner_loss = two_losses(batch, sentence_labels, ner_labels)
    (sentence_loss + weight * ner_loss).backward()
    norms_by_weight[weight] = [gradient_norm(part) for part in parts]
grown = pd.DataFrame(norms_by_weight, index=["backbone", "sentence", "ner"])
(grown[10] / grown[1]).round(2).rename("grows by").to_frame()

# %% [markdown]
# ## What you did

# %% [markdown]
# **What you did**
# - you laid words and word pieces side by side, and put each tag on the right piece;
# - you pooled a sentence into one vector, and saw what padding does to it;
# - you took the model apart and put it together by hand;
# - you trained one batch, then many, with a loop of ten lines;
# - you trained on sentences of which each had only one of the two labels;
# - you scored both tasks, and saw three ways in which NER scores mislead.
#
# **What you learned**
# - only the first piece of a word carries a tag, so that a word counts once;
# - a mean over a padded sentence needs a mask, or its neighbours change it;
# - two mean losses are summed, and a missing label adds zero;
# - the first step of AdamW moves nearly every weight by the learning rate, whatever its
#   gradient; later steps also depend on whether gradients agree.

# %%
Markdown(f"""**In numbers** (corpus {corpus.name}, backbone minilm, seed 0)

- {len(WORDS)} words became {len(pieces.tokens()) - 2} pieces;
- padding shifted the unmasked mean by {shifts["unmasked mean"]:.0%}, the masked one by
  {shifts["masked mean"]:.0e};
- the forward pass by hand and the model's agree to the last bit;
- {len(losses)} steps brought the NER loss from {curve["ner"].iloc[0]:.2f} to
  {curve["ner"].iloc[-1]:.2f};
- one prediction, three scores: F1 {by_word:.3f} on words, {by_piece:.3f} on pieces; and
  `O` everywhere is right on {share:.1%} of words.

{mtl.cost_since(started)}""")

# %% [markdown]
# **What would have shown the opposite.** A shift of the masked mean beyond rounding would
# have said that padding leaks in somewhere. A difference between your forward pass and the
# model's would have said that it does more than it seems. Steps as uneven as the gradients
# would have said that AdamW respects the size of a gradient. A score on pieces equal to
# the one on words would have said that counting is a matter of taste.
#
# Next: [02 counting parameters](02_counting_parameters.ipynb).
