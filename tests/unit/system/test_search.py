# SPDX-License-Identifier: Apache-2.0
"""A receiver who knows neither codec nor scheme: every shipped one is found, what was told is obeyed."""

import subprocess
import sys
from importlib.metadata import EntryPoint

import numpy as np
import pytest
import torch
from PIL import Image

import semstego
from semstego import registry as parts
from semstego.codecs import registry, stream
from semstego.codecs.base import Encoding, Symbols
from semstego.datasets.enlarge import softened
from semstego.errors import NothingFoundError, PictureError, SemstegoError, StreamError
from semstego.message.cipher import Key
from semstego.registry import Registry
from semstego.schemes import base
from semstego.schemes.base import Scheme
from semstego.schemes.lsb import LsbMatching
from semstego.system import search
from semstego.system.stego_system import StegoSystem

KEY, OTHER_KEY = Key(bytes(range(32))), Key(bytes(32))
MESSAGE = b"found by itself"
SHIPPED = base.SCHEMES.shipped()
BLOCK = ["cr085", "cr050", "cr025", "task"]
PLAIN = [f"{name}-plain" for name in BLOCK]
CLASSICAL = [name for name in SHIPPED if name not in ("learned", "robust")]


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def cover(photographs):
    large = Image.fromarray(photographs["coffee"][:384, 100:484]).resize((64, 64), Image.Resampling.BOX)
    return softened(np.asarray(large)[None], 32)[0]


def home(scheme, point):
    """The codec of an operating point that a scheme hides in: without dither, unless the scheme keeps its law."""
    return registry.twin_for(point, keeps_law=base.SCHEMES.get(scheme).keeps_law)


@pytest.fixture(scope="module")
def sent(cover):
    """Hidden once with each scheme and codec: ``sent(scheme, codec)``."""
    done = {}

    def hide(scheme, codec):
        if (scheme, codec) not in done:
            system = StegoSystem(registry.load(codec), base.SCHEMES.get(scheme))
            done[scheme, codec] = system.sender(cover, MESSAGE, None, KEY, bytes(8))
        return done[scheme, codec]

    return hide


def in_stream(out, codec, schemes=None, key=KEY):
    return search.in_stream(stream.unpack(out.stream), registry.load(codec), schemes or search.shipped_schemes(), key)


def in_picture(out, schemes=None, codecs=None, key=KEY):
    candidates = registry.names() if codecs is None else codecs
    picture = out if isinstance(out, np.ndarray) else out.embedded.received.picture
    return search.in_pictures([picture], candidates, schemes or search.shipped_schemes(), key)


# --- every shipped scheme is found


def test_the_default_comes_first_and_no_class_of_schemes_is_left_out_or_tried_twice():
    found = search.shipped_schemes()
    assert found[0].name == base.DEFAULT
    kinds = [search.reading(scheme) for scheme in found]
    assert len(set(kinds)) == len(kinds)
    assert set(kinds) == {search.reading(base.SCHEMES.get(name)) for name in SHIPPED}
    assert len(found) < len(SHIPPED)


@pytest.mark.parametrize(
    ("name", "point"),
    [(name, point) for name in CLASSICAL for point in ("cr085", "cr025") if (name, point) != ("adversarial", "cr025")],
)
def test_schemes_are_found_at_both_stages(sent, name, point):
    """A picture does not show whether its codec rounded at random: the point is found by its first name."""
    codec = home(name, point)
    out = sent(name, codec)
    for (used, scheme, opened), called in ((in_stream(out, codec), codec), (in_picture(out), point)):
        assert opened.message == MESSAGE
        assert used.name == called
        assert search.reading(scheme) == search.reading(base.SCHEMES.get(name))


def test_the_default_hides_in_the_dither_of_its_codec():
    assert home(base.DEFAULT, "cr085") == base.SCHEMES.get(base.DEFAULT).default_codec == "cr085"
    assert home("syndrome", "cr085") == base.SCHEMES.get("syndrome").default_codec == "cr085-plain"
    assert registry.load("cr085").dither == 1
    assert registry.load("cr085-plain").dither == 0


def test_the_learned_scheme_is_found_at_both_stages(sent):
    """Of the shipped models the one that made the picture is tried among others."""
    out = sent("learned", "learned-100")
    models = ["cr085", "learned-050", "learned-100"]
    for used, scheme, opened in (in_stream(out, "learned-100"), in_picture(out, codecs=models)):
        assert opened.message == MESSAGE
        assert (used.name, scheme.name) == ("learned-100", "learned")


def test_the_dither_of_an_open_codec_is_found_by_a_scheme_that_keeps_its_law(sent):
    """And what the learned scheme hid in the twin without dither is told apart from it."""
    models = ["cr085", "dithered-100", "learned-100"]
    for scheme, point in (("certified", "dithered-100"), ("learned", "learned-100")):
        out = sent(scheme, point)
        for used, found, opened in (in_stream(out, point), in_picture(out, codecs=models)):
            assert opened.message == MESSAGE
            assert (used.name, found.name) == (point, scheme)


@pytest.fixture(scope="module")
def marked(photographs):
    """A robust message, which needs more room."""
    system = StegoSystem(registry.load("cr085"), base.SCHEMES.get("robust"))
    return system.sender(np.ascontiguousarray(photographs["coffee"][:192, :256]), MESSAGE, None, KEY, bytes(8))


def test_a_robust_message_is_found_in_the_stream_and_in_the_picture_itself(marked):
    used, scheme, opened = in_stream(marked, "cr085")
    assert (used.name, scheme.name, opened.message) == ("cr085", "robust", MESSAGE)
    altered = (marked.embedded.received.picture // 2 + 60).astype(np.uint8)  # no codec made this
    for picture in (marked.embedded.received.picture, altered):
        found = semstego.reveal(picture, key=KEY)
        assert (found.codec, found.scheme, found.stage, found.message) == (None, "robust", "picture", MESSAGE)


def test_a_robust_message_is_not_found_by_another_key_or_where_another_scheme_is_asked_for(marked):
    picture = marked.embedded.received.picture
    with pytest.raises(NothingFoundError):
        in_stream(marked, "cr085", key=OTHER_KEY)
    for key, scheme in ((OTHER_KEY, "robust"), (KEY, "syndrome")):
        with pytest.raises(NothingFoundError):
            semstego.reveal(picture, key=key, scheme=scheme)


def test_a_stego_by_an_object_of_a_shipped_class_is_found_too(sent, cover):
    out = StegoSystem(registry.load("cr085-plain"), LsbMatching("mine")).sender(cover, MESSAGE, None, KEY, bytes(8))
    assert in_picture(out)[2].message == MESSAGE


@pytest.mark.parametrize("name", CLASSICAL)
def test_another_key_finds_nothing(sent, name):
    codec = home(name, "cr085")
    out = sent(name, codec)
    with pytest.raises(NothingFoundError):
        in_stream(out, codec, key=OTHER_KEY)
    with pytest.raises(NothingFoundError):
        in_picture(out, codecs=["cr085", "cr050"], key=OTHER_KEY)


def test_a_plain_picture_has_nothing(sent, cover):
    dithered, plain = sent("certified", "cr085"), sent("syndrome", "cr085-plain")
    drawn = dithered.embedded.codec.decode(
        stream.symbols_in(stream.unpack(semstego.send(cover)), registry.load("cr085"))
    )
    for picture in (cover, drawn, dithered.cover.reconstruction, plain.cover.reconstruction):
        with pytest.raises(NothingFoundError):
            in_picture(picture, codecs=["cr085", "cr050", "cr025"])


# --- what was told is obeyed


@pytest.mark.parametrize(
    ("hidden_by", "told"),
    [
        ("certified", "syndrome"),
        ("syndrome", "certified"),
        ("syndrome", "lsb"),
        ("lsb", "syndrome"),
        ("lsb", "learned"),
    ],
)
def test_a_scheme_that_was_told_is_the_only_one_that_is_tried(sent, hidden_by, told):
    codec = home(hidden_by, "cr085")
    out = sent(hidden_by, codec)
    with pytest.raises(NothingFoundError):
        in_stream(out, codec, [base.SCHEMES.get(told)])
    with pytest.raises(NothingFoundError):
        in_picture(out, [base.SCHEMES.get(told)], BLOCK)


def test_a_codec_that_was_told_is_the_only_one_that_is_tried(sent):
    out = sent("lsb", "cr085-plain")
    for told in ("cr085", "cr085-plain"):  # the same weights
        assert in_picture(out, codecs=[registry.load(told)])[0].name == told
        assert in_stream(out, told)[0].name == told
    with pytest.raises(NothingFoundError):
        in_picture(out, codecs=["cr050"])
    with pytest.raises(StreamError, match="other weights"):
        in_stream(out, "cr050")


class Asked(Scheme):
    """Notes which codecs it is asked about, and finds nothing."""

    name = "asked"

    def __init__(self, default_codec="cr085"):
        self.home, self.codecs = default_codec, []

    @property
    def default_codec(self):
        return self.home

    def capacity_bits(self, cover):
        raise NotImplementedError

    def embed(self, cover, frame, key, draws, progress):
        raise NotImplementedError

    def reveal_features(self, symbols, codec, key):
        self.codecs.append(codec.name)
        raise NothingFoundError


class Second(Asked):
    """Another class of schemes."""


def test_no_scheme_is_asked_about_a_closed_codec_that_did_not_make_the_picture(sent, cover):
    one, two = Asked(), Second()
    for name in ("cr085", "cr025"):
        with pytest.raises(NothingFoundError):
            in_picture(sent("lsb", f"{name}-plain"), [one, two], [*BLOCK, *PLAIN])  # the same weights are tried once
    assert one.codecs == two.codecs == ["cr085", "cr025"]
    with pytest.raises(NothingFoundError):
        in_picture(cover, [one, two], BLOCK)
    assert one.codecs == two.codecs == ["cr085", "cr025"]


def test_open_codecs_are_for_schemes_at_home_in_them_unless_one_is_told(cover):
    closed, opened = Asked(), Second("learned-photo")
    for schemes in ([closed, opened], [closed], [opened]):
        with pytest.raises(NothingFoundError):
            in_picture(cover, schemes, ["cr085", "learned-photo"])
    assert closed.codecs == ["learned-photo"]  # where it was told
    assert opened.codecs == ["learned-photo"] * 2


def test_a_scheme_at_home_in_a_closed_codec_is_searched_without_open_ones():
    assert set(search.codecs_of([base.SCHEMES.get("lsb")])) == {*BLOCK, *PLAIN}
    both = search.codecs_of([base.SCHEMES.get("lsb"), base.SCHEMES.get("learned")])
    assert set(both) == set(registry.names()) - {"dithered-100"}  # none of the two keeps its law


def test_a_scheme_that_keeps_a_law_is_searched_in_every_codec_that_has_one():
    names = search.codecs_of([base.SCHEMES.get("certified")])
    assert set(names) == {*BLOCK, *PLAIN, "dithered-100"}
    assert names[-1] == "dithered-100"


def test_the_codecs_that_schemes_are_at_home_in_are_tried_first():
    names = search.codecs_of([base.SCHEMES.get("learned")])
    assert set(names) == set(registry.names()) - {"dithered-100"}
    assert names[0] == "learned-photo"
    closed = [registry.is_closed(name) for name in names]
    assert closed == sorted(closed)  # open ones first
    names = search.codecs_of(search.shipped_schemes())
    assert set(names) == set(registry.names())
    first_open = [registry.is_closed(name) for name in names].index(False)
    assert (names[0], names[first_open]) == ("cr085", "learned-photo")
    assert not any(registry.is_closed(name) for name in names[first_open:])


def test_a_scheme_is_asked_once_about_the_weights_that_two_open_codecs_share(cover):
    asked = Second("learned-photo")
    with pytest.raises(NothingFoundError):
        in_picture(cover, [asked], ["dithered-100", "learned-100", "learned-photo"])
    assert asked.codecs == ["dithered-100", "learned-photo"]


def test_a_codec_from_elsewhere_is_not_loaded_for_its_place_in_the_order(monkeypatch):
    shipped = registry.names()
    monkeypatch.setattr(registry, "names", lambda with_open=True: ["nobody-has-it", *shipped])
    assert search.codecs_of([base.SCHEMES.get("learned")])[-1] == "nobody-has-it"


def test_the_first_codec_that_gives_the_message_ends_the_search(sent, monkeypatch):
    out = sent("learned", "learned-photo")
    loaded = []
    monkeypatch.setattr(search.registry, "load", lambda one, load=registry.load: loaded.append(one) or load(one))
    learned = [base.SCHEMES.get("learned")]
    assert in_picture(out, learned, search.codecs_of(learned))[2].message == MESSAGE
    assert loaded == ["learned-photo"]


# --- pictures that are none


def test_a_picture_that_is_not_for_the_one_codec_is_refused_and_among_many_it_holds_nothing():
    small = np.zeros((16, 16, 3), np.uint8)
    with pytest.raises(PictureError, match="at least 32"):
        in_picture(small, codecs=["cr085"])
    with pytest.raises(NothingFoundError):
        in_picture(small, codecs=["cr085", "cr050"])


# --- what is missing is named


def test_what_could_not_be_tried_is_named_unless_something_is_found(sent, monkeypatch):
    load = registry.load

    def without_an_extra(codec):
        if codec == "needy":
            raise SemstegoError("the codec 'needy' needs an extra")
        return load(codec)

    monkeypatch.setattr(registry, "load", without_an_extra)
    out = sent("lsb", "cr085-plain")
    assert in_picture(out, codecs=["needy", "cr085"])[2].message == MESSAGE
    for codecs in (["needy"], ["needy", "cr050"], ["cr050", "needy"]):
        with pytest.raises(NothingFoundError, match=r"not everything could be tried: .*'needy' needs an extra"):
            in_picture(out, codecs=codecs)
    with pytest.raises(NothingFoundError) as plain:
        in_picture(out, codecs=["cr050"])
    assert str(plain.value) == NothingFoundError.TEXT


def test_without_torch_pictures_are_searched_and_torch_is_named(sent, tmp_path):
    out = sent("certified", "cr085")
    np.save(tmp_path / "stego.npy", out.embedded.received.picture)
    np.save(tmp_path / "plain.npy", out.cover.reconstruction)
    script = """
import sys
sys.modules["torch"] = None  # as if it were not installed
import numpy as np
import semstego
from semstego.message.cipher import Key
print(semstego.reveal(np.load("stego.npy"), key=Key(bytes(range(32)))).message)
try:
    semstego.reveal(np.load("plain.npy"), key=Key(bytes(range(32))))
except semstego.NothingFoundError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found, refusal = done.stdout.splitlines()
    assert found == str(MESSAGE)
    assert "not everything could be tried" in refusal
    assert "needs torch: pip install 'semstego[learned]'" in refusal


# --- codecs and schemes of one's own


class Pixels:
    """A closed codec whose symbols are the pixels; those at the ends of the range are wet, and stay there."""

    name, fingerprint, closed, dither = "pixels", b"pixels 1", True, 0.0

    def encode(self, picture):
        values = np.ascontiguousarray(picture.transpose(2, 0, 1))
        wet = (values < 2) | (values > 253)
        return Encoding(Symbols(values, *picture.shape), np.zeros(values.shape, np.int16), wet)

    def decode(self, symbols):
        return np.ascontiguousarray(symbols.values.transpose(1, 2, 0))

    def recover(self, picture):
        return self.encode(picture).symbols

    def pack(self, symbols):
        return symbols.values.tobytes()

    def unpack(self, coded, height, width, channels):
        return Symbols(np.frombuffer(coded, np.uint8).reshape(channels, height, width), height, width, channels)


@pytest.mark.parametrize("scheme", ["syndrome", "lsb"])
def test_a_codec_of_ones_own_is_tried_as_an_object(cover, scheme):
    out = StegoSystem(Pixels(), base.SCHEMES.get(scheme)).sender(cover, MESSAGE, None, KEY, bytes(8))
    used, found, opened = in_picture(out, codecs=[Pixels()])
    assert (used.name, type(found), opened.message) == ("pixels", type(base.SCHEMES.get(scheme)), MESSAGE)


def test_a_codec_that_another_package_offers_is_tried_with_the_shipped_ones(cover, monkeypatch):
    offered = [EntryPoint("pixels", f"{__name__}:Pixels", "semstego.codecs")]
    monkeypatch.setattr(parts, "entry_points", lambda *, group: offered if group == "semstego.codecs" else [])
    monkeypatch.setattr(registry, "MODULES", Registry("codec", "semstego.codecs", "CODEC", registry.MODULES.beside))
    assert "pixels" in registry.names()
    out = StegoSystem(Pixels(), LsbMatching()).sender(cover, MESSAGE, None, KEY, bytes(8))
    closed = [name for name in registry.names() if not name.startswith("learned")]
    used, _, opened = in_picture(out, codecs=closed)
    assert (used.name, opened.message) == ("pixels", MESSAGE)


class Reversed(LsbMatching):
    """A scheme of one's own: another key order than LSB matching has."""

    def reveal_features(self, symbols, codec, key):
        return super().reveal_features(symbols, codec, Key(key.master[::-1]))

    def embed(self, cover, frame, key, draws, progress):
        return super().embed(cover, _Unkeyed(frame, key), Key(key.master[::-1]), draws, progress)


class _Unkeyed:
    """A frame whose payload is sealed under the key that it belongs to."""

    def __init__(self, frame, key):
        self.frame, self.key = frame, key

    def payload(self, key):
        return self.frame.payload(self.key)


def test_a_scheme_of_ones_own_is_read_when_it_is_told_and_by_nobody_else(cover):
    out = StegoSystem(registry.load("cr085-plain"), Reversed("reversed")).sender(cover, MESSAGE, None, KEY, bytes(8))
    assert in_picture(out, [Reversed("reversed")], ["cr085"])[2].message == MESSAGE
    with pytest.raises(NothingFoundError):
        in_picture(out, codecs=["cr085"])
