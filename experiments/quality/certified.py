# SPDX-License-Identifier: Apache-2.0
"""What certified hiding holds and costs, on the test photographs: results/certified.json.

    python -m experiments.quality.certified ../shared/photos

    crops of 64 x 64     squares of 96 to 512 px, Lanczos, standard deviation >= 8, three of each colour photograph
    crops of 256 x 256   squares of 256 to 512 px, Lanczos, one of each
    whole photographs    short side reduced to 512

Each picture at every closed operating point and dither: bits that are certified at three P_E, PSNR and bytes without
the dither and with it. At the default point a message of full capacity and of 1 bpp, where it fits, is hidden and
measured beside what ``send`` makes of the same picture.
"""

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

from experiments import record
from semstego.codecs import registry, stream
from semstego.codecs.base import Picture
from semstego.codecs.block.codec import BlockCodec
from semstego.codecs.block.law import chances_by_error
from semstego.datasets.built import crops
from semstego.evaluation.hiding import Hiding, hide_random
from semstego.io.pictures import load_picture
from semstego.metrics.image import psnr_db
from semstego.schemes.base import Cover
from semstego.schemes.certified.scheme import CertifiedScheme
from semstego.system.stego_system import StegoSystem

SEED = 20261127
POINTS = ("cr085", "cr050", "cr025", "task")
DITHERS = (1.0, 0.5)
LEVELS = (0.49, 0.499, 0.4999)
DEFAULT, P_E = "cr085", 0.499
CROPS, LARGER = 3, 256
PAPER = {"psnr1_db": 50.56, "psnr2_db": 41.57, "psnr_sc_db": 37.23}  # Table II at 1 bpp
MEASURED = ("psnr1_db", "psnr1_undithered_db", "psnr2_db", "psnr2_undithered_db", "psnr_sc_db", "changed_share")


def pictures_of(path: Path) -> dict[str, list[Picture]]:
    """Pictures of one colour photograph by kind."""
    rng = crops.generator(SEED, path)
    small = [crop for crop in islice(crops.crops(load_picture(path, flatten=True), rng), CROPS)]
    whole = record.whole(path)[0]
    kinds = {"64": small, "whole": [whole]}
    if min(whole.shape[:2]) >= LARGER:
        side = int(rng.integers(LARGER, min(whole.shape[:2]) + 1))
        top, left = (int(rng.integers(length - side + 1)) for length in whole.shape[:2])
        square = Image.fromarray(whole[top : top + side, left : left + side])
        kinds["256"] = [np.asarray(square.resize((LARGER, LARGER), Image.Resampling.LANCZOS))]
    return kinds


def point_row(codec: BlockCodec, picture: Picture, rng: np.random.Generator) -> dict:
    """What a dithered codec holds and costs on one picture."""
    cover, pixels = Cover(picture, codec), picture[:, :, 0].size
    holds = CertifiedScheme().capacities(cover, LEVELS)
    system = StegoSystem(codec, CertifiedScheme())
    hiding = hide_random(system, picture, 0, rng)
    base, plain = cover.encoding.symbols, hiding.plain
    before, after = len(stream.write(base, codec)), len(stream.write(plain, codec))
    return {
        "bpp": {f"{level:g}": bits / pixels for level, bits in holds.items()},
        "plain_psnr_db": psnr_db(cover.reconstruction, picture),
        "psnr_db": psnr_db(hiding.reconstruction, picture),
        "bytes_percent": 100 * (after / before - 1),
        "stream_bpp": 8 * after / pixels,
        "still_share": float(np.mean(cover.encoding.law.chances == 0)),
        "touched_blocks_share": touched(cover, codec.dither),
    }


def touched(cover: Cover, dither: float) -> float:
    """Share of the blocks in which a symbol must stay that the dither alone would let move."""
    encoding = cover.encoding
    forbidden = (encoding.law.chances == 0) & (chances_by_error(dither)[np.abs(encoding.side.astype(int))] > 0)
    rows, columns = encoding.symbols.carrying
    return float(forbidden[:, :rows, :columns].any(axis=0).mean())


def full_row(codec: BlockCodec, picture: Picture, bpp: float | None, rng: np.random.Generator) -> dict | None:
    """A hiding at full capacity, or at ``bpp``, beside what ``send`` makes; None where it does not fit."""
    system, pixels = StegoSystem(codec, CertifiedScheme(P_E)), picture[:, :, 0].size
    holds = system.scheme.capacity_bits(Cover(picture, codec))
    hiding = hide_random(system, picture, holds if bpp is None else round(bpp * pixels), rng)
    if hiding.embedded is None:
        return None
    return measured(hiding) | growth(hiding)


def measured(hiding: Hiding) -> dict:
    """PSNRs of a hiding."""
    base, plain, stego = hiding.cover.encoding.symbols.values, hiding.plain.values, hiding.embedded.symbols.values
    seen = hiding.embedded.received.picture
    return {
        "bpp": hiding.sealed.payload_bits / hiding.plain.pixels,
        "psnr1_db": psnr_db(stego, plain),
        "psnr1_undithered_db": psnr_db(stego, base),
        "psnr2_db": psnr_db(seen, hiding.reconstruction),
        "psnr2_undithered_db": psnr_db(seen, hiding.cover.reconstruction),
        "psnr_sc_db": psnr_db(seen, hiding.cover.picture),
        "changed_share": float(np.mean(stego != plain)),
    }


def growth(hiding: Hiding) -> dict:
    """By how much [%] the streams of ``hide`` and of ``send`` are longer than the undithered one."""
    symbols = (hiding.cover.encoding.symbols, hiding.plain, hiding.embedded.symbols)
    before, send, hide = (len(stream.write(one, hiding.system.codec)) for one in symbols)
    return {"send_growth_percent": 100 * (send / before - 1), "hide_growth_percent": 100 * (hide / before - 1)}


def rows_of(path: Path) -> list[dict]:
    """Rows of one photograph."""
    rows, rng = [], crops.generator(SEED + 1, path)
    for kind, pictures in pictures_of(path).items():
        for picture in pictures:
            if picture.ndim != 3:
                continue
            row: dict = {"photograph": path.name, "kind": kind, "points": {}}
            for point in POINTS:
                codec = registry.load(point)
                for dither in DITHERS:
                    row["points"][f"{point} {dither:g}"] = point_row(replace(codec, dither=dither), picture, rng)
            row["full"] = full_row(registry.load(DEFAULT), picture, None, rng)
            row["1 bpp"] = full_row(registry.load(DEFAULT), picture, 1.0, rng)
            rows.append(row)
    return rows


def mean(rows: list[dict], values: list) -> dict:
    finite = [value if value is not None and np.isfinite(value) else None for value in values]
    return record.interval(finite, [row["photograph"] for row in rows], SEED)


def point_figures(rows: list[dict], point: str) -> dict:
    """One point at one dither on pictures of one kind."""
    here = [row["points"][point] for row in rows]
    found: dict = {"certified_bpp": {}, "share_that_holds_1_bpp": {}}
    for level in map("{:g}".format, LEVELS):
        bpp = [row["bpp"][level] for row in here]
        found["certified_bpp"][level] = mean(rows, bpp)
        found["share_that_holds_1_bpp"][level] = float(np.mean(np.array(bpp) >= 1))
    names = ("plain_psnr_db", "psnr_db", "bytes_percent", "stream_bpp", "still_share", "touched_blocks_share")
    return found | {name: mean(rows, [row[name] for row in here]) for name in names}


def hidden_figures(rows: list[dict], load: str) -> dict:
    """Hidings at full capacity or at 1 bpp."""
    kept = [row for row in rows if row[load] is not None]
    found: dict = {"pictures": len(kept), "refused": len(rows) - len(kept)}
    found |= {name: mean(kept, [row[load][name] for row in kept]) for name in ("bpp", *MEASURED)}
    for side in ("send", "hide"):
        values = np.array([row[load][f"{side}_growth_percent"] for row in kept])
        low, middle, high = (float(np.quantile(values, share)) for share in (0, 0.5, 1))
        found[f"{side}_growth_percent"] = {"median": middle, "least": low, "most": high}
    return found


def bars_of(figures: dict) -> dict:
    """The bars of the issue."""
    at = {kind: figures[kind]["points"][f"{DEFAULT} 1"]["certified_bpp"][f"{P_E:g}"]["mean"] for kind in figures}
    full = figures["64"]["full"]
    growth = abs(full["hide_growth_percent"]["median"] - full["send_growth_percent"]["median"])
    return {
        "64x64: certified bpp": record.bar(at["64"], at_least=1.04),
        "256x256: certified bpp": record.bar(at["256"], at_least=1.15),
        "whole photographs: certified bpp": record.bar(at["whole"], at_least=1.10),
        "64x64, full: PSNR from the original": record.bar(full["psnr_sc_db"]["mean"], at_least=45),
        "64x64, full: PSNR2, undithered": record.bar(full["psnr2_undithered_db"]["mean"], at_least=45.5),
        "64x64, full: PSNR2, from a draw": record.bar(full["psnr2_db"]["mean"], at_least=44.3),
        "64x64, full: PSNR1, undithered": record.bar(full["psnr1_undithered_db"]["mean"], at_least=54),
        "64x64, full: PSNR1, from a draw": record.bar(full["psnr1_db"]["mean"], at_least=52.8),
        "64x64, full: stream growth of hide less that of send, points": record.bar(growth, at_most=0.3),
    }


def main(
    photographs: Path, limit: Annotated[int | None, typer.Option(help="First photographs only, for a trial.")] = None
) -> None:
    """Measure capacity, quality and size on the test photographs of a folder."""
    paths = record.photographs(photographs, "test")[:limit]
    rows = [row for found in record.spread(rows_of, paths, "certified") for row in found]
    figures = {}
    for kind in ("64", "256", "whole"):
        here = [row for row in rows if row["kind"] == kind]
        points = {f"{point} {dither:g}": None for point in POINTS for dither in DITHERS}
        figures[kind] = {
            "pictures": len(here),
            "points": {point: point_figures(here, point) for point in points},
            "full": hidden_figures(here, "full"),
            "1 bpp": hidden_figures(here, "1 bpp"),
        }
    config = {"p_e": LEVELS, "dithers": DITHERS, "crops_per_photograph": CROPS, "squares_64": crops.SQUARES}
    config |= {"squares_256": (LARGER, record.SHORT_SIDE), "least_deviation_64": crops.LEAST_DEVIATION}
    config |= {"full": f"{DEFAULT} at P_E {P_E}", "interval": record.INTERVAL}
    record.write(
        "certified" if limit is None else "certified-trial",
        {"kinds": figures, "paper_table_2_at_1_bpp": PAPER},
        config=config,
        seed=SEED,
        data={"test": record.describe(photographs, "test")},
        bars=bars_of(figures),
        codecs=POINTS,
    )


if __name__ == "__main__":
    typer.run(main)
