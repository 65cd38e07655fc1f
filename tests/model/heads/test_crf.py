"""The CRF against every path there is."""

import itertools

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlhelpers.model.heads.crf import Crf
from mtlhelpers.model.heads.decoding import Links, viterbi

FEW = settings(max_examples=25, deadline=None)
LENGTHS = st.lists(st.integers(0, 4), min_size=1, max_size=4)
TAGS = st.integers(1, 3)


def drawn(tags: int, words: int, seed: int) -> tuple[Crf, torch.Tensor]:
    """A CRF and scores of words, in double precision."""
    draw = torch.Generator().manual_seed(seed)
    crf = Crf(tags).double()
    for tensor in crf.parameters():
        tensor.data.copy_(torch.randn(tensor.shape, generator=draw))
    return crf, torch.randn(words, tags, generator=draw, dtype=torch.float64)


def path_sums(crf: Crf, scores: torch.Tensor) -> dict[tuple[int, ...], torch.Tensor]:
    """The sum of every path of one sentence, (K, G)."""
    words, tags = scores.shape
    return {
        path: crf.start[path[0]]
        + sum(scores[at, tag] for at, tag in enumerate(path))
        + sum(crf.transitions[a, b] for a, b in itertools.pairwise(path))
        for path in itertools.product(range(tags), repeat=words)
    }


@FEW
@given(LENGTHS, TAGS, st.integers(0, 99), st.data())
def test_likelihood_and_marginals_and_best_path_are_those_of_all_paths(
    lengths, tags, seed, data
):
    crf, scores = drawn(tags, sum(lengths), seed)
    tensor = torch.tensor(lengths)
    gold = data.draw(st.lists(st.integers(0, tags - 1), min_size=sum(lengths)))
    gold = torch.tensor(gold[: sum(lengths)], dtype=torch.int64)
    missed, shares, best = torch.zeros((), dtype=torch.float64), [], []
    for own, right in zip(scores.split(lengths), gold.split(lengths)):
        if len(own):
            sums = path_sums(crf, own)
            paths, values = list(sums), torch.stack(list(sums.values()))
            missed = missed + values.logsumexp(0) - sums[tuple(right.tolist())]
            chances = values.softmax(0)
            hot = torch.nn.functional.one_hot(torch.tensor(paths), tags)  # (M, K, G)
            shares.append((chances[:, None, None] * hot).sum(0))
            best += paths[int(values.argmax())]
    expected = missed / max(1, sum(lengths))
    torch.testing.assert_close(crf(scores, gold, tensor), expected)
    if sum(lengths):
        torch.testing.assert_close(crf.marginals(scores, tensor), torch.cat(shares))
    links = Links(crf.start.detach().numpy(), crf.transitions.detach().numpy())
    assert viterbi(scores.numpy(), tensor.numpy(), links).tolist() == best


def test_gradients_are_those_of_finite_differences():
    crf, scores = drawn(3, 6, 1)
    gold, lengths = torch.tensor([0, 2, 1, 1, 0, 2]), torch.tensor([4, 0, 2])
    inputs = scores.requires_grad_(), *crf.parameters()

    def loss(scores, start, transitions):
        values = {"start": start, "transitions": transitions}
        return torch.func.functional_call(crf, values, (scores, gold, lengths))

    assert torch.autograd.gradcheck(loss, inputs)


def test_a_sentence_without_gold_has_no_part_in_it():
    crf, scores = drawn(3, 5, 2)
    gold = torch.tensor([-100, -100, 0, 2, 1])
    found = crf(scores, gold, torch.tensor([2, 3]))
    torch.testing.assert_close(found, crf(scores[2:], gold[2:], torch.tensor([3])))
    none = crf(scores, torch.full((5,), -100), torch.tensor([2, 3]))
    assert none == 0
    none.backward()  # with a graph behind it
