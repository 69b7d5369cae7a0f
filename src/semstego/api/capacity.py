# SPDX-License-Identifier: Apache-2.0
"""How much a cover holds, and how much of it is wise."""

import json
import math
from dataclasses import dataclass
from importlib import resources

from semstego.api.arguments import CodecChoice, SchemeChoice, scheme_of
from semstego.codecs import registry
from semstego.codecs.base import Codec, Symbols
from semstego.errors import EmbeddingError
from semstego.io.jpeg_history import find_jpeg_history, shrunk
from semstego.io.pictures import Source, load_picture
from semstego.message import frame
from semstego.message.draws import Draws
from semstego.progress import Progress, no_progress
from semstego.schemes import base
from semstego.schemes.base import Cover, Scheme
from semstego.schemes.certified.scheme import CertifiedScheme
from semstego.system.stego_system import StegoSystem

ELSEWHERE = "for another scheme or codec than syndrome in cr085-plain, or for grey, the bits a symbol are taken over: "
CERTIFIED = "certified, of every detector, for a key that cannot be guessed; docs/certified.md"
JPEG = "this cover stems from a JPEG, which gives away that anything is hidden in it: shrink it first"
MARKED = "none: it is found whatever its length, and is for messages that must arrive; docs/channel.md"
LEVELS = (0.49, 0.499, 0.4999)


@dataclass(frozen=True)
class Capacity:
    """What :func:`capacity` gives.

    Attributes:
        max_message_bytes: Longest message that surely fits, without a file name: of the certified scheme at its
            ``p_e``, of others found by trying, and what ``hide`` names where it refuses. 0 where at most an empty one
            fits.
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
    shrink: bool = False,
    progress: Progress = no_progress,
) -> Capacity:
    """How much a cover holds, and how much of it is wise; no key is needed.

    Args:
        cover: As for :func:`semstego.hide`.
        codec: As for :func:`semstego.hide`.
        scheme: As for :func:`semstego.hide`.
        p_e: As for :func:`semstego.hide`.
        flatten: As for :func:`semstego.hide`.
        shrink: As for :func:`semstego.hide`.
        progress: Called with what is being done and the share that is done.

    Raises:
        ArgumentError: If codec and scheme do not go together.
    """
    chosen = scheme_of(scheme, p_e)
    used = registry.load(chosen.default_codec if codec is None else codec)
    picture = load_picture(cover, flatten=flatten)
    original = Cover(shrunk(picture) if shrink else picture, used)
    system = StegoSystem(used, chosen)
    system.check_law(original.encoding)
    symbols = original.encoding.symbols
    certified: dict[str, int] | None = None
    sure: float | None
    if isinstance(chosen, CertifiedScheme):
        chosen.check_dither(original)
        holds = chosen.capacities(original, {*LEVELS, chosen.p_e})
        if not _is_recovered(system, original):
            holds = dict.fromkeys(holds, 0)
        largest = wise = frame.message_bytes(holds[chosen.p_e])
        sure, why = chosen.p_e, CERTIFIED
        certified = {str(level): frame.message_bytes(bits) for level, bits in holds.items()}
    else:
        largest = system.longest_message(original, progress)
        wise, sure, why = _measured(chosen, used, symbols)
        if chosen.marks_picture:
            wise, sure, why = largest, None, MARKED
        elif find_jpeg_history(original.picture).found:
            wise, sure, why = 0, None, JPEG
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


def _is_recovered(system: StegoSystem, cover: Cover) -> bool:
    """Whether stage II of the codec gets a draw back, as it does of a closed one; tried, for an open one."""
    if system.codec.closed:
        return True
    try:
        system.without_message(cover.encoding, Draws.fresh())
    except EmbeddingError:
        return False
    return True


def _measured(scheme: Scheme, codec: Codec, symbols: Symbols) -> tuple[int, float | None, str]:
    """Message bytes that detectors hardly found, their detection error if it was measured here, and where it was."""
    advice = json.loads((resources.files("semstego") / "weights" / "advice.json").read_text())
    # The square-root law: what stays equally hard to detect grows with the root of the size (Ker et al., 2008).
    equal = math.sqrt(symbols.values.size * advice["symbols"])
    wise = max(0, int(advice["bits_per_symbol"] * min(symbols.values.size, equal)) // 8 - frame.OVERHEAD_BYTES)
    known = (scheme.name, codec.name, symbols.channels) == (advice["scheme"], advice["codec"], advice["channels"])
    return wise, advice["p_e"] if known else None, ("" if known else ELSEWHERE) + advice["measured"]
