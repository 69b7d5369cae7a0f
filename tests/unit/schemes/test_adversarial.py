# SPDX-License-Identifier: Apache-2.0
"""The adversarial scheme: exact at both stages, read without its network, the same costs in tiles as in one piece."""

import numpy as np
import pytest
import torch

import semstego
from semstego.codecs import registry
from semstego.codecs import stream as stream_format
from semstego.codecs.convolutional import shaped_weights
from semstego.errors import ArgumentError, NothingFoundError, WeightsError
from semstego.schemes.adversarial import scheme as adversarial
from semstego.schemes.adversarial.network import CostMaps, CostShape
from semstego.schemes.adversarial.scheme import AdversarialScheme
from semstego.schemes.base import Cover

MESSAGE = b"costs that were learned from those who look"
WORDS = "a long passphrase of some words"


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A narrow network whose costs differ from place to place."""
    torch.manual_seed(0)
    network = CostMaps(CostShape(10, 4, 2))
    torch.nn.init.normal_(network.costs.weight, 0, 1.0)
    torch.nn.init.normal_(network.prediction, 0, 0.05)
    path = tmp_path_factory.mktemp("weights") / "costs.safetensors"
    path.write_bytes(shaped_weights.to_bytes(network))
    return path


def test_a_new_network_has_one_cost_for_all():
    symbols = torch.randint(0, 256, (2, 10, 9, 7)).float()
    costs = CostMaps(CostShape(10, 4, 2)).eval()(symbols, torch.zeros_like(symbols))
    assert costs.shape == (2, 2, 10, 9, 7)
    assert (costs == 1).all()


def test_files_come_back_at_both_stages_and_without_the_network(weights, photographs, tmp_path):
    scheme = AdversarialScheme(weights=weights)
    hidden = semstego.hide(photographs["chelsea"][1:, 1:], MESSAGE, passphrase=WORDS, scheme=scheme)
    for where in (hidden.stream, hidden.picture):
        assert semstego.reveal(where, passphrase=WORDS, scheme="syndrome").message == MESSAGE
        assert semstego.reveal(where, passphrase=WORDS).message == MESSAGE
        with pytest.raises(NothingFoundError):
            semstego.reveal(where, passphrase="other words")


def test_changes_go_where_the_network_says(weights, photographs):
    codec = registry.load("cr085-plain")
    cover = Cover(np.ascontiguousarray(photographs["coffee"][:128, :128]), codec)
    scheme = AdversarialScheme(weights=weights)
    plus, minus = scheme.change_costs(cover).costs
    stream = semstego.hide(cover.picture, bytes(200), passphrase=WORDS, scheme=scheme, codec="cr085-plain").stream
    symbols = stream_format.symbols_in(stream_format.unpack(stream), codec)
    moves = symbols.carriers.astype(int).ravel() - cover.encoding.symbols.carriers.ravel()
    dry = ~cover.encoding.wet_carriers.ravel()
    for move, costs in ((1, plus), (-1, minus)):
        assert np.log(costs[moves == move]).mean() < np.log(costs[dry]).mean() - 0.3


def test_tiles_make_no_difference(weights, photographs, monkeypatch):
    codec = registry.load("cr085-plain")
    cover = Cover(photographs["chelsea"], codec)
    scheme = AdversarialScheme(weights=weights)
    whole = scheme.change_costs(cover).costs
    monkeypatch.setattr(adversarial, "TILE", 32)
    np.testing.assert_allclose(scheme.change_costs(cover).costs, whole, rtol=1e-3)


def test_codecs_of_other_maps_are_refused(weights, photographs):
    with pytest.raises(ArgumentError, match="10 maps"):
        AdversarialScheme(weights=weights).change_costs(Cover(photographs["chelsea"], registry.load("cr025-plain")))


def test_weights_of_other_things_are_refused(tmp_path, photographs):
    cover = Cover(photographs["chelsea"], registry.load("cr085-plain"))
    (tmp_path / "none.safetensors").write_bytes(b"nothing")
    for name in ("none.safetensors", "absent.safetensors"):
        with pytest.raises(WeightsError):
            AdversarialScheme(weights=tmp_path / name).change_costs(cover)


@pytest.mark.parametrize(("name", "value"), [("costs.bias", float("nan")), ("prediction", 3e38)])
def test_networks_that_find_no_costs_are_refused(weights, tmp_path, photographs, name, value):
    network = shaped_weights.from_file(weights, CostMaps)
    network.state_dict()[name][...] = value
    (tmp_path / "bad.safetensors").write_bytes(shaped_weights.to_bytes(network))
    cover = Cover(photographs["chelsea"], registry.load("cr085-plain"))
    with pytest.raises(WeightsError):
        AdversarialScheme(weights=tmp_path / "bad.safetensors").change_costs(cover)


def test_a_file_that_took_anothers_place_is_read(weights, tmp_path, photographs):
    cover, place = Cover(photographs["chelsea"], registry.load("cr085-plain")), tmp_path / "mine.safetensors"
    found = []
    for network in (CostMaps(CostShape(10, 4, 2)), shaped_weights.from_file(weights, CostMaps)):
        place.write_bytes(shaped_weights.to_bytes(network))
        found.append(AdversarialScheme(weights=place).change_costs(cover).costs)
    assert (found[0] == 1).all()
    assert (found[1] != 1).any()


@pytest.mark.parametrize("sizes", [(0, 1, 1), (10, 10**6, 1), (10, 4, 99), (10, 4.0, 1)])
def test_sizes_out_of_range_are_refused(sizes):
    with pytest.raises(ValueError, match="is from 1 to"):
        CostShape(*sizes)
