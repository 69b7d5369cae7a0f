# SPDX-License-Identifier: Apache-2.0
"""The order in memory that convolutions are fastest in, on CPUs and GPUs."""

from typing import TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def channels_last(network: Network) -> Network:
    """The network with its weights in that order."""
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
