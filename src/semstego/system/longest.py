# SPDX-License-Identifier: Apache-2.0
"""How long a message surely fits a picture, found by trying: what ``capacity`` states and a refusal names.

    at most 64 x 64 pixels    lengths are tried under three throw-away keys each; two must do
    at most 128 x 128         likewise; 64 x 64 pixels of it, in tiles from all over the picture, give a first guess
    at most TRIED_PIXELS      likewise, under one key
    more                      so many pixels of it, in tiles, are tried like this; a safe share of that, scaled, is it

A length that is found by luck would not fit under other keys. It is therefore tried again, under further keys, and made
shorter until these do.

The throw-away keys depend on the picture alone, so that the same picture gives the same length whatever the user's key.
Where a length that was embedded under these cannot be under another key and nonce, the sender goes on to other nonces.
"""

import hashlib
from collections.abc import Callable

import numpy as np

from semstego.codecs.base import Codec, Picture
from semstego.errors import CapacityError, EmbeddingError, SemstegoError
from semstego.message.cipher import Key
from semstego.progress import Progress
from semstego.schemes.base import Cover, Scheme

Fits = Callable[[Cover, int, Key], bool]
"""Whether a message of so many bytes can be embedded in a cover under a key."""

KEYS = 3  # throw-away keys for a small picture
CONFIRMING = 4, 3  # further keys for a small picture, and how many of them must do
CONFIRMING_LARGE = 2, 2  # the same for others
TILE = 32  # side of the tiles [pixels]; a multiple of every shipped codec's block
FIRST_PIXELS = 1 << 12  # up to here no first guess is needed
SMALL_PIXELS = 1 << 14  # up to here several keys are tried; keys matter less in larger pictures
TRIED_PIXELS = 1 << 19  # of closed codecs, where one try takes up to 0.5 s on one core
TRIED_PIXELS_OPEN = 1 << 16  # of open codecs, whose networks take as long for this
FIRST_STEP = 0.5  # relative change of the first length that is tried, where no part of the picture has been
STEP = 0.03  # the same where one has been
RESOLUTION = 0.025  # relative error of a length that is found in a small picture
COARSE = 0.05  # step and relative error in others
SHORTER = 0.03  # share taken off a length that further keys do not confirm
START_POWER = 0.035  # the first length that is tried falls with this power of the pixels; only speed depends on it
LEAST_START = 16  # bytes, the first length that is tried if less is estimated
SAFE_SHARE = 0.9  # of a scaled length, at a picture just too large for trying
SAFE_POWER = 0.25  # that share falls with this power of the pixels: the more segments, the rarer that all succeed


def longest_message(cover: Cover, scheme: Scheme, fits: Fits, progress: Progress) -> int:
    """The length of a message without a name that surely fits [bytes]; 0 where at most an empty one does.

    Args:
        cover: Picture and codec.
        scheme: Whose ``capacity_bits`` is exact if it keeps a law, and is where trying starts if not.
        fits: Tries one length.
        progress: Told ``trying``, and the share of it that is done, 0 as long as that is not known.

    Raises:
        ArgumentError: If codec and scheme do not go together.
    """
    estimate = scheme.framing.message_bytes(scheme.capacity_bits(cover))
    if scheme.keeps_law:
        return estimate
    height, width = cover.picture.shape[:2]
    limit = TRIED_PIXELS if cover.codec.closed else TRIED_PIXELS_OPEN
    if height * width > limit:
        scaled = _scaled(cover, limit, estimate, scheme, fits, progress)
        return int(scaled * SAFE_SHARE * (limit / (height * width)) ** SAFE_POWER)
    return _tried(cover, estimate, scheme, fits, progress)


def _tried(cover: Cover, estimate: int, scheme: Scheme, fits: Fits, progress: Progress) -> int:
    """What fits a picture that is small enough for trying [bytes]; the arguments are those of ``longest_message``."""
    pixels = cover.picture.shape[0] * cover.picture.shape[1]
    small = pixels <= SMALL_PIXELS

    def embeds(length: int, number: int) -> bool:
        progress("trying", 0)
        return fits(cover, length, _throw_away_key(cover, number))

    def fits_mostly(length: int) -> bool:
        first = embeds(length, 0)
        return first if not small or first == embeds(length, 1) else embeds(length, 2)

    if pixels <= FIRST_PIXELS:
        found = largest_that_fits(fits_mostly, max(estimate, LEAST_START), FIRST_STEP, RESOLUTION)
    else:
        guess = _scaled(cover, FIRST_PIXELS, estimate, scheme, fits, progress)
        start = max(int(guess * (FIRST_PIXELS / pixels) ** START_POWER), LEAST_START)
        step, resolution = (STEP, RESOLUTION) if small else (COARSE, COARSE)
        found = largest_that_fits(fits_mostly, start, step, resolution)
    return _confirmed(found, embeds, *(CONFIRMING if small else CONFIRMING_LARGE))


def _confirmed(length: int, embeds: Callable[[int, int], bool], keys: int, least: int) -> int:
    """A length, made shorter until it embeds under at least so many of further keys."""
    while length > 0:
        failed = 0
        for number in range(KEYS, KEYS + keys):
            failed += not embeds(length, number)
            if failed > keys - least:
                break
        else:
            return length
        length = int(length * (1 - SHORTER))
    return 0


def refusal(needed: int, fits: Callable[[], int], misread: bool, codec: Codec) -> SemstegoError:
    """Why a message is refused that no nonce hides.

    Args:
        needed: Its length [bytes].
        fits: Gives the length that is stated to fit, less what the name takes; asked if that matters.
        misread: Whether a frame was embedded and not read back.
        codec: That it was to be hidden in.
    """
    if misread and (codec.closed or not 0 < fits() < needed):
        open_codec = "" if codec.closed else f", for the codec {codec.name!r} is not closed"
        return EmbeddingError(f"the message does not come back at both stages{open_codec}; nothing was written")
    available = fits()
    if available >= needed:  # none of many nonces hides what fits under other keys; this was never seen
        available = needed * 4 // 5
    return CapacityError(needed, available)


def largest_that_fits(fits: Callable[[int], bool], start: int, first_step: float, resolution: float) -> int:
    """The largest number that fits, found in steps that double and are then halved.

    Args:
        fits: Asked for numbers from 0 on; if a number fits, all that are less should.
        start: First number that is asked for, above 0.
        first_step: Its relative change to the second one.
        resolution: Relative distance at which the search ends.

    Returns:
        A number that fits, above which one nearer than the resolution does not; 0 if none was found.
    """
    step, low, high = max(1, int(start * first_step)), 0, start
    if fits(start):
        low, high = start, start + step
        while fits(high):
            low, step = high, 2 * step
            high = low + step
    else:
        low = start - step
        while low > 0 and not fits(low):
            high, step = low, 2 * step
            low = high - step
    low = max(low, 0)
    while high - low > max(1, resolution * low):
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def tiles(picture: Picture, pixels: int) -> Picture:
    """Tiles from all over a picture, side by side in their order.

    Args:
        picture: uint8 ``(h, w, c)``.
        pixels: How many there are in the result at most, at least one tile's.

    Returns:
        uint8 ``(h', w', c)``; a side that is no longer than a tile stays as it is.
    """
    height, width = picture.shape[:2]
    shrink = min(1.0, (pixels / (height * width)) ** 0.5)
    rows, columns = _spread(height, shrink), _spread(width, shrink)
    return np.ascontiguousarray(picture[rows][:, columns])


def _spread(length: int, share: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Indices of tiles evenly spread over a side, together at most this share of it."""
    whole = length // TILE
    count = max(1, int(whole * share))
    if whole <= 1:
        return np.arange(length)
    firsts = (np.arange(count) * whole + whole // 2) // count * TILE
    found: np.ndarray[tuple[int], np.dtype[np.int64]] = (firsts[:, np.newaxis] + np.arange(TILE)).ravel()
    return found


def _scaled(cover: Cover, pixels: int, estimate: int, scheme: Scheme, fits: Fits, progress: Progress) -> float:
    """What fits tiles of a picture, in proportion to the scheme's estimates of both [bytes]."""
    part = Cover(tiles(cover.picture, pixels), cover.codec)
    overhead = scheme.framing.OVERHEAD_BYTES
    there = scheme.framing.message_bytes(scheme.capacity_bits(part))
    found = longest_message(part, scheme, fits, progress)
    if not there or not found:
        return estimate
    return (found + overhead) * (estimate + overhead) / (there + overhead) - overhead


def _throw_away_key(cover: Cover, number: int) -> Key:
    """A key fixed by the symbols of a picture."""
    symbols = cover.encoding.symbols.values
    digest = hashlib.sha256(np.array([number, *symbols.shape], "<u4").tobytes() + symbols.tobytes())
    return Key(digest.digest())
