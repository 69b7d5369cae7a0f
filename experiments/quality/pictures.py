# SPDX-License-Identifier: Apache-2.0
"""What hiding costs in picture quality, and how the codec compares with JPEG and WebP; on test photographs only.

    python -m experiments.quality.pictures ../shared/photos            # results/quality.json

    crops     64 x 64, default `hide` at four rates, "1 bpp" being exactly 4096 coded bits; beside it the paper's table
    whole     photographs with a short side of 512: reconstruction and stream of `send` at the three operating points,
              next to JPEG and WebP: their bits at the same PSNR, interpolated between the two nearest qualities
    growth    how much longer a stego stream is than the cover's

Means are over pictures, intervals by drawing photographs. The whole photographs' bar counts those whose short side has
512 pixels or more; smaller ones cannot be reduced to it, and their figures stand beside (``all_sizes``).
"""

import io
from collections.abc import Callable
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

import semstego
from experiments import record
from semstego.codecs import registry
from semstego.datasets.built import crops
from semstego.errors import SemstegoError
from semstego.io.pictures import load_picture
from semstego.message import frame
from semstego.message.cipher import Key
from semstego.metrics.image import psnr_db, ssim

SEED = 20261122
CODEC = "cr085"  # every point here is the plain one, and the scheme is syndrome; of certified, see certified.py
RATES = (1.0, 0.5, 0.25, 0.1)  # bpp, coded bits
CROPS = 3  # of one photograph
GROWTH_PHOTOGRAPHS = 24
FIGURES = ("psnr1_db", "ssim1", "feature_snr_db", "psnr2_db", "ssim2", "psnr_sc_db", "ssim_sc")
BARS_WHOLE = {"cr085": 48, "cr050": 43.5, "cr025": 35.5}
PAPER = {  # Table II: CIFAR-10 sized pictures, true compression ratio 0.879
    "0.1": {"psnr1_db": 53.94, "psnr2_db": 45.22, "psnr_sc_db": 38.14, "bits_right_percent": [99.98, 99.98]},
    "0.5": {"psnr1_db": 51.67, "psnr2_db": 43.86, "psnr_sc_db": 37.81, "bits_right_percent": [98.99, 98.32]},
    "1.0": {"psnr1_db": 50.56, "psnr2_db": 41.57, "psnr_sc_db": 37.23, "bits_right_percent": [98.60, 97.73]},
}
RIVALS: dict[str, tuple[str, dict]] = {
    "jpeg_420": ("JPEG", {"subsampling": "4:2:0", "optimize": True, "progressive": True}),
    "jpeg_444": ("JPEG", {"subsampling": "4:4:4", "optimize": True, "progressive": True}),
    "webp": ("WEBP", {"method": 4}),
}
LOSSLESS: dict[str, tuple[str, dict]] = {
    "png": ("PNG", {"optimize": True}),
    "webp_lossless": ("WEBP", {"lossless": True, "method": 4}),
}


def finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None


def plain(point: str) -> str:
    """The codec of an operating point that rounds plainly."""
    return registry.twin_for(point, keeps_law=False)


def payload_bits(rate: float, pixels: int) -> int:
    return int(rate * pixels) // 8 * 8


def hidden(picture: np.ndarray, rate: float, codec: str, rng: np.random.Generator, cover_bytes: int) -> dict:
    """The figures of one hiding of random bytes under a random key and nonce, or why it was refused."""
    bits = payload_bits(rate, picture.shape[0] * picture.shape[1])
    message = rng.bytes(bits // 8 - frame.OVERHEAD_BYTES)
    try:
        out = semstego.hide(
            picture,
            message,
            key=Key(rng.bytes(32)),
            codec=plain(codec),
            scheme="syndrome",
            nonce=rng.bytes(8),
            allow_jpeg_history=True,
        )
    except SemstegoError as error:
        wet = registry.load(plain(codec)).encode(np.atleast_3d(picture)).wet
        clipped = record.clipped_share(picture)
        return {"bpp": rate, "refused": str(error), "clipped_share": clipped, "wet_share": float(wet.mean())}
    assert out.report.payload_bits == bits
    row = {name: getattr(out.report, name) for name in FIGURES} | {"bpp": rate, "codec": codec}
    row["changed_share"] = out.report.changed_symbols / out.report.symbols
    row["wet_share"] = out.report.wet_symbols / out.report.symbols
    row["retries"] = out.report.retries
    row["stream_growth_percent"] = 100 * (len(out.stream) / cover_bytes - 1)
    row["stream_bpp"] = out.report.stream_bpp
    return row


def crops_of(path: Path) -> list[dict]:
    """Rows of one colour photograph's crops, one for each crop and rate, and one of the cover itself."""
    picture, rng, rows = load_picture(path, flatten=True), crops.generator(SEED, path), []
    if picture.shape[2] != 3:
        return rows
    for index, crop in enumerate(islice(crops.crops(picture, rng), CROPS)):
        stream = semstego.send(crop, codec=plain(CODEC))
        shown = semstego.reconstruct(stream)
        row = {"psnr_db": finite(psnr_db(shown, crop)), "ssim": ssim(shown, crop), "bpp": "cover"}
        rows.append(row | {"stream_bpp": 8 * len(stream) / crop[:, :, 0].size})
        rows += [hidden(crop, rate, CODEC, rng, len(stream)) for rate in RATES]
        for row in rows[-len(RATES) - 1 :]:
            row |= {"photograph": path.name, "crop": index}
    return rows


def growth_of(path: Path) -> list[dict]:
    """Rows of hiding in a whole photograph with every codec at every rate."""
    picture, rng, rows = record.whole(path)[0], crops.generator(SEED + 1, path), []
    for codec in record.PICTURE_POINTS:
        length = len(semstego.send(picture, codec=plain(codec)))
        rows += [hidden(picture, rate, codec, rng, length) | {"codec": codec} for rate in RATES]
    return [row | {"photograph": path.name} for row in rows]


def file_bytes(picture: np.ndarray, form: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, form, **options)
    return buffer.getvalue()


def bits_at(target: float, at: Callable[[int], tuple[float, int]]) -> float | None:
    """Bits at a PSNR, linear between the neighbouring qualities; None if quality 1 to 100 do not reach around it.

    Args:
        target: The PSNR.
        at: PSNR and bits at a quality.
    """
    low, high = 1, 100
    if not at(low)[0] <= target <= at(high)[0]:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at(middle)[0] <= target else (low, middle)
    (psnr_low, bits_low), (psnr_high, bits_high) = at(low), at(high)
    share = (target - psnr_low) / (psnr_high - psnr_low) if psnr_high > psnr_low else 0.0
    return bits_low + share * (bits_high - bits_low)


def rival_bits(picture: np.ndarray, form: str, options: dict, targets: list[float | None]) -> tuple[list, float]:
    """Bits of a lossy format at each PSNR, and the PSNR of its quality 100."""
    shown_in = "RGB" if picture.ndim == 3 else "L"

    @cache
    def at(quality: int) -> tuple[float, int]:
        data = file_bytes(picture, form, quality=quality, **options)
        with Image.open(io.BytesIO(data)) as image:
            return psnr_db(np.asarray(image.convert(shown_in)), picture), 8 * len(data)

    return [None if target is None else bits_at(target, at) for target in targets], at(100)[0]


def whole_of(task: tuple[Path, bool]) -> dict:
    """The codec and its rivals on one photograph, or on its grey version."""
    path, as_grey = task
    picture, counts = record.whole(path)
    if as_grey and picture.ndim == 3:
        picture = record.grey(picture)
    pixels = picture.shape[0] * picture.shape[1]
    row = {"photograph": path.name, "counts": counts, "colour": picture.ndim == 3, "points": {}}
    for codec in record.PICTURE_POINTS:
        stream = semstego.send(picture, codec=plain(codec))
        shown = semstego.reconstruct(stream)
        symbols = registry.load(codec).symbol_shape(*picture.shape[:2], 3 if picture.ndim == 3 else 1)
        point = {"psnr_db": finite(psnr_db(shown, picture)), "ssim": ssim(shown, picture)}
        point |= {"stream_bpp": 8 * len(stream) / pixels, "compression_ratio": float(np.prod(symbols) / picture.size)}
        row["points"][codec] = point
    targets = [row["points"][codec]["psnr_db"] for codec in record.PICTURE_POINTS]
    rivals = {name: rival for name, rival in RIVALS.items() if picture.ndim == 3 or name != "jpeg_444"}
    row["best_psnr_db"] = {}
    for name, (form, options) in rivals.items():
        if form == "JPEG" and picture.ndim == 2:
            options = {key: value for key, value in options.items() if key != "subsampling"}
        found, best = rival_bits(picture, form, options, targets)
        row["best_psnr_db"][name] = finite(best)
        for codec, bits in zip(record.PICTURE_POINTS, found, strict=True):
            row["points"][codec][name] = None if bits is None else bits / pixels
    for name, (form, options) in LOSSLESS.items():
        row[name] = 8 * len(file_bytes(picture, form, **options)) / pixels
    return row


def mean_of(rows: list[dict], value: Callable[[dict], float | None]) -> dict:
    return record.interval([value(row) for row in rows], [row["photograph"] for row in rows], SEED)


def crop_figures(rows: list[dict]) -> dict:
    """Means by rate; refusals apart."""
    covers = [row for row in rows if row["bpp"] == "cover"]
    stegos = [row for row in rows if row["bpp"] != "cover"]
    done = [row for row in stegos if "refused" not in row]
    names = (*FIGURES, "changed_share", "wet_share", "stream_growth_percent", "stream_bpp")
    found: dict = {
        "cover": {name: mean_of(covers, lambda row, n=name: row[n]) for name in ("psnr_db", "ssim", "stream_bpp")}
    }
    for rate in RATES:
        here = [row for row in done if row["bpp"] == rate]
        found[str(rate)] = {name: mean_of(here, lambda row, n=name: row[n]) for name in names}
        refused = sum(row["bpp"] == rate for row in stegos) - len(here)
        found[str(rate)] |= {"payload_bits": payload_bits(rate, crops.SIDE**2), "refused": refused}
        found[str(rate)]["coded_again"] = sum(row["retries"] > 0 for row in here)
    return found | {"refusals": [row for row in stegos if "refused" in row]}


def point_figures(rows: list[dict], codec: str) -> dict:
    """One operating point on whole photographs, next to its rivals."""
    points = [row["points"][codec] | {"photograph": row["photograph"]} for row in rows]
    names = ("psnr_db", "ssim", "stream_bpp", "compression_ratio")
    found: dict = {name: mean_of(points, lambda row, n=name: row[n]) for name in names}
    for name in RIVALS:
        both = [point for point in points if point.get(name) is not None]
        ratio = mean_of(both, lambda row, n=name: row["stream_bpp"] / row[n]) if both else None
        bpp = mean_of(both, lambda row, n=name: row[n]) if both else None
        ours = mean_of(both, lambda row: row["stream_bpp"]) if both else None
        found[name] = {"reached": len(both), "bpp": bpp, "our_bpp_on_the_same": ours, "our_bits_over_its": ratio}
    return found


def whole_figures(rows: list[dict]) -> dict:
    """All operating points, those photographs that count and all of them."""
    found = {}
    for group, chosen in (("short_side_512", [row for row in rows if row["counts"]]), ("all_sizes", rows)):
        found[group] = {codec: point_figures(chosen, codec) for codec in record.PICTURE_POINTS}
        found[group]["lossless_bpp"] = {name: mean_of(chosen, lambda row, n=name: row[n]) for name in LOSSLESS}
        best = {name: mean_of(chosen, lambda row, n=name: row["best_psnr_db"].get(n)) for name in RIVALS}
        found[group]["psnr_db_of_quality_100"] = best
    return found


def growth_figures(rows: list[dict]) -> dict:
    """Stream growth [%] of whole photographs by codec and rate."""
    found: dict = {}
    for codec in record.PICTURE_POINTS:
        found[codec] = {}
        for rate in RATES:
            here = [row for row in rows if (row["codec"], row["bpp"]) == (codec, rate)]
            done = [row for row in here if "refused" not in row]
            found[codec][str(rate)] = mean_of(done, lambda row: row["stream_growth_percent"])
            found[codec][str(rate)]["refused"] = len(here) - len(done)
    return found


def bars_of(crops: dict, whole: dict) -> dict:
    hard = crops["1.0"]
    bars = {
        "crops": record.bar(hard["psnr2_db"]["pictures"], at_least=300),
        "crops_psnr2_db": record.bar(hard["psnr2_db"]["mean"], at_least=46.5),
        "crops_psnr1_db": record.bar(hard["psnr1_db"]["mean"], at_least=56.5),
        "crops_reconstruction_db": record.bar(crops["cover"]["psnr_db"]["mean"], at_least=46),
        "crops_reconstruction_ssim": record.bar(crops["cover"]["ssim"]["mean"], at_least=0.99),
    }
    for codec, least in BARS_WHOLE.items():
        measured = whole["colour"]["short_side_512"][codec]["psnr_db"]["mean"]
        bars[f"whole_{codec}_reconstruction_db"] = record.bar(measured, at_least=least)
    return bars


def main(
    photographs: Path, limit: Annotated[int | None, typer.Option(help="First photographs only, for a trial.")] = None
) -> None:
    """Measure picture quality on the test photographs of a folder."""
    paths = record.photographs(photographs, "test")[:limit]
    small = crop_figures([row for rows in record.spread(crops_of, paths, "crops") for row in rows])
    tasks = [(path, as_grey) for as_grey in (False, True) for path in paths]
    rows = list(record.spread(whole_of, tasks, "whole"))
    whole = {
        "colour": whole_figures([row for row in rows if row["colour"]]),
        "grey": whole_figures([row for row, (_, as_grey) in zip(rows, tasks, strict=True) if as_grey]),
    }
    large = [row["photograph"] for row in rows if row["counts"] and row["colour"]]
    drawn = np.random.default_rng(SEED).permutation(large)[:GROWTH_PHOTOGRAPHS].tolist()
    chosen = [path for path in paths if path.name in drawn]
    growth = growth_figures([row for found in record.spread(growth_of, chosen, "growth") for row in found])
    config = {"codec_of_crops": CODEC, "rates_bpp": RATES, "crops_per_photograph": CROPS, "scheme": "syndrome"}
    config |= {"squares": crops.SQUARES, "side": crops.SIDE, "least_deviation": crops.LEAST_DEVIATION}
    config |= {"interval": record.INTERVAL, "growth_photographs": len(chosen), "rivals": RIVALS | LOSSLESS}
    record.write(
        "quality" if limit is None else "quality-trial",
        {"crops": small, "paper_table_2": PAPER, "whole": whole, "stream_growth_percent": growth},
        config=config,
        seed=SEED,
        data={"test": record.describe(photographs, "test")},
        bars=bars_of(small, whole),
    )


if __name__ == "__main__":
    typer.run(main)
