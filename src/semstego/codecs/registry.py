# SPDX-License-Identifier: Apache-2.0
"""Codecs by name, by weights file, or as they are.

    cr085, cr085-plain   shipped weights, ``weights/cr085.safetensors``; the file says of which family, and the family
                         which codecs its weights are
    mine.safetensors     weights of one's own, named after their file
    mine                 a module ``codecs/mine.py`` with a ``CODEC``, or an entry point of ``semstego.codecs``
    my_package:MyCodec   an object of one's own, by its place; or the object itself

A family is a folder here with a module ``weights``: it names the ``FORMATS`` that it can ``load``, the ``points`` that
shipped weights are, and says whether its codecs are ``CLOSED``, and which are ``ASIDE``.
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
from semstego.codecs.base import PLAIN, Codec
from semstego.errors import ArgumentError, WeightsError
from semstego.registry import Registry

DEFAULT = "cr085"
SUFFIX = ".safetensors"
MEMBERS = ("name", "fingerprint", "closed", "dither", "encode", "decode", "recover", "pack", "unpack")
BESIDE = ("base", "stream", "registry", "block", "convolutional")
MODULES = Registry[Codec]("codec", "semstego.codecs", "CODEC", BESIDE, MEMBERS)


def names(*, with_open: bool = True) -> list[str]:
    """All codecs that need no file: shipped weights first, the default before the others, closed before open ones.

    Args:
        with_open: Whether shipped weights of open codecs are among them.

    Returns:
        Their names, without those that ship as channels for comparisons, and in which nobody looks for messages.
    """
    shipped = [name for name in _shipped() if not _is_aside(name) and (with_open or is_closed(name))]
    return [*sorted(shipped, key=lambda name: (_shipped()[name][0], name != DEFAULT, name)), *MODULES.names()]


def load(codec: str | os.PathLike[str] | Codec) -> Codec:
    """The codec of this name, in this weights file, or this object itself.

    Raises:
        ArgumentError: If it is neither a name nor a path nor a codec, or the codec's name or fingerprint is none.
        WeightsError: If there is no such codec, or the file is damaged or holds something else.
    """
    if not isinstance(codec, str | os.PathLike):
        return _identified(MODULES.get(codec))
    if codec in _shipped():
        return _load_shipped(str(codec))
    path = Path(codec)
    if _is_file(path):
        if not stream.NAME.fullmatch(os.fsencode(path.stem)):
            raise WeightsError(f"{path}: a codec is named after its file, 1 to 16 printable ASCII characters")
        return _read(path, path.stem)
    try:
        MODULES.place(str(codec))
    except ArgumentError:
        known = ", ".join([*names(), *(name for name in sorted(_shipped()) if _is_aside(name))])
        given = f"no codec {str(codec)!r:.80}: there are {known}"
        raise WeightsError(f"{given}; or give a weights file, or package:Object") from None
    return _identified(MODULES.get(str(codec)))


def is_closed(name: str) -> bool:
    """Whether the codec of this name is closed; weights that ship are not loaded for it."""
    return bool(import_module(_shipped()[name][0]).CLOSED) if is_shipped(name) else load(name).closed


def is_shipped(name: str) -> bool:
    """Whether the weights of the codec of this name ship; nothing is loaded."""
    return name in _shipped()


def is_known(name: str) -> bool:
    """Whether the name is enough to load it: what a stream names is not opened as a file."""
    return is_shipped(name) or name in MODULES.names()


def open_with_dither() -> list[str]:
    """Names of the shipped codecs that are open and round at random; nothing is loaded."""
    families = {name: import_module(family) for name, (family, _) in _shipped().items()}
    return [name for name, family in families.items() if not family.CLOSED and name in family.DITHERED]


def twin_for(name: str, *, keeps_law: bool) -> str:
    """A codec of an operating point: this one, or without its dither, for schemes that keep no law, if that ships."""
    plain = name + PLAIN
    return plain if not keeps_law and is_shipped(plain) else name


def _is_aside(name: str) -> bool:
    return name in import_module(_shipped()[name][0]).ASIDE


def _identified(codec: Codec) -> Codec:
    """The codec, if its name and fingerprint fit the header of a stream.

    Raises:
        ArgumentError: If one does not.
    """
    name, fingerprint = codec.name, codec.fingerprint
    if not isinstance(name, str) or not stream.NAME.fullmatch(name.encode(errors="surrogatepass")):
        raise ArgumentError(f"a codec's name has 1 to 16 printable ASCII characters, not {name!r:.80}")
    if not isinstance(fingerprint, bytes) or len(fingerprint) != stream.FINGERPRINT_BYTES:
        raise ArgumentError(f"the fingerprint of the codec {name!r} must be {stream.FINGERPRINT_BYTES} bytes")
    return codec


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # longer than the names of files
        return False


@lru_cache
def _load_shipped(name: str) -> Codec:
    with resources.as_file(resources.files("semstego") / "weights" / f"{_shipped()[name][1]}{SUFFIX}") as path:
        return _read(path, name)


def _read(path: Path, name: str) -> Codec:
    family = _families().get(_format(path))
    if family is None:
        raise WeightsError(f"{path}: no weights of a codec")
    return cast(Codec, import_module(family).load(path, name))


@lru_cache
def _shipped() -> dict[str, tuple[str, str]]:
    """Names of the codecs whose weights ship, with the family of each, and the name of its weights."""
    with resources.as_file(resources.files("semstego") / "weights") as folder:
        formats = {path.stem: _format(path) for path in sorted(folder.glob(f"*{SUFFIX}"))}
    families = {stem: _families()[kind] for stem, kind in formats.items() if kind in _families()}
    return {name: (family, stem) for stem, family in families.items() for name in import_module(family).points(stem)}


@lru_cache
def _families() -> dict[str, str]:
    """By format of weights the module that loads them."""
    folders = Path(__file__).parent.iterdir()
    modules = [f"semstego.codecs.{path.name}.weights" for path in folders if (path / "weights.py").is_file()]
    return {kind: module for module in sorted(modules) for kind in import_module(module).FORMATS}


def _format(path: Path) -> str:
    """What a safetensors file says it holds, or nothing."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, RecursionError, safetensors.SafetensorError):
        with safetensors.safe_open(path, "np") as file:
            facts = file.metadata() or {}
        return str(facts["format"] if "format" in facts else json.loads(facts["semstego"])["format"])
    return ""
