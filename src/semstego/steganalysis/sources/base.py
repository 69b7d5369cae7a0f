# SPDX-License-Identifier: Apache-2.0
"""What every source of pairs offers to an audit."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from semstego.progress import Progress
from semstego.steganalysis.pairs import Pairs


class Source(Protocol):
    """Where the pairs of an audit come from."""

    @property
    def cases(self) -> Sequence[str]:
        """Names of what is audited, such as a scheme and its payload."""

    @property
    def notes(self) -> Sequence[str]:
        """Sentences about the pairs that a reader of the results must know."""

    def pairs(self, case: str, part: str, seed: int, progress: Progress) -> Mapping[str, Pairs]:
        """The pairs of one part, by view: ``features``, ``picture`` and others that a warden may look at.

        Args:
            case: One of ``cases``.
            part: ``train``, ``validation`` or ``test``; no photograph is in two parts.
            seed: Of the run.
            progress: Called with what is done and the share of it that is done.
        """
