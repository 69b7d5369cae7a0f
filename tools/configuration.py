# SPDX-License-Identifier: Apache-2.0
"""docs/configuration.md: every key of the trainings' configurations, from the classes that read them.

python -m tools.configuration            # write the page
python -m tools.configuration --check    # write nothing, exit 1 if the page is not what the classes say
"""

import argparse
import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from semstego.training.basis import TaskCodecPlan
from semstego.training.classifier import ClassificationPlan
from semstego.training.codec import CodecPlan
from semstego.training.costs_plan import CostPlan
from semstego.training.detector import DetectionPlan
from semstego.training.hiding_plan import LearnedPlan

PAGE = Path(__file__).parents[1] / "docs/configuration.md"
PLANS = {
    LearnedPlan: ("semstego train", "learned-photo.yaml"),
    CodecPlan: ("semstego train-codec", "codec-64.yaml"),
    CostPlan: ("semstego train-costs", "costs-64.yaml"),
    ClassificationPlan: ("semstego train-task classification", "objects.yaml"),
    DetectionPlan: ("semstego train-task detection", "scenes.yaml"),
    TaskCodecPlan: ("semstego fit-codec --task", "task-codec.yaml"),
}
PLAIN = {bool: "true or false", int: "integer", float: "number", str: "text", Path: "path", NoneType: "null"}
BOUNDS = {"gt": "> {}", "ge": "≥ {}", "lt": "< {}", "le": "≤ {}"}
OPEN_END = 1 << 63  # a limit that says no more than what fits
INTRODUCTION = """# Configurations of trainings

A training is told what to do by a YAML file; those that made the weights that ship are in `configs/`. These are all
the keys that each command reads. A key without a default must be given, a key that is not here or is given twice is
refused, and the error names all faults of a file. None is YAML's `null`. A key whose value has keys of its own leads
to them; those of a network's sizes have limits that its errors name.

    semstego train-costs configs/costs-64.yaml --run runs/costs-64 -o costs.safetensors

`--run` is the folder of the run: log, example pictures, and a checkpoint after each epoch. A training that was stopped,
by Ctrl-C (status 130) or by the machine, goes on where it was when the same command is given again, and ends with the
same weights. The folder belongs to its configuration; a changed one needs another folder.

Paths are relative to where the command runs. `folder` of `data` is what `semstego data` made for the set: data/plain
and data/crops are both of the set `crops`, of different kinds. A `task` is `objects`, `fashion-mnist`, `scenes`, the
path of weights, or `package:Object`.
"""
END = "This page is made from the classes of these settings by `python -m tools.configuration`.\n"


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    nested: dict[type, None] = {}
    for plan, (command, example) in PLANS.items():
        link = f"An example: [configs/{example}](../configs/{example})."
        parts.append(f"## `{command}`\n\n{opening(plan)}\n\n{link}\n\n{table(plan)}")
        nested |= dict.fromkeys(below(plan))
    parts += [f"## {one.__name__}\n\n{opening(one)}\n\n{table(one)}" for one in nested]
    return "\n".join([*parts, END])


def below(settings: type) -> Iterator[type]:
    """The classes of values that have keys of their own, and theirs."""
    for hint in hints(settings).values():
        for one in (hint, *get_args(hint)):
            if has_keys(one):
                yield one
                yield from below(one)


def has_keys(hint: Any) -> bool:
    return isinstance(hint, type) and (issubclass(hint, BaseModel) or is_dataclass(hint))


def hints(settings: type) -> dict[str, Any]:
    """The type of every key, those of the base classes first."""
    names = settings.model_fields if issubclass(settings, BaseModel) else {field.name for field in fields(settings)}
    return {name: hint for name, hint in get_type_hints(settings, include_extras=True).items() if name in names}


def table(settings: type) -> str:
    said, known = meanings(settings), hints(settings)
    order = [name for name in said if name in known]
    if missing := known.keys() - set(order):
        raise ValueError(f"{settings.__name__}: no word about {', '.join(sorted(missing))}")
    rows = [f"| `{name}` | {kind(known[name])} | {default(settings, name)} | {said[name]} |" for name in order]
    return "\n".join(["| key | value | default | meaning |", "|---|---|---|---|", *rows, ""])


def kind(hint: Any) -> str:
    """What a value may be, in words."""
    inner = get_args(hint)
    match get_origin(hint):
        case None if has_keys(hint):
            return f"[{hint.__name__}](#{hint.__name__.lower()})"
        case None if isinstance(hint, type) and issubclass(hint, Enum):
            return " or ".join(f"`{one.value}`" for one in hint)
        case None:
            return PLAIN[hint]
        case origin if origin is Annotated:
            return f"{kind(inner[0])} {bounds(inner[1:])}".strip()
        case origin if origin is Literal:
            return " or ".join(f"`{one}`" for one in inner)
        case origin if origin in (Union, UnionType):
            return " or ".join(map(kind, inner))
        case origin if origin is tuple:
            return f"list of {kind(inner[0])}" if inner[-1] is ... else f"[{', '.join(map(kind, inner))}]"
        case _:
            return f"names, each with a {kind(inner[1])}"


def bounds(constraints: tuple[Any, ...]) -> str:
    """Limits of a value."""
    found = []
    for one in constraints:
        for limit in getattr(one, "metadata", [one]):
            said = {name: getattr(limit, name) for name in BOUNDS if hasattr(limit, name)}
            found += [BOUNDS[name].format(value) for name, value in said.items() if value != OPEN_END]
    return ", ".join(found)


def default(settings: type, name: str) -> str:
    if issubclass(settings, BaseModel):
        field = settings.model_fields[name]
        value = MISSING if field.is_required() else field.default
    else:
        value = next(field.default for field in fields(settings) if field.name == name)
    if value is MISSING:
        return ""
    return "its defaults" if has_keys(type(value)) else f"`{in_yaml(value)}`"


def in_yaml(value: Any) -> str:
    """A value as a configuration has it."""
    match value:
        case Enum():
            return in_yaml(value.value)
        case tuple():
            return f"[{', '.join(map(in_yaml, value))}]"
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case _:
            return str(value)


def meanings(settings: type) -> dict[str, str]:
    """What the docstrings say of every key, those of the base classes first."""
    found: dict[str, str] = {}
    for one in reversed(settings.__mro__):
        if has_keys(one) and one is not BaseModel:
            found |= dict(of_dataclass(one) if is_dataclass(one) else of_settings(one))
    return found


def of_settings(settings: type) -> Iterator[tuple[str, str]]:
    """Of every key, the string that follows it."""
    body = ast.parse(textwrap.dedent(inspect.getsource(settings))).body[0].body
    for key, said in pairwise(body):
        if isinstance(key, ast.AnnAssign) and isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant):
            yield key.target.id, in_markdown(said.value.value)


def of_dataclass(settings: type) -> Iterator[tuple[str, str]]:
    """Of every key, what the section "Attributes" says."""
    attributes = inspect.cleandoc(settings.__doc__ or "").partition("Attributes:\n")[2]
    for entry in re.findall(r"^ {4}(\w+): ((?:.+\n?)(?: {8}.+\n?)*)", attributes, re.MULTILINE):
        yield entry[0], in_markdown(entry[1])


def opening(settings: type) -> str:
    """The first paragraphs of a class's docstring."""
    text = inspect.cleandoc(settings.__doc__ or "").partition("Attributes:")[0].strip()
    return "\n\n".join(textwrap.fill(in_markdown(one), 120) for one in text.split("\n\n"))


def in_markdown(docstring: str) -> str:
    """Without the marks of reStructuredText, and in one line."""
    line = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", " ".join(docstring.split()))
    return line.replace("``", "`").replace("|", "\\|")


def main(arguments: list[str] | None = None) -> int:
    """Write or check the page; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    if parser.parse_args(arguments).check:
        return int(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
