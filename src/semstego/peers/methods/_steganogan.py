# SPDX-License-Identifier: Apache-2.0
"""What the three networks of SteganoGAN share (Zhang et al., arXiv 1901.03892): one bit or more a pixel, by networks.

Its wheel asks for torch 1.0, and holds the networks as pickles, which are opened in this environment alone. What its
code needs to run with today's torch is patched here, and three things in its favour: batch normalisation is that of
evaluation; the reader gets pixel values in [-1, 1], as in training, where its own code gives it [0, 1] by mistake; and
bits are packed by NumPy, not through text.
"""

import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from semstego.errors import CapacityError, NothingFoundError
from semstego.peers.base import Peer, Picture

CODE_WORD, CODE_MESSAGE = 255, 5  # bytes of its Reed-Solomon words, and how many of these are the text's
PACKING = 11  # bytes that zlib adds to what it cannot pack
END = 4  # zero bytes behind each copy
DEPTHS = {"basic": 5, "dense": 8, "residual": 8}  # bits a pixel


@dataclass
class SteganoGan(Peer):
    """One of the three networks in its wheel, by its own text interface: bytes are passed as Latin-1 characters.

    Attributes:
        architecture: basic, dense or residual.
    """

    architecture: str

    package = "steganogan"
    version = "0.1.3"
    licence = "MIT"
    requirements = (
        "torch==2.13.0", "numpy==2.4.6", "pillow==13.0.0", "reedsolo==1.7.0", "imageio==2.38.1", "tqdm==4.70.1",
    )  # fmt: skip
    bare = ("steganogan==0.1.3",)

    @property
    def name(self) -> str:  # type: ignore[override]
        """What tables call it."""
        return f"steganogan-{self.architecture}"

    def payload_bits(self, picture: Picture) -> int:
        """What fits once, packed and in Reed-Solomon words; half of the bytes take two in UTF-8."""
        room = DEPTHS[self.architecture] * picture.shape[0] * picture.shape[1] // 8 - END
        return int(max(0, room // CODE_WORD * CODE_MESSAGE - PACKING) * 2 // 3 * 8)

    def hide(self, picture: Picture, message: bytes) -> Picture:
        """See :class:`semstego.peers.base.Peer`."""
        from PIL import Image

        if 8 * len(message) > (most := self.payload_bits(picture)):
            raise CapacityError(len(message), most // 8)
        with tempfile.TemporaryDirectory() as folder:
            cover, stego = Path(folder) / "cover.png", Path(folder) / "stego.png"
            Image.fromarray(picture).save(cover, compress_level=1)
            self._net.encode(str(cover), str(stego), message.decode("latin-1"))
            with Image.open(stego) as image:
                return np.asarray(image.convert("RGB"))

    def reveal(self, picture: Picture, length: int) -> bytes:
        """See :class:`semstego.peers.base.Peer`."""
        from PIL import Image

        with tempfile.TemporaryDirectory() as folder:
            stego = Path(folder) / "stego.png"
            Image.fromarray(picture).save(stego, compress_level=1)
            try:
                return bytes(self._net.decode(str(stego)).encode("latin-1", "replace"))
            except ValueError:  # "Failed to find message."
                raise NothingFoundError from None

    @cached_property
    def _net(self) -> Any:
        """The network, patched for today's torch."""
        import torch
        from steganogan import models

        adam: Any = torch.optim.Adam
        original = adam.__setstate__
        adam.__setstate__ = lambda optimiser, state: optimiser.__dict__.update(state)
        try:
            path = Path(models.__file__).parent / "pretrained" / f"{self.architecture}.steg"
            net = torch.load(path, map_location="cpu", weights_only=False)
        finally:
            adam.__setstate__ = original
        net.verbose = False
        for part in (net.encoder, net.decoder, net.critic):
            part.upgrade_legacy()
            part.eval()
        net.set_device(cuda=False)
        reader = net.decoder
        models.bits_to_bytearray = _packed
        models.imread = _values
        torch.set_grad_enabled(False)
        object.__setattr__(net, "decoder", lambda values: reader(2 * values - 1))
        return net


def _packed(bits: list[bool]) -> bytearray:
    """What its ``bits_to_bytearray`` does with 0 and 1, and cannot do with False and True: whole bytes."""
    return bytearray(np.packbits(np.array(bits[: len(bits) // 8 * 8], np.bool_)).tobytes())


def _values(path: str, pilmode: str) -> "np.ndarray[Any, Any]":
    """What its ``imread`` is asked for, by Pillow."""
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert(pilmode))
