# SPDX-License-Identifier: Apache-2.0
"""The source files that a module's results depend on: its own, and those of what it imports.

Imports are followed within the module's own package and within this one. Results that are kept on disk are named by a
digest of these files, so that a change of the code does not serve results of the old code. Imports inside functions
count; imports for type checkers alone do not.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

PACKAGE = __name__.partition(".")[0]


@cache
def closure_digest(*modules: str) -> str:
    """SHA-256, in hexadecimal digits, of the names and contents of all source files that these modules import.

    Raises:
        ModuleNotFoundError: If there is no source file of one of the modules.
    """
    digest = hashlib.sha256()
    for name, path in sorted(import_closure(*modules).items()):
        digest.update(f"{name} ".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def import_closure(*modules: str) -> dict[str, Path]:
    """The source files, by module name; libraries outside the modules' packages and this one are not followed.

    Raises:
        ModuleNotFoundError: If there is no source file of one of the modules.
    """
    waiting = [_existing(name).name for name in modules]
    packages = {PACKAGE} | {name.partition(".")[0] for name in waiting}
    found: dict[str, Path] = {}
    while waiting:
        name = waiting.pop()
        if name in found or name.partition(".")[0] not in packages:
            continue
        spec = _spec(name)
        if spec is None or spec.origin is None:
            continue
        path = found[name] = Path(spec.origin)
        tree = ast.parse(path.read_bytes())
        waiting += [*_parents(name), *_imported(tree, name, is_package=path.name == "__init__.py")]
    return found


def _existing(name: str) -> ModuleSpec:
    """The specification of a module that has a source file; ``python -m`` gives ``__main__`` the module's own name."""
    spec = _spec(name)
    if spec is None:
        raise ModuleNotFoundError(f"there is no source of a module {name}")
    return spec


def _spec(name: str) -> ModuleSpec | None:
    """The specification of a module with a Python source file; None for all other names, since any name is imported."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):  # below something that is no package, or a script's __main__
        return None
    return spec if spec is not None and spec.has_location and str(spec.origin).endswith(".py") else None


def _parents(name: str) -> Iterator[str]:
    """The packages that an import of the module runs first."""
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def _imported(tree: ast.Module, name: str, *, is_package: bool) -> Iterator[str]:
    """What a module's source imports: modules, and names in them that may be modules themselves."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting += node.orelse
            continue
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                inside = name.split(".") if is_package else name.split(".")[:-1]
                kept = inside[: len(inside) - node.level + 1]
                base = ".".join([*kept, *([base] if base else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
