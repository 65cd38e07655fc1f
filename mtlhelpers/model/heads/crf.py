"""A linear-chain conditional random field over word scores (Lafferty et al. 2001).

The probability of a sentence's tags is proportional to the exponential of the sum of
their scores and of the transitions between them. Shapes: W words of B sentences, one
after another; K words of the longest of them; G tags.
"""

import torch
from torch import Tensor, nn

from mtlhelpers.model.heads.bodies import sentence_of, to_rows


class Crf(nn.Module):
    """Learned scores of a first tag, (G,), and of a tag after another, (G, G)."""

    def __init__(self, tags: int) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.zeros(tags))
        self.transitions = nn.Parameter(torch.zeros(tags, tags))  # from row to column

    def forward(self, scores: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Return the negative log-likelihood of the gold tags, the mean per word.

        scores: (W, G). tags: (W,), below 0 for words without gold, which are left out.
        """
        known = tags >= 0
        counts = torch.zeros_like(lengths, device=scores.device)
        counts.index_add_(0, sentence_of(scores, lengths), known.to(counts.dtype))
        rows, mask = to_rows(scores[known], counts)
        if not len(rows):
            return scores.sum() * 0.0 + self.start.sum() * 0.0
        gold = to_rows(tags[known], counts)[0]  # (B, K)
        missed = self.log_partition(rows, mask) - self.path_score(rows, mask, gold)
        return missed.sum() / mask.sum()

    def path_score(self, rows: Tensor, mask: Tensor, tags: Tensor) -> Tensor:
        """Sum the scores of one path per sentence: (B, K, G) and (B, K) to (B,)."""
        own = rows.gather(-1, tags.unsqueeze(-1)).squeeze(-1)  # (B, K)
        between = self.transitions[tags[:, :-1], tags[:, 1:]]  # (B, K - 1)
        sums = (own * mask).sum(1) + (between * mask[:, 1:]).sum(1)
        return sums + self.start[tags[:, 0]]

    def log_partition(self, rows: Tensor, mask: Tensor) -> Tensor:
        """Sum over all paths by the forward algorithm: (B, K, G) to (B,)."""
        ahead = self.start + rows[:, 0]  # (B, G): of all paths that end in each tag
        for at in range(1, rows.shape[1]):
            paths = ahead.unsqueeze(-1) + self.transitions  # (B, G, G)
            longer = paths.logsumexp(1) + rows[:, at]
            ahead = torch.where(mask[:, at, None], longer, ahead)
        return ahead.logsumexp(-1)

    def marginals(self, scores: Tensor, lengths: Tensor) -> Tensor:
        """Return each tag's probability at each word, (W, G): the gradient of the log
        partition by the scores."""
        with torch.enable_grad():
            asked = scores.detach().requires_grad_()
            rows, mask = to_rows(asked, lengths)
            if not len(rows):
                return scores.softmax(-1)
            total = self.log_partition(rows, mask).sum()
            return torch.autograd.grad(total, asked)[0]
