# SPDX-License-Identifier: Apache-2.0
"""How long hiding and revealing take, how much memory, and where the time goes; every figure from a fresh process.

    python -m experiments.speed.files ../shared/photos            # results/speed.json; wait for an idle machine

The large pictures are mosaics of different test photographs in their native size, for none of them has 12 megapixels.
Memory is the peak resident set of the process that works. Kernels are compiled before, except where compiling is what
is measured. Load averages stand beside every group of figures: other work on the machine makes them worse, not better.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import typer
from PIL import Image

from experiments import record
from semstego.datasets.built import crops

SEED = 20261122
LARGE, LARGEST = (3000, 4000), (6250, 8000)  # height, width
RATE, RATE_LARGEST = 0.2, 0.05  # bpp
CODECS = ("cr085", "cr050", "cr025")
REPEATS = 7  # of short commands
SEMSTEGO = Path(sys.executable).parent / "semstego"
STAGES = {  # what is timed inside one hide: label: (module, class or None, function)
    "load picture": ("semstego.api.hide_reveal", None, "load_picture"),
    "encode": ("semstego.codecs.block.codec", "BlockCodec", "encode"),
    "decode": ("semstego.codecs.block.codec", "BlockCodec", "decode"),
    "encode again (check)": ("semstego.codecs.block.codec", "BlockCodec", "recover"),
    "certify and embed": ("semstego.schemes.certified.scheme", "CertifiedScheme", "embed"),
    "draw a cover": ("semstego.system.stego_system", "StegoSystem", "without_message"),
    "png": ("semstego.system.stego_system", None, "through_png"),
    "pack": ("semstego.codecs.block.codec", "BlockCodec", "pack"),
    "unpack (check)": ("semstego.codecs.block.codec", "BlockCodec", "unpack"),
    "reveal (check)": ("semstego.schemes.certified.scheme", None, "read"),
    "check, rest": ("semstego.system.stego_system", "StegoSystem", "_reads"),
    "metrics": ("semstego.api.hide_reveal", None, "report_on"),
}


def fresh(work: Callable, *arguments: Any) -> Any:
    """``work(*arguments)`` in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def peak_mb() -> float:
    """Peak resident set of this process [MB]; getrusage would count the parent that it was forked from."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def make_mosaic(photographs: Path, shape: tuple[int, int], target: Path) -> list[str]:
    """A picture of ``shape`` from native tiles of 500 x 500 or what there is; the photographs used."""
    rng = np.random.default_rng(SEED)
    side, used = 500, []
    sources = []
    for path in record.photographs(photographs, "test"):
        with Image.open(path) as image:
            if image.mode == "RGB" and min(image.size) >= side:
                sources.append((path.name, np.asarray(image)))
    picture, order = np.empty((*shape, 3), np.uint8), []
    for top in range(0, shape[0], side):
        for left in range(0, shape[1], side):
            order = order or rng.permutation(len(sources)).tolist()  # every photograph once before any comes again
            name, source = sources[order.pop()]
            y, x = rng.integers(source.shape[0] - side + 1), rng.integers(source.shape[1] - side + 1)
            tile = source[y : y + side, x : x + side]
            room = picture[top : top + side, left : left + side]
            room[:] = tile[: room.shape[0], : room.shape[1]]
            used.append(name)
    Image.fromarray(picture).save(target, compress_level=1)
    return sorted(set(used))


def message_for(shape: tuple[int, int], rate: float) -> bytes:
    return np.random.default_rng(SEED).bytes(int(rate * shape[0] * shape[1]) // 8 - 28)


def timed_stages() -> dict[str, float]:
    """Have the functions of ``STAGES`` measured from now on: seconds by label, without those inside them."""
    import importlib

    seconds: dict[str, float] = defaultdict(float)
    open_calls: list[str] = []

    def measured(label: str, function: Callable) -> Callable:
        def call(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            open_calls.append(label)
            try:
                return function(*args, **kwargs)
            finally:
                open_calls.pop()
                took = time.perf_counter() - start
                seconds[label] += took
                if open_calls:
                    seconds[open_calls[-1]] -= took

        return call

    for label, (module, owner, name) in STAGES.items():
        home = importlib.import_module(module)
        home = getattr(home, owner) if owner else home
        setattr(home, name, measured(label, getattr(home, name)))
    return seconds


def hide_once(cover: Path, shape: tuple[int, int], codec: str, rate: float, out: Path, stages: bool = False) -> dict:
    """One hide from file to stream and PNG: seconds, peak memory, and where the time went if asked for."""
    import semstego
    from semstego.message.cipher import Key

    key, message = Key(bytes(range(32))), message_for(shape, rate)
    parts = timed_stages() if stages else {}
    began = time.perf_counter()
    hidden = semstego.hide(cover, message, key=key, codec=codec)
    seconds = time.perf_counter() - began
    out.with_suffix(".sem").write_bytes(hidden.stream)
    out.with_suffix(".png").write_bytes(hidden.png)
    megapixels = shape[0] * shape[1] / 1e6
    facts = {"codec": codec, "megapixels": megapixels, "bpp": hidden.report.bpp, "message_bytes": len(message)}
    facts |= {"seconds": seconds, "seconds_per_megapixel": seconds / megapixels, "peak_mb": peak_mb()}
    facts |= {"load_average": os.getloadavg()[0], "retries": hidden.report.retries}
    facts |= {"psnr2_db": hidden.report.psnr2_db, "stream_bpp": hidden.report.stream_bpp}
    if stages:
        parts["the rest"] = seconds - sum(parts.values())
        facts["stages_seconds"] = dict(sorted(parts.items(), key=lambda item: -item[1]))
    return facts


def send_once(cover: Path, shape: tuple[int, int], codec: str, out: Path) -> dict:
    """Plain semantic communication of a picture, from file to stream: seconds, peak memory."""
    import semstego

    began = time.perf_counter()
    out.with_suffix(".send.sem").write_bytes(semstego.send(cover, codec=codec))
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "seconds_per_megapixel": seconds / (shape[0] * shape[1] / 1e6), "peak_mb": peak_mb()}


def full_rate(cover: Path, shape: tuple[int, int], codec: str) -> float:
    """What a picture holds [bpp]."""
    import semstego

    bits = 8 * (semstego.capacity(cover, codec=codec).max_message_bytes + 28)
    return bits / (shape[0] * shape[1])


def warm_hide_milliseconds() -> float:
    """Median time of a hide in a 64x64 picture, report included, when everything is loaded."""
    import semstego
    from semstego.message.cipher import Key

    picture = np.random.default_rng(SEED).integers(60, 200, (8, 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    key, seen = Key(bytes(range(32))), []
    for _ in range(50):
        start = time.perf_counter()
        semstego.hide(picture, b"a message of 32 bytes, or nearly", key=key)
        seen.append(1000 * (time.perf_counter() - start))
    return statistics.median(seen)


def reveal_once(source: Path, shape: tuple[int, int], rate: float) -> dict:
    """One reveal from a file: seconds, peak memory; the message is compared."""
    import semstego
    from semstego.message.cipher import Key

    began = time.perf_counter()
    found = semstego.reveal(source, key=Key(bytes(range(32))))
    seconds = time.perf_counter() - began
    megapixels = shape[0] * shape[1] / 1e6
    facts = {"stage": found.stage, "exact": found.message == message_for(shape, rate), "seconds": seconds}
    facts |= {"seconds_per_megapixel": seconds / megapixels, "peak_mb": peak_mb()}
    return facts | {"load_average": os.getloadavg()[0]}


def large_picture(folder: Path, codec: str) -> dict:
    """Hide and both readings of the 12-megapixel mosaic, where a hide's time goes; cr085: the better of two runs."""
    cover, out = folder / "large.png", folder / f"large-{codec}"
    runs_of_each = 2 if codec == CODECS[0] else 1
    hides = [fresh(hide_once, cover, LARGE, codec, RATE, out) for _ in range(runs_of_each)]
    found = {"hide": min(hides, key=lambda run: run["seconds"]), "hide_seconds": [run["seconds"] for run in hides]}
    for stage, suffix in (("reveal_features", ".sem"), ("reveal_picture", ".png")):
        runs = [fresh(reveal_once, out.with_suffix(suffix), LARGE, RATE) for _ in range(runs_of_each)]
        found[stage] = min(runs, key=lambda run: run["seconds"])
    if codec != CODECS[0]:
        return found
    sends = [fresh(send_once, cover, LARGE, codec, out) for _ in range(runs_of_each)]
    found["send"] = min(sends, key=lambda run: run["seconds"])
    rate = fresh(full_rate, cover, LARGE, codec)
    fulls = [fresh(hide_once, cover, LARGE, codec, rate, out) for _ in range(runs_of_each)]
    found["hide_full"] = min(fulls, key=lambda run: run["seconds"])
    staged = fresh(hide_once, cover, LARGE, codec, RATE, out, True)
    return found | {"stages_seconds": staged["stages_seconds"], "staged_hide_seconds": staged["seconds"]}


def command_seconds(arguments: list[str], environment: dict[str, str], repeats: int = REPEATS) -> dict:
    """Wall time of a command, start of Python included."""
    seen = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run([SEMSTEGO, *arguments], env=environment, check=True, capture_output=True)
        seen.append(time.perf_counter() - start)
    limits = {"least": min(seen), "median": statistics.median(seen), "most": max(seen)}
    return limits | {"runs": repeats, "load_average": os.getloadavg()[0]}


def argon2_seconds() -> float:
    """Median time of the passphrase's derivation."""
    import semstego

    seen = []
    for _ in range(5):
        start = time.perf_counter()
        semstego.derive_key("correct horse battery staple")
        seen.append(time.perf_counter() - start)
    return statistics.median(seen)


def modules_after_hide(cover: Path, message: Path, out: Path) -> list[str]:
    """What is imported, of torch's kind, when the command line has hidden something."""
    from semstego.cli.main import app

    app(["hide", str(cover), str(message), "-o", str(out), "--force", "--json"], standalone_mode=False)
    return sorted({name.split(".")[0] for name in sys.modules} & {"torch", "torchvision", "sklearn", "scipy", "pandas"})


def command_line(photographs: Path, folder: Path) -> dict:
    """Short commands: help, a small hide, and what the first run after an install compiles."""
    path = next(p for p in record.photographs(photographs, "test") if p.name == "scikit-image__chelsea.jpg")
    small = next(crops.crops(record.whole(path)[0], np.random.default_rng(SEED)))
    cover, message, out = folder / "small.png", folder / "message", folder / "small.sem"
    shown = folder / "small-stego.png"
    Image.fromarray(small).save(cover)
    message.write_bytes(np.random.default_rng(SEED).bytes(100))
    environment = os.environ | {"SEMSTEGO_PASSPHRASE": "correct horse battery staple"}
    hide = ["hide", str(cover), str(message), "-o", str(out), "--picture", str(shown), "--force", "--json"]
    found = {"help": command_seconds(["--help"], environment), "hide_64x64": command_seconds(hide, environment)}
    found["argon2_seconds"] = fresh(argon2_seconds)
    found["hide_64x64_without_argon2"] = found["hide_64x64"]["median"] - found["argon2_seconds"]
    found["reveal_64x64"] = command_seconds(["reveal", str(shown), "-o", os.devnull, "--force"], environment)
    os.environ["SEMSTEGO_PASSPHRASE"] = environment["SEMSTEGO_PASSPHRASE"]
    found["heavy_modules_imported"] = fresh(modules_after_hide, cover, message, out)
    found["torch_installed"] = find_spec("torch") is not None
    with tempfile.TemporaryDirectory() as cache:
        cold = environment | {"NUMBA_CACHE_DIR": cache}
        first = command_seconds(hide, cold, repeats=1)["median"]
        second = command_seconds(["reveal", str(shown), "-o", os.devnull, "--force"], cold, repeats=1)["median"]
    warm = found["hide_64x64"]["median"] + found["reveal_64x64"]["median"]
    found["first_run"] = {
        "hide_seconds": first,
        "then_reveal_seconds": second,
        "compiling_seconds": first + second - warm,
    }
    found["first_run"]["load_average"] = os.getloadavg()[0]
    return found


def bars_of(large: dict, short: dict) -> dict:
    default = large["cr085"]
    peak = max(default[part]["peak_mb"] for part in ("hide", "hide_full", "send", "reveal_features", "reveal_picture"))
    per_megapixel = {part: default[part]["seconds_per_megapixel"] for part in default if part.startswith("reveal_")}
    return {
        "send_seconds_per_megapixel": record.bar(default["send"]["seconds_per_megapixel"], at_most=1.2),
        "hide_seconds_per_megapixel": record.bar(default["hide"]["seconds_per_megapixel"], at_most=1.4),
        "hide_full_seconds_per_megapixel": record.bar(default["hide_full"]["seconds_per_megapixel"], at_most=1.6),
        "reveal_features_seconds_per_megapixel": record.bar(per_megapixel["reveal_features"], at_most=0.4),
        "reveal_picture_seconds_per_megapixel": record.bar(per_megapixel["reveal_picture"], at_most=0.4),
        "hide_64x64_warm_milliseconds": record.bar(short["hide_64x64_warm_milliseconds"], at_most=8),
        "peak_mb": record.bar(peak, at_most=1500),
        "help_seconds": record.bar(short["help"]["median"], at_most=0.5),
        "hide_64x64_seconds_without_argon2": record.bar(short["hide_64x64_without_argon2"], at_most=1.5),
        "torch_imported": record.bar(int("torch" in short["heavy_modules_imported"]), at_most=0),
        "compiling_seconds": record.bar(short["first_run"]["compiling_seconds"], at_most=20),
    }


def main(photographs: Path) -> None:
    """Measure time and memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        used = fresh(make_mosaic, photographs, LARGE, folder / "large.png")
        fresh(make_mosaic, photographs, LARGEST, folder / "largest.png")
        short = command_line(photographs, folder)
        short["hide_64x64_warm_milliseconds"] = fresh(warm_hide_milliseconds)
        print(json.dumps(record.rounded(short, 3)), flush=True)
        large = {}
        for codec in CODECS:
            large[codec] = large_picture(folder, codec)
            print(codec, json.dumps(record.rounded(large[codec], 3)), flush=True)
        largest = fresh(hide_once, folder / "largest.png", LARGEST, "cr085", RATE_LARGEST, folder / "largest")
    figures = {"megapixels_12": large, "megapixels_50": largest, "command_line": short}
    config = {"large": LARGE, "bpp": RATE, "largest": LARGEST, "bpp_largest": RATE_LARGEST, "repeats": REPEATS}
    data = {"test": record.describe(photographs, "test"), "in_the_mosaic": used}
    print(json.dumps(record.rounded(largest, 3)))
    record.write("speed", figures, config=config, seed=SEED, data=data, bars=bars_of(large, short))


if __name__ == "__main__":
    typer.run(main)
