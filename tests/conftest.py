# SPDX-License-Identifier: Apache-2.0
"""Pictures and codecs that many tests use."""

import json
from importlib import resources

import numpy as np
import pytest

from semstego.codecs import registry
from semstego.io.pictures import load_picture
from semstego.message.cipher import Key

SHIPPED = ("cr085", "cr050", "cr025", "task")


@pytest.fixture(scope="session")
def key():
    """A master key without the slow derivation."""
    return Key(bytes(range(32)))


@pytest.fixture(params=SHIPPED)
def point(request):
    return registry.load(request.param)


@pytest.fixture(scope="session")
def photographs():
    """The bundled photographs, by name."""
    folder = resources.files("semstego") / "datasets" / "photographs"
    names = [entry["file"] for entry in json.loads((folder / "credits.json").read_text())]
    return {name.split(".")[0]: load_picture((folder / name).read_bytes()) for name in names}


@pytest.fixture(scope="session")
def related():
    """Maps whose last one is the mean of the first two, rounded: ``related(rng, count)``."""

    def draw(rng, count, channels=4, side=16):
        maps = 128 + np.cumsum(rng.normal(0, 1.5, (count, channels, side, side)), axis=3)
        maps[:, -1] = (maps[:, 0] + maps[:, 1]) / 2
        return np.clip(np.rint(maps), 0, 255).astype(np.uint8)

    return draw


@pytest.fixture
def rng():
    return np.random.default_rng(20261122)
