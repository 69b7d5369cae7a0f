# SPDX-License-Identifier: Apache-2.0
"""Moves drawn by costs: the stego of an ideal code, through which gradients reach the costs.

    p(+1), p(-1) = exp(-lambda cost) / (1 + exp(-lambda cost of +1) + exp(-lambda cost of -1))

lambda is such that the entropies of a picture's symbols add up to its payload (Filler and Fridrich, IEEE TIFS 2010). A
move is drawn with the gradient of a softmax of the same noise (Jang, Gu and Poole, "Categorical reparameterization with
Gumbel-softmax", ICLR 2017).
"""

import math

import torch
from torch import Tensor

MOST_BITS = 1.0  # of a symbol that may move; the codes of this package promise 0.7
ROUNDS = 30  # of bisection
LOGARITHMS = (-12.0, 12.0)  # of lambda, in which it is looked for
NEARBY = 1e-3  # share by which lambda is changed to see what the payload does
TINY = 1e-20
NEVER = -1e4  # logit of what must not happen; finite, as gradients of infinite ones are none


def logits_of(costs: Tensor, dry: Tensor, bits: Tensor) -> Tensor:
    """Logarithms of probabilities, but for a constant, of 0, +1 and -1.

    Gradients go through lambda too: a symbol can only become cheaper at the expense of others. A picture that is given
    more than ``MOST_BITS`` for each symbol that may move is given so many: near log2(3), whatever the costs, lambda is
    0, and its gradient has no bound.

    Args:
        costs: Of +1 and -1, ``(b, 2, k, h, w)``, above 0.
        dry: Which symbols may move, bool ``(b, k, h, w)``.
        bits: Payload of each picture ``(b,)``.

    Returns:
        ``(b, 3, k, h, w)``.
    """
    bits = bits.minimum(MOST_BITS * dry.flatten(1).sum(1))
    low, high = (costs.new_full((len(costs),), end) for end in LOGARITHMS)
    with torch.no_grad():
        for _ in range(ROUNDS):
            middle = (low + high) / 2
            enough = entropy(_logits(costs, dry, middle.exp())) > bits
            low, high = torch.where(enough, middle, low), torch.where(enough, high, middle)
        factor = high.exp()
        slope = (entropy(_logits(costs, dry, factor * (1 + NEARBY))) - entropy(_logits(costs, dry, factor))) / (
            NEARBY * factor
        )
    # One step of Newton's method: its value is lambda, its gradient that of the lambda that keeps the payload.
    spent = entropy(_logits(costs, dry, factor))
    return _logits(costs, dry, factor - (spent - spent.detach()) / slope.clamp(max=-TINY))


def entropy(logits: Tensor) -> Tensor:
    """Bits that an ideal code hides in symbols with these logits ``(b, 3, ...)``, ``(b,)``."""
    logarithms = logits.log_softmax(1)
    return -(logarithms.exp() * logarithms).flatten(1).sum(1) / math.log(2)


def drawn(logits: Tensor, generator: torch.Generator) -> Tensor:
    """Moves -1, 0 and +1, float ``(b, k, h, w)``, with gradients to the logits ``(b, 3, k, h, w)``."""
    uniform = torch.rand(logits.shape, generator=generator, device=logits.device).clamp(TINY, 1 - 1e-7)
    noisy = logits - torch.log(-torch.log(uniform))
    soft = noisy.softmax(1)
    soft = soft[:, 1] - soft[:, 2]
    place = noisy.argmax(1)
    hard = (place == 1).to(soft.dtype) - (place == 2).to(soft.dtype)
    return hard.detach() + (soft - soft.detach())


def _logits(costs: Tensor, dry: Tensor, factor: Tensor) -> Tensor:
    moves = (-factor.view(-1, 1, 1, 1, 1) * costs).masked_fill(~dry[:, None], NEVER)
    return torch.cat([torch.zeros_like(moves[:, :1]), moves], 1)
