# SPDX-License-Identifier: Apache-2.0
"""Detectability of all schemes at all payloads, by all detectors that a CPU affords.

    python -m experiments.detection.table data --name audit          # results/audit.json; data/plain must be there

64x64 crops of photographs, those of the first detectability table; every scheme hides the same number of coded bits:
LSB matching, HILL, S-UNIWARD and the side-informed default of `hide` in the same symbols of the closed codec, the
learned scheme in those of its own codec. Detectors are those of `semstego audit`.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from experiments import record
from semstego.metrics.detection import paired_bootstrap_interval
from semstego.plots.audit import roc_and_learning
from semstego.steganalysis import audit, summary
from semstego.steganalysis.cache import Cache
from semstego.steganalysis.detectors.base import DETECTORS, Setting
from semstego.steganalysis.protocol import LEARNING_CURVE, PROTOCOLS, AuditProtocol
from semstego.steganalysis.sources.schemes import SPARE, VIEWS, SchemeSource, crops_of

PAYLOADS = (0.1, 0.25, 0.5, 1.0)
CODEC, MODEL = "cr085", "learned-photo"
DEFAULT_SCHEMES = ("lsb", "hill", "suniward", "side-informed", "syndrome", "learned")  # crops hold nothing of `robust`
DEFAULT_DETECTORS = ("histogram", "SPAM", "SRMQ1")
SEED = 20261124
CONTROL_BARS = {
    ("SPAM", "SRMQ1"): {"LSB matching 0.4": 0.05, "HILL 0.4": 0.25},
    ("joint",): {"LSB matching 0.4": 0.05, "HILL 0.4": 0.25},
    ("XuNet",): {"LSB matching 0.4": 0.15},
}
SIDE = 64  # of crops that `semstego data build-crops` makes [pixels]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DATA_FOLDER", type=Path)
    parser.add_argument("--name", default="audit", help="of the file in results/")
    parser.add_argument("--schemes", nargs="+", default=DEFAULT_SCHEMES)
    parser.add_argument("--payloads", nargs="+", default=PAYLOADS, type=float)
    parser.add_argument("--detectors", "--judges", nargs="+", default=DEFAULT_DETECTORS)
    parser.add_argument("--pairs", nargs=3, default=(1000, 400, 1000), type=int, help="train, validation, test")
    parser.add_argument("--seeds", default=3, type=int)
    parser.add_argument("--protocol", default="rigorous", choices=PROTOCOLS)
    parser.add_argument("--curve", action="store_true", help="learn from fewer pairs, too, and draw docs/NAME.svg")
    parser.add_argument("--views", nargs="+", default=("features", "picture"), choices=VIEWS)
    parser.add_argument("--model", default=MODEL, help="of the learned scheme")
    parser.add_argument("--side", default=SIDE, type=int, help="of the crops; others than 64 are cut here")
    parser.add_argument("--photos", type=Path, help="folder of photographs, for other sides")
    parser.add_argument("--workers", default=2, type=int)
    parser.add_argument("--cache", default=Path("runs/audit-cache"), type=Path)
    options = parser.parse_args()
    train, validation, test = options.pairs
    points = tuple(count for count in LEARNING_CURVE if options.curve and count < train)
    plan = AuditProtocol(options.protocol, (*points, train), validation, test, tuple(range(options.seeds)))
    cache = Cache(options.cache)
    crops = crops_of(options.folder / "plain", plan) if options.side == SIDE else squares(options, plan)
    source = SchemeSource(
        crops, tuple(options.schemes), tuple(options.payloads), plan, cache, CODEC, options.model, options.workers,
        tuple(options.views),
    )  # fmt: skip
    detectors = [DETECTORS.get(name) for name in options.detectors]
    report = audit.run(source, detectors, Setting(plan, cache, options.workers), curve=options.curve, progress=tell)
    print(summary.in_words(report))
    if options.curve:
        (record.ROOT / "docs" / f"{options.name}.svg").write_bytes(roc_and_learning(report))
    seen = report["cells"][0]  # photographs are the same in every case and view
    views = [source.pairs(seen["case"], "test", seed, tell)[seen["view"]] for seed in plan.seeds]
    differences = list(compared(report["cells"], np.concatenate([one.photographs for one in views])))
    for cell in report["cells"]:
        del cell["errors_of_pairs"]
    record.write(
        options.name,
        report | {"differences": differences},
        config={
            "codec": CODEC,
            "model": options.model,
            "judges": [detector.name for detector in detectors],  # the key of the results published before
            "schemes": list(options.schemes),
        },
        seed=SEED,
        data={"set": f"crops, {options.side}x{options.side}: train, validation and test of different photographs"},
        bars=bars(report, differences),
        codecs=[CODEC],
    )


def squares(options: argparse.Namespace, plan: AuditProtocol) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Squares of photographs reduced to half: the first of each photograph before the second of any."""
    found = {}
    for part, name in zip(plan.wanted, ("fit", "validation", "test"), strict=True):
        paths = record.photographs(options.photos, name)
        halves = [halved(path) for path in paths]
        usable = [place for place, half in enumerate(halves) if min(half.shape[:2]) >= options.side]
        rng = np.random.default_rng([SEED, len(name)])
        turns = -(-int(SPARE * plan.wanted[part]) // len(usable))
        cut = [(square(halves[place], options.side, rng), place) for _ in range(turns) for place in usable]
        found[part] = np.stack([one for one, _ in cut]), np.array([place for _, place in cut], np.int16)
    return found


def halved(path: Path) -> np.ndarray:
    picture, _ = record.whole(path)
    image = Image.fromarray(picture).convert("RGB")
    return np.asarray(image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS))


def square(picture: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    top, left = (int(rng.integers(length - side + 1)) for length in picture.shape[:2])
    return picture[top : top + side, left : left + side]


def tell(what: str, share: float) -> None:
    if share == 1:
        print(what, flush=True)


def compared(cells: list[dict], photographs: np.ndarray) -> Iterator[dict]:
    """P_E of the default scheme less that of every other one, on the same pictures, by the same detector."""
    found = {(cell["case"], cell["view"], cell["judge"]): np.array(cell["errors_of_pairs"]) for cell in cells}
    for (case, view, detector), errors in found.items():
        scheme, payload = case.split()
        own = found.get((f"syndrome {payload}", view, detector))
        if own is None or scheme == "syndrome" or len(own) != len(errors):
            continue
        rng = np.random.default_rng(SEED)
        interval = paired_bootstrap_interval(mean_of(own), mean_of(errors), photographs, rng, n=1000)
        yield {"minus_that_of": case, "view": view, "judge": detector} | interval._asdict()


def mean_of(errors: np.ndarray):
    return lambda rows: float(errors[rows].mean())


def bars(report: dict, differences: list[dict]) -> dict:
    """Controls that the issue names, and what the default scheme gained, as far as they are there."""
    found = {}
    for detectors, wanted in CONTROL_BARS.items():
        stage_1 = [one for one in report["controls"] if one["view"] == "features" and one["judge"] in detectors]
        stage_1 = [one for one in stage_1 if not one["case"].startswith("learned")]  # other covers, and easier ones
        for name, most in wanted.items() if stage_1 else ():
            least = min(one["of"][name]["p_e"]["estimate"] for one in stage_1)
            found[f"control {name}: least P_E by {' or '.join(detectors)}"] = record.bar(least, at_most=most)
    worst: dict[str, float] = {}
    for cell in report["cells"]:
        worst[cell["case"]] = min(worst.get(cell["case"], 1.0), cell["p_e"]["estimate"])
    for payload in ("0.5", "1"):
        now, before = worst.get(f"syndrome {payload}"), worst.get(f"side-informed {payload}")
        if now is not None and before is not None:
            name = f"syndrome {payload}: worst P_E above that of side-informed"
            found[name] = record.bar(now - before, at_least=0.05)
    if differences:
        below = sum(one["high"] < 0 for one in differences)
        found["cells where another scheme is surely harder to find"] = record.bar(below, at_most=0)
    return found


if __name__ == "__main__":
    main()
