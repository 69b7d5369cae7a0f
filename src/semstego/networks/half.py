# SPDX-License-Identifier: Apache-2.0
"""Networks as safetensors files in half precision."""

from collections.abc import Mapping

from safetensors.torch import save
from torch import Tensor, nn


def halved(network: nn.Module, facts: Mapping[str, str], without: str = "-") -> bytes:
    """The weights of a network as a safetensors file.

    Args:
        network: Any; what counts (whole numbers) keeps its type.
        facts: The file's metadata.
        without: Weights whose names begin so are left out.
    """
    kept = {name: _half(tensor) for name, tensor in network.state_dict().items() if not name.startswith(without)}
    return save(kept, dict(facts))


def _half(tensor: Tensor) -> Tensor:
    return tensor.half().contiguous() if tensor.is_floating_point() else tensor
