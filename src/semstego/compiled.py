# SPDX-License-Identifier: Apache-2.0
"""Kernels compiled by Numba: one decorator for all, and a cache on disk that never stops the work.

Compiled code is kept beside the sources, else in the user's cache folder (XDG_CACHE_HOME), else in a temporary folder
that belongs to the user alone; NUMBA_CACHE_DIR names another one. Where none can be written, or the disk is full,
kernels are compiled in every process. What is read back must have its checksum and stem from these very sources, all of
them, for a kernel holds the code of those that it calls. Each of these faults is told by one warning a process.

Tested against Numba 0.61 to 0.68, whose classes for functions kept on disk this takes and extends.
"""

import hashlib
import os
import pickle
import stat
import tempfile
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

from semstego.errors import ConfigError, SemstegoWarning

__all__ = ["CORES", "CacheWarning", "compiled", "is_cached"]

_THREADS = "NUMBA_NUM_THREADS"
if os.environ.get(_THREADS) == "":
    del os.environ[_THREADS]
if not os.environ.get(_THREADS, "1").isdecimal() or int(os.environ.get(_THREADS, "1")) < 1:
    raise ConfigError(f"{_THREADS} must be a whole number from 1 up, not {os.environ[_THREADS]!r:.40}")

from numba import config, njit  # noqa: E402 -- which would fail with a traceback
from numba.core.caching import FunctionCache, IndexDataCacheFile  # noqa: E402

CORES: int = config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
"""How many cores this process may take; joblib sets it in its workers, which share the cores."""

_PACKAGE = Path(__file__).parent
_told: set[str] = set()

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


class CacheWarning(SemstegoWarning):
    """Compiled kernels cannot be kept on disk, or those on disk were damaged: the work takes longer."""


def compiled(kernel: Kernel) -> Kernel:
    """Compile a function when it is first called, without Python's lock, division as in NumPy, and keep it on disk."""
    dispatcher: Any = njit(nogil=True, error_model="numpy")(kernel)
    if not config.DISABLE_JIT:  # type: ignore[attr-defined]
        dispatcher._cache = _cache_of(kernel) or dispatcher._cache
    return cast(Kernel, dispatcher)


def is_cached(kernel: Callable[..., Any]) -> bool:
    """Whether an earlier run left compiled kernels on disk, in the folder of this one."""
    folder = kernel.stats.cache_path  # type: ignore[attr-defined]
    return folder is not None and any(Path(folder).glob("*.nbi"))


def _cache_of(kernel: Callable[..., Any]) -> "_ForgivingCache | None":
    """Where a kernel is kept; None if nothing can be written."""
    for folder in (None, _temporary_folder):
        try:
            if folder is not None:
                config.CACHE_DIR = folder()  # type: ignore[attr-defined]
            return _ForgivingCache(kernel)
        except (RuntimeError, OSError):  # Numba found no folder that can be written
            continue
    _warn("compiled kernels cannot be kept on disk, for no folder can be written: every run compiles them anew")
    return None


@lru_cache
def _temporary_folder() -> str:
    """A folder that nobody else can write, for what is read from it is executed; "" if there is none."""
    try:
        folder = Path(tempfile.gettempdir()) / f"semstego-kernels-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return ""
    mine = not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o077)
    return str(folder) if mine and stat.S_ISDIR(found.st_mode) else ""


class _ForgivingCache(FunctionCache):
    """A cache whose faults cost time and nothing else."""

    def __init__(self, kernel: Callable[..., Any]) -> None:
        super().__init__(kernel)  # type: ignore[no-untyped-call]
        self._cache_file = _CheckedFile(self._cache_path, self._impl.filename_base, _sources_stamp())  # type: ignore[no-untyped-call]

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled code, or None if there is none that can be trusted."""
        try:
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        except Exception as error:  # damaged files raise anything at all
            _warn(f"compiled kernels in {self._cache_path} are damaged and compiled anew ({type(error).__name__})")
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep compiled code, if that is possible."""
        try:
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]
        except Exception as error:
            reason = error.strerror if isinstance(error, OSError) else type(error).__name__
            _warn(f"compiled kernels cannot be kept in {self._cache_path}: {reason}")


class _CheckedFile(IndexDataCacheFile):
    """An index and its data, each behind the SHA-256 of what follows: damaged machine code must not run."""

    def _dump(self, obj: Any) -> bytes:
        content: bytes = super()._dump(obj)  # type: ignore[no-untyped-call]
        return hashlib.sha256(content).digest() + content

    def _load_index(self) -> dict[Any, str]:
        try:
            version, stamp, overloads = _checked(Path(self._index_path).read_bytes())
        except FileNotFoundError:
            return {}
        except _DamagedError:
            _warn(f"compiled kernels in {self._cache_path} are damaged and compiled anew")
            return {}
        return overloads if (version, stamp) == (self._version, self._source_stamp) else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        with self._open_for_write(self._index_path) as file:
            file.write(self._dump((self._version, self._source_stamp, overloads)))

    def save(self, key: Any, data: Any) -> None:
        """Keep data and then tell of them; they say whose they are, for other processes write here at the same time."""
        name = f"{Path(self._index_name).stem}.{hashlib.sha256(repr(key).encode()).hexdigest()[:16]}.nbc"
        with self._open_for_write(str(Path(self._cache_path) / name)) as file:
            file.write(self._dump((self._version, self._source_stamp, key, data)))
        self._save_index(self._load_index() | {key: name})

    def load(self, key: Any) -> Any:
        """Data that were kept under this key by these very sources, or None."""
        name = self._load_index().get(key)
        try:
            kept = _checked((Path(self._cache_path) / name).read_bytes()) if name else None
        except FileNotFoundError:
            return None
        return kept[3] if kept and kept[:3] == (self._version, self._source_stamp, key) else None


class _DamagedError(Exception):
    """A file does not have its checksum."""


def _checked(content: bytes) -> Any:
    """What a file of the cache holds; it is unpickled only if it is as it was written."""
    digest, body = content[:32], content[32:]
    if hashlib.sha256(body).digest() != digest:
        raise _DamagedError
    return pickle.loads(body)


@lru_cache
def _sources_stamp() -> str:
    """Changes with any source file of the package."""
    files = ((str(path.relative_to(_PACKAGE)), path.stat()) for path in sorted(_PACKAGE.rglob("*.py")))
    return hashlib.sha256(repr([(name, s.st_mtime_ns, s.st_size) for name, s in files]).encode()).hexdigest()


def _warn(text: str) -> None:
    """Say it once in a process, however many kernels it is true of."""
    if not _told:
        _told.add(text)
        warnings.warn(text, CacheWarning, stacklevel=2)
