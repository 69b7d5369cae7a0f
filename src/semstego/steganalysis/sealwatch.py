# SPDX-License-Identifier: Apache-2.0
"""The library sealwatch, which is imported where it is needed."""

import warnings
from typing import Any

from semstego.errors import SemstegoError


def sealwatch() -> Any:
    """The library, imported without the warnings that its own imports cause.

    Raises:
        SemstegoError: If it is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import sealwatch as library
    except ImportError as error:
        raise SemstegoError("this detector needs sealwatch: pip install 'semstego[audit]'") from error
    return library
