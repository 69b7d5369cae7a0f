# SPDX-License-Identifier: Apache-2.0
"""The figures of one hiding: what it carries, what is certified, what it cost in quality, what anybody can count."""

import math
import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from semstego.codecs.base import Picture, Symbols
from semstego.metrics.image import feature_snr_db, psnr_db, ssim
from semstego.metrics.message import bits_per_symbol, payload_bpp
from semstego.schemes.certified.scheme import pictures_within, tv_bound
from semstego.system.stego_system import Sent, StegoSystem


@dataclass(frozen=True)
class Report:
    """The fields of ``hide --json``. PSNR and SSIM on 8-bit data, peak 255; None stands for infinite or undefined.

    The cover that stego is compared with is what ``send`` makes of the same picture; of a codec that rounds at random,
    a fresh draw. "Undithered" is what that codec would have made without its dither.

    Attributes:
        codec: Name of the operating point.
        scheme: Name of the scheme.
        dither: Width of the codec's dither [steps]; 0 where it rounds plainly.
        p_e_bound: Certified: the detection error of every detector that cannot guess the key is at least this, for one
            picture. This field and the next three are None where nothing is certified, as where a given nonce fixed
            the draws.
        kl_bound_nats: The divergence of hiding from sending that follows from picture and length, at most.
        tv_bound: The total variation distance of hiding from sending, at most; 10^-7 of it are for rounded arithmetic.
        pictures_at_049: So many such pictures keep the detection error at 0.49, if one key hides in all: 200,000 at
            most, for rounded arithmetic adds up, too.
        message_bytes: Length of the message.
        overhead_bytes: What the frame adds to it.
        payload_bits: Coded bits, frame included.
        bpp: Payload bits per pixel of the original.
        bits_per_symbol: Payload bits per symbol.
        compression_ratio: Symbols per colour value, actual.
        stream_bytes: Length of the `.sem` stream.
        stream_bpp: Its bits per pixel.
        psnr1_db: Stage I, stego against cover symbols.
        ssim1: Stage I.
        feature_snr_db: Variance of the cover's features over the mean square change, dequantised.
        psnr1_undithered_db: Stage I, stego against undithered symbols.
        psnr2_db: Stage II, stego against cover reconstruction.
        ssim2: Stage II.
        psnr2_undithered_db: Stage II, stego against the undithered reconstruction.
        psnr_sc_db: Stego reconstruction against the original picture: the paper's "impact on SC".
        ssim_sc: The same.
        symbols: Symbols in all.
        changed_symbols: Symbols in which stego and cover differ.
        wet_symbols: Symbols that had to stay.
        marked_psnr_db: Robust: the marked picture against the original, before the codec. This field and the next one
            are None of schemes that mark no pictures.
        margins: Robust, where channels to survive were named: what arrives behind each of them, in bits of information
            over bits of the frame; 1.2 is too little, and 1.4 was always enough.
        retries: How often the sender's check had segments coded again.
        seconds: Time taken, the check included.
    """

    codec: str
    scheme: str
    dither: float
    p_e_bound: float | None
    kl_bound_nats: float | None
    tv_bound: float | None
    pictures_at_049: int | None
    message_bytes: int
    overhead_bytes: int
    payload_bits: int
    bpp: float
    bits_per_symbol: float
    compression_ratio: float
    stream_bytes: int
    stream_bpp: float
    psnr1_db: float | None
    ssim1: float | None
    psnr1_undithered_db: float | None
    feature_snr_db: float | None
    psnr2_db: float | None
    ssim2: float | None
    psnr2_undithered_db: float | None
    psnr_sc_db: float | None
    ssim_sc: float | None
    symbols: int
    changed_symbols: int
    wet_symbols: int
    marked_psnr_db: float | None
    margins: list[float] | None
    retries: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The fields, ready for JSON."""
        return asdict(self)


def report_on(
    system: StegoSystem, sent: Sent, plain: Symbols, seen: Picture, message_bytes: int, start: float
) -> Report:
    """Measure one hiding.

    Args:
        system: That made it.
        sent: What it made.
        plain: What it sends of the same picture with nothing hidden.
        seen: What the receiver reconstructs from that.
        message_bytes: Length of the message.
        start: Of the hiding, on the clock of ``time.perf_counter``.
    """
    encoding, original = sent.cover.encoding, sent.cover.picture
    base, stego, picture = encoding.symbols, sent.embedded.symbols, sent.embedded.received.picture
    undithered, bits = sent.cover.reconstruction, sent.frame.payload_bits
    return Report(
        codec=system.codec.name,
        scheme=system.scheme.name,
        dither=system.codec.dither,
        **_certified(sent),
        message_bytes=message_bytes,
        overhead_bytes=bits // 8 - message_bytes,
        payload_bits=bits,
        bpp=round(payload_bpp(bits, base.height, base.width), 6),
        bits_per_symbol=round(bits_per_symbol(bits, base.values.size), 6),
        compression_ratio=round(base.compression_ratio, 6),
        stream_bytes=len(sent.stream),
        stream_bpp=round(8 * len(sent.stream) / base.pixels, 4),
        psnr1_db=finite(psnr_db(stego.values, plain.values)),
        ssim1=finite(ssim(stego.values, plain.values, channel_axis=0)),
        psnr1_undithered_db=finite(psnr_db(stego.values, base.values)),
        feature_snr_db=finite(feature_snr_db(plain.values, stego.values, encoding.steps)),
        psnr2_db=finite(psnr_db(picture, seen)),
        ssim2=finite(ssim(picture, seen)),
        psnr2_undithered_db=finite(psnr_db(picture, undithered)),
        psnr_sc_db=finite(psnr_db(picture, original)),
        ssim_sc=finite(ssim(picture, original)),
        symbols=base.values.size,
        changed_symbols=int(np.count_nonzero(plain.values != stego.values)),
        wet_symbols=encoding.wet_symbols,
        **_marked(sent),
        retries=sent.retries,
        seconds=round(time.perf_counter() - start, 3),
    )


def _certified(sent: Sent) -> dict[str, Any]:
    """What is certain of a hiding whose draws were fresh."""
    kl_nats, codec = sent.embedded.kl_bound_nats, sent.cover.codec
    if kl_nats is None or not sent.fresh:
        return dict.fromkeys(("p_e_bound", "kl_bound_nats", "tv_bound", "pictures_at_049"))
    variation = tv_bound(kl_nats, codec)
    return {
        "p_e_bound": 0.5 - variation / 2,
        "kl_bound_nats": kl_nats,
        "tv_bound": variation,
        "pictures_at_049": pictures_within(kl_nats, 0.49, codec),
    }


def _marked(sent: Sent) -> dict[str, Any]:
    """How the picture was marked, if it was."""
    marking = sent.embedded.marking
    if marking is None:
        return dict.fromkeys(("marked_psnr_db", "margins"))
    margins = None if marking.margins is None else [round(one, 2) for one in marking.margins]
    return {"marked_psnr_db": finite(marking.psnr_db), "margins": margins}


def finite(value: float | None) -> float | None:
    """A figure as reports and JSON have it, to four digits; None for one that is infinite or undefined."""
    return round(value, 4) if value is not None and math.isfinite(value) else None
