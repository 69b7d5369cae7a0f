# SPDX-License-Identifier: Apache-2.0
"""Protocols of an audit: how many pairs detectors learn from and are tested on, and how often that is repeated.

rigorous    2,000 training, 500 validation, 1,000 test pairs; 3 runs
paper       2,000 training, 400 validation, 800 test pairs; 10 runs; networks are trained as the paper trains them

How long a network is trained, and at which rate, stands with it, such as in ``detectors/xunet.py``.
"""

from dataclasses import dataclass, replace

PARTS = ("train", "validation", "test")
LEARNING_CURVE = (250, 500, 1000, 2000, 5000, 10_000)  # numbers of training pairs


@dataclass(frozen=True)
class AuditProtocol:
    """How many pairs there are in each part, and how many runs.

    Attributes:
        name: rigorous or paper.
        train: Numbers of training pairs, rising; the last makes the table, all of them make a learning curve.
        validation: Number of pairs that choose hyper-parameters and thresholds.
        test: Number of pairs on which detectors are measured.
        seeds: One for each run; a run has its own keys, messages and random choices of the detectors.
    """

    name: str
    train: tuple[int, ...]
    validation: int
    test: int
    seeds: tuple[int, ...]

    @property
    def wanted(self) -> dict[str, int]:
        """Number of pairs of each part."""
        return dict(zip(PARTS, (self.train[-1], self.validation, self.test), strict=True))


RIGOROUS = AuditProtocol("rigorous", LEARNING_CURVE[:4], 500, 1000, (0, 1, 2))
PAPER = AuditProtocol("paper", (2000,), 400, 800, tuple(range(10)))
PROTOCOLS = {one.name: one for one in (RIGOROUS, PAPER)}


def shortened(protocol: AuditProtocol, pairs: int | None, seeds: int | None) -> AuditProtocol:
    """The same protocol with other numbers of training pairs or of runs.

    Args:
        protocol: The protocol to start from.
        pairs: Number of training pairs; validation and test pairs become fewer in proportion, at least 10. None leaves
            all of them as they are.
        seeds: Number of runs; None leaves it as it is.
    """
    if pairs is not None:
        share = min(1.0, pairs / protocol.train[-1])
        fewer = tuple(count for count in LEARNING_CURVE if count < pairs) if len(protocol.train) > 1 else ()
        validation, test = (max(10, round(share * count)) for count in (protocol.validation, protocol.test))
        protocol = replace(protocol, train=(*fewer, pairs), validation=validation, test=test)
    return protocol if seeds is None else replace(protocol, seeds=tuple(range(seeds)))
