# SPDX-License-Identifier: Apache-2.0
"""Do equal inputs give equal bytes elsewhere? Public orders, permutations, and streams and pictures with a seed.

    python -m experiments.exactness.portability       # results/portability.json; fetches the oldest NumPy by pip

A fresh process computes SHA-256 digests under each setting: the oldest NumPy that `pyproject.toml` allows and the
installed one, 1 to 7 threads, code for this very processor, for one without AVX2 and FMA, and for any of its kind.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from importlib import resources

import numpy as np
from rich.progress import track

from experiments import record

LENGTHS = (1, 2, 3, 5, 96, 1000, 4097, 65_536, 100_003, 1 << 20)
COVERS = ("coffee", "camera")  # colour and grey
THREADS = range(1, 8)
PROCESSORS = {
    "this processor": {},
    "without AVX2 and FMA": {"NUMBA_CPU_FEATURES": "-avx,-avx2,-avx512f,-fma"},
    "generic": {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
}


def digests() -> dict[str, str]:
    """What is to be equal, each by its SHA-256."""
    import semstego
    from semstego.codecs import registry
    from semstego.coding.permutation import positions
    from semstego.coding.polar_order import public_order
    from semstego.io.pictures import load_picture
    from semstego.message.draws import Draws
    from semstego.schemes import base
    from semstego.system.stego_system import StegoSystem

    found = {f"order of {length}": public_order(length).astype("<i4").tobytes() for length in LENGTHS}
    found |= {f"permutation of {length}": positions(length, 0, length).astype("<i4").tobytes() for length in LENGTHS}
    key = semstego.Key(bytes(range(32)))
    for name in COVERS:
        file = resources.files("semstego") / "datasets" / "photographs" / f"{name}.png"
        cover = load_picture(file.read_bytes())
        for codec in (*record.PICTURE_POINTS, *record.PLAIN_POINTS):
            scheme = "certified" if codec in record.PICTURE_POINTS else "syndrome"
            options = {"codec": codec, "scheme": scheme, "nonce": bytes(8), "allow_jpeg_history": True}
            hidden = semstego.hide(np.squeeze(cover), b"a message", key=key, **options)
            system = StegoSystem(registry.load(codec), base.SCHEMES.get(scheme))
            found[f"{name} by {codec}: stream"] = hidden.stream
            found[f"{name} by {codec}: picture"] = hidden.picture.tobytes()
            found[f"{name} by {codec}: sent"] = system.send(cover, Draws(bytes(32)))
    return {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}


def in_a_process(environment: dict[str, str]) -> dict:
    """Digests under these settings, and the version of NumPy that they were made with."""
    with tempfile.TemporaryDirectory() as cache:
        ran = subprocess.run(
            [sys.executable, "-m", "experiments.exactness.portability", "--digests"],
            env=os.environ | {"NUMBA_CACHE_DIR": cache} | environment,
            cwd=record.ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    return json.loads(ran.stdout)


def oldest_numpy(folder: str) -> dict[str, str]:
    """The oldest NumPy that is allowed, put into a folder; what to set for it to be imported."""
    wanted = tomllib.loads((record.ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    (least,) = (re.fullmatch(r"numpy>=([\d.]+)", one).group(1) for one in wanted if one.startswith("numpy"))
    version = least if least.count(".") == 2 else f"{least}.0.0" if "." not in least else f"{least}.0"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, f"numpy=={version}"]
    subprocess.run(command, check=True)
    return {"PYTHONPATH": os.pathsep.join([folder, *filter(None, sys.path)])}


def main() -> None:
    """Run."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {f"{count} threads": {"NUMBA_NUM_THREADS": str(count)} for count in THREADS}
        settings |= PROCESSORS | {"oldest NumPy": oldest_numpy(folder)}
        found = {name: in_a_process(settings[name]) for name in track(settings, "settings")}
    expected = found["this processor"]["digests"]
    differ = {
        name: [what for what, digest in one["digests"].items() if digest != expected[what]]
        for name, one in found.items()
    }
    record.write(
        "portability",
        {"numpy": {name: one["numpy"] for name, one in found.items()}, "differ": differ, "digests": expected},
        config={"lengths": LENGTHS, "settings": list(settings)},
        seed=0,
        data=None,
        codecs=(*record.PICTURE_POINTS, *record.PLAIN_POINTS),
        bars={
            "settings tried": record.bar(len(found), at_least=11),
            "digests in each": record.bar(len(expected), at_least=2 * len(LENGTHS)),
            "digests that differ": record.bar(sum(map(len, differ.values())), at_most=0),
        },
    )


if __name__ == "__main__":
    if "--digests" in sys.argv:
        print(json.dumps({"numpy": np.__version__, "digests": digests()}))
    else:
        main()
