# SPDX-License-Identifier: Apache-2.0
"""The peers that ship: what is said of them here, and that each works in its own environment, where it has one."""

import io

import numpy as np
import pytest

from semstego.errors import PeerError
from semstego.peers import environment
from semstego.peers.base import PEERS

PERMISSIVE = {"MIT", "BSD-3-Clause", "Apache-2.0"}


@pytest.mark.parametrize("name", PEERS.shipped())
def test_a_peer_is_pinned_and_permissive(name):
    peer = PEERS.get(name)
    assert peer.name == name
    assert peer.licence in PERMISSIVE
    assert f"{peer.package}=={peer.version}" in (*peer.requirements, *peer.bare)
    assert all("==" in one for one in (*peer.requirements, *peer.bare))


@pytest.mark.parametrize("name", PEERS.shipped())
def test_a_payload_is_whole_bytes_and_grows_with_the_picture(name):
    peer = PEERS.get(name)
    small, large = (peer.payload_bits(np.zeros((side, side + 9, 3), np.uint8)) for side in (8, 600))
    assert 0 <= small <= large
    assert large % 8 == 0
    assert large >= 32


def test_a_peer_that_is_not_installed_says_how_to(monkeypatch, tmp_path):
    monkeypatch.setenv(environment.VARIABLE, str(tmp_path))
    with pytest.raises(PeerError, match="semstego peers install blind-watermark"):
        environment.worker("blind-watermark")


def test_environments_lie_where_they_are_asked_for(monkeypatch, tmp_path):
    monkeypatch.setenv(environment.VARIABLE, str(tmp_path))
    assert environment.folder() == tmp_path
    monkeypatch.delenv(environment.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert environment.folder() == tmp_path / "semstego" / "peers"


class Missing(type(PEERS.get("stego-lsb"))):
    """A peer whose package cannot be had."""

    package = "semstego-peer-that-is-none"
    requirements = ("./nothing-here.whl",)


def test_an_installation_that_was_cut_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv(environment.VARIABLE, str(tmp_path))
    assert not environment.is_installed(Missing())
    environment.python(Missing()).parent.mkdir(parents=True)
    environment.python(Missing()).write_text("")
    assert not environment.is_installed(Missing())
    mark = tmp_path / Missing.package / "installed"
    mark.write_text("another.whl")
    assert not environment.is_installed(Missing())
    mark.write_text("./nothing-here.whl")
    assert environment.is_installed(Missing())


@pytest.mark.slow
def test_what_pip_cannot_install_ends_in_one_error_each_time(monkeypatch, tmp_path):
    monkeypatch.setenv(environment.VARIABLE, str(tmp_path))
    for _ in range(2):  # what the first try left is no installation
        with pytest.raises(PeerError, match="ERROR: "):
            environment.install(Missing())
        assert not environment.is_installed(Missing())


@pytest.mark.slow
@pytest.mark.parametrize("name", [one for one in PEERS.shipped() if not one.startswith(("dwt-dct", "steganogan"))])
def test_a_peer_gives_its_message_back_in_its_own_environment(name, photographs):
    peer = PEERS.get(name)
    if not environment.is_installed(peer):
        pytest.skip(f"{name} is not installed")
    picture = photographs["astronaut"][:, :, :3]
    message = bytes(range(40, 72))[: peer.payload_bits(picture) // 8]
    with environment.worker(name) as worker:
        stego = worker.hide(picture, message)
        assert stego.shape == picture.shape
        assert worker.reveal(stego, len(message)) == message


def test_a_picture_from_a_worker_is_a_file_that_numpy_reads(rng):
    from semstego.peers import wire

    picture = rng.integers(0, 256, (4, 5, 3), np.uint8)
    assert np.array_equal(np.load(io.BytesIO(wire.picture_bytes(picture)), allow_pickle=False), picture)
