# SPDX-License-Identifier: Apache-2.0
"""Which source files a module's results depend on: itself, and whatever it imports of its own package and of this one.

Results that are kept on disk are named by a digest of these files, so that a change of code is never served what other
code has made. Imports inside functions count; imports for type checkers alone do not.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

PACKAGE = __name__.partition(".")[0]


@cache
def closure_digest(*modules: str) -> str:
    """SHA-256 of the names and contents of all source files that these modules reach by import.

    Raises:
        ModuleNotFoundError: If one of the modules is not there.
    """
    digest = hashlib.sha256()
    for name, path in sorted(import_closure(*modules).items()):
        digest.update(f"{name} ".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def import_closure(*modules: str) -> dict[str, Path]:
    """The source files by module name; libraries outside of the modules' packages are not followed.

    Raises:
        ModuleNotFoundError: If one of the modules is not there.
    """
    packages = {PACKAGE} | {name.partition(".")[0] for name in modules}
    found: dict[str, Path] = {}
    for name in modules:
        if _source(name) is None:
            raise ModuleNotFoundError(f"there is no source of a module {name}")
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = _source(name)
        if path is None or name in found or name.partition(".")[0] not in packages:
            continue
        found[name] = path
        tree = ast.parse(path.read_bytes())
        waiting += [*_parents(name), *_imported(tree, name, is_package=path.name == "__init__.py")]
    return found


def _source(name: str) -> Path | None:
    """The file of a module, or None if it has none or is none: names that are imported need not be modules."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):  # of something that is no package, or a script's __main__
        return None
    return Path(spec.origin) if spec is not None and spec.has_location and spec.origin is not None else None


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
