# SPDX-License-Identifier: Apache-2.0
"""Pictures that tests of several folders use."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def covers(photographs):
    """Parts of four photographs, float ``(4, 3, 40, 40)`` in [0, 1]."""
    torch = pytest.importorskip("torch")
    names = ("astronaut", "chelsea", "coffee", "rocket")
    parts = np.stack([photographs[name][60:100, 150:190] for name in names])
    return torch.from_numpy(parts).permute(0, 3, 1, 2).float() / 255
