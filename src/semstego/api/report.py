# SPDX-License-Identifier: Apache-2.0
"""The figures of one hiding: what it carries, what it cost in quality, what anybody can count."""

import math
import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from semstego.metrics.image import feature_snr_db, psnr_db, ssim
from semstego.metrics.message import bits_per_symbol, payload_bpp
from semstego.system.stego_system import Sent


@dataclass(frozen=True)
class Report:
    """The fields of ``hide --json``. PSNR and SSIM on 8-bit data, peak 255; None stands for infinite or undefined.

    Attributes:
        codec: Name of the operating point.
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
        psnr2_db: Stage II, stego against cover reconstruction.
        ssim2: Stage II.
        psnr_sc_db: Stego reconstruction against the original picture: the paper's "impact on SC".
        ssim_sc: The same.
        symbols: Symbols in all.
        changed_symbols: Symbols that the message moved by one.
        wet_symbols: Symbols that had to stay.
        retries: How often the sender's check had segments coded again.
        seconds: Time taken, the check included.
    """

    codec: str
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
    feature_snr_db: float | None
    psnr2_db: float | None
    ssim2: float | None
    psnr_sc_db: float | None
    ssim_sc: float | None
    symbols: int
    changed_symbols: int
    wet_symbols: int
    retries: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The fields, ready for JSON."""
        return asdict(self)


def report_on(sent: Sent, message_bytes: int, start: float) -> Report:
    """Measure one hiding that began at ``start`` of ``time.perf_counter``."""
    encoding, original, plain = sent.cover.encoding, sent.cover.picture, sent.cover.reconstruction
    cover, stego, picture = encoding.symbols, sent.embedded.symbols, sent.embedded.received.picture
    bits = sent.frame.payload_bits
    return Report(
        codec=sent.cover.codec.name,
        message_bytes=message_bytes,
        overhead_bytes=bits // 8 - message_bytes,
        payload_bits=bits,
        bpp=round(payload_bpp(bits, cover.height, cover.width), 6),
        bits_per_symbol=round(bits_per_symbol(bits, cover.values.size), 6),
        compression_ratio=round(cover.compression_ratio, 6),
        stream_bytes=len(sent.stream),
        stream_bpp=round(8 * len(sent.stream) / cover.pixels, 4),
        psnr1_db=_finite(psnr_db(stego.values, cover.values)),
        ssim1=_finite(ssim(stego.values, cover.values, channel_axis=0)),
        feature_snr_db=_finite(feature_snr_db(cover.values, stego.values, encoding.steps)),
        psnr2_db=_finite(psnr_db(picture, plain)),
        ssim2=_finite(ssim(picture, plain)),
        psnr_sc_db=_finite(psnr_db(picture, original)),
        ssim_sc=_finite(ssim(picture, original)),
        symbols=cover.values.size,
        changed_symbols=int(np.count_nonzero(cover.values != stego.values)),
        wet_symbols=encoding.wet_symbols,
        retries=sent.retries,
        seconds=round(time.perf_counter() - start, 3),
    )


def _finite(value: float | None) -> float | None:
    return round(value, 4) if value is not None and math.isfinite(value) else None
