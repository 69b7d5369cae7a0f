# SPDX-License-Identifier: Apache-2.0
"""Every shipped scheme on a closed codec: both stages read the very bits, and the stego is what it is said to be."""

import numpy as np
import pytest
from scipy.stats import binom

from semstego.codecs import registry
from semstego.codecs.base import CHANCE_SCALE, within
from semstego.evaluation.hiding import hide_random
from semstego.schemes import base
from semstego.system.stego_system import StegoSystem

BITS = 1600
SCHEMES = [name for name in base.SCHEMES.names() if name not in ("learned", "robust")]  # robust changes other pictures


def system(name):
    scheme = base.SCHEMES.get(name)
    return StegoSystem(registry.load(scheme.default_codec), scheme)


def hide_all(name, pictures, bits=BITS, seed=1):
    rng = np.random.default_rng(seed)
    return [hide_random(system(name), picture, bits, rng) for picture in pictures]


@pytest.fixture(scope="module")
def pictures(photographs):
    return [np.ascontiguousarray(photographs[name][50:114, 100:164]) for name in ("coffee", "chelsea", "astronaut")]


@pytest.fixture(scope="module")
def hidden(pictures):
    """By scheme, three pictures with their messages."""
    return {name: hide_all(name, pictures) for name in SCHEMES}


def changes(hiding):
    return hiding.embedded.symbols.values.astype(int) - hiding.cover.encoding.symbols.values


def stays(encoding):
    """Which carriers must stay as they are: by the law, if there is one."""
    if encoding.law is not None:
        return within(encoding.symbols, encoding.law.chances) == 0
    return encoding.wet_carriers


def test_the_registry_holds_the_schemes_of_the_paper_and_of_the_field():
    assert {"certified", "syndrome", "hill", "suniward", "lsb", "side-informed"} <= set(SCHEMES)


@pytest.mark.parametrize("name", SCHEMES)
def test_both_stages_read_every_bit(hidden, name):
    for hiding in hidden[name]:
        payload = hiding.payload()
        assert payload.shape == (BITS,)
        np.testing.assert_array_equal(hiding.read_features(), payload)
        np.testing.assert_array_equal(hiding.read_picture(), payload)
        assert abs(payload.mean() - 0.5) < 0.06
    assert (hidden[name][0].payload() != hidden[name][1].payload()).any()


@pytest.mark.parametrize("name", SCHEMES)
def test_the_picture_is_the_reconstruction_of_the_symbols_and_encodes_to_them_again(hidden, name):
    codec = registry.load("cr085")
    for hiding in hidden[name]:
        np.testing.assert_array_equal(codec.decode(hiding.embedded.symbols), hiding.embedded.received.picture)
        again = codec.encode(hiding.embedded.received.picture).symbols
        np.testing.assert_array_equal(again.values, hiding.embedded.symbols.values)


@pytest.mark.parametrize("name", SCHEMES)
def test_symbols_change_by_one_and_never_where_they_must_not(hidden, name):
    for hiding in hidden[name]:
        assert np.abs(changes(hiding)).max() == 1
        encoding = hiding.cover.encoding
        assert not within(encoding.symbols, changes(hiding))[stays(encoding)].any()


@pytest.mark.parametrize("name", SCHEMES)
def test_a_cover_is_what_is_sent_with_nothing_hidden(hidden, name):
    for hiding in hidden[name]:
        base = hiding.cover.encoding.symbols
        drawn = hiding.plain.values.astype(int) - base.values
        assert drawn.any() == (name == "certified")
        assert not within(base, drawn)[stays(hiding.cover.encoding)].any()
        np.testing.assert_array_equal(hiding.reconstruction, hiding.system.codec.decode(hiding.plain))


def test_what_is_certified_moves_as_many_symbols_as_what_is_sent_with_nothing_hidden(hidden):
    for hiding in hidden["certified"]:
        chances = np.abs(hiding.cover.encoding.law.chances) / CHANCE_SCALE
        spread = 5 * np.sqrt((chances * (1 - chances)).sum())
        drawn = hiding.plain.values != hiding.cover.encoding.symbols.values
        for moved in (changes(hiding) != 0, drawn):
            assert moved.sum() == pytest.approx(chances.sum(), abs=spread)
        assert ((changes(hiding) != 0) != drawn).any()


def test_lsb_matching_changes_half_of_its_bits_up_and_down_and_syndromes_far_fewer(hidden):
    counts = {name: [np.count_nonzero(changes(one)) for one in found] for name, found in hidden.items()}
    low, high = binom.interval(1 - 1e-6, BITS, 0.5)
    assert all(low <= count <= high for count in counts["lsb"])
    up = [np.count_nonzero(changes(one) > 0) / np.count_nonzero(changes(one)) for one in hidden["lsb"]]
    assert all(0.4 < share < 0.6 for share in up)
    for name in set(SCHEMES) - {"lsb", "certified"}:
        assert all(one < 0.7 * other for one, other in zip(counts[name], counts["lsb"], strict=True))


def test_schemes_differ_in_what_they_change(hidden):
    stegos = [hidden[name][0].embedded.symbols.values.tobytes() for name in SCHEMES]
    assert len(set(stegos)) == len(SCHEMES)


@pytest.mark.parametrize("name", ["lsb", "syndrome", "certified"])
def test_the_same_draws_give_the_same_stegos_and_others_do_not(pictures, hidden, name):
    again, other = (hide_all(name, pictures[:1], seed=seed)[0] for seed in (1, 2))
    np.testing.assert_array_equal(again.embedded.symbols.values, hidden[name][0].embedded.symbols.values)
    np.testing.assert_array_equal(again.plain.values, hidden[name][0].plain.values)
    assert (other.embedded.symbols.values != again.embedded.symbols.values).any()
    assert (other.plain.values != again.plain.values).any() == (name == "certified")


@pytest.mark.parametrize("bits", [8, 216, 40_000])
@pytest.mark.parametrize("name", ["lsb", "syndrome", "certified"])
def test_a_payload_that_does_not_fit_says_so(pictures, name, bits):
    (found,) = hide_all(name, pictures[:1], bits)
    assert found.embedded is None


def test_lsb_matching_leaves_what_is_wet_alone(pictures):
    half_white = pictures[0].copy()
    half_white[:, :40] = 255
    (found,) = hide_all("lsb", [half_white], 1000)
    encoding = found.cover.encoding
    assert 0.3 < encoding.wet.mean() < 1
    assert not (within(encoding.symbols, changes(found)) * within(encoding.symbols, encoding.wet)).any()
    np.testing.assert_array_equal(found.read_picture(), found.payload())
    dry = encoding.symbols.values.size - encoding.wet_symbols
    (too_much,) = hide_all("lsb", [half_white], dry // 8 * 8 + 8)
    assert too_much.embedded is None
