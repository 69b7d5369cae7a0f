# SPDX-License-Identifier: Apache-2.0
"""No ``Any`` stands for a codec, a scheme, a task or a detector: mypy would believe everything of it."""

import ast
from pathlib import Path

import semstego

NOUNS = ("codec", "scheme", "point", "task", "detector", "system")


def annotated(tree):
    """Names of arguments, attributes and variables with their annotations, and functions with what they return."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation is not None:
            yield node.arg, node.annotation
        elif isinstance(node, ast.AnnAssign):
            yield ast.unparse(node.target), node.annotation
        elif isinstance(node, ast.FunctionDef) and node.returns is not None:
            yield node.name, node.returns


def suspicious(source):
    found = []
    for name, annotation in annotated(ast.parse(source)):
        last = name.rpartition(".")[2].strip("_").rstrip("s")
        if last in NOUNS and "Any" in {one.id for one in ast.walk(annotation) if isinstance(one, ast.Name)}:
            found.append(name)
    return found


def test_no_any_stands_for_a_part():
    package = Path(semstego.__file__).parent
    found = {str(path): suspicious(path.read_text()) for path in package.rglob("*.py")}
    assert {path: names for path, names in found.items() if names} == {}


def test_the_search_would_find_one():
    source = "def f(codec: Any, x: int): ...\nclass A:\n    scheme: Any\ndef _task() -> Any: ...\n"
    assert sorted(suspicious(source)) == ["_task", "codec", "scheme"]
