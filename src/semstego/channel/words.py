# SPDX-License-Identifier: Apache-2.0
"""Channels by their words, as on the command line: ``jpeg:75,resize:0.5``."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from semstego.channel.base import Chain, Channel
from semstego.channel.compression import Jpeg, Webp
from semstego.channel.geometry import Crop, Resize, Rotate, Scale
from semstego.channel.links import Awgn, BitErrors, LostBlocks, Rayleigh
from semstego.channel.noise import Noise
from semstego.channel.semantic import Semantic
from semstego.channel.tone import Brightness, Contrast, Gamma
from semstego.codecs import registry
from semstego.errors import ArgumentError, WeightsError

_Number = Callable[[str], Any]
WORDS: Final[dict[str, tuple[Callable[..., Channel], tuple[_Number, ...], str]]] = {
    "jpeg": (Jpeg, (int, int), "jpeg:QUALITY or jpeg:QUALITY:SUBSAMPLING, such as jpeg:75 or jpeg:75:444"),
    "webp": (Webp, (int,), "webp:QUALITY, such as webp:80"),
    "noise": (Noise, (float,), "noise:LEVELS, the standard deviation, such as noise:5"),
    "resize": (Resize, (float,), "resize:FACTOR, and back, such as resize:0.5"),
    "scale": (Scale, (float,), "scale:FACTOR, which is kept, such as scale:0.5"),
    "gamma": (Gamma, (float,), "gamma:EXPONENT, such as gamma:1.1"),
    "brightness": (Brightness, (float,), "brightness:LEVELS, such as brightness:10 or brightness:-10"),
    "contrast": (Contrast, (float,), "contrast:FACTOR, such as contrast:1.1"),
    "crop": (Crop, (float,), "crop:KEPT, the share of each side, such as crop:0.9"),
    "rotate": (Rotate, (float,), "rotate:DEGREES, such as rotate:0.5"),
    "bit-errors": (BitErrors, (float,), "bit-errors:RATE, of the symbols' bits, such as bit-errors:0.001"),
    "lost-blocks": (LostBlocks, (float,), "lost-blocks:RATE, of 1,056 symbols each, such as lost-blocks:0.1"),
    "awgn": (Awgn, (float,), "awgn:SNR, on the symbols, in dB, such as awgn:20"),
    "rayleigh": (Rayleigh, (float,), "rayleigh:SNR, on the symbols, in dB, such as rayleigh:20"),
    "codec": (lambda name: Semantic(registry.load(name)), (str,), "codec:NAME, such as codec:cr085"),
}
"""For each word: what it makes, of which arguments at most, and how it is written; one argument is always given."""

MOST_LINKS: Final = 32


def channel(words: str | Channel) -> Channel:
    """The channel that these words say, the first one first; or this object itself.

    Args:
        words: Such as ``jpeg:75``, or several of one chain with commas or plus signs between them.

    Raises:
        ArgumentError: If a word says nothing; it names those that do, or how that one is written.
    """
    if not isinstance(words, str):
        has_both = callable(getattr(words, "symbols", None)) and callable(getattr(words, "picture", None))
        if has_both and not isinstance(words, type):
            return words
        raise ArgumentError(f"a channel is words such as jpeg:75, or an object that is one, not {type(words).__name__}")
    parts = words.replace("+", ",").split(",")
    if len(parts) > MOST_LINKS:
        raise ArgumentError(f"a channel has at most {MOST_LINKS} links, not {len(parts)}")
    return Chain(tuple(_link(part.strip()) for part in parts))


def several(words: str | Channel | Sequence[str | Channel]) -> tuple[str | Channel, ...]:
    """Several channels, each by itself.

    Args:
        words: Such as ``jpeg:50,resize:0.5+jpeg:75``: commas part channels here, and plus signs the links of a chain;
            or a sequence of what :func:`channel` takes.

    Raises:
        ArgumentError: If there are none or too many, or a word says nothing.
    """
    found: tuple[Any, ...] = (words,)  # a channel, or nothing of the kind
    if isinstance(words, Iterable):
        found = tuple(words.split(",") if isinstance(words, str) else words)
    if not 1 <= len(found) <= MOST_LINKS:
        raise ArgumentError(f"name 1 to {MOST_LINKS} channels, not {len(found)}")
    for one in found:
        channel(one)
    return found


def _link(word: str) -> Channel:
    name, *given = word.split(":")
    if name not in WORDS:
        raise ArgumentError(f"there is no channel {word!r:.40}; there are {', '.join(WORDS)}")
    make, kinds, written = WORDS[name]
    if not 1 <= len(given) <= len(kinds):
        raise ArgumentError(f"{word!r:.40} is written {written}")
    try:
        arguments = [kind(value) for kind, value in zip(kinds, given, strict=False)]
    except ValueError:
        raise ArgumentError(f"{word!r:.40} is written {written}") from None
    try:
        return make(*arguments)
    except WeightsError as error:
        raise ArgumentError(str(error)) from None
