# SPDX-License-Identifier: Apache-2.0
"""How much a cover holds, and how much of it is wise."""

import json
import math
from dataclasses import dataclass
from importlib import resources

from semstego.api.hide_reveal import CodecChoice, SchemeChoice, scheme_of
from semstego.codecs import registry
from semstego.codecs.base import Codec, Symbols
from semstego.io.pictures import Source, load_picture
from semstego.message import frame
from semstego.schemes import base
from semstego.schemes.base import Cover, Scheme
from semstego.schemes.certified.scheme import CertifiedScheme

ELSEWHERE = "for another scheme or codec than syndrome in cr085-plain, or for grey, the bits a symbol are taken over: "
CERTIFIED = "certified, of every detector, for a key that cannot be guessed; docs/certified.md"
LEVELS = (0.49, 0.499, 0.4999)


@dataclass(frozen=True)
class Capacity:
    """What :func:`capacity` gives.

    Attributes:
        max_message_bytes: Longest message that is expected to fit; of the certified scheme, that fits at its ``p_e``.
        certified_message_bytes: Of the certified scheme, the longest message by the detection error that it keeps; None
            of others.
        recommended_message_bytes: Longest message at the certified or measured detectability below, or at the rate that
            had it.
        recommended_p_e: Detection error at that size, 0.5 being guessing: of every detector if certified, of the best
            one if measured; None if neither.
        measured: What that rests on; for other schemes, where and how it was measured, for this codec or another one.
        symbols: Symbols of the picture.
        wet_symbols: Symbols that must not change.
        compression_ratio: Actual ratio.
    """

    max_message_bytes: int
    certified_message_bytes: dict[str, int] | None
    recommended_message_bytes: int
    recommended_p_e: float | None
    measured: str
    symbols: int
    wet_symbols: int
    compression_ratio: float


def capacity(
    cover: Source,
    *,
    codec: CodecChoice | None = None,
    scheme: SchemeChoice = base.DEFAULT,
    p_e: float | None = None,
    flatten: bool = False,
) -> Capacity:
    """How much a cover holds, and how much of it is wise; no key is needed.

    Args:
        cover: As for :func:`semstego.hide`.
        codec: As for :func:`semstego.hide`.
        scheme: As for :func:`semstego.hide`.
        p_e: As for :func:`semstego.hide`.
        flatten: As for :func:`semstego.hide`.
    """
    chosen = scheme_of(scheme, p_e)
    used = registry.load(chosen.default_codec if codec is None else codec)
    original = Cover(load_picture(cover, flatten=flatten), used)
    symbols = original.encoding.symbols
    certified: dict[str, int] | None = None
    sure: float | None
    if isinstance(chosen, CertifiedScheme):
        holds = chosen.capacities(original, {*LEVELS, chosen.p_e})
        largest = wise = frame.message_bytes(holds[chosen.p_e])
        sure, why = chosen.p_e, CERTIFIED
        certified = {f"{level:g}": frame.message_bytes(bits) for level, bits in holds.items()}
    else:
        largest = frame.message_bytes(chosen.capacity_bits(original))
        wise, sure, why = _measured(chosen, used, symbols)
    return Capacity(
        max_message_bytes=largest,
        certified_message_bytes=certified,
        recommended_message_bytes=min(largest, wise),
        recommended_p_e=sure,
        measured=why,
        symbols=symbols.values.size,
        wet_symbols=original.encoding.wet_symbols,
        compression_ratio=round(symbols.compression_ratio, 4),
    )


def _measured(scheme: Scheme, codec: Codec, symbols: Symbols) -> tuple[int, float | None, str]:
    """Message bytes that detectors hardly found, their detection error if it was measured here, and where it was."""
    advice = json.loads((resources.files("semstego") / "weights" / "advice.json").read_text())
    # The square-root law: what stays equally hard to detect grows with the root of the size (Ker et al., 2008).
    equal = math.sqrt(symbols.values.size * advice["symbols"])
    wise = max(0, int(advice["bits_per_symbol"] * min(symbols.values.size, equal)) // 8 - frame.OVERHEAD_BYTES)
    known = (scheme.name, codec.name, symbols.channels) == (advice["scheme"], advice["codec"], advice["channels"])
    return wise, advice["p_e"] if known else None, ("" if known else ELSEWHERE) + advice["measured"]
