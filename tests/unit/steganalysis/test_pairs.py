# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.steganalysis.pairs import Pairs


def pairs(count, shape=(2, 3, 3)):
    cover = np.arange(count * int(np.prod(shape)), dtype=np.uint8).reshape(count, *shape) // 2 * 2
    return Pairs(cover, cover + 1, np.arange(count) // 2)


@pytest.mark.parametrize(("stego", "photographs"), [((4, 1, 2, 2), 4), ((4, 1, 2, 3), 5), ((5, 1, 2, 3), 4)])
def test_what_is_no_pairs_is_refused(stego, photographs):
    with pytest.raises(ValueError, match="pairs wanted"):
        Pairs(np.zeros((4, 1, 2, 3)), np.zeros(stego), np.arange(photographs))


@settings(deadline=None)
@given(st.integers(1, 30), st.sampled_from([(2, 3, 3), (5,)]), st.integers(0, 2**32))
def test_swapping_exchanges_whole_pairs_and_nothing_else(count, shape, seed):
    before = pairs(count, shape)
    after = before.swapped(np.random.default_rng(seed))
    turned = np.array([(one == other).all() for one, other in zip(after.cover, before.stego, strict=True)])
    np.testing.assert_array_equal(after.cover[turned], before.stego[turned])
    np.testing.assert_array_equal(after.stego[turned], before.cover[turned])
    np.testing.assert_array_equal(after.cover[~turned], before.cover[~turned])
    np.testing.assert_array_equal(after.stego[~turned], before.stego[~turned])
    assert after.photographs is before.photographs


def test_half_of_many_pairs_are_swapped():
    after = pairs(2000).swapped(np.random.default_rng(1))
    assert abs((after.cover[:, 0, 0, 0] % 2).mean() - 0.5) < 4 * 0.5 / 2000**0.5


def test_some_rows_keep_their_partners_and_photographs():
    some = pairs(9).take(np.array([7, 2]))
    np.testing.assert_array_equal(some.stego, some.cover + 1)
    np.testing.assert_array_equal(some.photographs, [3, 1])
    assert len(some) == 2
    assert some.are_maps
    assert not pairs(4, (3,)).are_maps
