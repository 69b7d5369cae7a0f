# SPDX-License-Identifier: Apache-2.0
"""The paper's own codec with dither, certified and exact at both stages: results/open_certified.json.

    python -m experiments.learned.open_certified ../shared/photos

    crops     of CIFAR's kind, 64x64, three of each colour photograph of the test part
    sharp     squares of 96 to 512 px, Lanczos, one of each

Each picture: what is certified, a message of full capacity at both stages beside the plain codec's reconstruction, and
how many of further draws the receiver reads, which is all that ``send`` asks of them too. The first crop of each
photograph is drawn once by every other shipped model with dither, and carries 1 bpp by E, D1 and D2.
"""

import time
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from experiments import record
from semstego.codecs import registry
from semstego.codecs.base import Codec, Encoding, Picture
from semstego.codecs.convolutional.dithered_point import dithered
from semstego.datasets.built import crops
from semstego.evaluation.hiding import hide_random
from semstego.io.pictures import load_picture
from semstego.message.bits import NONE
from semstego.message.draws import SEED_BYTES, Draws
from semstego.metrics.image import psnr_db
from semstego.schemes import base
from semstego.schemes.base import Cover, Received
from semstego.schemes.certified import sampling
from semstego.schemes.certified.scheme import CertifiedScheme
from semstego.system.stego_system import StegoSystem

SEED = 20261128
POINT, TWIN = "dithered-100", "learned-100"
OTHERS = ("learned-task", "learned-010", "learned-050", "learned-photo")
LEVELS, P_E = (0.49, 0.499, 0.4999), 0.499
CROPS, DRAWS = {"cifar": 3, "plain": 1}, 4
PAPER = {"bit_accuracy_1_percent": 98.60, "bit_accuracy_2_percent": 97.73, "psnr_sc_db": 37.23}  # Table II at 1 bpp


def certified_row(codec: Codec, picture: Picture, rng: np.random.Generator) -> dict:
    """A message of full capacity in one picture, and further draws."""
    cover, system, pixels = Cover(picture, codec), StegoSystem(codec, CertifiedScheme(P_E)), picture[:, :, 0].size
    holds = system.scheme.capacities(cover, LEVELS)
    twin = registry.load(TWIN)
    row = {"bpp": {f"{level:g}": bits / pixels for level, bits in holds.items()}, "refused": False}
    row["plain_psnr_db"] = psnr_db(twin.decode(twin.encode(picture).symbols), picture)
    row["readable"] = float(np.mean([readable(codec, cover.encoding, rng) for _ in range(DRAWS)]))
    hiding = hide_random(system, picture, holds[P_E], rng)
    if hiding.embedded is None:
        return row | {"refused": True}
    seen = hiding.embedded.received.picture
    start = time.process_time()
    _ = Received(seen, codec).symbols
    seconds = time.process_time() - start
    return row | {
        "exact_1": bool(np.array_equal(hiding.read_features(), hiding.payload())),
        "exact_2": bool(np.array_equal(hiding.read_picture(), hiding.payload())),
        "draws": hiding.embedded.retries + 1,
        "psnr_db": psnr_db(seen, picture),
        "send_psnr_db": psnr_db(hiding.reconstruction, picture),
        "psnr2_db": psnr_db(seen, hiding.reconstruction),
        "psnr1_db": psnr_db(hiding.embedded.symbols.values, hiding.plain.values),
        "clipped_values": int(np.isin(seen, (0, 255)).sum()),
        "recover_seconds": seconds,
    }


def readable(codec: Codec, encoding: Encoding, rng: np.random.Generator) -> bool:
    """Whether the receiver finds the symbols of a draw."""
    symbols = sampling.drawn(encoding, NONE, Draws(rng.bytes(SEED_BYTES)))
    return bool(np.array_equal(codec.recover(codec.decode(symbols)).values, symbols.values))


def learned_row(picture: Picture, rng: np.random.Generator) -> dict:
    """E, D1 and D2 at 1 bpp on the same picture, coded bits."""
    system = StegoSystem(registry.load(TWIN), base.SCHEMES.get("learned").uncorrected)
    hiding = hide_random(system, picture, picture[:, :, 0].size, rng)
    bits = hiding.payload()
    return {
        "bit_accuracy_1_percent": 100 * float(np.mean(hiding.read_features() == bits)),
        "bit_accuracy_2_percent": 100 * float(np.mean(hiding.read_picture() == bits)),
        "psnr_sc_db": psnr_db(hiding.embedded.received.picture, picture),
    }


def rows_of(path: Path) -> list[dict]:
    """Rows of one photograph; none of a grey one."""
    torch.set_num_threads(1)
    rows, photograph = [], load_picture(path, flatten=True)
    if photograph.shape[2] != 3:
        return rows
    for kind, count in CROPS.items():
        rng = crops.generator(SEED, path)
        for number, picture in enumerate(islice(crops.crops(photograph, rng, kind=kind), count)):
            row = {"photograph": path.name, "kind": kind}
            row |= certified_row(registry.load(POINT), picture, rng)
            if kind == "cifar" and number == 0:
                row["learned"] = learned_row(picture, rng)
                points = {name: dithered(registry.load(name), f"d-{name[-5:]}") for name in OTHERS}
                row["others"] = {name: readable(one, one.encode(picture), rng) for name, one in points.items()}
            rows.append(row)
    return rows


def mean(rows: list[dict], values: list) -> dict:
    finite = [value if np.isfinite(value) else None for value in values]
    return record.interval(finite, [row["photograph"] for row in rows], SEED)


def figures_of(rows: list[dict]) -> dict:
    """Means over the pictures of one kind; refused ones count against exactness, and have no PSNR."""
    sent = [row for row in rows if not row["refused"]]
    exact = [not row["refused"] and row["exact_1"] and row["exact_2"] for row in rows]
    seconds = [row["recover_seconds"] for row in sent]
    found: dict = {
        "pictures": len(rows),
        "photographs": len({row["photograph"] for row in rows}),
        "refused": len(rows) - len(sent),
        "wrong": int(len(sent) - sum(exact)),
        "exact_share": float(np.mean(exact)),
        "readable_draws_share": float(np.mean([row["readable"] for row in rows])),
        "least_readable_draws_share": float(min(row["readable"] for row in rows)),
        "sent_at_first_draw_share": float(np.mean([row["draws"] == 1 for row in sent])),
        "certified_bpp": {f"{level:g}": mean(rows, [row["bpp"][f"{level:g}"] for row in rows]) for level in LEVELS},
        "recover_cpu_seconds": {"mean": float(np.mean(seconds)), "most": max(seconds)},
        "clipped_values": {"mean": float(np.mean([row["clipped_values"] for row in sent]))},
    }
    names = ("plain_psnr_db", "send_psnr_db", "psnr_db", "psnr1_db", "psnr2_db")
    return found | {name: mean(sent, [row[name] for row in sent]) for name in names}


def beside(rows: list[dict]) -> dict:
    """E, D1 and D2 at 1 bpp, and how many pictures the other models read with dither."""
    kept = [row for row in rows if "learned" in row]
    return {
        "learned": {name: mean(kept, [row["learned"][name] for row in kept]) for name in PAPER},
        "others_readable": {name: int(sum(row["others"][name] for row in kept)) for name in OTHERS},
        "others_of": len(kept),
        "paper": PAPER,
    }


def main(
    photographs: Path, limit: Annotated[int | None, typer.Option(help="First photographs only, for a trial.")] = None
) -> None:
    """Measure the paper's codec with dither on the test photographs of a folder."""
    paths = record.photographs(photographs, "test")[:limit]
    rows = [row for found in record.spread(rows_of, paths, "open_certified") for row in found]
    figures = {kind: figures_of([row for row in rows if row["kind"] == kind]) for kind in CROPS}
    at = figures["cifar"]
    record.write(
        "open_certified" if limit is None else "open_certified-trial",
        {"kinds": figures, "at_1_bpp": beside(rows)},
        config={"p_e": LEVELS, "full_at": P_E, "crops_per_photograph": CROPS, "further_draws": DRAWS},
        seed=SEED,
        data={"test": record.describe(photographs, "test")},
        bars={
            "pictures": record.bar(at["pictures"], at_least=300),
            "exact at both stages": record.bar(at["exact_share"], at_least=0.98),
            "wrong and not refused": record.bar(at["wrong"], at_most=0),
            "certified bpp at P_E 0.499": record.bar(at["certified_bpp"]["0.499"]["mean"], at_least=1.25),
            "PSNR with message": record.bar(at["psnr_db"]["mean"], at_least=42),
            "symbols of a picture, seconds of one core": record.bar(at["recover_cpu_seconds"]["most"], at_most=1.5),
        },
        codecs=(POINT, TWIN, *OTHERS),
    )


if __name__ == "__main__":
    typer.run(main)
