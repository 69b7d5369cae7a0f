# SPDX-License-Identifier: Apache-2.0
"""The paper's Fig. 5: covers, features, stego features and reconstructions, with what the detector finds.

    python -m experiments.learned.figure5 data              # docs/figure5.png; data/scenes must be there

The first test scenes, one row for each scheme of ROWS, which hides random bits at the payload given there.
"""

import argparse
from pathlib import Path

import numpy as np

from experiments import record
from semstego.channel.pictures import png_bytes
from semstego.codecs import registry
from semstego.datasets import sets
from semstego.evaluation.hiding import hide_random
from semstego.plots.sheet import Row, draw
from semstego.schemes import base
from semstego.system.stego_system import StegoSystem
from semstego.tasks.detection import task as detection

ROWS = (("learned", "learned-256", 1.0), ("adversarial", "cr085-plain", 1.0), ("certified", "cr085", 0.1))
SEED = 20261127


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DATA_FOLDER", type=Path)
    data = sets.load("scenes", parser.parse_args().folder / "scenes", "test").first(len(ROWS))
    rows = [row(picture, *one) for picture, one in zip(data.pictures, ROWS, strict=True)]
    sheet = draw(rows, "Detection: covers, features and reconstructions, without and with a message")
    (record.ROOT / "docs" / "figure5.png").write_bytes(png_bytes(np.asarray(sheet)))


def row(picture: np.ndarray, scheme: str, codec: str, bpp: float) -> Row:
    """One scene, with boxes on its three pictures."""
    system = StegoSystem(registry.load(codec), base.SCHEMES.get(scheme).uncorrected)
    hiding = hide_random(system, picture, round(bpp * picture[..., 0].size), np.random.default_rng(SEED))
    assert hiding.embedded is not None
    forms = (picture, hiding.reconstruction, hiding.embedded.received.picture)
    cover, plain, stego = detection.load("scenes").marked(np.stack(forms))
    return Row(
        cover=picture,
        cover_symbols=hiding.plain.values,
        symbols=hiding.embedded.symbols.values,
        cover_picture=forms[1],
        picture=forms[2],
        marked=(cover, plain, stego),
        caption=f"{scheme}, {codec}, {bpp:g} bpp",
    )


if __name__ == "__main__":
    main()
