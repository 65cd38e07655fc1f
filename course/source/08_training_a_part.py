# %% [markdown] tags=["slide"]
# # 08 · Training a part
#
# **Must it be all or nothing?**
#
# So far the backbone was frozen or it trained. Between the two lie dozens of methods: train
# the top layers, train nothing but biases, or add small matrices and train those. The last
# one is LoRA, and it is what most people try first.
#
# In this lesson you write LoRA in twelve lines, compare it with the `peft` library, and
# measure what such methods save. Then you see one learning rate make LoRA useless or good.
#
# You learn what an adapter computes, why 1 % of the parameters is not 1 % of the time, and
# what to look for in a LoRA table.
#
# *25 minutes to read, 60 seconds to run, 15 minutes of exercises. You need lessons 01, 02
# and 04.*

# %%
import copy
import time
import warnings
from dataclasses import replace

import pandas as pd
import torch
from datasets import DatasetDict
from IPython.display import Markdown
from torch import nn

try:
    import peft
except ImportError:  # it is not needed: one comparison is left out then
    peft = None

import mtlhelpers as mtl

warnings.simplefilter("ignore", FutureWarning)  # peft's, about transformers to come

# %% [markdown]
# The model is MiniLM-L6 with its two heads. Our sentences are those of newsdesk, the corpus
# that comes with the package. They are variants of few, and were written with a MiniLM model
# at hand. That is fine for seeing how a method works. It is not enough for saying how good
# a method is.

# %%
corpus = mtl.load_corpus("newsdesk")
model = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)

# %% [markdown]
# ## Four ways to train a part
#
# The heads train in all of them. What differs is the part of the backbone that joins in.

# %%
WAYS = {
    "none_frozen": "everything",
    "last_3_layers": "last three layers",
    "lora": "LoRA",
    "bitfit": "biases",
    "layernorm": "layer norms",
    "backbone_frozen": "heads alone",
}

# %% tags=["slide"]
parts = {WAYS[way]: way for way in list(WAYS)[1:5]}
mtl.draw_models(parts, title="Four ways to train a part of the backbone")

# %% [markdown]
# - **The last layers**: the lower half stays as it is.
# - **Biases** (BitFit): every bias of the backbone, and no matrix.
# - **Layer norms**: the shift and scale after each block.
# - **LoRA**: all weights stay, and each matrix gets two thin ones beside it.
#
# How much is that? `parameter_table` counts from the configuration alone.

# %% tags=["nbval-check-output"]
counts = mtl.parameter_table("minilm", corpus.labels, corpus.tags).loc[list(WAYS)]
share = (100 * counts.trainable / counts.total.iloc[0]).rename(WAYS)
numbers = counts.trainable.rename(WAYS).map("{:,}".format)
pd.DataFrame({"parameters": numbers, "per cent": share.map("{:.2f}".format)})

# %% [markdown]
# LoRA trains 1.5 % of the parameters. Somebody tells you that it is therefore about 70
# times as fast. Think of the backward pass of lesson 02 before you answer.

# %%
mtl.guess(
    "08-time",
    "A step that trains everything takes 100. What does a step of LoRA take?",
    unit="per cent",
    yours=...,
)

# %% [markdown]
# ## LoRA in twelve lines
#
# A linear map turns `x` into `W x + b`. LoRA leaves `W` and `b` alone. It adds a detour: `A`
# makes `x` small (8 numbers instead of 384), and `B` makes it large again. Only `A` and `B`
# train (Hu et al. 2022, [arXiv 2106.09685](https://arxiv.org/abs/2106.09685)).


# %%
class LoRA(nn.Module):
    """A frozen linear map with a thin detour beside it."""

    def __init__(self, linear, rank=8, alpha=16):
        super().__init__()
        self.linear = linear.requires_grad_(False)
        self.a = nn.Linear(linear.in_features, rank, bias=False)
        self.b = nn.Linear(rank, linear.out_features, bias=False)
        nn.init.zeros_(self.b.weight)  # so that nothing changes before it trains
        self.scale = alpha / rank

    def forward(self, x):
        # (..., in) to (..., out)
        return self.linear(x) + self.scale * self.b(self.a(x))


# %% [markdown]
# `B` starts at zero, so the detour adds nothing yet. Put one beside a real map, and compare
# bit by bit:

# %% tags=["nbval-check-output"]
query = copy.deepcopy(model.backbone.encoder.layer[0].attention.self.query)
x = torch.randn(4, query.in_features, generator=torch.Generator().manual_seed(0))
torch.equal(LoRA(query)(x), query(x))

# %% [markdown]
# Now the whole backbone. This loop swaps every linear map for one with a detour. Without the
# heads, 331,776 parameters should train, as in the table:


# %%
def add_lora(module):
    """Put a detour beside every linear map below a module."""
    for name, child in module.named_children():
        if isinstance(child, nn.Linear):
            setattr(module, name, LoRA(child))
        else:
            add_lora(child)


# %%
mine = copy.deepcopy(model.backbone).eval().requires_grad_(False)
add_lora(mine.encoder)
trained = [tensor for tensor in mine.parameters() if tensor.requires_grad]
f"{sum(tensor.numel() for tensor in trained):,} parameters train"

# %% [markdown]
# Is this what others call LoRA? Give the package's version, and that of `peft`, the same
# random `A` and `B`. All three must then say the same of a sentence.


# %%
def with_values(backbone, keys):
    """The same numbers for every adapter; `keys` say how a library calls A and B."""
    values = torch.Generator().manual_seed(1)
    for name, tensor in backbone.named_parameters():
        if any(key in name for key in keys):
            tensor.data = 0.1 * torch.randn(tensor.shape, generator=values)
    return backbone.eval()


# %%
ours = copy.deepcopy(model)
_ = mtl.apply_scenario(ours, "lora")
words = model.tokenizer(["Rome wants its bank back."], return_tensors="pt")

# %%
states = {"twelve lines": with_values(mine, [".a.", ".b."])(**words)[0]}
theirs = with_values(ours.backbone, ["lora_a", "lora_b"])
states["mtlhelpers"] = theirs(**words)[0]

# %%
if peft:
    maps = "query key value attention.output.dense intermediate.dense output.dense"
    config = peft.LoraConfig(r=8, lora_alpha=16, target_modules=maps.split())
    wrapped = peft.get_peft_model(copy.deepcopy(model.backbone), config)
    states["peft"] = with_values(wrapped, ["lora_A", "lora_B"])(**words)[0]
else:
    print("peft is not installed, so two of the three are compared.")

# %%
for name, hidden in states.items():
    apart = (hidden - states["twelve lines"]).abs().max().item()
    print(f"{name:13} largest difference {apart:.0e}")
    assert apart < 1e-4

# %% [markdown]
# The same numbers, up to rounding. Where it says 0, they agree to the last bit.

# %% [markdown]
# ## One per cent of the parameters, and the time
#
# Time one step of each way: forward, backward and update on 16 sentences. As in lesson 02,
# we count processor time, which other programs hardly add to. The shortest of a few steps
# stands.

# %%
few = corpus.splits["train"].shuffle(seed=0).select(range(16))["tokens"][:]
form = {"padding": True, "return_tensors": "pt"}
batch = model.tokenizer(few, is_split_into_words=True, **form)


# %%
def timed(optimizer):
    """Seconds of processor time for one step of the model."""
    start = time.process_time()
    logits = model(batch["input_ids"], batch["attention_mask"])
    (logits.sentence.sum() + logits.ner.sum()).backward()
    optimizer.step()
    return time.process_time() - start


# %%
def step_seconds(way):
    """Seconds of the shortest of three steps; the learning rate is 0."""
    mtl.apply_scenario(model, way)
    model.train()
    held = [tensor for tensor in model.parameters() if tensor.requires_grad]
    optimizer = torch.optim.AdamW(held, lr=0.0, fused=True)
    return min(timed(optimizer) for _ in range(3))


# %%
step_seconds("none_frozen")  # the first step loads libraries
rounds = [{words: step_seconds(way) for way, words in WAYS.items()} for _ in range(3)]
seconds = pd.DataFrame(rounds).min()
times = 100 * seconds / seconds["everything"]

# %% tags=["slide"]
mtl.show_bars(
    "Few parameters are not little time",
    {f"{way} ({share[way]:.2f} % train)": times[way] for way in times.index},
    across="processor time of a step, % of training everything (less is better)",
    form="{:.0f} %",
)

# %%
mtl.reveal("08-time", round(times["LoRA"]))

# %% [markdown]
# LoRA saves some of the time, and nowhere near 98 %. Adapters, biases and layer norms sit
# in every layer, the first one included. Of the three products per weight in lesson 02, only
# one falls away, and the update.

# %% tags=["slide"]
Markdown(
    "To reach the lowest layer, the gradient passes through all of them. **That is why "
    f"{share['LoRA']:.1f} % of the parameters takes {times['LoRA']:.0f} % of the time.**"
)

# %% [markdown]
# For the last three layers the backward pass stops half way. What lies below could even be
# stored (lesson 04).

# %%
ratio = counts.trainable["last_3_layers"] / counts.trainable["lora"]
Markdown(
    f"The last three layers train {ratio:.0f} times as many parameters as LoRA, and a step "
    f"takes {times['last three layers']:.0f} % of the time instead of {times['LoRA']:.0f} %."
)

# %% [markdown]
# What LoRA does save is memory for the optimizer, and room on disk: adapters and heads are
# a file of one to two megabytes.

# %% [markdown]
# ## One learning rate decides a LoRA table
#
# A fair comparison, it seems: the same 200 sentences, the same 78 steps, the same learning
# rate of 3e-4 for all that trains, heads included. Then LoRA once more, at ten times that. A
# fourth run gives only the heads the larger one.

# %%
mtl.guess(
    "08-same",
    "At the same learning rate, where are LoRA's names beside training everything?",
    choices=("a little behind", "not one is found", "a little ahead"),
    yours=...,
)

# %%
test = corpus.splits["test"]
some = test.select(range(0, len(test), 4))  # every fourth, to save you a minute
small = replace(corpus, splits=DatasetDict({**corpus.splits, "test": some}))


def trained_at(way, of_backbone, of_heads):
    """Train a fresh model in a way, at these two learning rates."""
    fresh = mtl.SharedModel.from_backbone("minilm", corpus.labels, corpus.tags, seed=0)
    both = {"backbone_lr": of_backbone, "head_lr": of_heads}
    plan = mtl.Plan(way, epochs=6, train_size=200, batch_size=16, **both)
    return mtl.train(fresh, small, plan, progress=False)


# %%
runs = {"everything, 3e-4": trained_at("none_frozen", 3e-4, 3e-4)}

# %%
runs["LoRA, 3e-4"] = trained_at("lora", 3e-4, 3e-4)

# %%
runs["LoRA, 3e-3"] = trained_at("lora", 3e-3, 3e-3)

# %%
runs["LoRA, 3e-4; heads 3e-3"] = trained_at("lora", 3e-4, 3e-3)

# %% tags=["slide"]
mtl.lesson.entity_scores(runs)

# %%
mtl.reveal(
    "08-same",
    "not one is found"
    if runs["LoRA, 3e-4"].scores.ner_f1 < 0.01
    else "a little behind",
    because={
        "a little behind": "It may be, after many more steps. In 78 it hardly starts.",
        "a little ahead": "Fewer parameters do not learn faster at the same step size.",
        "not one is found": "Heads and adapters start from nothing, and take small steps.",
    },
)

# %% [markdown]
# In the second row LoRA has not begun: it still calls every word "no name". In the third
# row it is level with training everything. One seed and 200 sentences do not say which of
# the two is better. They do say that **the second row measures a learning rate, not LoRA**.
#
# The last row tells which part had failed. With larger steps for the heads alone, F1 is
# back. So most of
# the failure was the heads' learning rate: a head that starts from nothing wants large steps
# (lesson 04). Precision and recall differ; one seed does not say why.
#
# The adapters start slowly too. After its first step, AdamW has moved each number that it
# holds by the learning rate, where there is a gradient (lesson 01). See what this does to
# the weights of one map:

# %%
adapter = LoRA(query)
optimizer = torch.optim.AdamW(adapter.parameters(), lr=3e-4, weight_decay=0.0)
draw = torch.Generator().manual_seed(1)
wanted = torch.randn(4, query.out_features, generator=draw)
(adapter(x) * wanted).sum().backward()
optimizer.step()
change = adapter.scale * adapter.b.weight @ adapter.a.weight  # (out, in)
print(f"a weight moves by {change.abs().mean() / 3e-4:.2f} times the learning rate")

# %% [markdown]
# With everything trained it would be 1. Only `B` has moved: while `B` is zero, the gradient
# of `A` is zero too. Small matrices move the large one slowly at first, which speaks for a
# larger step. Schulman et al. found about ten times the usual learning rate for large
# language models too ([LoRA Without Regret](https://thinkingmachines.ai/blog/lora/), 2025).

# %% [markdown]
# ## What is recorded
#
# How good is a part on published sentences? These are mean scores in per cent over five
# seeds on SNIPS, for 300 and for 3,000 training sentences.

# %%
recorded = mtl.lesson.recorded_parts(mtl.lesson.studies_folder())
recorded

# %%
missing = [way for way in WAYS.values() if way not in recorded.index]
Markdown(f"Without a row, as not recorded yet: {', '.join(missing) or 'nothing'}.")

# %% [markdown]
# With 300 sentences the last three layers are almost as good as everything for labels. For
# names they are well behind: the lower layers matter there. The last three layers have the
# settings that suit everything, and were not tuned themselves.

# %% [markdown]
# ## Exercises
#
# ### Exercise 08.1 · What does an adapter cost?
#
# A map takes `inputs` numbers to `outputs` numbers. LoRA puts `A` and `B` of this `rank`
# beside it. Write a function that returns how many numbers train.


# %% tags=["exercise"]
def adapter_size(inputs, outputs, rank):
    # BEGIN SOLUTION
    return rank * (inputs + outputs)
    # END SOLUTION


# %%
mtl.check("08.1", adapter_size)

# %% [markdown] tags=["solution"]
# `A` is rank × inputs and `B` is outputs × rank. A map from 384 to 384 has 147,456 weights,
# and its adapter of rank 8 has 6,144. The weights grow with the square of the width, the
# adapter with the width. So LoRA's share falls as models get wider.

# %% [markdown]
# ### Exercise 08.2 · Make the adapter disappear
#
# A trained adapter can be added to the weights. The model is then as small and as fast as
# before. Write a function that returns the one matrix which does the work of `W` and the
# detour together. `weight` is (out, in), `a` is (rank, in), `b` is (out, rank).


# %% tags=["exercise"]
def merged(weight, a, b, scale):
    # BEGIN SOLUTION
    return weight + scale * b @ a
    # END SOLUTION


# %%
mtl.check("08.2", merged)

# %% [markdown] tags=["solution"]
# `W x + s B (A x)` is `(W + s B A) x`. `mtl.merge_lora` does this to every map.

# %% [markdown]
# ### Exercise 08.3 · Read somebody else's table
#
# A public comparison on medical names has LoRA at rank 8, 16, 24 and 32. Its F1 rises from 5
# to 59, and training everything has 89. At rank 8, precision is 89 and recall is 3. One
# more row has rank 32 too, but five times the learning rate. Its F1 is 84.
#
# What holds the four rows back? Answer with "too small a rank", "too few sentences" or
# "too low a learning rate".

# %% tags=["exercise"]
# BEGIN SOLUTION
cause = "too low a learning rate"
# END SOLUTION

# %%
mtl.check("08.3", cause)

# %% [markdown] tags=["solution"]
# High precision with a recall near zero is a model that has hardly begun: it calls nearly
# every word "no name". At the same rank and on the same sentences, a higher learning rate
# brings 25 points. The deep dive on famous tables takes this table apart.

# %% [markdown]
# ## What you found

# %%
names = {way: 100 * run.scores.ner_f1 for way, run in runs.items()}
Markdown(
    f"LoRA is twelve lines, and yours gives the numbers of other libraries. With "
    f"{share['LoRA']:.1f} % of the parameters, a step of LoRA took {times['LoRA']:.0f} % of "
    f"the time, since the gradient still goes to the bottom. At the learning rate of full "
    f"training LoRA had an F1 of {names['LoRA, 3e-4']:.0f} in names, at ten times that "
    f"{names['LoRA, 3e-3']:.0f}, and training everything {names['everything, 3e-4']:.0f}. "
    f"With the larger one for the heads alone it was "
    f"{names['LoRA, 3e-4; heads 3e-3']:.0f}: most of the failure was theirs."
)

# %% [markdown]
# ## What would have changed our mind
#
# A step whose time falls with the number of parameters, for adapters in every layer. Or a
# LoRA that learns as fast as everything at the same learning rate, heads included.
#
# ## Go deeper
#
# - [Famous tables, wrong and right](deeper/famous_tables.ipynb): four published kinds of
#   comparison that one setting decides.
# - [Five wrong models](deeper/five_wrong_models.ipynb): is your own model frozen in truth?
# - Next: [09 · What should I freeze?](09_what_should_i_freeze.ipynb)
