# SPDX-License-Identifier: Apache-2.0
"""Pictures and codecs that many tests use."""

import json
from importlib import resources

import numpy as np
import pytest

from semstego.codec import operating_point
from semstego.codec.operating_point import SHIPPED
from semstego.data.io import load_picture
from semstego.message.cipher import Key


@pytest.fixture(scope="session")
def key():
    """A master key without the slow derivation."""
    return Key(bytes(range(32)))


@pytest.fixture(params=SHIPPED)
def point(request):
    return operating_point.load(request.param)


@pytest.fixture(scope="session")
def photographs():
    """The bundled photographs, by name."""
    folder = resources.files("semstego") / "data" / "photographs"
    names = [entry["file"] for entry in json.loads((folder / "credits.json").read_text())]
    return {name.split(".")[0]: load_picture((folder / name).read_bytes()) for name in names}


@pytest.fixture
def rng():
    return np.random.default_rng(20261122)
