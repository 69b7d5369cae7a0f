# SPDX-License-Identifier: Apache-2.0
"""The file of a built set: named arrays in numpy's zip format, read without pickle and within limits."""

import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semstego.errors import DataError

MAX_BYTES = 4 << 30  # of one set in memory


def read(path: Path, wanted: Mapping[str, type[np.generic]], command: str) -> dict[str, NDArray[Any]]:
    """The arrays of a set's file, by name; the first axis of all has the same length.

    Args:
        path: The file.
        wanted: Name and type of each array.
        command: What makes such a file.

    Raises:
        DataError: If the file is missing, damaged, too large, or holds other arrays.
    """
    if not path.is_file():
        raise DataError(f"there is no {path}; `{command} -o {path.parent}` makes it")
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
                raise DataError(f"{path}: larger than any built set")
        with warnings.catch_warnings(), np.load(path, allow_pickle=False) as file:
            warnings.simplefilter("ignore")  # of headers that older versions of numpy wrote
            found = {name: file[name] for name in wanted}
            if not all(isinstance(array, np.ndarray) for array in found.values()):
                raise DataError(f"{path} is no built set (it holds something else than arrays)")
    except DataError:
        raise
    except Exception as error:  # numpy and zipfile raise anything at all on damaged files
        raise DataError(f"{path} is no built set ({' '.join(str(error).split())[:200]})") from None
    if any(found[name].dtype != kind or not found[name].ndim for name, kind in wanted.items()):
        raise DataError(f"{path} is no built set (its arrays have other types)")
    if len({len(array) for array in found.values()}) != 1:
        raise DataError(f"{path} is no built set (its arrays differ in length)")
    return found
