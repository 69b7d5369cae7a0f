# SPDX-License-Identifier: Apache-2.0
"""SRM, the spatial rich model, with all its quantisation steps, as the library sealwatch computes it.

[Fridrich2012] J. Fridrich, J. Kodovsky, "Rich models for steganalysis of digital images", IEEE TIFS 7(3), 2012.
"""

import numpy as np
from numpy.typing import NDArray

from semstego.steganalysis.sealwatch import sealwatch

SRM_SIZE = 34_671  # features of one channel


def srm_per_channel(maps: NDArray[np.uint8]) -> NDArray[np.float32]:
    """SRM features of every channel, one channel after another; a channel takes seconds.

    sealwatch goes through a set of submodels, whose order differs from process to process; here they are sorted.

    Args:
        maps: uint8 ``(n, c, h, w)``, symbols or pictures with the channels first.

    Returns:
        float32 ``(n, c * 34671)``.

    Raises:
        SemstegoError: If sealwatch is not installed.
    """
    extract = sealwatch().srm.extract
    rows = [
        np.concatenate([submodels[name].ravel() for submodels in map(extract, one) for name in sorted(submodels)])
        for one in maps
    ]
    return np.stack(rows).astype(np.float32)
