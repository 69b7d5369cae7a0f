# SPDX-License-Identifier: Apache-2.0
"""How much a cover holds, and how much of it is wise."""

import json
import math
from dataclasses import dataclass
from importlib import resources

from semstego.api.hide_reveal import CodecChoice, SchemeChoice
from semstego.codecs import registry
from semstego.io.pictures import Source, load_picture
from semstego.message import frame
from semstego.schemes import base
from semstego.schemes.base import Cover

ELSEWHERE = "for another scheme, codec or other colours (syndrome, cr085, RGB), whose bits a symbol are taken over: "


@dataclass(frozen=True)
class Capacity:
    """What :func:`capacity` gives.

    Attributes:
        max_message_bytes: Longest message that is expected to fit.
        recommended_message_bytes: Longest message at the measured detectability below, or at the rate that had it.
        recommended_p_e: Detection error of the best detector at that size, 0.5 being guessing; None if not measured.
        measured: Where and how that was measured, for this codec or for another one.
        symbols: Symbols of the picture.
        wet_symbols: Symbols that must not change.
        compression_ratio: Actual ratio.
    """

    max_message_bytes: int
    recommended_message_bytes: int
    recommended_p_e: float | None
    measured: str
    symbols: int
    wet_symbols: int
    compression_ratio: float


def capacity(
    cover: Source, *, codec: CodecChoice | None = None, scheme: SchemeChoice = base.DEFAULT, flatten: bool = False
) -> Capacity:
    """How much a cover holds, and how much of it is wise.

    Args:
        cover: As for :func:`semstego.hide`.
        codec: As for :func:`semstego.hide`.
        scheme: As for :func:`semstego.hide`.
        flatten: As for :func:`semstego.hide`.
    """
    chosen = base.SCHEMES.get(scheme)
    used = registry.load(chosen.default_codec if codec is None else codec)
    original = Cover(load_picture(cover, flatten=flatten), used)
    symbols = original.encoding.symbols
    largest = frame.message_bytes(chosen.capacity_bits(original))
    advice = json.loads((resources.files("semstego") / "weights" / "advice.json").read_text())
    # The square-root law: what stays equally hard to detect grows with the root of the size (Ker et al., 2008).
    equal = math.sqrt(symbols.values.size * advice["symbols"])
    wise = max(0, int(advice["bits_per_symbol"] * min(symbols.values.size, equal)) // 8 - frame.OVERHEAD_BYTES)
    known = (chosen.name, used.name, symbols.channels) == (base.DEFAULT, advice["codec"], advice["channels"])
    return Capacity(
        max_message_bytes=largest,
        recommended_message_bytes=min(largest, wise),
        recommended_p_e=advice["p_e"] if known else None,
        measured=("" if known else ELSEWHERE) + advice["measured"],
        symbols=symbols.values.size,
        wet_symbols=original.encoding.wet_symbols,
        compression_ratio=round(symbols.compression_ratio, 4),
    )
