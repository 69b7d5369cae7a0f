# SPDX-License-Identifier: Apache-2.0
"""How easily a robust message is found: SPAM and the joint features on squares of photographs, sent by the codec.

    python -m experiments.robust.detection ../shared/photos [--workers 2]        # results/robust_detection.json

    pair      what the codec sends of a square, and what it sends of it marked, as reconstructions
    detector  learns from photographs of `fit`, takes its threshold from `validation`, is measured on `test`

The control is the cover sent twice, which no detector may tell apart.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np

from experiments import record
from semstego.codecs import registry
from semstego.evaluation.hiding import hide_random
from semstego.message.draws import SEED_BYTES, Draws
from semstego.metrics.detection import auc, best_threshold, bootstrap_interval, p_e_at
from semstego.progress import no_progress
from semstego.schemes.robust.scheme import RobustScheme
from semstego.steganalysis.detectors.base import DETECTORS
from semstego.steganalysis.pairs import Pairs, Parts
from semstego.system.stego_system import StegoSystem

SEED = 20261127
SIDE = 512
CASES = ((32, 54.0), (32, 48.0), (128, 46.0), (1024, 42.0), (0, None))  # message [bytes], PSNR [dB]; the control
PARTS = ("fit", "validation", "test")
JUDGES = ("SPAM", "joint")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    cells = []
    for message_bytes, psnr_db in CASES:
        made = [pairs(given.photos, part, message_bytes, psnr_db, given.workers) for part in PARTS]
        cells += [measured(judge, Parts(*made), message_bytes, psnr_db) for judge in JUDGES]
        print(cells[-2:], flush=True)
    found = {(cell["message_bytes"], cell["detector"]): cell for cell in cells}
    record.write(
        "robust_detection",
        {"cells": cells},
        config={"side": SIDE, "cases": CASES, "detectors": JUDGES},
        seed=SEED,
        data={part: record.describe(given.photos, part) for part in PARTS},
        bars={
            "found: least P_E, 32 bytes at 48 dB": record.bar(
                min(cell["p_e"]["estimate"] for cell in cells if cell["psnr_db"] == 48.0), at_most=0.5
            ),
            "control: its interval holds 1/2": record.bar(found[0, "SPAM"]["auc"]["high"], at_least=0.5),
        },
        codecs=("cr085",),
    )


def pairs(photos: Path, part: str, message_bytes: int, psnr_db: float | None, workers: int) -> Pairs:
    """Pairs of the photographs of a part that are large enough."""
    work = partial(pair, message_bytes=message_bytes, psnr_db=psnr_db)
    made = [one for one in record.spread(work, record.photographs(photos, part), part, workers=workers) if one]
    covers, stegos = (np.stack([one[side] for one in made]) for side in (0, 1))
    return Pairs(covers, stegos, np.arange(len(made)))


def pair(path: Path, message_bytes: int, psnr_db: float | None) -> tuple[np.ndarray, np.ndarray] | None:
    """Reconstructions of a cover and of its stego, ``(c, h, w)`` each; None if the photograph is too small."""
    picture, is_large = record.whole(path)
    if not is_large or picture.ndim == 2:
        return None
    top, left = ((side - SIDE) // 2 for side in picture.shape[:2])
    picture = np.ascontiguousarray(picture[top : top + SIDE, left : left + SIDE])
    rng = np.random.default_rng([SEED, len(path.name), *path.name.encode()[:8]])
    system = StegoSystem(registry.load("cr085"), RobustScheme(psnr_db))
    hiding = hide_random(system, picture, 8 * (message_bytes + system.scheme.framing.OVERHEAD_BYTES), rng)
    other = system.without_message(hiding.cover.encoding, Draws(rng.bytes(SEED_BYTES)))
    stego = hiding.embedded.symbols if psnr_db else other
    first, second = (system.codec.decode(symbols).transpose(2, 0, 1) for symbols in (hiding.plain, stego))
    return first, second


def measured(judge: str, parts: Parts, message_bytes: int, psnr_db: float | None) -> dict:
    """AUC and P_E of a detector on the test pairs, with intervals over photographs."""
    scores = DETECTORS.get(judge).scores(parts, seed=SEED, progress=no_progress)
    cover, stego, photographs = scores.cover, scores.stego, parts.test.photographs
    at = best_threshold(scores.validation_cover, scores.validation_stego)
    rng = np.random.default_rng(SEED)
    figures = {
        "auc": bootstrap_interval(lambda rows: auc(cover[rows], stego[rows]), photographs, rng),
        "p_e": bootstrap_interval(lambda rows: p_e_at(at, cover[rows], stego[rows]), photographs, rng),
    }
    return {"message_bytes": message_bytes, "psnr_db": psnr_db, "detector": judge, "pairs": len(cover)} | {
        name: one._asdict() for name, one in figures.items()
    }


if __name__ == "__main__":
    main()
