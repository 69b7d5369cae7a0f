# SPDX-License-Identifier: Apache-2.0
"""How long the learned scheme takes to read a picture of 352x232 pixels, start of Python and imports included.

    python -m experiments.speed.learned_reveal ../shared/photos       # results/learned_reveal.json

The command line in fresh processes, for the stream and for the picture; the passphrase's derivation is part of it.
"""

import os
import tempfile
from pathlib import Path

import numpy as np
import typer
from PIL import Image

from experiments import record
from experiments.speed.files import command_seconds
from semstego.codecs import registry

WIDTH, HEIGHT = 352, 232
PASSPHRASE = "correct horse battery staple"
MESSAGE = b"a message of 32 bytes, or nearly"
SEED = 20261127


def main(photographs: Path) -> None:
    """Measure."""
    import semstego

    path = next(one for one in record.photographs(photographs, "test") if one.name == "scikit-image__chelsea.jpg")
    cover = np.ascontiguousarray(record.whole(path)[0][:HEIGHT, :WIDTH])
    hidden = semstego.hide(cover, MESSAGE, passphrase=PASSPHRASE, scheme="learned", allow_jpeg_history=True)
    environment = os.environ | {"SEMSTEGO_PASSPHRASE": PASSPHRASE}
    with tempfile.TemporaryDirectory() as name:
        stream, picture = Path(name, "s.sem"), Path(name, "p.png")
        stream.write_bytes(hidden.stream)
        Image.fromarray(hidden.picture).save(picture)
        words = ["-o", os.devnull, "--scheme", "learned"]
        found = {
            one.suffix[1:]: command_seconds(["reveal", str(one), *words], environment) for one in (stream, picture)
        }
    bars = {f"reveal of .{kind}, seconds": record.bar(seen["median"], at_most=3) for kind, seen in found.items()}
    record.write(
        "learned_reveal",
        {"seconds": found},
        config={"width": WIDTH, "height": HEIGHT, "message_bytes": len(MESSAGE)},
        seed=SEED,
        data={"test": record.describe(photographs, "test")},
        codecs=(registry.load(hidden.report.codec).name,),
        bars=bars,
    )


if __name__ == "__main__":
    typer.run(main)
