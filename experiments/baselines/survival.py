# SPDX-License-Identifier: Apache-2.0
"""What of the baselines' messages arrives without a channel, behind JPEG 50 and behind noise of variance 0.3.

    python -m experiments.baselines.survival ../shared/photos [--pictures 50] [--baselines gmas,dmas]   # prints a table

Central crops of the test photographs, 360x360 and grey, saved as JPEG 65; random messages of 0.1 bit per non-zero AC
coefficient, before error correction.
"""

import argparse
import io
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from experiments import record
from semstego.baselines.base import BASELINES, Baseline, payload_bits
from semstego.baselines.jpeg import Jpeg
from semstego.channel import compression
from semstego.channel.base import Chain
from semstego.channel.noise import Noise
from semstego.errors import InfeasibleError
from semstego.message.cipher import Key

SIDE, QUALITY, BPNZAC = 360, 65, 0.1
CHANNELS = {"none": Chain(()), "JPEG 50": compression.Jpeg(50), "noise 0.3": Noise(0.3**0.5)}
KEY = Key(bytes(32))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--pictures", type=int, default=50)
    parser.add_argument("--baselines", default=",".join(BASELINES.shipped()))
    given = parser.parse_args()
    chosen = [cover for cover, _ in zip(covers(given.photos), range(given.pictures), strict=False)]
    for name in given.baselines.split(","):
        show(BASELINES.get(name), chosen)


def covers(photos: Path) -> Iterator[bytes]:
    """JPEG files of the crops that carry a message."""
    for path in record.photographs(photos, "test"):
        with Image.open(path) as image:
            width, height = image.size
            left, top = (width - SIDE) // 2, (height - SIDE) // 2
            grey = image.convert("L").crop((left, top, left + SIDE, top + SIDE))
        buffer = io.BytesIO()
        grey.save(buffer, "JPEG", quality=QUALITY)
        if min(left, top) >= 0 and payload_bits(buffer.getvalue(), BPNZAC):
            yield buffer.getvalue()


def show(baseline: Baseline, chosen: list[bytes]) -> None:
    rows, refused, seconds, psnr = defaultdict(list), 0, [], []
    for number, cover in enumerate(chosen):
        rng = np.random.default_rng(number)
        message = rng.integers(0, 2, payload_bits(cover, BPNZAC), dtype=np.uint8)
        start = time.process_time()
        try:
            carried = baseline.embed(cover, message, KEY)
        except InfeasibleError:
            refused += 1
            continue
        stego = Jpeg(carried.jpeg).pixels
        baseline.extract(stego, KEY, carried.side)
        seconds.append(time.process_time() - start)
        psnr.append(10 * np.log10(255**2 / np.mean((stego.astype(float) - Jpeg(cover).pixels) ** 2)))
        for channel, between in CHANNELS.items():
            read = baseline.extract(between.picture(stego, rng), KEY, carried.side)
            right = [(read.coded == carried.coded).mean(), (read.message == message).mean()]
            rows[channel].append(((read.elements != carried.elements).mean(), *right, right[1] == 1))
    print(
        f"{baseline.name}: {len(seconds)} pictures, {refused} refused, CPU seconds median {np.median(seconds):.2f} and "
        f"largest after the first {max(seconds[1:], default=0):.2f}, PSNR {np.mean(psnr):.1f} dB"
    )
    for channel, found in rows.items():
        wrong, before, after, whole = np.mean(found, axis=0)
        print(
            f"  {channel:10} wrong elements {wrong:.1e}, bits right {before:.4%} before and {after:.4%} after", end=""
        )
        print(f" correction, whole messages {whole:.1%}", flush=True)


if __name__ == "__main__":
    main()
