# SPDX-License-Identifier: Apache-2.0
"""How long work says how far it is."""

from collections.abc import Callable

Progress = Callable[[str, float], None]  # what is being done, and the share of it that is done


def no_progress(what: str, share: float) -> None:
    """Report to nobody."""
