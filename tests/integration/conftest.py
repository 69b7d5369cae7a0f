# SPDX-License-Identifier: Apache-2.0
"""Folders of covers and stegos, as a warden finds them."""

import numpy as np
import pytest
from PIL import Image

from semstego.steganalysis.controls import lsb_matching

COUNT = 60
SIDE = 48


@pytest.fixture(scope="session")
def crops(photographs):
    """60 places of the bundled photographs; one photograph's overlap no other's."""
    rng = np.random.default_rng(1)
    pictures = [one for one in photographs.values() if one.shape[2] == 3]
    found = []
    for number in range(COUNT):
        picture = pictures[number % len(pictures)]
        top, left = (rng.integers(have - SIDE + 1) for have in picture.shape[:2])
        found.append(picture[top : top + SIDE, left : left + SIDE])
    return np.stack(found)


@pytest.fixture(scope="session")
def folders(tmp_path_factory, crops):
    """Covers, and the same with LSB matching in every value."""
    folder = tmp_path_factory.mktemp("pictures")
    stegos = lsb_matching(crops, 1.0, np.random.default_rng(2))
    for name, pictures in (("covers", crops), ("stegos", stegos)):
        (folder / name).mkdir()
        for number, picture in enumerate(pictures):
            Image.fromarray(picture).save(folder / name / f"{number:03}.png")
    return folder
