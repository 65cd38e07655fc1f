"""What may stand between features and the linear layer of a head.

Shapes: W words of B sentences, one after another; K words of the longest of them; F
features. `lengths` are the words of each sentence, (B,).
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from mtlhelpers.errors import InputError

HIDDEN = 256  # units of an MLP; half of them in each direction of a BiLSTM


class Body(nn.Module):
    """Nothing: the linear layer sees the features. Others say what they do instead."""

    reads_neighbours = False

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.width = inputs

    def forward(self, features: Tensor, lengths: Tensor | None) -> Tensor:
        return features


class Mlp(Body):
    """One hidden layer of rectified units."""

    def __init__(self, inputs: int) -> None:
        super().__init__(HIDDEN)
        self.hidden = nn.Linear(inputs, HIDDEN)

    def forward(self, features: Tensor, lengths: Tensor | None) -> Tensor:
        return torch.relu(self.hidden(features))


class Context(Body):
    """A word with both its neighbours, zeros at the ends: (W, F) to (W, 3F)."""

    reads_neighbours = True

    def __init__(self, inputs: int) -> None:
        super().__init__(3 * inputs)

    def forward(self, features: Tensor, lengths: Tensor | None) -> Tensor:
        sentence = sentence_of(features, lengths)  # (W,)
        same = (sentence[1:] == sentence[:-1]).unsqueeze(-1)  # (W - 1, 1)
        none = torch.zeros_like(features[:1])
        left = torch.cat([none, features[:-1] * same])[: len(features)]
        right = torch.cat([features[1:] * same, none])[: len(features)]
        return torch.cat([left, features, right], -1)


class BiLstm(Body):
    """One LSTM in each direction over the words of a sentence (Huang et al. 2015)."""

    reads_neighbours = True

    def __init__(self, inputs: int) -> None:
        super().__init__(HIDDEN)
        self.lstm = nn.LSTM(inputs, HIDDEN // 2, batch_first=True, bidirectional=True)

    def forward(self, features: Tensor, lengths: Tensor | None) -> Tensor:
        rows, mask = to_rows(features, lengths)
        if not len(rows):
            return features.new_zeros(0, self.width)
        packed = pack_padded_sequence(
            rows, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False
        )
        found: Tensor = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)[0]
        return found[mask]


def sentence_of(words: Tensor, lengths: Tensor | None) -> Tensor:
    """Return which sentence each of the W words belongs to."""
    if lengths is None or int(lengths.sum()) != len(words):
        raise InputError(
            "a head that reads neighbours needs the words of each sentence"
        )
    lengths = lengths.to(words.device)
    numbers = torch.arange(len(lengths), device=words.device)
    return numbers.repeat_interleave(lengths)


def to_rows(words: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
    """Put sentences below each other: (W, …) to (B, K, …), and where words are, (B, K).

    Sentences without a word are left out; `rows[mask]` gives the words back.
    """
    counts = sentence_of(words, lengths).unique_consecutive(return_counts=True)[1]
    longest = int(counts.max()) if len(counts) else 0
    mask = torch.arange(longest, device=words.device) < counts[:, None]  # (B, K)
    rows = words.new_zeros(*mask.shape, *words.shape[1:])
    rows[mask] = words
    return rows, mask
