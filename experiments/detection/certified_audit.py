# SPDX-License-Identifier: Apache-2.0
"""Detectability of the certified scheme at full capacity, by all detectors, beside controls and sends against sends.

    python -m experiments.detection.certified_audit pairs data runs/certified.npz       # data/plain must be there
    python -m experiments.detection.certified_audit score runs/certified.npz runs/networks.json --detectors dense XuNet
    python -m experiments.detection.certified_audit score runs/certified.npz runs/features.json
    python -m experiments.detection.certified_audit report runs/certified.npz runs/networks.json runs/features.json

The second and third step need nothing but the file of the first, so that networks can be trained where the GPU is. A
cover is a draw of `send`, a stego carries as many bits as its picture holds at P_E >= 0.49, and "send" is one more
draw, which no detector can tell from the cover. Crops: squares of 96 to 512 pixels, Lanczos to 64, deviation 8 or more.
"""

import argparse
import json
import math
import platform
from importlib.metadata import version
from pathlib import Path
from statistics import NormalDist

import numpy as np
from joblib import Parallel, delayed

from experiments import record
from semstego.codecs import registry
from semstego.codecs.base import Symbols
from semstego.datasets.built import crops
from semstego.evaluation.hiding import hide_random
from semstego.message.draws import SEED_BYTES, Draws
from semstego.schemes.certified.scheme import CertifiedScheme
from semstego.steganalysis import audit
from semstego.steganalysis.cache import Cache
from semstego.steganalysis.controls import lsb_matching
from semstego.steganalysis.detectors.base import DETECTORS, Setting
from semstego.steganalysis.features.informed import informed
from semstego.steganalysis.pairs import Pairs
from semstego.steganalysis.protocol import PARTS, RIGOROUS, AuditProtocol
from semstego.system.stego_system import StegoSystem

CODEC = "cr085"
P_E = 0.49  # what full capacity means
SEED = 20261127
FAINT = 0.04  # bits a value, of a control that a good detector finds now and then
CASES = ("certified", "send", f"LSB matching {FAINT}")
VIEWS = ("features", "picture", "informed")
LEVEL = 0.05
DRAWS = ("cover", "certified", "send")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = parser.add_subparsers(dest="step", required=True)
    one = steps.add_parser("pairs")
    one.add_argument("folder", metavar="DATA_FOLDER", type=Path)
    one.add_argument("output", type=Path)
    one.add_argument("--pairs", nargs=3, default=(2000, 200, 600), type=int, help="train, validation, test")
    one.add_argument("--workers", default=2, type=int)
    one = steps.add_parser("score")
    one.add_argument("pairs", type=Path)
    one.add_argument("output", type=Path)
    one.add_argument("--detectors", nargs="+", default=("joint", "SPAM", "SRMQ1"))
    one.add_argument("--views", nargs="+", default=VIEWS, choices=VIEWS)
    one.add_argument("--cases", nargs="+", default=CASES, choices=CASES)
    one.add_argument("--first", nargs=3, default=(10**6,) * 3, type=int, help="pairs of each part, at most")
    one.add_argument("--workers", default=2, type=int)
    one.add_argument("--cache", default=Path("runs/audit-cache"), type=Path)
    one = steps.add_parser("report")
    one.add_argument("pairs", type=Path)
    one.add_argument("scores", nargs="+", type=Path)
    options = parser.parse_args()
    {"pairs": make, "score": score, "report": report}[options.step](options)


def make(options: argparse.Namespace) -> None:
    """Write the pairs; the draws of a picture are kept as differences from the cover, which are small when packed."""
    found = {}
    for part, wanted in zip(PARTS, options.pairs, strict=True):
        data = crops.load(options.folder / "plain", part)
        seeds = np.random.SeedSequence([SEED, PARTS.index(part)]).spawn(len(data))
        work = (delayed(drawn)(picture, seed) for picture, seed in zip(data.pictures, seeds, strict=True))
        rows, views = [], []
        for row, view in enumerate(Parallel(n_jobs=options.workers, return_as="generator", batch_size=50)(work)):
            if view is not None:
                rows.append(row)
                views.append(view)
            if len(rows) == wanted:
                break
            tell(part, len(rows) / wanted)
        found |= {f"{part} {name}": np.stack([view[name] for view in views]) for name in views[0]}
        found[f"{part} photographs"] = data.groups[rows]
        found[f"{part} tried"] = np.array(row + 1)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(options.output, **found)
    print(f"{options.output}: {options.output.stat().st_size / 2**20:.1f} MiB")


def drawn(picture: np.ndarray, seed: np.random.SeedSequence) -> dict[str, np.ndarray] | None:
    """A crop's draws, and what a warden who holds the crop counts of each; None if it holds no frame."""
    system, rng = StegoSystem(registry.load(CODEC), CertifiedScheme(p_e=P_E)), np.random.default_rng(seed)
    hiding = hide_random(system, picture, 24 * picture.size, rng, at_most=True)
    if hiding.embedded is None:
        return None
    encoding, bits = hiding.cover.encoding, hiding.sealed.payload_bits
    again = system.without_message(encoding, Draws(rng.bytes(SEED_BYTES)))
    symbols = dict(zip(DRAWS, (hiding.plain, hiding.embedded.symbols, again), strict=True))
    found = {f"{name} informed": informed(system.codec, encoding, one, bits) for name, one in symbols.items()}
    cover = hiding.plain.values
    found |= {"cover": cover} | {name: symbols[name].values - cover for name in DRAWS[1:]}  # modulo 256
    return found | {"bits": np.array(bits)}


class PackedPairs:
    """The source of these pairs; pictures are decoded from symbols, and the faint control is made of the covers."""

    def __init__(self, path: Path, cases: tuple[str, ...], views: tuple[str, ...]) -> None:
        with np.load(path, allow_pickle=False) as file:
            self.arrays = dict(file)
        self.cases, self.views, self.notes = cases, views, ()

    def pairs(self, case: str, part: str, seed: int, progress) -> dict[str, Pairs]:
        """The pairs of a part by view, as every source gives them."""
        cover = self.arrays[f"{part} cover"]
        if case in DRAWS:
            stego = cover + self.arrays[f"{part} {case}"]
        else:
            stego = lsb_matching(cover, FAINT, np.random.default_rng([SEED, PARTS.index(part), seed]))
        sides = {"features": (cover, stego), "picture": (self.decoded(cover), self.decoded(stego))}
        if case in DRAWS:
            sides["informed"] = tuple(self.arrays[f"{part} {name} informed"] for name in ("cover", case))
        photographs = self.arrays[f"{part} photographs"]
        return {view: Pairs(*sides[view], photographs) for view in self.views if view in sides}

    def decoded(self, maps: np.ndarray) -> np.ndarray:
        """Reconstructions, channels first; None if no detector looks at them."""
        if "picture" not in self.views:
            return maps
        codec = registry.load(CODEC)
        pictures = (codec.decode(Symbols(one, 64, 64, 3, 2)) for one in maps)
        return np.stack([picture.transpose(2, 0, 1) for picture in pictures])


def score(options: argparse.Namespace) -> None:
    source = PackedPairs(options.pairs, tuple(options.cases), tuple(options.views))
    most = [min(len(source.arrays[f"{part} cover"]), first) for part, first in zip(PARTS, options.first, strict=True)]
    plan = AuditProtocol(RIGOROUS.name, (most[0],), *most[1:], (0,))
    cache = Cache(options.cache)
    detectors = [DETECTORS.get(name) for name in options.detectors]
    found = audit.run(source, detectors, Setting(plan, cache, options.workers), progress=tell)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(found | {"machine": machine()}) + "\n")
    for cell in found["cells"]:
        print(cell["case"], cell["view"], cell["judge"], record.rounded(cell["p_e"]), record.rounded(cell["auc"]))
    for one in found["controls"]:
        print(one["view"], one["judge"], {name: round(of["p_e"]["estimate"], 3) for name, of in one["of"].items()})


def machine() -> dict[str, str]:
    """What the scores were computed on."""
    found = {"cpu": record.processor(), "system": platform.platform(terse=True), "numpy": version("numpy")}
    try:
        import torch
    except ImportError:
        return found
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    return found | {"torch": torch.__version__, "device": device}


def tell(what: str, share: float) -> None:
    if share == 1:
        print(what, flush=True)


def report(options: argparse.Namespace) -> None:
    scored = [json.loads(path.read_text()) for path in options.scores]
    cells = [cell for one in scored for cell in one["cells"]]
    controls = [control for one in scored for control in one["controls"]]
    for cell in cells:
        cell["p"] = sign_flip_p(np.array(cell.pop("errors_of_pairs")))
    for case in CASES[:2]:
        record.holm([one for one in cells if one["case"] == case])
    for control in controls:
        for one in control["of"].values():
            del one["errors_of_pairs"]
    with np.load(options.pairs, allow_pickle=False) as file:
        bits = {part: file[f"{part} bits"] for part in PARTS}
        tried = {part: int(file[f"{part} tried"]) for part in PARTS}
    record.write(
        "certified_audit",
        {
            "cells": cells,
            "controls": controls,
            "scored_on": [one["machine"] for one in scored],
            "bpp": {part: float(one.mean()) / 4096 for part, one in bits.items()},
            "crops_tried": tried,
        },
        config={"codec": CODEC, "p_e": P_E, "protocols": [one["protocol"] for one in scored], "level": LEVEL},
        seed=SEED,
        data={"set": "crops, 64x64: train, validation and test of different photographs"},
        bars=bars(cells, controls),
        codecs=[CODEC],
    )


def sign_flip_p(errors: np.ndarray) -> float:
    """Two-sided p-value that the errors of pairs ``(n,)`` have the mean 1/2.

    If cover and stego are drawn from one law, exchanging them is as likely as not, and turns an error e into 1 - e. So
    the signs of e - 1/2 are fair coins, whatever the photographs; their sum is nearly normal.
    """
    excess = errors - 0.5
    deviation = math.sqrt(float((excess**2).sum()))
    return 2 * NormalDist().cdf(-abs(float(excess.sum())) / deviation) if deviation else 1.0


def bars(cells: list[dict], controls: list[dict]) -> dict:
    found = {
        "training pairs": record.bar(min(cell["training_pairs"] for cell in cells), at_least=700),
        "test pairs": record.bar(min(cell["pairs"] for cell in cells), at_least=500),
    }
    for case in CASES[:2]:
        least = min(cell["p_holm"] for cell in cells if cell["case"] == case)
        found[f"{case}: least p that P_E is 0.5, Holm"] = record.bar(least, at_least=LEVEL)
    dense = [one for one in controls if one["judge"] == "dense" and one["view"] == "features"]
    if dense:
        worst = max(one["of"]["LSB matching 0.4"]["p_e"]["estimate"] for one in dense)
        found["dense, LSB matching 0.4 at stage I: P_E"] = record.bar(worst, at_most=0.10)
    fooled = sum(one["fooled"] for one in controls)
    missed = sum(one["caught"] is False and one["view"] == "features" for one in controls)
    found["detectors that find swapped labels"] = record.bar(fooled, at_most=0)
    found["detectors that miss a control at stage I"] = record.bar(missed, at_most=0)
    return found


if __name__ == "__main__":
    main()
