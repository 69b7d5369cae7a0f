# SPDX-License-Identifier: Apache-2.0
"""Results that are kept on disk, named by what they were computed from: the inputs, and the code.

code_digest      the source files of a function or class, and all that they import
Cache            arrays in a folder, by the hash of such a name and of the inputs
"""

import hashlib
import os
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semstego.errors import OutputError
from semstego.io.files import created, make_folder
from semstego.steganalysis.import_closure import closure_digest


def code_digest(*definitions: Callable[..., Any]) -> str | None:
    """A name that changes with the code that these functions and classes depend on.

    It covers the source files of the modules that define them, of what these modules import of their own packages and
    of this package, and the version of sealwatch. Other libraries are not covered.

    Args:
        definitions: Functions and classes.

    Returns:
        None if the code of one of them is not known, so that nothing may be kept under a name of it: it was defined in
        a session, inside another function, or is an object that behaves like a function.
    """
    names = []
    for one in definitions:
        if not isinstance(one, FunctionType | type) or "<" in one.__qualname__:
            return None
        names.append(f"{one.__module__}.{one.__qualname__}")
    try:
        closure = closure_digest(*dict.fromkeys(one.__module__ for one in definitions))
    except ModuleNotFoundError:
        return None
    return f"{' '.join(names)} {closure} sealwatch {_sealwatch_version()}"


@lru_cache
def _sealwatch_version() -> str:
    try:
        return version("sealwatch")
    except PackageNotFoundError:
        return "none"


def default_folder() -> Path:
    """Where an audit keeps what it computed: XDG_CACHE_HOME, or ~/.cache.

    Raises:
        OutputError: If there is no home folder.
    """
    place = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not place.is_absolute():  # as the XDG specification wants it
        try:
            place = Path.home() / ".cache"
        except RuntimeError:
            raise OutputError("there is no home folder to keep results in: name one with --cache") from None
    return place / "semstego" / "audit"


class Cache:
    """Arrays in a folder, each in a file named by the hash of what it was computed from; None keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def get(self, what: str | None, inputs: NDArray[Any], compute: Callable[[], NDArray[Any]]) -> Any:
        """The array, read from the folder if it is there, else computed and written.

        Args:
            what: Names the computation, its settings and its code; None if that is not known: then nothing is kept.
            inputs: What the array is computed from.
            compute: Computes it.

        Raises:
            OutputError: If the folder cannot be written.
        """
        if self.folder is None or what is None:
            return compute()
        digest = hashlib.sha256(f"{what} {inputs.dtype} {inputs.shape} ".encode())
        digest.update(np.ascontiguousarray(inputs).data)
        path = self.folder / f"{digest.hexdigest()}.npy"
        try:
            return np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError):  # there is no such file, or it was cut short
            array = compute()
        make_folder(self.folder)
        with created(path) as file:
            np.save(file, array, allow_pickle=False)
        return array
