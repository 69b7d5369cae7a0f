# SPDX-License-Identifier: Apache-2.0
"""Pictures, plans and a codec of which training takes seconds."""

from itertools import islice

import numpy as np
import pytest
import torch

from semstego.codecs.convolutional import shaped_weights
from semstego.codecs.convolutional.codec import CodecShape, ConvolutionalCodec
from semstego.codecs.convolutional.networks import start_near_identity
from semstego.datasets import set_folder
from semstego.datasets.built import crops
from semstego.training.codec import CodecPlan
from semstego.training.hiding_plan import LearnedPlan
from tests.unit.training.runs import ADAM, TINY


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def folders(photographs, tmp_path_factory):
    """Crops of three photographs, 32 x 32 pixels: 72 or eight to train on, and eight others."""
    rng = np.random.default_rng(1)
    names = ("astronaut", "chelsea", "coffee")
    small = np.stack([one for name in names for one in islice(crops.crops(photographs[name], rng), 27)])[:, ::2, ::2]
    held_out = np.arange(len(small)) % 10 == 9
    place = tmp_path_factory.mktemp("data")
    for count in (72, 8):
        with set_folder.created(place / str(count), "crops.json", {}, force=False) as write:
            for name, chosen in (("train", small[~held_out][:count]), ("validation", small[held_out])):
                write(name, {"pictures": chosen.copy(), "photographs": np.zeros(len(chosen), np.int16)}, crops.CLASSES)
    return {count: place / str(count) for count in (72, 8)}


@pytest.fixture(scope="module")
def codec_file(tmp_path_factory):
    """A codec with 16 hidden channels, near the identity."""
    codec = ConvolutionalCodec(CodecShape(hidden=16))
    start_near_identity(codec.encoder, codec.decoder, torch.Generator().manual_seed(1))
    path = tmp_path_factory.mktemp("codec") / "codec.safetensors"
    path.write_bytes(shaped_weights.to_bytes(codec))
    return path


@pytest.fixture
def tiny(folders):
    """Makes plans whose steps take some hundredths of a second."""

    def plan(pictures=8, **changed):
        start = {"seed": 1, "epochs": 2, "batch": 4, "tile": 16, "architecture": TINY, "optimiser": ADAM}
        return LearnedPlan.model_validate({"data": {"set": "crops", "folder": folders[pictures]}, **start, **changed})

    return plan


@pytest.fixture
def quick_codec(folders):
    """Makes plans for the codec alone."""

    def plan(**changed):
        adam = {**ADAM, "learning_rate": 0.0015, "warm_up": 0.01}
        start = {"seed": 1, "epochs": 4, "batch": 6, "tile": 16, "optimiser": adam, "architecture": {"hidden": 16}}
        return CodecPlan.model_validate({"data": {"set": "crops", "folder": folders[72]}, **start, **changed})

    return plan
