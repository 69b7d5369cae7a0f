# SPDX-License-Identifier: Apache-2.0
"""``semstego fit-codec``: a folder of photographs becomes weights and their card."""

import hashlib
import os
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

import semstego
from semstego.codecs import stream
from semstego.codecs.base import Picture
from semstego.codecs.block import weights as block_weights
from semstego.codecs.block.basis import BlockBasis
from semstego.codecs.block.codec import KINDS, BlockCodec
from semstego.codecs.block.fitting import DESIGNS, fit_bases, fit_entropy
from semstego.codecs.stream import NAME
from semstego.datasets.folder import in_channels, photographs, provenance
from semstego.errors import OutputError
from semstego.io.files import check_output, make_folder, write_all
from semstego.metrics.image import psnr_db


class TaskFit(NamedTuple):
    """Configuration of the fit of the colour basis (:mod:`semstego.training.basis`), and the run's folder."""

    config: Path
    run: Path


def fit_and_write(
    folder: Path,
    output: Path,
    *,
    like: str,
    dither: float,
    only: Path | None,
    task: TaskFit | None,
    force: bool,
    progress: Callable[[str, float], None],
) -> None:
    """Fit the design ``like`` to the photographs in ``folder``; write weights and, beside them, a YAML card.

    ``dither`` is the width of the codec's dither [steps], a part of the file and not of the fit. With ``task`` the
    colour basis is then moved under eq. 3.
    """
    card = output.with_suffix(".yaml")
    for path in (output, card):
        check_output(path, force=force)
    if not NAME.fullmatch(os.fsencode(output.stem)):
        raise OutputError(f"{output}: the file's name becomes the codec's, 1 to 16 printable ASCII characters")
    start = time.perf_counter()
    paths = photographs(folder, only)
    pictures = {channels: list(in_channels(paths, channels)) for channels in (3, 1)}
    bases, moved = fit_bases(like, pictures, progress), dict[str, Any]()
    if task:
        bases[3], moved = _fitted_to_task(bases[3], task, progress)
    codec = replace(fit_entropy(output.stem, bases, pictures, progress), dither=dither)
    weights = block_weights.to_bytes(codec)
    command = f"semstego fit-codec {folder} -o {output.name} --like {like}" + (f" --only {only}" if only else "")
    command += "" if dither == 1 else f" --dither {dither}"
    command += f" --task {task.config} --run {task.run}" if task else ""
    facts = {"name": codec.name, "command": command} | _card(codec, like, weights, time.perf_counter() - start) | moved
    facts["figures"] = {"on the photographs it was fitted to": _figures(codec, pictures)}
    facts["data"] = provenance(folder, paths)
    text = yaml.safe_dump(facts, sort_keys=False, allow_unicode=True, width=120)
    write_all({output: weights, card: text.encode()}, force=force)


def _fitted_to_task(
    start: BlockBasis, task: TaskFit, progress: Callable[[str, float], None]
) -> tuple[BlockBasis, dict[str, Any]]:
    """The basis moved under eq. 3, and what the card says of that."""
    from semstego.training import loop
    from semstego.training.basis import TaskCodecPlan, fit_basis  # torch is for those who ask for a task
    from semstego.training.config import read_config

    plan = read_config(task.config, TaskCodecPlan)
    make_folder(task.run)
    basis, figures = fit_basis(plan, start, task.run, loop.fabric(plan), progress)
    return basis, {"colour basis moved under eq. 3": plan.model_dump(mode="json") | {"on its validation set": figures}}


def _figures(codec: BlockCodec, pictures: dict[int, list[Picture]]) -> dict[str, dict[str, float]]:
    """Mean PSNR of the reconstruction and mean bits per pixel of the stream."""
    figures = {}
    for channels, kind in KINDS.items():
        quality, size = [], []
        for picture in pictures[channels]:
            symbols = codec.encode(picture).symbols
            quality.append(psnr_db(codec.decode(symbols), picture))
            size.append(8 * len(stream.write(symbols, codec)) / symbols.pixels)
        figures[kind] = {"psnr_db": round(float(np.mean(quality)), 2), "stream_bpp": round(float(np.mean(size)), 3)}
    return figures


def _card(codec: BlockCodec, like: str, weights: bytes, seconds: float) -> dict[str, Any]:
    bases = {
        kind: {
            "block": codec.basis(channels).block,
            "kept": codec.basis(channels).kept,
            "compression_ratio": round(codec.basis(channels).compression_ratio, 4),
            "steps": [round(float(step), 4) for step in codec.basis(channels).steps],
        }
        for channels, kind in KINDS.items()
    }
    return {
        "what": "closed block codec for semstego: integer bases and entropy tables; a linear transform, no network",
        "design": {"like": like, **{str(k): list(v) for k, v in DESIGNS[like].items()}},
        "dither": codec.dither,
        "sha256": hashlib.sha256(weights).hexdigest(),
        "fingerprint": codec.fingerprint.hex(),
        "licence": "Apache-2.0 (the weights; the photographs keep their own licences and are not contained)",
        "device": f"{platform.machine()} CPU",
        "minutes": round(seconds / 60, 1),
        "versions": {"semstego": semstego.__version__, "numpy": np.__version__, "python": platform.python_version()},
        "bases": bases,
    }
