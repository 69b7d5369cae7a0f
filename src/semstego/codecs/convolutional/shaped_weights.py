# SPDX-License-Identifier: Apache-2.0
"""Networks as safetensors files that say how they are built: their shape travels in the metadata."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import safetensors
import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from semstego.errors import WeightsError
from semstego.inputs import size_of

MAX_WEIGHTS_BYTES = 64 << 20
UNREADABLE = (
    OSError,
    safetensors.SafetensorError,
    KeyError,
    TypeError,
    AttributeError,
    ValueError,
    RuntimeError,  # and RecursionError
)
"""What files of weights that somebody made up can raise while they are read and loaded."""


class Shaped(nn.Module):
    """A module that is built from a dataclass.

    Attributes:
        FORMAT: What its files say they hold.
        SHAPE: The dataclass.
        shape: The one it was built from.
    """

    FORMAT: ClassVar[str]
    SHAPE: ClassVar[type]

    def __init__(self, shape: Any) -> None:
        super().__init__()
        self.shape = shape

    def file_shape(self) -> dict[str, Any]:
        """What a file says of the shape: its fields by name."""
        return asdict(self.shape)


Network = TypeVar("Network", bound=Shaped)


def finite(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights themselves.

    Raises:
        ValueError: If one is no finite number.
    """
    if not all(torch.isfinite(one).all() for one in weights.values()):
        raise ValueError("a weight is no finite number")
    return weights


def to_bytes(network: Shaped) -> bytes:
    """A shaped network as a file."""
    facts = json.dumps({"format": network.FORMAT, "shape": network.file_shape()})
    # One entry: safetensors writes several in any order, and equal networks must give equal files.
    return save({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, {"semstego": facts})


def from_file(path: Path, kind: type[Network]) -> Network:
    """A network in evaluation mode and without gradients.

    Raises:
        WeightsError: If the file is none of this kind, or damaged.
    """
    return part_of(path, kind, {kind.FORMAT: ""})


def part_of(path: Path, kind: type[Network], prefixes: Mapping[str, str]) -> Network:
    """A network out of a file that may hold others too, in evaluation mode and without gradients.

    Args:
        path: The file.
        kind: What the network is; of the shape that the file tells, it takes the fields of its own dataclass.
        prefixes: By format of the file, what the names of the network's weights begin with.

    Raises:
        WeightsError: If the file holds no such network, or is damaged.
    """
    try:
        if size_of(path) > MAX_WEIGHTS_BYTES:
            raise WeightsError(f"{path}: larger than any weights that semstego writes")
        with safetensors.safe_open(path, "pt") as file:
            facts = dict(json.loads((file.metadata() or {}).get("semstego", "{}")))
        prefix = prefixes.get(facts.get("format", ""))
        if prefix is None:
            raise WeightsError(f"{path}: no {kind.FORMAT.removesuffix(' 1')}")
        known = {field.name for field in fields(kind.SHAPE)}
        shape = {name: value for name, value in facts["shape"].items() if not prefix or name in known}
        network = kind(kind.SHAPE(**shape))
        weights = load_file(path).items()
        chosen = {name.removeprefix(prefix): one for name, one in weights if name.startswith(prefix)}
        network.load_state_dict(finite(chosen))
    except UNREADABLE as error:
        raise WeightsError(f"{path}: no weights that semstego wrote ({' '.join(str(error).split())[:200]})") from None
    return network.eval().requires_grad_(False)
