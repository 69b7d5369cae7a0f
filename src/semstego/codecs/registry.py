# SPDX-License-Identifier: Apache-2.0
"""Codecs by name, by weights file, or as they are.

    cr085                shipped weights, ``weights/cr085.safetensors``; the file says of which family
    mine.safetensors     weights of one's own, named after their file
    mine                 a module ``codecs/mine.py`` with a ``CODEC``, or an entry point of ``semstego.codecs``
    my_package:MyCodec   an object of one's own, by its place; or the object itself

A family is a folder here with a module ``weights``: it names the ``FORMATS`` that it can ``load``.
"""

import contextlib
import json
import os
from functools import lru_cache
from importlib import import_module, resources
from pathlib import Path
from typing import cast

import safetensors

from semstego.codecs import stream
from semstego.codecs.base import Codec
from semstego.errors import ArgumentError, WeightsError
from semstego.registry import Registry

DEFAULT = "cr085"
SUFFIX = ".safetensors"
MODULES = Registry[Codec](
    "codec", "semstego.codecs", "CODEC", beside=("base", "stream", "registry", "block", "convolutional")
)


def names() -> list[str]:
    """All codecs that need no file: shipped weights first, the default before the others, closed before open ones."""
    shipped = sorted(_shipped(), key=lambda name: (_shipped()[name], name != DEFAULT, name))
    return [*shipped, *MODULES.names()]


def load(codec: str | os.PathLike[str] | Codec) -> Codec:
    """The codec of this name, in this weights file, or this object itself.

    Raises:
        ArgumentError: If it is neither a name nor a path nor a codec.
        WeightsError: If there is no such codec, or the file is damaged or holds something else.
    """
    if not isinstance(codec, str | os.PathLike):
        if not callable(getattr(codec, "encode", None)):
            raise ArgumentError(f"a codec is a name, a weights file or an object that encodes, not {codec!r:.80}")
        return codec
    if codec in _shipped():
        return _load_shipped(str(codec))
    path = Path(codec)
    if path.is_file():
        if not stream.NAME.fullmatch(os.fsencode(path.stem)):
            raise WeightsError(f"{path}: a codec is named after its file, 1 to 16 printable ASCII characters")
        return _read(path, path.stem)
    try:
        return MODULES.get(str(codec))
    except ArgumentError as error:
        if ":" in str(codec):
            raise
        known = ", ".join(names())
        raise WeightsError(f"no codec {str(codec)!r}: there are {known}, else give a weights file") from error


def is_shipped(name: str) -> bool:
    """Whether weights of this name ship; nothing is loaded."""
    return name in _shipped()


@lru_cache
def _load_shipped(name: str) -> Codec:
    with resources.as_file(resources.files("semstego") / "weights" / f"{name}{SUFFIX}") as path:
        return _read(path, name)


def _read(path: Path, name: str) -> Codec:
    family = _families().get(_format(path))
    if family is None:
        raise WeightsError(f"{path}: no weights of a codec")
    return cast(Codec, import_module(family).load(path, name))


@lru_cache
def _shipped() -> dict[str, str]:
    """Names of the weights of codecs that ship, with the family of each."""
    with resources.as_file(resources.files("semstego") / "weights") as folder:
        formats = {path.stem: _format(path) for path in sorted(folder.glob(f"*{SUFFIX}"))}
    return {name: _families()[kind] for name, kind in formats.items() if kind in _families()}


@lru_cache
def _families() -> dict[str, str]:
    """By format of weights the module that loads them."""
    folders = Path(__file__).parent.iterdir()
    modules = [f"semstego.codecs.{path.name}.weights" for path in folders if (path / "weights.py").is_file()]
    return {kind: module for module in sorted(modules) for kind in import_module(module).FORMATS}


def _format(path: Path) -> str:
    """What a safetensors file says it holds, or nothing."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, safetensors.SafetensorError):
        with safetensors.safe_open(path, "np") as file:
            facts = file.metadata() or {}
        return str(facts["format"] if "format" in facts else json.loads(facts["semstego"])["format"])
    return ""
