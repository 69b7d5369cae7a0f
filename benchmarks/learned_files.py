# SPDX-License-Identifier: Apache-2.0
"""Files through the learned scheme: exact at both stages or refused, and how often refused at which length.

    python benchmarks/learned_files.py data      # results/learned_files.json; data/crops must be there

Every test crop of CIFAR's kind gets a random file, under a key and a nonce of its own; stage I is read from the stream,
stage II from the PNG, by a receiver who has the key and nothing else.
"""

import argparse
import hashlib
import io
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from PIL import Image

import record
from semstego import learned_system
from semstego.codec import container
from semstego.data import crops
from semstego.errors import EmbeddingError
from semstego.message.cipher import Key
from semstego.message.frame import NONCE_BYTES

MODEL = "learned-100"
NET_BYTES = {128: 100, 256: 600, 320: 100, 352: 100}  # length of the file: number of files; 256 are 0.5 bpp at 64x64
RECOMMENDED = 256
SEED = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    pictures = crops.load(parser.parse_args().folder / "crops", "test").pictures
    rows = {str(size): one_length(pictures, size, count) for size, count in NET_BYTES.items()}
    row = rows[str(RECOMMENDED)]
    record.write(
        "learned_files",
        {"by length of the file, bytes": rows},
        config={"model": MODEL, "net_bytes": NET_BYTES},
        seed=SEED,
        data={"set": "crops, test, kind cifar, 64x64"},
        bars={
            "files": record.bar(row["files"], at_least=500),
            "wrong": record.bar(sum(one["wrong"] for one in rows.values()), at_most=0),
            "refused at 0.5 bpp net, percent": record.bar(100 * row["refused"] / row["files"], at_most=2.0),
            "net bpp of the recommended length": record.bar(8 * RECOMMENDED / 64**2, at_least=0.5),
        },
        codecs=(),
    )


def one_length(pictures: np.ndarray, size: int, count: int) -> dict:
    """Exact, refused and wrong files of one length."""
    jobs = (delayed(one_file)(picture, size, place) for place, picture in enumerate(pictures[:count]))
    outcomes = Parallel(n_jobs=2)(jobs)
    found = {name: outcomes.count(name) for name in ("exact", "refused", "wrong")}
    print(size, found, flush=True)
    return {"files": count, "net_bpp": 8 * size / pictures[0][:, :, 0].size, **found}


def one_file(picture: np.ndarray, size: int, place: int) -> str:
    """What became of one file."""
    rng = np.random.default_rng((SEED, size, place))
    message, key = rng.bytes(size), Key(hashlib.sha256(rng.bytes(32)).digest())
    system = learned_system.load(MODEL)
    try:
        sent = system.sender(picture, message, None, key, rng.bytes(NONCE_BYTES))
    except EmbeddingError:
        return "refused"
    stage_1 = system.receiver_features(container.unpack(sent.stream), key).message
    stage_2 = system.receiver_picture(np.asarray(Image.open(io.BytesIO(sent.png))), key).message
    return "exact" if stage_1 == stage_2 == message else "wrong"


if __name__ == "__main__":
    main()
