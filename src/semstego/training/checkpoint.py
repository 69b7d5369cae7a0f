# SPDX-License-Identifier: Apache-2.0
"""The state of a training, nested dictionaries and lists of tensors and numbers, as one safetensors file.

No pickle: what is no tensor travels as JSON in the file's metadata, where each tensor has left a reference.
"""

import json
import os
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import save_file

from semstego.errors import WeightsError


def save(path: Path, state: Any) -> None:
    """Write the state; a file of that name is replaced only once the new one is whole."""
    tensors: dict[str, torch.Tensor] = {}
    tree = _flatten(state, "", tensors)
    temporary = path.with_suffix(".part")
    save_file(tensors, temporary, {"state": json.dumps(tree)})
    os.replace(temporary, path)


def load(path: Path, device: torch.device) -> Any:
    """The state in a file.

    Raises:
        WeightsError: If it is no checkpoint.
    """
    try:
        with safetensors.safe_open(path, "pt", device=str(device)) as file:
            tree = json.loads(file.metadata()["state"])
            return _restore(tree, file)
    except (OSError, safetensors.SafetensorError, TypeError, KeyError, ValueError) as error:
        raise WeightsError(f"{path}: no checkpoint of a training ({error})") from None


def _flatten(value: Any, name: str, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor):
        tensors[name] = value.detach().contiguous()
        return {"tensor": name}
    if isinstance(value, dict):  # as pairs: optimisers number their parameters, and JSON knows only words as keys
        return {"pairs": [[key, _flatten(item, f"{name}/{key}", tensors)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return {"list": [_flatten(item, f"{name}/{place}", tensors) for place, item in enumerate(value)]}
    return {"value": value}


def _restore(tree: Any, file: Any) -> Any:
    ((kind, content),) = tree.items()
    if kind == "tensor":
        return file.get_tensor(content)
    if kind == "pairs":
        return {key: _restore(item, file) for key, item in content}
    if kind == "list":
        return [_restore(item, file) for item in content]
    return content
