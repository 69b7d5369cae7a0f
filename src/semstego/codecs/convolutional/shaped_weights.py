# SPDX-License-Identifier: Apache-2.0
"""Networks as safetensors files that say how they are built: their shape travels in the metadata."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import safetensors
from safetensors.torch import load_file, save
from torch import nn

from semstego.errors import WeightsError

MAX_WEIGHTS_BYTES = 64 << 20


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


Network = TypeVar("Network", bound=Shaped)


def to_bytes(network: Shaped) -> bytes:
    """A shaped network as a file."""
    facts = json.dumps({"format": network.FORMAT, "shape": asdict(network.shape)})
    # One entry: safetensors writes several in any order, and equal networks must give equal files.
    return save({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, {"semstego": facts})


def from_file(path: Path, kind: type[Network]) -> Network:
    """A network in evaluation mode and without gradients.

    Raises:
        WeightsError: If the file is none of this kind, or damaged.
    """
    try:
        if path.stat().st_size > MAX_WEIGHTS_BYTES:
            raise WeightsError(f"{path}: larger than any weights that semstego writes")
        with safetensors.safe_open(path, "pt") as file:
            facts = dict(json.loads((file.metadata() or {}).get("semstego", "{}")))
        if facts.get("format") != kind.FORMAT:
            raise WeightsError(f"{path}: no {kind.FORMAT.removesuffix(' 1')}")
        network = kind(kind.SHAPE(**facts["shape"]))
        network.load_state_dict(load_file(path))
    except (
        OSError,
        safetensors.SafetensorError,
        KeyError,
        TypeError,
        AttributeError,
        ValueError,
        RuntimeError,
    ) as error:
        raise WeightsError(f"{path}: no weights that semstego wrote ({' '.join(str(error).split())[:200]})") from None
    return network.eval().requires_grad_(False)
