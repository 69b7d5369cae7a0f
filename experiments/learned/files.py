# SPDX-License-Identifier: Apache-2.0
"""Files through the learned scheme: exact at both stages or refused, and how often refused at which length.

    python -m experiments.learned.files data      # results/learned_files.json; data/crops and data/plain must be there

Every test crop of CIFAR's kind, or plain ones where it says so, gets a random file, under a key and a nonce of its own;
stage I is read from the stream, stage II from the PNG, by a receiver who has the key and nothing else.
"""

import argparse
import hashlib
import io
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from PIL import Image

from experiments import record
from semstego.codecs import registry
from semstego.codecs import stream as streams
from semstego.datasets.built import crops
from semstego.errors import EmbeddingError
from semstego.message.cipher import Key
from semstego.message.frame import NONCE_BYTES
from semstego.schemes import base
from semstego.system.stego_system import StegoSystem

RUNS = (  # crops, model, length of the file [bytes], number of files; 256 bytes are 0.5 bpp at 64x64
    ("crops", "learned-100", 256, 600),
    ("crops", "learned-100", 128, 100),
    ("crops", "learned-100", 320, 100),
    ("crops", "learned-050", 128, 100),
    ("crops", "learned-010", 23, 100),  # with its frame 0.1 bpp
    ("plain", "learned-photo", 23, 200),
    ("plain", "learned-photo", 64, 200),
    ("plain", "learned-photo", 128, 200),
)
SEED = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    rows = [one_run(folder, *job) for job in RUNS]
    recommended = rows[0]
    record.write(
        "learned_files",
        {"runs": rows},
        config={"runs": RUNS},
        seed=SEED,
        data={"sets": "crops, test, 64x64: crops are of kind cifar, plain of kind plain"},
        bars={
            "files": record.bar(recommended["files"], at_least=500),
            "wrong": record.bar(sum(one["wrong"] for one in rows), at_most=0),
            "refused, percent": record.bar(100 * recommended["refused"] / recommended["files"], at_most=2.0),
            "net bpp": record.bar(recommended["net_bpp"], at_least=0.5),
        },
        codecs=(),
    )


def one_run(folder: Path, kind: str, model: str, size: int, count: int) -> dict:
    """Exact, refused and wrong files of one model and length."""
    pictures = crops.load(folder / kind, "test").pictures
    jobs = (delayed(one_file)(picture, model, size, place) for place, picture in enumerate(pictures[:count]))
    outcomes = Parallel(n_jobs=2)(jobs)
    found = {name: outcomes.count(name) for name in ("exact", "refused", "wrong")}
    print(kind, model, size, found, flush=True)
    net = 8 * size / pictures[0][:, :, 0].size
    return {"crops": kind, "model": model, "file_bytes": size, "net_bpp": net, "files": count, **found}


def one_file(picture: np.ndarray, model: str, size: int, place: int) -> str:
    """What became of one file."""
    rng = np.random.default_rng((SEED, size, place))
    message, key = rng.bytes(size), Key(hashlib.sha256(rng.bytes(32)).digest())
    system = StegoSystem(registry.load(model), base.SCHEMES.get("learned"))
    try:
        sent = system.sender(picture, message, None, key, rng.bytes(NONCE_BYTES))
    except EmbeddingError:
        return "refused"
    stage_1 = system.receiver_features(streams.unpack(sent.stream), key).message
    stage_2 = system.receiver_picture(np.asarray(Image.open(io.BytesIO(sent.embedded.png))), key).message
    return "exact" if stage_1 == stage_2 == message else "wrong"


if __name__ == "__main__":
    main()
