# SPDX-License-Identifier: Apache-2.0
"""Train the network of Adaptive BCH that undoes JPEG 50.

    python -m experiments.baselines.preimage ../shared/photos   # src/semstego/weights/preimage.safetensors

Grey patches of 64x64 pixels of the fitting photographs, saved as JPEG 65 (covers), and those sent through JPEG 50: the
network learns the former from the latter, least squares. The validation photographs tell how much of the channel's
error it undoes.
"""

import argparse
import io
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch.nn import functional

from experiments import record
from semstego.baselines.preimage import FORMAT
from semstego.networks.preimage import PreimageNetwork

SEED = 17
COVER_QUALITY, CHANNEL_QUALITY = 65, 50
SIDE = 64  # pixels of a patch
PATCHES = 24  # of a photograph
BATCH = 16
RATE = 2e-3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--minutes", type=float, default=5.0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    before, after = patches(given.photos, "fit", PATCHES, rng)
    network = trained(PreimageNetwork(), before, after, given.minutes, rng)
    before, after = patches(given.photos, "validation", 4, rng)
    with torch.inference_mode():
        errors = [float(functional.mse_loss(estimate, before)) for estimate in (after, network(after))]
    print(f"validation: mean squared error {errors[0]:.2f} of the channel, {errors[1]:.2f} of the network")
    target = record.ROOT / "src" / "semstego" / "weights" / "preimage.safetensors"
    save_file(network.state_dict(), target, {"format": FORMAT})


def patches(photos: Path, part: str, count: int, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Covers and what the channel makes of them, (n, 1, 64, 64) less 128 [grey levels]."""
    before, after = [], []
    for path in record.photographs(photos, part):
        with Image.open(path) as image:
            grey = np.asarray(image.convert("L"))
        for _ in range(count if min(grey.shape) >= SIDE else 0):
            top, left = (int(rng.integers(0, side - SIDE + 1)) for side in grey.shape)
            cover = through(grey[top : top + SIDE, left : left + SIDE], COVER_QUALITY)
            before.append(cover)
            after.append(through(cover, CHANNEL_QUALITY))
    return tuple(torch.from_numpy(np.stack(one)[:, None].astype(np.float32) - 128) for one in (before, after))


def through(grey: np.ndarray, quality: int) -> np.ndarray:
    """A grey picture written as JPEG and read."""
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def trained(network, before, after, minutes, rng):
    """The network after so many minutes of Adam, its rate falling to 0 with the time."""
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    start, step, mean = time.monotonic(), 0, 0.0
    while (share := (time.monotonic() - start) / (60 * minutes)) < 1:
        chosen = torch.from_numpy(rng.integers(0, len(before), BATCH))
        loss = functional.mse_loss(network(after[chosen]), before[chosen])
        optimiser.param_groups[0]["lr"] = RATE * (1 - share)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        step, mean = step + 1, 0.98 * mean + 0.02 * loss.item()
        if step % 100 == 0:
            print(f"step {step}, {share:.0%}: mean squared error {mean:.2f}", flush=True)
    return network


if __name__ == "__main__":
    main()
