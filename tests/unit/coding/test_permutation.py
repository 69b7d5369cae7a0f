# SPDX-License-Identifier: Apache-2.0
"""The public permutation: every place once, the same for ever, and as good as a random one."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semstego.coding import permutation, polar
from semstego.coding.polar_order import public_order

LARGE = (65535, 65536, 65537, 262144, 999_983, 1_048_577)


@pytest.mark.parametrize("counts", [range(1, 3001), LARGE], ids=["small", "large"])
def test_every_place_comes_once(counts):
    for count in counts:
        found = permutation.positions(count, 0, count)
        assert found.dtype == np.int32
        assert found.min() == 0
        assert found.max() == count - 1
        assert (np.bincount(found) == 1).all(), count


@given(st.integers(1, permutation.MOST), st.data())
def test_a_stretch_is_a_part_of_the_whole_and_all_its_places_exist(count, data):
    first = data.draw(st.integers(0, count))
    last = data.draw(st.integers(first, min(count, first + 200)))
    middle = data.draw(st.integers(first, last))
    whole = permutation.positions(count, first, last)
    parts = [permutation.positions(count, first, middle), permutation.positions(count, middle, last)]
    assert np.array_equal(whole, np.concatenate(parts))
    assert ((whole >= 0) & (whole < count)).all()
    assert np.unique(whole).size == last - first


@pytest.mark.parametrize(("count", "first", "last"), [(0, 0, 0), (5, 0, 6), (5, 3, 2), (5, -1, 2), (2**31 + 1, 0, 1)])
def test_positions_that_are_none_are_refused(count, first, last):
    with pytest.raises(ValueError, match="no positions"):
        permutation.positions(count, first, last)


GOLDEN = {
    1: "df3f619804a92fdb4057192dc43dd748ea778adc52bc498ce80524c014b81119",
    2: "01acecb507abfe1a354aa8064f4af5d3f1acd019e37db3c11c97523b71c76e9d",
    100: "3effd795a4509724608e2abc840ee26a84b50f9f6329bb1ee45b30acc13ab82e",
    4096: "da42b8ea25449d53886b94ee38ea6d58007eee59eff63e90925b1da7e5788b44",
    6144: "8330486423d97b138674bd46bee32bd5f1dc9c18023d88b1fbb2b8a4380d9b4e",
    65537: "3bc4fa8f1931aa2bd6c122ad59de4ce5b451913224ac08abc7351f1850e54706",
    1000000: "36f8c08f895faa814f7377b5c655416ce6095e81a46824df1a7ca9e523282b23",
    30000000: "79658eff50dc29998ae384022d71bf235278f0a7a91d830c9705e47ca464c5ce",
    2147483647: "ef5177accd44bbc11eaacd548e82c88d2dab0e171d3a05038c08c6003bed7a5e",
    2147483648: "ef5177accd44bbc11eaacd548e82c88d2dab0e171d3a05038c08c6003bed7a5e",
}


@pytest.mark.parametrize("count", GOLDEN)
def test_the_permutation_is_the_one_that_was_published(count):
    # A failure here means that pictures made before cannot be read any more.
    places = permutation.positions(count, 0, min(count, 100_000)).astype("<i4")
    assert hashlib.sha256(places.tobytes()).hexdigest() == GOLDEN[count]


def picture_like(rng, maps, side):
    """Chances (maps, side, side) as of a picture: later maps are wetter, whole regions are smooth or wet."""
    coarse = np.kron(rng.random((side // 8, side // 8)), np.ones((8, 8)))
    scale = np.clip(1.4 - np.arange(maps) / maps, 0, 1)[:, None, None] * coarse
    chances = np.rint(rng.random((maps, side, side)) * 2**13 * scale)
    chances[:, coarse < 0.25] = 0
    return chances.astype(np.int16).ravel()


def certified(chances, places):
    return polar.certificate(chances[places], public_order(chances.size), polar.kl_for(0.49)).size


@pytest.mark.parametrize(("maps", "side"), [(24, 32), (10, 40)])
def test_it_certifies_as_many_bits_as_a_random_permutation_and_the_raster_order_does_not(maps, side):
    rng = np.random.default_rng(side)
    found = {"public": 0, "raster": 0, "random": 0.0}
    for _ in range(6):
        chances = picture_like(rng, maps, side)
        found["public"] += certified(chances, permutation.positions(chances.size, 0, chances.size))
        found["raster"] += certified(chances, np.arange(chances.size))
        found["random"] += np.mean([certified(chances, rng.permutation(chances.size)) for _ in range(8)])
    assert found["public"] > 0.99 * found["random"], found
    assert found["raster"] < 0.97 * found["random"], found
