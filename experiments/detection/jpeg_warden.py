# SPDX-License-Identifier: Apache-2.0
"""The JPEG-history warden: can it tell a message in the reconstruction of what was a JPEG?

    python -m experiments.detection.jpeg_warden ../shared/photos             # results/jpeg_warden.json

    cover     squares of photographs, saved as JPEG by Pillow, decoded
    pair      what the codec sends of the cover with nothing hidden, and the stego, both as reconstructions
    case      SCHEME:CODEC:PAYLOAD, where PAYLOAD is ``byte`` (a message of one byte), ``full`` (all that the scheme
              says the cover holds) or coded bits a pixel; or send:CODEC, the cover sent twice, where nothing is hidden
    warden    has neither key nor cover; searches format and quality, learns from photographs of `fit`, takes ridge
              and threshold from `validation`, is measured on `test`

A pair's two pictures may change places where nothing is hidden. So p is exact: the share of such exchanges, each pair
with probability 1/2, that leave the AUC as far from 1/2; Holm's correction is over all cells of a case.
"""

import argparse
import io
import json
import zlib
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

from experiments import record
from semstego.codecs import registry
from semstego.evaluation.hiding import hide_random
from semstego.io.pictures import load_picture
from semstego.message.draws import SEED_BYTES, Draws
from semstego.message.frame import OVERHEAD_BYTES
from semstego.metrics.detection import auc, best_threshold, bootstrap_interval, p_e_at
from semstego.progress import no_progress
from semstego.schemes.base import SCHEMES, Cover
from semstego.steganalysis.features.jpeg_history import jpeg_history_detector
from semstego.steganalysis.pairs import Pairs, Parts
from semstego.system.stego_system import StegoSystem

SUBSAMPLING = {"grey": 0, "4:4:4": 0, "4:2:0": 2}  # as Pillow numbers it
FOUND = ("syndrome:cr085-plain:byte", "syndrome:cr085-plain:1")
CERTIFIED = ("certified:cr085:byte", "certified:cr085:full", "send:cr085")
FOUND_AT = 75  # the quality at which schemes that do not keep the law are measured
EXCHANGES = 2000
SEED = 20261130


def cover_of(path: Path, side: int, quality: int, sampling: str, rng: np.random.Generator) -> np.ndarray:
    """A square of a photograph after Pillow's JPEG, uint8 ``(h, w, c)``."""
    with Image.fromarray(np.squeeze(load_picture(path, flatten=True))) as image:
        photograph = image.convert("L" if sampling == "grey" else "RGB")
    left, top = (int(rng.integers(length - side + 1)) for length in photograph.size)
    file = io.BytesIO()
    square = photograph.crop((left, top, left + side, top + side))
    square.save(file, "JPEG", quality=quality, subsampling=SUBSAMPLING[sampling])
    return load_picture(file.getvalue())


def pair(task: tuple[Path, int], side: int, cell: tuple[int, str], case: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Reconstructions of a cover and of its stego, ``(c, h, w)`` each; None if the message does not fit."""
    path, number = task
    rng = np.random.default_rng([SEED, number, zlib.crc32(f"{path.name} {cell}".encode())])
    picture = cover_of(path, side, *cell, rng)
    scheme, codec, *payload = case.split(":")
    if scheme == "send":
        system = StegoSystem(registry.load(codec))
        encoding = system.codec.encode(picture)
        sent = [system.without_message(encoding, Draws(rng.bytes(SEED_BYTES))) for _ in range(2)]
    else:
        system = StegoSystem(registry.load(codec), SCHEMES.get(scheme))
        hiding = hide_random(system, picture, payload_bits(system, picture, payload[0]), rng)
        if hiding.embedded is None:
            return None
        sent = [hiding.plain, hiding.embedded.symbols]
    first, second = (system.codec.decode(symbols).transpose(2, 0, 1) for symbols in sent)
    return first, second


def payload_bits(system: StegoSystem, picture: np.ndarray, payload: str) -> int:
    if payload == "byte":
        return 8 * (OVERHEAD_BYTES + 1)
    if payload == "full":
        return system.scheme.capacity_bits(Cover(picture, system.codec))
    return int(float(payload) * picture.shape[0] * picture.shape[1])


def pairs(paths: list[Path], squares: int, **settings) -> Pairs:
    """Pairs of the squares of some photographs, as many of each as are wanted, where the message fits."""
    tasks = [(path, number) for path in paths for number in range(squares)]
    made = [pair(task, **settings) for task in tasks]
    kept = [number for number, one in enumerate(made) if one is not None]
    photographs = np.array([paths.index(tasks[number][0]) for number in kept])
    covers, stegos = (np.stack([made[number][side] for number in kept]) for side in (0, 1))
    return Pairs(covers, stegos, photographs)


def measured(parts: Parts, codec: str, qualities: tuple[int, ...] | None) -> dict:
    """AUC and P_E of the warden on the test pairs, with intervals over photographs, and the exact p of the AUC."""
    detector = jpeg_history_detector(codec, **({} if qualities is None else {"qualities": qualities}), workers=1)
    scores = detector.scores(parts, seed=SEED, progress=no_progress)
    cover, stego, photographs = scores.cover, scores.stego, parts.test.photographs
    at = best_threshold(scores.validation_cover, scores.validation_stego)
    rng = np.random.default_rng(SEED)
    figures = {
        "auc": bootstrap_interval(lambda rows: auc(cover[rows], stego[rows]), photographs, rng),
        "p_e": bootstrap_interval(lambda rows: p_e_at(at, cover[rows], stego[rows]), photographs, rng),
    }
    return {name: one._asdict() for name, one in figures.items()} | {
        "p": exchange_p(cover, stego, rng),
        "pairs": len(cover),
        "photographs": len(np.unique(photographs)),
        "training_pairs": len(parts.train),
    }


def one_cell(task: tuple[str, int, str], paths: list[list[Path]], squares: list[int], side: int, known: bool) -> dict:
    """A case at a quality and subsampling: pairs of three parts are made, and the warden is measured."""
    case, quality, sampling = task
    settings = {"side": side, "cell": (quality, sampling), "case": case}
    made = [pairs(of_part, count, **settings) for of_part, count in zip(paths, squares, strict=True)]
    found = {"case": case, "quality": quality, "sampling": sampling}
    found |= measured(Parts(*made), case.split(":")[1], (quality,) if known else None)
    print(json.dumps(record.rounded(found, 3)), flush=True)
    return found


def exchange_p(cover: np.ndarray, stego: np.ndarray, rng: np.random.Generator) -> float:
    """Share of exchanges within pairs that leave the AUC as far from 1/2, or farther; no exchange counts as one."""
    far, as_far = abs(auc(cover, stego) - 0.5), 1
    for _ in range(EXCHANGES):
        turn = rng.random(len(cover)) < 0.5
        as_far += abs(auc(np.where(turn, stego, cover), np.where(turn, cover, stego)) - 0.5) >= far - 1e-12
    return as_far / (EXCHANGES + 1)


def bars_of(cells: list[dict]) -> dict:
    found = {"photographs in a cell": record.bar(min(cell["photographs"] for cell in cells), at_least=150)}
    for case in dict.fromkeys(cell["case"] for cell in cells):
        here = [cell for cell in cells if cell["case"] == case]
        if case in FOUND:
            worst = max(cell["p_e"]["estimate"] for cell in here if cell["quality"] == FOUND_AT)
            found[f"{case}: largest P_E at quality 75"] = record.bar(worst, at_most=0.10)
        else:
            widest = max((cell["auc"]["high"] - cell["auc"]["low"]) / 2 for cell in here)
            found[f"{case}: least p that the AUC is 0.5, Holm"] = record.bar(
                min(cell["p_holm"] for cell in here), at_least=0.05
            )
            found[f"{case}: largest half-width of the AUC"] = record.bar(widest, at_most=0.05)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("--name", default="jpeg_warden", help="of the file in results/")
    parser.add_argument("--cases", nargs="+", default=[*FOUND, *CERTIFIED])
    parser.add_argument("--qualities", nargs="+", type=int, default=[75, 85, 90])
    parser.add_argument("--samplings", nargs="+", default=list(SUBSAMPLING), choices=SUBSAMPLING)
    parser.add_argument("--side", type=int, default=64, help="of the squares [pixels], a multiple of 16")
    parser.add_argument(
        "--squares", type=int, nargs=3, default=[1, 1, 2], help="of each photograph: fit, validation, test"
    )
    parser.add_argument("--first", type=int, help="photographs of each part; all of them if left out")
    parser.add_argument("--tested", default="test", choices=("validation", "test"), help="part to measure on")
    parser.add_argument("--done", type=Path, help="cells that an earlier run has printed, a JSON a line")
    parser.add_argument("--known", action="store_true", help="the warden is told the quality")
    options = parser.parse_args()
    parts = ("fit", "validation", options.tested)
    paths = {part: record.photographs(options.photographs, part)[: options.first] for part in parts}
    tasks = [
        (case, quality, sampling)
        for case, quality, sampling in product(options.cases, options.qualities, options.samplings)
        if case not in FOUND or quality == FOUND_AT
    ]
    done = [json.loads(line) for line in options.done.read_text().splitlines()] if options.done else []
    tasks = [task for task in tasks if task not in {(one["case"], one["quality"], one["sampling"]) for one in done}]
    work = partial(
        one_cell, paths=list(paths.values()), squares=options.squares, side=options.side, known=options.known
    )
    cells = done + list(record.spread(work, tasks, "cells"))
    for case in options.cases:
        record.holm([cell for cell in cells if cell["case"] == case])
    record.write(
        options.name,
        {"cells": cells},
        config={"cases": options.cases, "side": options.side, "squares": options.squares, "known": options.known}
        | {"exchanges": EXCHANGES, "interval": record.INTERVAL},
        seed=SEED,
        data={part: record.describe(options.photographs, part) for part in parts},
        bars=bars_of(cells),
        codecs=sorted({cell["case"].split(":")[1] for cell in cells}),
    )


if __name__ == "__main__":
    main()
