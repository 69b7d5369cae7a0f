# SPDX-License-Identifier: Apache-2.0
"""What the checks of all parts share."""

from collections.abc import Callable
from typing import TypeVar

from semstego.errors import ArgumentError
from semstego.registry import Registry

Part = TypeVar("Part")


def check_part(registry: Registry[Part], part: Part) -> None:
    """Check that an object has what makes it a part.

    Raises:
        AssertionError: If it is a class, or lacks something.
    """
    try:
        registry.get(part)
    except ArgumentError as error:
        raise AssertionError(str(error)) from None


def check_refused(call: Callable[[], object], what: str, *errors: type[Exception]) -> None:
    """Check that a call ends in one of the errors.

    Raises:
        AssertionError: If it ends in another one, or does not end in any.
    """
    names = " or ".join(error.__name__ for error in errors)
    try:
        call()
    except errors:
        return
    except Exception as error:
        raise AssertionError(f"{what} ends in a {type(error).__name__}, not in a {names}") from error
    raise AssertionError(f"{what} is taken, and does not end in a {names}")
