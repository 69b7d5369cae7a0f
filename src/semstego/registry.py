# SPDX-License-Identifier: Apache-2.0
"""Parts by name: the modules of our folders, what other packages offer by entry points, and ``package:Object``.

    name              found in                                                   what it gives
    ----------------  ---------------------------------------------------------  -------------------------------------
    syndrome          a module of the folder, by its file's name                 its constant, such as ``SCHEME``
    their-scheme      an entry point of the group, such as ``semstego.schemes``  the object that it names
    my_package:Mine   that package, wherever Python finds it                     the object

Nothing is imported before it is asked for by name, so that whoever does not use torch does not load it. A class or
function that another package names is called without arguments, and what it returns is the part.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType
from typing import Generic, TypeVar, cast

from semstego.errors import ArgumentError, SemstegoError

Part = TypeVar("Part")
SPELLED = re.compile(r"[\w.]+:\w[\w.]*")  # package:Object


@dataclass(frozen=True)
class Registry(Generic[Part]):
    """The parts of one kind.

    Attributes:
        kind: One of them, in a word.
        package: The folder whose modules each hold one; or several folders, the first of which goes first.
        constant: What a module calls it.
        beside: Modules of the folders that hold none; ``base`` has what all parts offer.
        members: The attributes that make an object a part.
    """

    kind: str
    package: str | tuple[str, ...]
    constant: str
    beside: tuple[str, ...] = ("base",)
    members: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The group of entry points by which other packages offer parts of this kind."""
        return f"semstego.{self.kind.replace(' ', '')}s"

    def names(self) -> list[str]:
        """All names, those of this package first; nothing is imported."""
        return list(dict.fromkeys([*self._modules, *self._offered]))

    def shipped(self) -> list[str]:
        """The names of those in this package."""
        return list(self._modules)

    def get(self, part: str | Part) -> Part:
        """The part of this name, upper and lower case being one; or this object itself.

        Raises:
            ArgumentError: If there is none of the name, the object that it spells cannot be imported, or an object
                lacks what makes it a part.
        """
        found = self._imported(part) if isinstance(part, str) else part
        if isinstance(found, type):
            raise ArgumentError(f"{found.__name__} is a class; a {self.kind} is an object of it: {found.__name__}()")
        for member in self.members:
            if getattr(found, member, None) is None:  # a property of a protocol without a body gives None
                raise ArgumentError(f"{part!r:.80} is no {self.kind}: it has no {member!r}")
        return found

    def _imported(self, name: str) -> Part:
        module, _, path = self.place(name).partition(":")
        try:
            found: object = import_module(module)
            for step in path.split("."):
                found = getattr(found, step)
            return cast(Part, found() if isinstance(found, type | FunctionType) else found)
        except SemstegoError:
            raise
        except Exception as error:  # whatever somebody's module does while it is imported
            if self._spelled(name) in self._modules:  # what is missing is said by the module itself
                raise
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            raise ArgumentError(f"the {self.kind} {name!r} cannot be had ({reason})") from error

    def place(self, name: str) -> str:
        """Where the part of this name is to be found, as ``module:object``; nothing is imported.

        Raises:
            ArgumentError: If there is none of this name.
        """
        wanted = self._spelled(name)
        if wanted in self._modules:
            return f"{self._modules[wanted]}:{self.constant}"
        for known, offered in self._offered.items():
            if self._spelled(known) == wanted:
                return offered.value
        if SPELLED.fullmatch(name):
            return name
        known = f"there are {', '.join(self.names())}, or " if self.names() else ""
        raise ArgumentError(f"there is no {self.kind} {name!r:.80}; {known}name one of your own as package:Object")

    @staticmethod
    def _spelled(name: str) -> str:
        """A name as it is compared with others."""
        return name.lower().replace("_", "-")

    @cached_property
    def _modules(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for package in self._packages:
            for stem in sorted(_stems(package)):
                if stem not in self.beside and not stem.startswith("_"):
                    found.setdefault(self._spelled(stem), f"{package}.{stem}")
        return found

    @property
    def _packages(self) -> tuple[str, ...]:
        return (self.package,) if isinstance(self.package, str) else self.package

    @cached_property
    def _offered(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=self.group)}


def _stems(package: str) -> Iterator[str]:
    """Names of the modules and packages of a folder."""
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for path in Path(folder).iterdir():
            if path.suffix == ".py" and path.stem != "__init__":
                yield path.stem
            elif (path / "__init__.py").is_file():
                yield path.name
