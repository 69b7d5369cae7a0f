# SPDX-License-Identifier: Apache-2.0
"""Schemes on batches of small pictures, all alike: each hides fresh random bits and reads them at both stages.

    pictures ─Es─▸ cover symbols ──────────────────── Ds, 8 bits ─▸ cover reconstructions
                       └─ hide ─▸ stego symbols ─┬─── Ds, 8 bits ─▸ stego reconstructions ─ read ─▸ bits, stage II
                                                 └─ read ─▸ bits, stage I

    Learned      E, D1 and D2 of a model, the payload in as many places of its D x H x W as the model is for
    LsbMatching  +-1 in symbols of an open codec
    Syndrome     ternary syndrome-trellis codes there, at the costs of HILL

LsbMatching and Syndrome need the very symbols at stage II, and an open codec does not give them back. Ds is affine, so
a receiver can invert it by least squares (:func:`features_in`); that the picture has 8 bits makes this inexact.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semstego.codecs.base import SymbolMap
from semstego.codecs.convolutional.codec import ConvolutionalCodec
from semstego.codecs.convolutional.quantiser import to_pictures
from semstego.coding import ternary
from semstego.coding.coins import coin_steps
from semstego.datasets.tensors import batch
from semstego.errors import ArgumentError, InfeasibleError, PictureError
from semstego.evaluation.table2 import Hidden
from semstego.message.bits import Bits
from semstego.schemes.learned.model import LearnedModel
from semstego.schemes.learned.slots import Positions, gathered, interior_first, spread
from semstego.schemes.syndrome import costs
from semstego.schemes.syndrome.scheme import HEIGHT
from semstego.system.stego_system import NONCES_TRIED

# Two trained codecs are misread least after some 20 steps, in 41 and 31 % of their symbols; after 50 in 54 and 33 %.
# They shrink some patterns forty- to three-hundredfold, and later steps blow up the rounding of the picture there.
INVERSION_STEPS = 20


@dataclass(frozen=True)
class Learned:
    """The learned scheme, without error correction.

    Attributes:
        model: In evaluation mode.
        keyed: Deal the copies of a bit to random places, as under a key; else tile them, as the released code does.
    """

    model: LearnedModel
    keyed: bool = True
    name: str = "learned"

    @torch.inference_mode()
    def hide(self, pictures: NDArray[np.uint8], bits: int, rng: np.random.Generator) -> Hidden:
        """See :class:`semstego.evaluation.table2.Carrier`."""
        (count, height, width, _), shape, codec = pictures.shape, self.model.shape, self.model.codec
        carriers = shape.depth * height * width
        check_room(bits, carriers)
        payload, places = random_bits(rng, count, bits), self.model.places(bits, height, width)
        order = np.tile(np.arange(carriers), (count, 1))
        if self.keyed:
            order = interior_first(rng.permuted(order, axis=1), shape.depth, height, width, shape.kernel)
        # The carrier order[p] has place p: a message in the order of carriers takes the inverse.
        rank = torch.from_numpy(np.argsort(order, 1))
        message = spread(torch.from_numpy(payload).float(), places).gather(1, rank)
        features = codec.features(_floats(pictures, codec))
        scale = codec.quantiser.scale(features)
        stego = self.model.hidden(features, message.view(count, shape.depth, height, width), scale)
        cover_symbols, stego_symbols = (codec.quantiser.to_symbols(one, scale).numpy() for one in (features, stego))
        covers, stegos = (_decoded(one, scale, codec) for one in (cover_symbols, stego_symbols))
        arrived = codec.quantiser.to_features(torch.from_numpy(stego_symbols), scale)
        logits = self.model.revealed_1(arrived / scale.view(-1, 1, 1, 1)), self.model.revealed_2(batch(stegos))
        read_1, read_2 = (_averaged(one.flatten(1), torch.from_numpy(order), places, bits) for one in logits)
        everyone = np.ones(count, bool)
        return Hidden(cover_symbols, stego_symbols, covers, stegos, payload, read_1, read_2, everyone)


@dataclass(frozen=True)
class LsbMatching:
    """The payload in the lowest bits of random symbols: those that differ go up or down by one, as a coin falls."""

    codec: ConvolutionalCodec
    name: str = "LSB matching"

    def hide(self, pictures: NDArray[np.uint8], bits: int, rng: np.random.Generator) -> Hidden:
        """See :class:`semstego.evaluation.table2.Carrier`."""
        symbols, scale = _encoded(pictures, self.codec)
        count, flat = len(symbols), symbols.reshape(len(symbols), -1)
        check_room(bits, flat.shape[1])
        payload = random_bits(rng, count, bits)
        where = rng.permuted(np.tile(np.arange(flat.shape[1]), (count, 1)), axis=1)[:, :bits]
        stego = flat.copy()
        np.put_along_axis(stego, where, matched(np.take_along_axis(flat, where, 1), payload, rng), 1)

        def read(found: NDArray[np.uint8]) -> NDArray[np.uint8]:
            return np.take_along_axis(found.reshape(count, -1), where, 1) % 2

        everyone = np.ones(count, bool)
        return _received(symbols, stego.reshape(symbols.shape), scale, self.codec, payload, read, everyone)


@dataclass(frozen=True)
class Syndrome:
    """Ternary syndrome-trellis codes over all symbols in random order, at the cost of HILL in each map of symbols.

    The receiver is told how the bits are split between the two layers: 6 bits of a frame, not counted here.
    """

    codec: ConvolutionalCodec
    name: str = "syndrome (HILL)"

    def hide(self, pictures: NDArray[np.uint8], bits: int, rng: np.random.Generator) -> Hidden:
        """See :class:`semstego.evaluation.table2.Carrier`."""
        symbols, scale = _encoded(pictures, self.codec)
        payload, stego = random_bits(rng, len(symbols), bits), symbols.copy()
        plans = [_embedded(one, message, rng) for one, message in zip(stego, payload, strict=True)]

        def read(found: NDArray[np.uint8]) -> NDArray[np.uint8]:
            answer = np.zeros_like(payload)
            for bits_read, one, plan in zip(answer, found.reshape(len(found), -1), plans, strict=True):
                if plan is not None:
                    bits_read[:] = ternary.extract(one[plan[0]], bits, plan[1], HEIGHT)
            return answer

        carried = np.array([plan is not None for plan in plans])
        return _received(symbols, stego, scale, self.codec, payload, read, carried)


def features_in(seen: Tensor, codec: ConvolutionalCodec) -> Tensor | None:
    """Features whose reconstruction is nearest to given ones, by conjugate gradients for least squares (CGLS).

    The search starts at what Es makes of the pictures and ends early, so what the pictures do not tell stays as Es
    has it.

    Args:
        seen: Float pictures ``(b, 3, h, w)`` in [0, 1].
        codec: Of which Ds is inverted.

    Returns:
        float64 ``(b, c, h', w')``; None for a codec whose Ds is not affine.
    """
    if not is_affine(codec):
        return None
    with torch.no_grad():
        found: Tensor = codec.encoder(seen.float()).double()
    affine = copy.deepcopy(codec.decoder).double()
    shown, adjoint = torch.func.vjp(affine, found)  # type: ignore[misc]
    with torch.no_grad():
        offset = affine(torch.zeros_like(found[:1]))
        residual = seen.double() - shown
        direction = gradient = adjoint(residual)[0]
        for _ in range(INVERSION_STEPS):
            change = affine(direction) - offset
            step = _power(gradient) / _power(change)
            found, residual = found + step * direction, residual - step * change
            steeper = adjoint(residual)[0]
            direction = steeper + _power(steeper) / _power(gradient) * direction
            gradient = steeper
    return found.detach()


def is_affine(codec: ConvolutionalCodec) -> bool:
    """Whether Ds has no activation, and can be inverted."""
    return bool(codec.shape.activation == "none")


def inverted(seen: NDArray[np.uint8], codec: ConvolutionalCodec) -> NDArray[np.uint8]:
    """Symbols that a warden, who has the codec but not the scale of the features, finds in 8-bit pictures.

    Args:
        seen: Pictures ``(n, h, w, 3)``.
        codec: An affine one.
    """
    features = features_in(batch(seen), codec)
    assert features is not None
    return codec.quantiser.to_symbols(features, codec.quantiser.scale(features)).numpy()


def _power(maps: Tensor) -> Tensor:
    """Sum of squares of each picture, ``(b, 1, 1, 1)``, never 0: a search that has arrived stays."""
    return maps.square().sum((1, 2, 3), keepdim=True).clamp_min(torch.finfo(maps.dtype).tiny)


def _averaged(logits: Tensor, order: Tensor, places: Positions, bits: int) -> NDArray[np.uint8]:
    """Logits ``(b, carriers)`` to bits ``(b, l)``; ``order`` tells the carrier at each place."""
    read: NDArray[np.uint8] = (gathered(logits.gather(1, order), places, bits) > 0).to(torch.uint8).numpy()
    return read


def _floats(pictures: NDArray[np.uint8], codec: ConvolutionalCodec) -> Tensor:
    if codec.shape.channels != pictures.shape[3]:
        raise PictureError(f"the codec takes pictures of {codec.shape.channels} channels, not {pictures.shape[3]}")
    return batch(pictures)


@torch.inference_mode()
def _encoded(pictures: NDArray[np.uint8], codec: ConvolutionalCodec) -> tuple[NDArray[np.uint8], Tensor]:
    """Symbols ``(n, c, h', w')`` and scales ``(n,)``."""
    features = codec.features(_floats(pictures, codec))
    scale = codec.quantiser.scale(features)
    return np.ascontiguousarray(codec.quantiser.to_symbols(features, scale).numpy()), scale


@torch.inference_mode()
def _decoded(symbols: NDArray[np.uint8], scale: Tensor, codec: ConvolutionalCodec) -> NDArray[np.uint8]:
    """The 8-bit pictures ``(n, h, w, c)`` that a PNG would hold."""
    return to_pictures(codec.decoder(codec.quantiser.to_features(torch.from_numpy(symbols), scale)))


def _received(
    symbols: NDArray[np.uint8],
    stego: NDArray[np.uint8],
    scale: Tensor,
    codec: ConvolutionalCodec,
    payload: NDArray[np.uint8],
    read: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
    carried: NDArray[np.bool_],
) -> Hidden:
    """What comes of symbols of an open codec; ``read`` takes bits ``(n, l)`` from symbols."""
    covers, stegos = (_decoded(one, scale, codec) for one in (symbols, stego))
    features = features_in(batch(stegos), codec)
    found = None if features is None else codec.quantiser.to_symbols(features, scale).numpy()
    read_2 = None if found is None else read(found)
    return Hidden(symbols, stego, covers, stegos, payload, read(stego), read_2, carried, found)


def _embedded(symbols: SymbolMap, message: Bits, rng: np.random.Generator) -> tuple[NDArray[np.int64], int] | None:
    """Change symbols in place; their order, and the bits in the upper layer, or None if the message does not fit."""
    channels = len(symbols)
    # A block of one pixel whose symbols are its colours: each symbol has the cost of the pixel it is.
    maps = np.ascontiguousarray(symbols.transpose(1, 2, 0))
    rho, flat = costs.hill(maps, np.eye(channels, dtype=np.float32), 1).reshape(-1), symbols.reshape(-1)
    for _ in range(NONCES_TRIED):
        order = rng.permutation(flat.size)
        cover, cost = flat[order], rho[order]
        try:
            upper = ternary.split(cost, cost, cover, len(message))
            flat[order] = ternary.embed(cover, cost, cost, message, upper, HEIGHT)
        except InfeasibleError:
            continue
        return order, upper
    return None


def matched(values: NDArray[np.uint8], payload: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Values whose lowest bits are the payload: those that differ go up or down by one, as a coin falls."""
    moved: NDArray[np.uint8] = (values + coin_steps(values, rng) * (values % 2 != payload)).astype(np.uint8)
    return moved


def random_bits(rng: np.random.Generator, count: int, bits: int) -> NDArray[np.uint8]:
    """Payloads of as many pictures, ``(n, l)``."""
    return rng.integers(0, 2, (count, bits), np.uint8)


def check_room(bits: int, most: int) -> None:
    """Refuse payloads that no picture of a size carries.

    Raises:
        ArgumentError: If there are more bits than ``most``.
    """
    if bits > most:
        raise ArgumentError(f"a picture of this size carries up to {most:,} bits, not {bits:,}")
