# SPDX-License-Identifier: Apache-2.0
"""What a task said of pictures: how well it did, and how much better or worse on another form of the same pictures."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from semstego.metrics.accuracy_gap import accuracy, paired_gap


class Answers(Protocol):
    """Answers of one task on some pictures, with what is right."""

    @property
    @abstractmethod
    def measure(self) -> str:
        """What the score is, such as ``accuracy`` or ``mAP50``."""

    @property
    @abstractmethod
    def right(self) -> NDArray[np.bool_]:
        """Whether each picture's answer is right in every respect, ``(n,)``."""

    @abstractmethod
    def score(self) -> dict[str, Any]:
        """``pictures``, the score in ``percent``, and its 95 % interval, ``low`` and ``high`` [percent]."""

    @abstractmethod
    def gap(self, other: Self) -> dict[str, Any]:
        """How much is lost from these to the other answers, on the same pictures.

        Returns:
            ``pictures``; the difference of both scores in ``points``; its 95 % interval, ``low`` and ``high`` [points];
            ``lost`` and ``gained``, pictures that are right in these answers alone, and in the others alone.
        """

    @abstractmethod
    def of_photographs(self, photographs: NDArray[np.integer]) -> Self:
        """The same answers, told the photograph of each picture ``(n,)``: intervals may then draw photographs."""

    @classmethod
    @abstractmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The answers on several groups of pictures as one, in this order; at least one group."""


@dataclass(frozen=True)
class RightAnswers:
    """Answers that are right or wrong.

    Attributes:
        right: bool ``(n,)``.
    """

    right: NDArray[np.bool_]

    @property
    def measure(self) -> str:
        """``accuracy``."""
        return "accuracy"

    def score(self) -> dict[str, Any]:
        """Accuracy with Wilson's interval."""
        return asdict(accuracy(self.right))

    def gap(self, other: Self) -> dict[str, Any]:
        """Eq. 19, as :func:`semstego.metrics.accuracy_gap.paired_gap` finds it, with the p-value of McNemar's test."""
        return asdict(paired_gap(self.right, other.right))

    def of_photographs(self, photographs: NDArray[np.integer]) -> Self:
        """As they are: both intervals are of counted pictures."""
        return self

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """All of them, in this order."""
        return cls(np.concatenate([part.right for part in parts]))
