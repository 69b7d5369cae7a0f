# SPDX-License-Identifier: Apache-2.0
"""What the studies share: pictures of a part of the split, work spread over processes, and the results file.

Every ``results/NAME.json`` has the provenance that ``PROVENANCE`` names, the figures, and under ``bars`` each bar of
the issue with what was measured. A figure that is a mean over pictures is a dict of ``interval``'s making.
"""

import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image
from rich.progress import track

from semstego import concurrency
from semstego.codecs import registry
from semstego.codecs.base import PLAIN
from semstego.datasets import folder
from semstego.io.pictures import load_picture
from semstego.metrics.detection import bootstrap_interval

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
PARTS = ROOT / "experiments" / "split"
PICTURE_POINTS = ("cr085", "cr050", "cr025")
PLAIN_POINTS = tuple(point + PLAIN for point in PICTURE_POINTS)  # without dither: of the syndrome scheme
PACKAGES = ("semstego", "numpy", "numba", "pillow", "cryptography")
PROVENANCE = ("experiment", "command", "config", "seed", "data", "codecs", "versions", "machine", "date", "minutes")
INTERVAL = "95 %, percentile bootstrap over photographs, 1000 draws"

SHORT_SIDE = 512  # px, what whole photographs are reduced to

_START, _LOAD_AT_START = time.time(), os.getloadavg()


def photographs(photos: Path, part: str) -> list[Path]:
    """The photographs of ``fit``, ``validation`` or ``test``."""
    return folder.photographs(photos, PARTS / f"{part}.txt")


def describe(photos: Path, part: str) -> dict:
    """Which photographs those are: the list, its digest, and a digest of their content."""
    names = PARTS / f"{part}.txt"
    content = folder.provenance(photos, photographs(photos, part))["sha256_of_their_sha256"]
    digest = hashlib.sha256(names.read_bytes()).hexdigest()
    count = len(names.read_text().split())
    return {
        "list": str(names.relative_to(ROOT)),
        "list_sha256": digest,
        "content_sha256": content,
        "photographs": count,
    }


def whole(path: Path) -> tuple[np.ndarray, bool]:
    """A photograph, its short side reduced to 512; and whether it was long enough for that, or exactly so."""
    picture = load_picture(path, flatten=True)
    return np.squeeze(folder.reduced(picture, SHORT_SIDE)), min(picture.shape[:2]) >= SHORT_SIDE


def grey(picture: np.ndarray) -> np.ndarray:
    """A picture's luma, ``(h, w)``."""
    return np.asarray(Image.fromarray(picture).convert("L"))


def clipped_share(picture: np.ndarray) -> float:
    """Share of the pixel values that are 0 or 255."""
    return float(np.mean((picture == 0) | (picture == 255)))


def spread(work: Callable, tasks: Iterable, what: str, *, workers: int | None = None, chunk: int = 1) -> Iterator:
    """``work(task)`` in fresh processes, in order, under a progress bar."""
    tasks = list(tasks)
    with concurrency.processes(workers or os.cpu_count() or 1) as pool:
        yield from track(pool.map(work, tasks, chunksize=chunk), what, total=len(tasks), update_period=1)


def interval(values: list, photographs: list, seed: int = 0) -> dict:
    """Mean with interval; None (infinite, or not defined) is left out and counted."""
    kept = [(value, photograph) for value, photograph in zip(values, photographs, strict=True) if value is not None]
    undefined = len(values) - len(kept)
    if len({photograph for _, photograph in kept}) < 2:
        return {"mean": None, "low": None, "high": None, "pictures": len(kept), "undefined": undefined}
    numbers, names = np.array([value for value, _ in kept], float), [photograph for _, photograph in kept]
    found = bootstrap_interval(lambda rows: float(numbers[rows].mean()), names, np.random.default_rng(seed))
    limits = {"mean": found.estimate, "low": found.low, "high": found.high}
    return limits | {"least": float(numbers.min()), "pictures": len(kept), "undefined": undefined}


def holm(cells: list[dict]) -> None:
    """Holm's step-down method: ``p_holm`` of each cell, the chance of one ``p`` so small among all these cells."""
    ordered, least = sorted(cells, key=lambda cell: cell["p"]), 0.0
    for rank, cell in enumerate(ordered):
        least = max(least, min(1.0, (len(ordered) - rank) * cell["p"]))
        cell["p_holm"] = least


def bar(measured: float | None, *, at_least: float | None = None, at_most: float | None = None) -> dict:
    """A bar of the issue and how it was met."""
    met = measured is not None and (at_least is None or measured >= at_least)
    met = met and (at_most is None or measured <= at_most)
    needed = {"at_least": at_least} if at_least is not None else {"at_most": at_most}
    return needed | {"measured": measured, "met": met}


def processor() -> str:
    """Name of the CPU."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def rounded(tree, digits: int = 5):
    """Floats with so many significant digits."""
    if isinstance(tree, dict):
        return {key: rounded(value, digits) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [rounded(value, digits) for value in tree]
    return float(f"{tree:.{digits}g}") if isinstance(tree, float) else tree


def write(
    name: str,
    figures: dict,
    *,
    config: dict,
    seed: int | list[int],
    data: dict | None,
    bars: dict,
    codecs: Iterable[str] = PICTURE_POINTS,
) -> None:
    """Write ``results/NAME.json``: what it takes to repeat the run, the bars, the figures."""
    machine = {"cpu": processor(), "cores": os.cpu_count(), "system": platform.platform(terse=True)}
    machine |= {"load_average_at_start": _LOAD_AT_START, "load_average_at_end": os.getloadavg()}
    provenance = {
        "experiment": name,
        "command": " ".join(["python", "-m", sys.modules["__main__"].__spec__.name, *sys.argv[1:]]),
        "config": config,
        "seed": seed,
        "data": data,
        "codecs": {codec: registry.load(codec).fingerprint.hex() for codec in codecs},
        "versions": {"python": platform.python_version()} | {package: version(package) for package in PACKAGES},
        "machine": machine,
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(_START)),
        "minutes": (time.time() - _START) / 60,
    }
    assert tuple(provenance) == PROVENANCE
    RESULTS.mkdir(exist_ok=True)
    target = RESULTS / f"{name}.json"
    target.write_text(json.dumps(rounded(provenance | {"bars": bars} | figures), indent=1) + "\n")
    for bar_name, found in bars.items():
        print("met   " if found["met"] else "MISSED", bar_name, rounded(found, 4))
    print(target)
