# SPDX-License-Identifier: Apache-2.0
"""Sender and receiver around codecs and schemes that are made up, so that each fails in one way alone."""

import io
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from semstego.codecs import stream
from semstego.codecs.base import CHANCE_SCALE, Encoding, Law, Symbols
from semstego.errors import (
    ArgumentError,
    CapacityError,
    EmbeddingError,
    InfeasibleError,
    NothingFoundError,
    StreamError,
)
from semstego.message import frame
from semstego.message.cipher import Key
from semstego.message.draws import Draws
from semstego.message.frame import Frame, Header, Opened
from semstego.progress import no_progress
from semstego.schemes.base import Cover, Embedding, Received, Scheme
from semstego.system.stego_system import (
    DRAWS_TRIED,
    MAX_RETRIES,
    NONCES_IF_STATED,
    NONCES_TRIED,
    StegoSystem,
    next_nonce,
)

KEY, OTHER_KEY = Key(bytes(range(32))), Key(bytes(32))
PICTURE = np.random.default_rng(1).integers(0, 256, (32, 40, 3), np.uint8)
PICTURE.setflags(write=False)  # whoever changes a cover is caught at once
NONCE = bytes(range(8))


@dataclass
class Pixels:
    """A codec whose symbols are the pixels."""

    closed: bool = True
    law: Law | None = None
    fingerprint: bytes = b"pixels 1"
    name: str = "pixels"

    @property
    def dither(self):
        return 0.0 if self.law is None else 1.0

    def encode(self, picture):
        values = np.ascontiguousarray(picture.transpose(2, 0, 1))
        return replace(Encoding.of(Symbols(values, *picture.shape)), law=self.law)

    def decode(self, symbols):
        return np.ascontiguousarray(symbols.values.transpose(1, 2, 0))

    def recover(self, picture):
        return self.encode(picture).symbols

    def pack(self, symbols):
        return symbols.values.tobytes()

    def unpack(self, coded, height, width, channels):
        return Symbols(np.frombuffer(coded, np.uint8).reshape(channels, height, width), height, width, channels)


class LowestBits(Scheme):
    """The payload in the lowest bits of the symbols, one after the other; without a key, which is no matter here."""

    name = "lowest-bits"
    default_codec = "cr085"

    def __init__(self):
        self.frames, self.draws = [], []

    def capacity_bits(self, cover):
        return cover.encoding.symbols.values.size

    def embed(self, cover, frame, key, draws, progress):
        self.frames.append(frame)
        self.draws.append(draws.bits(64).tobytes())
        progress("embedding", 0.5)
        values, payload = cover.encoding.symbols.values.copy(), frame.payload(key)
        if len(payload) > values.size:
            raise InfeasibleError
        first = values.reshape(-1)[: len(payload)]
        first[:] = first & 254 | payload
        return self.embedding(cover.encoding.symbols.with_values(values))

    def embedding(self, symbols):
        return Embedding(symbols)

    def reveal_features(self, symbols, codec, key):
        return self.reader(symbols)

    def reader(self, symbols):
        lowest = symbols.values.ravel() & 1

        def read(count):
            if count > lowest.size:
                raise NothingFoundError
            return lowest[:count]

        return read


def sent(message=b"noon", name=None, codec=None, scheme=None, nonce=NONCE, **options):
    return StegoSystem(codec or Pixels(), scheme or LowestBits()).sender(PICTURE, message, name, KEY, nonce, **options)


# --- what is sent


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=300), st.none() | st.text(max_size=20), st.booleans())
def test_both_stages_read_what_was_sent_and_nothing_under_another_key(message, name, closed):
    system = StegoSystem(Pixels(closed=closed), LowestBits())
    out = system.sender(PICTURE, message, name, KEY)
    expected = Opened(message, None if name is None else frame.carried_name(name))
    picture = np.asarray(Image.open(io.BytesIO(out.embedded.png)))
    assert np.array_equal(picture, out.embedded.received.picture)
    assert system.receiver_features(stream.unpack(out.stream), KEY) == expected
    assert system.receiver_picture(picture, KEY) == expected
    with pytest.raises(NothingFoundError):
        system.receiver_features(stream.unpack(out.stream), OTHER_KEY)
    with pytest.raises(NothingFoundError):
        system.receiver_picture(picture, OTHER_KEY)
    assert np.array_equal(out.cover.encoding.symbols.values, PICTURE.transpose(2, 0, 1))


def test_a_name_that_does_not_travel_whole_does_not_stop_a_message():
    out = sent(name="ü" * 200)
    assert len(StegoSystem(Pixels(), LowestBits()).receiver_features(stream.unpack(out.stream), KEY).name) == 127


def test_a_grey_picture_stays_grey():
    system = StegoSystem(Pixels(), LowestBits())
    out = system.sender(PICTURE[:, :, :1], b"grey", None, KEY)
    assert out.embedded.received.picture.shape == (32, 40, 1)
    assert Image.open(io.BytesIO(out.embedded.png)).mode == "L"


def test_progress_is_told_in_shares():
    told = []
    sent(progress=lambda what, share: told.append((what, share)))
    assert {what for what, _ in told} >= {"encoding", "embedding", "checking", "coding"}
    assert all(0 <= share <= 1 for _, share in told)


# --- nonces and draws


def test_a_nonce_fixes_all_and_without_one_nothing_repeats():
    schemes = [LowestBits() for _ in range(5)]
    streams = [sent(scheme=one).stream for one in schemes[:2]]
    assert streams[0] == streams[1]
    assert schemes[0].draws == schemes[1].draws
    assert sent(scheme=schemes[2], nonce=bytes(8)).stream != streams[0]
    first, second = (sent(scheme=one, nonce=None) for one in schemes[3:])
    assert first.frame.header.nonce != second.frame.header.nonce
    assert len({one.draws[0] for one in schemes[1:]}) == 4  # other nonces draw otherwise


def test_draws_depend_on_the_key_as_a_nonce_is_no_secret():
    mine, other = LowestBits(), LowestBits()
    sent(scheme=mine)
    StegoSystem(Pixels(), other).sender(PICTURE, b"noon", None, OTHER_KEY, NONCE)
    assert mine.draws != other.draws


@given(st.binary(min_size=8, max_size=8))
def test_later_nonces_follow_from_the_first_and_are_all_different(first):
    found = [next_nonce(first, attempt) for attempt in range(NONCES_TRIED)]
    assert found[0] == first
    assert len(set(found)) == NONCES_TRIED
    assert {len(one) for one in found} == {8}
    assert found == [next_nonce(first, attempt) for attempt in range(NONCES_TRIED)]


@dataclass
class Moody(LowestBits):
    """Refuses the first frames."""

    refusals: int = 0

    def __post_init__(self):
        super().__init__()

    def embed(self, cover, frame, key, draws, progress):
        if len(self.frames) < self.refusals:
            self.frames.append(frame)
            raise InfeasibleError
        return super().embed(cover, frame, key, draws, progress)


@pytest.mark.parametrize("refusals", range(NONCES_TRIED))
def test_what_does_not_fit_is_tried_with_other_nonces(refusals):
    scheme = Moody(refusals=refusals)
    out = sent(scheme=scheme)
    assert [one.header.nonce for one in scheme.frames] == [next_nonce(NONCE, i) for i in range(refusals + 1)]
    assert out.frame.header.nonce == next_nonce(NONCE, refusals)
    assert out.retries == 0  # nothing was misread


class Fussy(LowestBits):
    """Refuses the first frames under the user's key, and none under others."""

    def __init__(self, refusals):
        super().__init__()
        self.refusals = refusals

    def embed(self, cover, frame, key, draws, progress):
        if key == KEY and self.refusals:
            self.refusals -= 1
            self.frames.append(frame)
            raise InfeasibleError
        return super().embed(cover, frame, key, draws, progress)


def test_a_length_that_is_stated_to_fit_is_tried_with_many_nonces():
    out = sent(scheme=Fussy(NONCES_IF_STATED - 1))
    assert out.frame.header.nonce == next_nonce(NONCE, NONCES_IF_STATED - 1)
    with pytest.raises(CapacityError) as refusal:
        sent(scheme=Fussy(NONCES_IF_STATED))
    assert refusal.value.available < len(b"noon")


def test_a_length_that_is_not_stated_to_fit_is_tried_with_few_nonces():
    scheme = Fussy(10**9)
    with pytest.raises(CapacityError):
        sent(scheme=scheme, message=bytes(900))
    tried = [one.header.nonce for one in scheme.frames if one.header.nonce != bytes(8)]
    assert tried == [next_nonce(NONCE, i) for i in range(NONCES_TRIED)]


# --- the sender's own check


class Wrong(LowestBits):
    """Reads something else at some stages."""

    def __init__(self, stages, what):
        super().__init__()
        self.stages, self.what = stages, what

    def reveal_features(self, symbols, codec, key):
        return self.read_wrongly(symbols) if 1 in self.stages else super().reveal_features(symbols, codec, key)

    def reveal_picture(self, received, key):
        return self.read_wrongly(received.symbols) if 2 in self.stages else self.reader(received.symbols)

    def read_wrongly(self, symbols):
        if self.what == "nothing":
            raise NothingFoundError
        if self.what == "no body":
            return lambda count: self.reader(symbols)(count if count == frame.HEADER_BITS else 10**9)
        if self.what == "one bit":
            return lambda count: self.reader(symbols)(count) ^ (np.arange(count) == count - 1)
        other = {"another message": (b"tenn", None), "another name": (b"noon", "name")}[self.what]
        return lambda count: frame.seal(*other, KEY, NONCE).payload(KEY)[:count]


@pytest.mark.parametrize("what", ["nothing", "no body", "one bit", "another message", "another name"])
@pytest.mark.parametrize("stages", [(1,), (2,), (1, 2)])
@pytest.mark.parametrize("closed", [True, False])
def test_nothing_leaves_the_sender_that_is_misread(stages, what, closed):
    scheme = Wrong(stages, what)
    with pytest.raises(EmbeddingError):
        sent(codec=Pixels(closed=closed), scheme=scheme)
    sent_nonces = [one.header.nonce for one in scheme.frames if one.header.nonce != bytes(8)]  # zero: only tried
    assert sent_nonces == [next_nonce(NONCE, i) for i in range(NONCES_IF_STATED if closed else NONCES_TRIED)]


class Lossy(Pixels):
    """Loses the symbols' lowest bits on the way into bytes."""

    def pack(self, symbols):
        return (symbols.values & 254).tobytes()


def test_stage_one_is_checked_on_the_bytes_that_leave():
    with pytest.raises(EmbeddingError):
        sent(codec=Lossy())


class Misnamed(Pixels):
    """A codec whose own streams are not its own."""

    @property
    def fingerprint(self):
        return np.random.default_rng().bytes(8)

    @fingerprint.setter
    def fingerprint(self, value):
        pass


def test_a_stream_that_its_codec_refuses_does_not_leave_either():
    with pytest.raises(StreamError):
        sent(codec=Misnamed())


@dataclass
class Blurred(Pixels):
    """Open: what is decoded loses its lowest bits, for so many pictures."""

    times: int = 10**9
    closed: bool = False

    def decode(self, symbols):
        self.times -= 1
        return super().decode(symbols) & (254 if self.times >= 0 else 255)


def test_an_open_codec_gets_other_nonces_until_stage_two_reads():
    scheme = LowestBits()
    out = sent(codec=Blurred(times=2), scheme=scheme)
    assert out.retries == 2
    assert [one.header.nonce for one in scheme.frames] == [next_nonce(NONCE, i) for i in range(3)]
    with pytest.raises(EmbeddingError):
        sent(codec=Blurred())


def test_a_message_that_an_open_codec_loses_for_its_length_is_refused_with_a_length():
    class Short(LowestBits):
        def reader(self, symbols):
            lowest = symbols.values.ravel()[:4000] & 1  # what lies behind is lost
            return lambda count: np.resize(lowest, count)

    room = frame.message_bytes(4000)
    with pytest.raises(CapacityError) as refusal:
        sent(codec=Pixels(closed=False), scheme=Short(), message=bytes(room + 9), name="a.txt")
    assert 0.95 * room < refusal.value.available + len("a.txt") + 1 <= room


# --- closed codecs: misread blocks are coded again


@dataclass
class Patched(LowestBits):
    """Its embedding notes what it is to avoid."""

    avoided: list = field(default_factory=list)

    def __post_init__(self):
        super().__init__()

    def embedding(self, symbols):
        scheme = self

        class Noting(Embedding):
            def avoid(self, misread):
                scheme.avoided.append(misread)

        return Noting(symbols)


@dataclass
class Stubborn(Pixels):
    """A closed codec that recovers one symbol wrongly, so many times."""

    times: int = 10**9

    def recover(self, picture):
        symbols = super().recover(picture)
        self.times -= 1
        if self.times >= 0:
            symbols.values[2, 20, 30] ^= 1
        return symbols


@pytest.mark.parametrize("times", [0, 1, MAX_RETRIES])
def test_what_a_closed_codec_misreads_is_avoided_until_it_reads(times):
    scheme = Patched()
    out = sent(codec=Stubborn(times=times), scheme=scheme)
    assert out.retries == len(scheme.avoided) == times
    for misread in scheme.avoided:
        assert misread.shape == (32, 40)
        assert np.argwhere(misread).tolist() == [[20, 30]]


def test_what_stays_misread_is_given_up_for_another_nonce_and_then_refused():
    scheme = Patched()
    out = sent(codec=Stubborn(times=MAX_RETRIES + 1), scheme=scheme)
    assert [one.header.nonce for one in scheme.frames] == [next_nonce(NONCE, i) for i in range(2)]
    assert out.retries == 0
    with pytest.raises(CapacityError):
        sent(codec=Stubborn(), scheme=Patched())


def test_an_open_codec_may_misread_symbols_if_the_message_comes_back():
    """Errors of single symbols are the business of its scheme."""
    scheme = Patched()
    assert sent(codec=Stubborn(closed=False), scheme=scheme).retries == 0
    assert scheme.avoided == []


# --- refusals


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 4000))
def test_a_refusal_names_a_length_that_fits(size):
    system = StegoSystem(Pixels(), LowestBits())
    room = frame.message_bytes(PICTURE.size)
    try:
        system.sender(PICTURE, bytes(size), None, KEY)
    except CapacityError as refusal:
        assert size > room
        assert refusal.needed == size
        assert 0.95 * room < refusal.available <= room
        assert refusal.available == system.longest_message(Cover(PICTURE, Pixels()))
        assert system.sender(PICTURE, bytes(refusal.available), None, KEY).stream
    else:
        assert size <= room


def test_where_nothing_fits_the_refusal_names_no_bytes():
    with pytest.raises(CapacityError) as refusal:
        sent(scheme=Moody(refusals=10**9))
    assert refusal.value.available == 0


def test_a_body_too_long_for_the_header_is_no_business_of_the_scheme():
    scheme = LowestBits()
    body = bytes(frame.MAX_BODY_BYTES + 1)
    cover = Cover(PICTURE, Pixels())
    with pytest.raises(InfeasibleError):
        StegoSystem(Pixels(), scheme).embed(cover, Frame(Header(NONCE, 0, False), body), KEY, Draws(bytes(32)))
    assert scheme.frames == []


def test_a_nonce_of_another_length_is_refused():
    for nonce in (b"", b"1234567", b"123456789"):
        with pytest.raises(ArgumentError, match="8 bytes"):
            sent(nonce=nonce)


def test_streams_of_other_weights_are_refused():
    out = sent()
    other = StegoSystem(Pixels(fingerprint=b"pixels 2"), LowestBits())
    with pytest.raises(StreamError, match="other weights"):
        other.receiver_features(stream.unpack(out.stream), KEY)


# --- codecs that round at random


def law(chance):
    """A law that moves every symbol with this probability."""
    chances = np.full((3, 32, 40), round(chance * CHANCE_SCALE), np.int16)
    return Law(np.where(PICTURE.transpose(2, 0, 1) == 255, -chances, chances))


class Lawful(LowestBits):
    """Says that its stegos follow the codec's law."""

    keeps_law = True


def test_a_codec_that_rounds_at_random_is_refused_to_schemes_that_do_not():
    scheme = LowestBits()
    with pytest.raises(ArgumentError, match=r"'pixels' rounds at random.*'lowest-bits'"):
        sent(codec=Pixels(law=law(0.5)), scheme=scheme)
    assert scheme.frames == []
    assert sent(codec=Pixels(law=law(0.5)), scheme=Lawful()).stream
    assert sent(scheme=Lawful()).stream  # and a codec without a law takes any


def plain(chance, draws=None, **options):
    codec = Pixels(law=None if chance is None else law(chance), **options)
    data = StegoSystem(codec, Lawful()).send(PICTURE, draws)
    return stream.symbols_in(stream.unpack(data), codec).values.astype(int) - PICTURE.transpose(2, 0, 1)


def test_without_a_message_the_symbols_are_sent_or_drawn_by_the_law():
    assert not plain(None).any()
    assert not plain(0).any()
    assert np.array_equal(plain(1), np.sign(law(1).chances))
    moved = plain(0.25) != 0
    assert moved.mean() == pytest.approx(0.25, abs=5 * np.sqrt(0.25 * 0.75 / moved.size))


def test_draws_of_a_law_are_fresh_unless_they_are_given():
    assert not np.array_equal(plain(0.5), plain(0.5))
    assert np.array_equal(plain(0.5, Draws(bytes(32))), plain(0.5, Draws(bytes(32))))


class Refuses(Lawful):
    """Finds every message too long."""

    def embed(self, cover, frame, key, draws, progress):
        self.frames.append(frame)
        raise InfeasibleError

    def capacity_bits(self, cover):
        return 800


def test_what_a_law_refuses_is_not_tried_again_and_the_length_that_fits_is_exact():
    for name, fits in ((None, 100 - frame.OVERHEAD_BYTES), ("a.txt", 100 - frame.OVERHEAD_BYTES - 6)):
        scheme = Refuses()
        with pytest.raises(CapacityError) as caught:
            sent(codec=Pixels(law=law(0.5)), scheme=scheme, message=bytes(999), name=name)
        assert caught.value.available == fits
        assert len(scheme.frames) == 1


@dataclass
class Forgetful(Pixels):
    """An open codec that recovers what was drawn every third time, whatever it was."""

    closed: bool = False
    turns: list = field(default_factory=list)
    every: int = 3

    def recover(self, picture):
        self.turns.append(1)
        found = super().recover(picture)
        return found if len(self.turns) % self.every == 0 else found.with_values(found.values ^ 1)


def test_of_an_open_codec_send_and_hide_draw_again_until_the_receiver_recovers_it():
    codec, scheme = Forgetful(law=law(0.5)), Lawful()
    StegoSystem(codec, scheme).send(PICTURE)
    assert len(codec.turns) == 3
    codec = Forgetful(law=law(0.5), every=2)
    out = StegoSystem(codec, scheme).sender(PICTURE, b"noon", None, KEY, NONCE)
    assert len(scheme.frames) == 2
    assert len(set(scheme.draws)) == 2
    # Other bits, for the same ones drawn again would make those frequent that are easily recovered.
    assert out.frame == scheme.frames[1] != scheme.frames[0]
    assert out.frame.header.nonce == next_nonce(NONCE, 1)
    assert out.retries == 1


@pytest.mark.parametrize(
    "chances",
    [
        np.zeros((3, 32, 40), np.int64),
        np.zeros((3, 32, 40), np.float32),
        np.zeros((3, 31, 40), np.int16),
        np.zeros((3, 32), np.int16),
        [[0]],
        np.full((3, 32, 40), CHANCE_SCALE + 1, np.int16),
        np.full((3, 32, 40), -CHANCE_SCALE - 1, np.int16),
        np.full((3, 32, 40), -32768, np.int16),
        np.ones((3, 32, 40), np.int16),  # some pixels are 255
        -np.ones((3, 32, 40), np.int16),  # some are 0
    ],
    ids=["int64", "floats", "a row short", "maps short", "a list", "above", "below", "lowest", "above 255", "below 0"],
)
def test_a_law_that_is_none_is_refused_to_senders_alike(chances):
    system = StegoSystem(Pixels(law=Law(chances)), Lawful())
    for act in (lambda: system.send(PICTURE), lambda: system.sender(PICTURE, b"noon", None, KEY)):
        with pytest.raises(ArgumentError, match="law"):
            act()


def test_of_an_open_codec_that_never_recovers_send_and_hide_refuse_alike():
    codec = Forgetful(law=law(0.5), every=1000)
    with pytest.raises(EmbeddingError):
        StegoSystem(codec, Lawful()).send(PICTURE)
    assert len(codec.turns) == DRAWS_TRIED
    with pytest.raises(EmbeddingError):
        StegoSystem(codec, Lawful()).sender(PICTURE, b"noon", None, KEY)
    assert len(codec.turns) == 2 * DRAWS_TRIED


# --- reading


class OnlyPictures(LowestBits):
    """Its stage II looks at the picture itself, and never asks for the symbols."""

    def reveal_picture(self, received, key):
        assert received.symbols_found is None
        return self.reader(Pixels().recover(received.picture))


def test_stage_two_gets_the_picture_and_may_leave_its_symbols_alone():
    scheme = OnlyPictures()
    system = StegoSystem(Pixels(closed=False), scheme)
    out = system.sender(PICTURE, b"noon", None, KEY)
    assert system.receiver_picture(out.embedded.received.picture, KEY).message == b"noon"
    assert Received(PICTURE, Pixels()).symbols_found is None


def test_embedding_alone_is_what_tables_count():
    cover, sealed = Cover(PICTURE, Pixels()), frame.seal(b"noon", None, KEY, NONCE)
    found = StegoSystem(Pixels(), LowestBits()).embed(cover, sealed, KEY, Draws(bytes(32)), no_progress)
    assert found.retries == 0
    assert np.array_equal(found.received.symbols.values, found.symbols.values)
