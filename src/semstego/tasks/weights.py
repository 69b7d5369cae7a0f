# SPDX-License-Identifier: Apache-2.0
"""Weights of the tasks' networks: safetensors in half precision, with the names of the classes."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import safetensors
from safetensors.torch import load_file, save
from torch import Tensor, nn

from semstego.codecs.convolutional.shaped_weights import UNREADABLE, finite
from semstego.errors import ArgumentError, WeightsError
from semstego.inputs import size_of
from semstego.networks.channels_last import channels_last

Network = TypeVar("Network", bound=nn.Module)
MAX_BYTES = 256 << 20
MOST_CLASSES = 1000
LONGEST_NAME = 64  # characters of a class


def to_bytes(network: nn.Module, classes: Sequence[str], facts: Mapping[str, Any], without: str = "-") -> bytes:
    """A trained network as a file; equal networks give equal bytes.

    Args:
        network: Any; what counts (whole numbers) keeps its type.
        classes: Names.
        facts: What else the file says: its format, and how the network is built.
        without: Weights whose names begin so are left out.
    """
    kept = {name: _half(tensor) for name, tensor in network.state_dict().items() if not name.startswith(without)}
    # One entry: safetensors writes several in any order.
    return save(kept, {"semstego": json.dumps({**facts, "classes": list(classes)})})


def read(
    path: Path, form: str, what: str, build: Callable[[int, Mapping[str, Any]], Network]
) -> tuple[Network, tuple[str, ...]]:
    """The network in a file, in evaluation mode and without gradients; and the names of its classes.

    Args:
        path: The file.
        form: Its format.
        what: Of what the weights are, for errors.
        build: Makes the network from the number of classes and the file's facts.

    Raises:
        WeightsError: If the file is another, is damaged, or its numbers or names cannot be used.
    """
    try:
        if size_of(path) > MAX_BYTES:
            raise WeightsError(f"{path}: larger than any weights of a {what}")
        with safetensors.safe_open(path, "pt") as file:
            facts = _facts(file.metadata() or {})
        if facts.get("format") != form:
            raise WeightsError(f"{path}: these are no weights of a {what}")
        classes = _classes(facts["classes"])
        network = channels_last(build(len(classes), facts))
        weights = {name: t.float() if t.is_floating_point() else t for name, t in load_file(path).items()}
        network.load_state_dict(finite(weights))
    except (*UNREADABLE, ArgumentError) as error:
        raise WeightsError(f"{path}: no weights of a {what} ({' '.join(str(error).split())[:200]})") from None
    return network.eval().requires_grad_(False), classes


def _facts(metadata: dict[str, str]) -> dict[str, Any]:
    """What a file says of itself; older ones have an entry for each fact, the classes as JSON."""
    if "semstego" in metadata:
        return dict(json.loads(metadata["semstego"]))
    return metadata | ({"classes": json.loads(metadata["classes"])} if "classes" in metadata else {})


def _classes(given: Any) -> tuple[str, ...]:
    """Names of classes that can be shown.

    Raises:
        ValueError: If they are something else.
    """
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_CLASSES:
        raise ValueError(f"there are 1 to {MOST_CLASSES} classes")
    if not all(isinstance(name, str) and name.isprintable() and 0 < len(name) <= LONGEST_NAME for name in given):
        raise ValueError(f"the name of a class has 1 to {LONGEST_NAME} printable characters")
    return tuple(given)


def _half(tensor: Tensor) -> Tensor:
    return tensor.half().contiguous() if tensor.is_floating_point() else tensor
