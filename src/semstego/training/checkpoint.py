# SPDX-License-Identifier: Apache-2.0
"""The state of a training as one safetensors file: nested dictionaries and lists of tensors and numbers.

There is no pickle in it: everything but the tensors is JSON in the file's metadata, where tensors stand by their names.
A hash of both stands there too: numbers that were damaged on the way to another machine would be trained on.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import save_file

from semstego.errors import WeightsError
from semstego.inputs import size_of


def save(path: Path, state: Any) -> None:
    """Write a state; a file of that name is replaced only when the new one is complete.

    Args:
        path: Of the file.
        state: Nested dictionaries and lists of tensors, numbers, words and None; tuples become lists.
    """
    tensors: dict[str, torch.Tensor] = {}
    tree = _flatten(state, "", tensors)
    temporary = path.with_suffix(".part")
    facts = {"tree": tree, "sha256": _digest(tree, tensors)}
    save_file(tensors, temporary, {"state": json.dumps(facts)})  # one entry: safetensors writes several in any order
    os.replace(temporary, path)


def load(path: Path, device: torch.device) -> Any:
    """Read the state in a file.

    Args:
        path: Of the file.
        device: Where the tensors go.

    Returns:
        The state, as :func:`save` got it.

    Raises:
        WeightsError: If the file is no checkpoint, or is damaged.
    """
    try:
        size_of(path)  # of any: pipes and devices have none, and would be waited for
        with safetensors.safe_open(path, "pt", device=str(device)) as file:
            facts = json.loads(file.metadata()["state"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if facts["sha256"] != _digest(facts["tree"], tensors):
                raise ValueError("it is damaged")
            return _restore(facts["tree"], tensors)
    except (OSError, safetensors.SafetensorError, TypeError, KeyError, AttributeError, ValueError) as error:
        raise WeightsError(f"{path}: no checkpoint of a training ({error})") from None


def _flatten(value: Any, name: str, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor):
        tensors[name] = value.detach().contiguous()
        return {"tensor": name}
    if isinstance(value, dict):  # as pairs: optimisers number their parameters, and the keys of JSON are words
        return {"pairs": [[key, _flatten(item, f"{name}/{key}", tensors)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return {"list": [_flatten(item, f"{name}/{place}", tensors) for place, item in enumerate(value)]}
    return {"value": value}


def _restore(tree: Any, tensors: dict[str, torch.Tensor]) -> Any:
    ((kind, content),) = tree.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "pairs":
        return {key: _restore(item, tensors) for key, item in content}
    if kind == "list":
        return [_restore(item, tensors) for item in content]
    return content


def _digest(tree: Any, tensors: dict[str, torch.Tensor]) -> str:
    """SHA-256 of the tree as JSON and of all numbers, in the order of their names."""
    found = hashlib.sha256(json.dumps(tree).encode())
    for name in sorted(tensors):
        found.update(tensors[name].cpu().flatten().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()
