# SPDX-License-Identifier: Apache-2.0
"""Changes that prefer no direction: LSB matching, and embedding that is simulated."""

import numpy as np
from numpy.typing import NDArray


def coin_steps(values: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.int16]:
    """+1 or -1 for each value, as a coin falls; at the ends of the range the only way there is."""
    steps = rng.choice(np.array([-1, 1], np.int16), values.shape)
    steps[values == 0], steps[values == 255] = 1, -1
    return steps
