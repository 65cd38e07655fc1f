# %% [markdown]
# # Deep dive · Five wrong models
#
# **Is it frozen, or does it only look frozen?**
#
# You write `requires_grad = False`, and the training runs. Nothing fails. Weeks later you
# learn that the frozen part has moved, or that half of what should train never did. Each of
# the five models below is wrong in one common way. `mtl.check_freezing` takes any torch
# model and names the fault, the place and the remedy.
#
# *8 minutes to read, 10 seconds to run. It belongs to lesson 02.*

# %%
import warnings
from collections import OrderedDict

import torch
from torch import nn
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    BertModel,
)

try:
    from peft import LoraConfig, get_peft_model
except ImportError:  # the last section is left out then
    get_peft_model = None

import mtlhelpers as mtl

warnings.simplefilter("ignore", FutureWarning)  # peft's, about transformers to come
_ = torch.manual_seed(0)
TINY = BertConfig(
    vocab_size=100,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=64,
)
IDS = torch.randint(5, 100, (4, 8))  # four sentences of eight word pieces

# %%
mtl.draw_model("backbone_frozen", title="What your code says: grey stays, blue trains")

# %% [markdown]
# Each of the five looks like such a drawing, and does something else.

# %% [markdown]
# ## Frozen, and moved by the optimizer
#
# This model trains for one step. Then somebody freezes its first layer. The optimizer keeps
# it, the old gradient is zeroed instead of dropped, and weight decay goes on.

# %%
parts = {"body": nn.Linear(8, 8), "tanh": nn.Tanh(), "head": nn.Linear(8, 2)}
model = nn.Sequential(OrderedDict(parts))
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)
model(torch.randn(4, 8)).sum().backward()
optimizer.step()

# %%
_ = model.body.requires_grad_(False)
optimizer.zero_grad(set_to_none=False)
before = model.body.weight.clone()
optimizer.step()
print("moved:", not torch.equal(before, model.body.weight))

# %% [markdown]
# Did you expect that? A gradient of zero is still a gradient. AdamW then applies decay and
# the momentum of earlier steps. Ask the check:

# %% tags=["nbval-check-output"]
print(mtl.check_freezing(model, optimizer))

# %% [markdown]
# The remedy is one line: `optimizer.zero_grad()`, as PyTorch does it by default. It sets
# gradients to None, and AdamW skips a tensor without a gradient:

# %% tags=["nbval-check-output"]
optimizer.zero_grad()
print(mtl.check_freezing(model, optimizer))

# %% [markdown]
# ## Frozen, and counting
#
# Batch normalisation keeps a running mean. It is a buffer, not a parameter, so
# `requires_grad` says nothing about it. In train mode each forward pass moves it.

# %%
parts = {"body": nn.Linear(8, 8), "norm": nn.BatchNorm1d(8), "head": nn.Linear(8, 2)}
model = nn.Sequential(OrderedDict(parts))
model.body.requires_grad_(False)
model.norm.requires_grad_(False)
_ = model.train()

# %% tags=["nbval-check-output"]
print(mtl.check_freezing(model, batch=torch.randn(16, 8)))

# %% [markdown]
# BERT has layer norms, which keep no such numbers. Mixed models of text and images do have
# batch norms, and there this fault is common.

# %% [markdown]
# ## Frozen, and tied to something that trains
#
# A masked language model uses its word embeddings twice: to read words and to predict them.
# We freeze BERT and train the head that predicts.

# %%
model = BertForMaskedLM(TINY)
model.bert.requires_grad_(False)
model.cls.requires_grad_(True)
_ = model.eval()

# %% tags=["nbval-check-output"]
print(mtl.check_freezing(model))

# %% [markdown]
# One tensor has two names. Whoever thaws one name thaws the other. The table says the same
# by part:

# %% tags=["nbval-check-output"]
mtl.check_freezing(model).table[["part", "state", "numbers", "why"]]

# %% [markdown]
# ## Trainable, and never reached
#
# This classifier averages the hidden states, as lesson 01 does. `BertModel` brings a pooler
# that nobody uses here. It looks as if it trained.


# %%
class MeanClassifier(nn.Module):
    """BERT, the mean over all pieces, and a head."""

    def __init__(self):
        super().__init__()
        self.bert = BertModel(TINY)
        self.head = nn.Linear(TINY.hidden_size, 3)

    def forward(self, ids):
        return self.head(self.bert(ids).last_hidden_state.mean(1))


# %% tags=["nbval-check-output"]
print(mtl.check_freezing(MeanClassifier(), batch=IDS))

# %% [markdown]
# A batch is needed to see this one: without a backward pass nobody knows where gradients
# arrive. The check runs one, and puts gradients, buffers and random numbers back.

# %% [markdown]
# ## Frozen, and noisy
#
# This is the most common of all. A classification model of the `transformers` library has
# its BERT frozen, and then `model.train()` is called, as every training loop does.

# %%
model = BertForSequenceClassification(TINY)
model.bert.requires_grad_(False)
model.train()
held = [tensor for tensor in model.parameters() if tensor.requires_grad]
optimizer = torch.optim.AdamW(held, lr=0.01)
batch = {"input_ids": IDS, "labels": torch.tensor([0, 1, 0, 1])}

# %% tags=["nbval-check-output"]
print(mtl.check_freezing(model, optimizer, batch))

# %% [markdown]
# Nothing moves, but the same sentence gives other features at every step. You cannot store
# them, and the head learns from noise. `SharedModel.train()` keeps frozen parts in eval mode.
# In other models call `.eval()` on the part after `model.train()`.
#
# The same model can waste time as well. Some trainers ask for gradients of the *inputs*. A
# graph is then built through a backbone in which nothing trains:

# %% tags=["nbval-check-output"]
model.enable_input_require_grads()
model.bert.eval()
print(mtl.check_freezing(model, optimizer, batch))

# %% [markdown]
# ## And a model wrapped by `peft`
#
# `peft` freezes the model and adds adapters. Here the optimizer was built one line too
# early.

# %%
if get_peft_model:
    model = BertForSequenceClassification(TINY)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    wanted = LoraConfig(task_type="SEQ_CLS", target_modules=["query", "value"])
    wrapped = get_peft_model(model, wanted)

# %% [markdown]
# A printed report would be long, so we ask for its table: how many numbers are in which
# state, and why.


# %%
def in_short(optimizer):
    """How many numbers of the wrapped model are in which state, and why."""
    if get_peft_model is None:
        return "peft is not installed: pip install peft, and run this page again."
    table = mtl.check_freezing(wrapped, optimizer, batch).table
    return table.groupby(["state", "why"])[["numbers"]].sum()


in_short(optimizer)

# %% [markdown]
# Nothing that should train is in this optimizer. The adapters are new tensors, and `peft`
# has put a copy of the head in its place. The loss would never fall. Build the optimizer
# last, and look again:

# %%
in_short(torch.optim.AdamW(wrapped.parameters()) if get_peft_model else None)

# %% [markdown]
# One line stays: dropout is on in the embeddings, below the first adapter. Most people who
# use adapters leave it on. It is a choice, and now you know that you make it.

# %% [markdown]
# ## What you found
#
# `requires_grad` answers one question: is a gradient computed for this tensor? It does not
# say what the optimizer does, what buffers do, which names share memory, or whether dropout
# is on. Call `mtl.check_freezing(model, optimizer, batch)` once, right before the first step.
#
# **Back to the course**: [02 · Counting parameters](../02_counting_parameters.ipynb),
# [08 · Training a part](../08_training_a_part.ipynb).
