# SPDX-License-Identifier: Apache-2.0
"""The certified scheme: hiding is sending with bits in it, exact at both stages; its certificate is the picture's."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego import concurrency
from semstego.channel.pictures import through_png
from semstego.codecs import registry, stream
from semstego.codecs.base import CHANCE_SCALE, within
from semstego.coding import polar
from semstego.coding.permutation import positions
from semstego.coding.polar_order import public_order
from semstego.errors import ArgumentError, CapacityError, InfeasibleError, NothingFoundError
from semstego.message import frame
from semstego.message.bits import NONE
from semstego.message.cipher import Key
from semstego.message.draws import Draws
from semstego.progress import no_progress
from semstego.schemes.base import Cover, Embedding
from semstego.schemes.certified import SCHEME, sampling
from semstego.schemes.certified.sampling import Certificate, drawn, parts, read
from semstego.schemes.certified.scheme import LEAST_P_E, CertifiedScheme
from semstego.system.stego_system import StegoSystem

POINTS = ("cr085", "cr050", "cr025", "task")
KEY, OTHER_KEY = Key(bytes(range(32))), Key(bytes(32))
SEED = bytes(range(32))
NONCE = bytes(8)


def made(seed, height, width, channels, gain, level):
    """Waves and noise about a grey level; a large gain clips."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = np.sin(x / rng.uniform(3, 20) + y / rng.uniform(3, 20))[:, :, None]
    picture = level + gain * (4 * waves + rng.normal(0, 1, (height, width, channels)))
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


pictures = st.builds(
    made,
    st.integers(0, 10_000),
    st.integers(32, 90),
    st.integers(32, 90),
    st.sampled_from([1, 3]),
    st.sampled_from([0.2, 2, 10, 60]),
    st.sampled_from([2, 60, 128, 250]),
)


@pytest.fixture(scope="module")
def cover():
    """Colour, odd sides, some of it clipped: of a few thousand symbols some must stay."""
    found = Cover(made(3, 61, 75, 3, 14, 200), registry.load("cr085"))
    chances = within(found.encoding.symbols, found.encoding.law.chances)
    assert 0.02 < np.mean(chances == 0) < 0.5
    return found


@pytest.fixture
def small_codes(monkeypatch):
    """Pictures of a few thousand symbols take several codes."""
    monkeypatch.setattr(sampling, "LARGEST", 2048)


def full(cover, scheme=SCHEME, key=KEY, nonce=NONCE):
    """The longest frame that a cover holds."""
    message = np.random.default_rng(5).bytes(frame.message_bytes(scheme.capacity_bits(cover)))
    return frame.seal(message, None, key, nonce)


def embed(cover, sealed, scheme=SCHEME, key=KEY, draws=SEED):
    return scheme.embed(cover, sealed, key, Draws(draws), no_progress)


class NoFrame:
    """Zero bits, which no sealed message has."""

    payload_bits = 0

    def payload(self, key):
        return NONE


# --- sending and hiding


def test_sending_is_hiding_no_bits(cover):
    sent = stream.unpack(StegoSystem(cover.codec).send(cover.picture, Draws(SEED)))
    hidden = embed(cover, NoFrame())
    assert hidden.kl_bound_nats == 0
    assert np.array_equal(stream.symbols_in(sent, cover.codec).values, hidden.symbols.values)


def test_sending_and_hiding_draw_by_the_same_function(cover, monkeypatch):
    """Whatever it gives, both give."""
    asked = []

    def odd(encoding, bits, draws):
        asked.append(len(bits))
        return encoding.symbols

    monkeypatch.setattr(sampling, "drawn", odd)
    monkeypatch.setattr("semstego.schemes.certified.scheme.drawn", odd)
    sent = StegoSystem(cover.codec).without_message(cover.encoding, Draws(SEED))
    hidden = embed(cover, full(cover)).symbols
    assert sent is hidden is cover.encoding.symbols
    assert asked == [0, full(cover).payload_bits]


def test_a_message_changes_what_the_same_draws_give_but_not_where_they_are_used(cover):
    plain, hidden = drawn(cover.encoding, NONE, Draws(SEED)), embed(cover, full(cover)).symbols
    assert (plain.values != hidden.values).any()
    draws, other = Draws(SEED), Draws(SEED)
    drawn(cover.encoding, NONE, draws)
    drawn(cover.encoding, full(cover).payload(KEY), other)
    assert draws.take(8) == other.take(8)


def test_streams_of_send_and_hide_have_equal_headers_but_for_length_and_checksum(cover):
    system = StegoSystem(cover.codec)
    sent, hidden = system.send(cover.picture), system.sender(cover.picture, b"noon", None, KEY).stream
    assert sent[:40] == hidden[:40]
    first, second = stream.unpack(sent), stream.unpack(hidden)
    assert (
        (first.version, first.dither, first.codec) == (second.version, second.dither, second.codec) == (2, 1, "cr085")
    )


def test_pngs_of_send_and_hide_have_the_same_settings(cover):
    system = StegoSystem(cover.codec)
    plain = through_png(cover.codec.decode(system.without_message(cover.encoding, Draws.fresh())))[0]
    hidden = system.sender(cover.picture, b"noon", None, KEY).embedded.png
    assert chunks(plain) == chunks(hidden)


def chunks(png):
    """Names of a PNG's chunks in order, its header, and the settings of its zlib stream."""
    place, names = 8, []
    while place < len(png):
        length, name = int.from_bytes(png[place : place + 4], "big"), png[place + 4 : place + 8]
        if name == b"IHDR":
            names.append(png[place + 8 : place + 8 + length])
        if name == b"IDAT" and name not in names:
            names.append(png[place + 8 : place + 10])
        if name not in names:
            names.append(name)
        place += length + 12
    return names


@pytest.mark.parametrize("count", [1, 40])
def test_symbols_that_must_stay_never_move_and_all_others_may(cover, count):
    base, chances = cover.encoding.symbols, cover.encoding.law.chances
    moved = np.zeros(base.values.shape, bool)
    for number in range(count):
        sealed = full(cover, nonce=number.to_bytes(8, "big"))
        for symbols in (
            embed(cover, sealed, draws=bytes([number] * 32)).symbols,
            drawn(cover.encoding, NONE, Draws.fresh()),
        ):
            steps = symbols.values.astype(int) - base.values
            assert not steps[chances == 0].any()
            assert ((steps == 0) | (steps == np.sign(chances))).all()
            moved |= steps != 0
    if count > 1:
        assert moved[np.abs(chances) > 0.4 * CHANCE_SCALE].all()


def test_bits_that_are_no_message_are_fair(cover):
    """Where nothing is hidden all of them, and behind a message the next ones."""
    rng, ones = np.random.default_rng(14), np.zeros((2, 40), int)
    count, length = 200, 1000
    for _ in range(count):
        plain = drawn(cover.encoding, NONE, Draws(rng.bytes(32)))
        hidden = drawn(cover.encoding, rng.integers(0, 2, length, np.uint8), Draws(rng.bytes(32)))
        ones += read(plain, 40), read(hidden, length + 40)[length:]
    assert np.abs(ones - count / 2).max() < 5 * math.sqrt(count / 4)


def surprise(cover, symbols):
    """Minus the log-likelihood of symbols under the law, less what it is on average, in standard deviations."""
    chances = np.abs(cover.encoding.law.chances.astype(float)) / CHANCE_SCALE
    odd = (chances > 0) & (chances < 1)
    chance, moved = chances[odd], (symbols.values != cover.encoding.symbols.values)[odd]
    found = np.where(moved, -np.log(chance), -np.log1p(-chance))
    mean = -chance * np.log(chance) - (1 - chance) * np.log1p(-chance)
    spread = chance * np.log(chance) ** 2 + (1 - chance) * np.log1p(-chance) ** 2 - mean**2
    return (found - mean).sum() / math.sqrt(spread.sum())


def test_at_full_capacity_every_symbol_moves_with_its_probability(cover):
    count, rng = 150, np.random.default_rng(11)
    found = [embed(cover, full(cover, nonce=rng.bytes(8)), draws=rng.bytes(32)).symbols for _ in range(count)]
    chances = np.abs(cover.encoding.law.chances.astype(float)) / CHANCE_SCALE
    moves = np.sum([one.values != cover.encoding.symbols.values for one in found], axis=0)
    likely = (chances > 0.05) & (chances < 0.95)
    squares = (moves - count * chances)[likely] ** 2 / (count * chances * (1 - chances))[likely]
    assert squares.mean() == pytest.approx(1, abs=5 * math.sqrt(2.2 / likely.sum()))
    assert moves.sum() == pytest.approx(
        count * chances.sum(), abs=5 * math.sqrt(count * (chances * (1 - chances)).sum())
    )


def test_a_warden_with_the_original_sees_a_sender_beyond_the_certificate_and_none_within(cover):
    """The likelihood ratio of the moves, of 120 pictures together."""
    rng, holds = np.random.default_rng(12), CertifiedScheme(0.49).capacity_bits(cover)

    def seen(bits):
        hidden = [drawn(cover.encoding, rng.integers(0, 2, bits, np.uint8), Draws(rng.bytes(32))) for _ in range(120)]
        return sum(surprise(cover, one) for one in hidden) / math.sqrt(120)

    assert abs(seen(0)) < 4
    assert abs(seen(SCHEME.capacity_bits(cover))) < 4
    assert abs(seen(round(1.25 * holds))) > 6


# --- reading


@settings(deadline=None, max_examples=40, report_multiple_bugs=False)
@given(pictures, st.sampled_from(POINTS), st.sampled_from([0.4, 0.49, 0.499, 0.4999]), st.integers(0, 2**32))
def test_both_stages_read_whatever_a_cover_holds_and_not_a_byte_more_is_taken(picture, name, p_e, seed):
    system = StegoSystem(registry.load(name), CertifiedScheme(p_e))
    holds = frame.message_bytes(system.scheme.capacity_bits(Cover(picture, system.codec)))
    message = np.random.default_rng(seed).bytes(holds)
    too_long = message + b"!"
    with pytest.raises(CapacityError) as refusal:
        system.sender(picture, too_long, None, KEY)
    assert refusal.value.available == holds
    try:
        out = system.sender(picture, message, None, KEY)
    except CapacityError:
        holds = system.scheme.capacity_bits(Cover(picture, system.codec))
        assert holds < 8 * frame.OVERHEAD_BYTES  # no room for a frame around nothing
        return
    assert out.retries == 0
    assert polar.p_e_bound(out.embedded.kl_bound_nats) >= p_e
    received = stream.unpack(out.stream)
    assert np.array_equal(stream.symbols_in(received, system.codec).values, out.embedded.symbols.values)
    assert system.receiver_features(received, KEY).message == message
    assert system.receiver_picture(out.embedded.received.picture, KEY).message == message
    with pytest.raises(NothingFoundError):
        system.receiver_features(received, OTHER_KEY)


def test_a_refusal_leaves_room_for_the_name(cover):
    system = StegoSystem(cover.codec)
    with pytest.raises(CapacityError) as refusal:
        system.sender(cover.picture, bytes(10_000), "a name", KEY)
    assert refusal.value.available == frame.message_bytes(SCHEME.capacity_bits(cover)) - 7
    assert system.sender(cover.picture, bytes(refusal.value.available), "a name", KEY).stream
    with pytest.raises(CapacityError):
        system.sender(cover.picture, bytes(refusal.value.available + 1), "a name", KEY)


def test_a_prefix_is_read_without_the_rest(cover):
    sealed = full(cover)
    payload, reader = sealed.payload(KEY), SCHEME.reveal_features(embed(cover, sealed).symbols, cover.codec, KEY)
    for count in (1, frame.HEADER_BITS, len(payload) // 2, len(payload)):
        assert np.array_equal(reader(count), payload[:count])


def test_more_bits_than_symbols_are_nothing(cover):
    symbols = cover.encoding.symbols
    reader = SCHEME.reveal_features(symbols, cover.codec, KEY)
    assert reader(symbols.carriers.size).shape == (symbols.carriers.size,)
    with pytest.raises(NothingFoundError):
        reader(symbols.carriers.size + 1)


# --- the certificate


def test_what_a_cover_holds_and_how_sure_it_is_depends_on_the_picture_alone(cover):
    bits = SCHEME.capacity_bits(cover)
    sizes = frame.message_bytes(bits)
    found = set()
    for key in (KEY, OTHER_KEY):
        for nonce in (NONCE, b"\xff" * 8):
            for content in (bytes(sizes), b"\xff" * sizes):
                sealed = frame.seal(content, None, key, nonce)
                found.add(embed(cover, sealed, key=key, draws=nonce * 4).kl_bound_nats)
                longer = frame.seal(content + b"!", None, key, nonce)
                with pytest.raises(InfeasibleError):
                    embed(cover, longer, key=key, draws=nonce * 4)
    assert len(found) == 1
    assert SCHEME.capacity_bits(Cover(cover.picture.copy(), cover.codec)) == bits


def test_a_certificate_grows_with_the_message_and_its_longest_is_what_is_promised(cover):
    limit = polar.kl_for(0.45)
    certificate = Certificate.of(cover.encoding, limit)
    longest = certificate.bits(limit)
    bounds = np.array([certificate.kl_nats(bits) for bits in range(0, longest + 1, 7)])
    assert bounds[0] == 0
    assert (np.diff(bounds) >= 0).all()
    assert certificate.kl_nats(longest) <= limit < certificate.kl_nats(longest + 1) == math.inf
    for level in (0.499, 0.49, 0.46):
        holds = certificate.bits(polar.kl_for(level))
        assert polar.p_e_bound(certificate.kl_nats(holds)) >= level > polar.p_e_bound(certificate.kl_nats(holds + 1))


def test_a_tighter_promise_holds_less(cover):
    levels = [0.4, 0.45, 0.49, 0.499, 0.4999, np.nextafter(0.49999995, 0)]
    holds = [CertifiedScheme(level).capacity_bits(cover) for level in levels]
    assert holds == sorted(holds, reverse=True)
    assert len(set(holds)) == len(holds)
    assert SCHEME.capacities(cover, levels[::-1]) == dict(zip(levels, holds, strict=True))


def test_a_cover_without_room_for_a_header_holds_nothing():
    white = Cover(np.full((40, 40, 3), 255, np.uint8), registry.load("cr085"))
    assert not white.encoding.law.chances.any()
    assert SCHEME.capacities(white, [0.4, 0.499]) == {0.4: 0, 0.499: 0}
    with pytest.raises(InfeasibleError):
        embed(white, frame.seal(b"", None, KEY, NONCE))


@pytest.mark.parametrize("p_e", [0.49999995, 0.5, 0.6, 1, 0.399, 0, -1, math.nan, math.inf])
def test_a_detection_error_that_cannot_be_certified_is_an_argument_error(p_e):
    with pytest.raises(ArgumentError, match=r"p_e must be from 0\.4 to below 0\.49999995"):
        CertifiedScheme(p_e)


def test_the_least_detection_error_is_allowed():
    assert CertifiedScheme(LEAST_P_E).p_e == 0.4
    assert CertifiedScheme().p_e == SCHEME.p_e == 0.499


@pytest.mark.parametrize("name", [f"{point}-plain" for point in POINTS])
def test_a_codec_that_rounds_plainly_is_refused(name):
    plain = Cover(made(3, 64, 64, 3, 5, 128), registry.load(name))
    assert SCHEME.capacity_bits(plain) == 0
    with pytest.raises(ArgumentError, match=rf"'{name}' rounds plainly.*'certified' hides in dither alone"):
        embed(plain, frame.seal(b"noon", None, KEY, NONCE))
    with pytest.raises(ArgumentError, match="rounds plainly"):
        StegoSystem(plain.codec, SCHEME).sender(plain.picture, b"noon", None, KEY)


# --- pictures of several codes


@given(st.integers(0, 10_000_000))
def test_codes_are_even_stretches_of_all_positions(count):
    found = parts(count)
    lengths = [last - first for first, last in found]
    assert [place for pair in found for place in pair][1:-1:2] == [first for first, _ in found[1:]]
    assert sum(lengths) == count
    assert not found or (found[0][0], found[-1][1]) == (0, count)
    assert all(0 < length <= sampling.LARGEST for length in lengths)
    assert not found or max(lengths) - min(lengths) <= 1
    assert len(found) == math.ceil(count / sampling.LARGEST)


@pytest.mark.usefixtures("small_codes")
def test_of_several_codes_every_bit_has_its_place(cover):
    symbols = drawn(cover.encoding, full(cover).payload(KEY), Draws(SEED))
    flat = symbols.carriers.ravel() & 1
    pieces = parts(flat.size)
    assert len(pieces) >= 3
    each = []
    for first, last in pieces:
        where = positions(flat.size, first, last)
        each.append(polar.read(flat[where], public_order(last - first)))
    count = min(map(len, each)) * len(pieces)
    woven = np.array([each[j % len(pieces)][j // len(pieces)] for j in range(count)], np.uint8)
    payload = full(cover).payload(KEY)
    assert np.array_equal(woven[: len(payload)], payload)
    for wanted in (1, 2, 95, frame.HEADER_BITS, 97, len(payload)):
        assert np.array_equal(read(symbols, wanted), woven[:wanted])


@pytest.mark.usefixtures("small_codes")
def test_of_several_codes_the_certificate_is_the_sum(cover):
    limit = polar.kl_for(0.4)
    certificate = Certificate.of(cover.encoding, limit)
    chances = within(cover.encoding.symbols, cover.encoding.law.chances).ravel()
    pieces = parts(chances.size)
    sums = [
        polar.certificate(chances[positions(chances.size, *piece)], public_order(piece[1] - piece[0]))
        for piece in pieces
    ]
    for bits in (1, 2, len(pieces), 500, certificate.bits(limit)):
        shares = [len(range(number, bits, len(pieces))) for number in range(len(pieces))]
        wanted = math.fsum(one[share - 1] for one, share in zip(sums, shares, strict=True) if share)
        assert wanted <= certificate.kl_nats(bits) <= wanted * (1 + 1e-9)
    assert certificate.kl_nats(certificate.bits(limit)) <= limit


@pytest.mark.usefixtures("small_codes")
@settings(deadline=None, max_examples=15)
@given(pictures, st.sampled_from(["cr085", "cr050"]))
def test_of_several_codes_both_stages_read_whatever_a_cover_holds(picture, name):
    system = StegoSystem(registry.load(name))
    holds = SCHEME.capacity_bits(Cover(picture, system.codec))
    if holds < 8 * frame.OVERHEAD_BYTES:
        return
    message = bytes(frame.message_bytes(holds))
    out = system.sender(picture, message, None, KEY)
    assert system.receiver_features(stream.unpack(out.stream), KEY).message == message
    assert system.receiver_picture(out.embedded.received.picture, KEY).message == message


@pytest.mark.usefixtures("small_codes")
def test_codes_draw_independently(cover):
    """With the same numbers in all codes, symbols of equal parity and chance would move together."""
    base, chances = cover.encoding.symbols, within(cover.encoding.symbols, cover.encoding.law.chances)
    moved = (drawn(cover.encoding, NONE, Draws(SEED)).carriers != base.carriers).ravel()
    chance, parity = np.abs(chances.ravel()) / CHANCE_SCALE, base.carriers.ravel() & 1
    first, second = (positions(moved.size, *piece) for piece in parts(moved.size)[-2:])
    length = min(len(first), len(second))
    alike = parity[first[:length]] == parity[second[:length]]
    one, other = first[:length][alike], second[:length][alike]
    assert len(one) > 500
    covariance = np.sum((moved[one] - chance[one]) * (moved[other] - chance[other]))
    spread = math.sqrt(np.sum(chance[one] * (1 - chance[one]) * chance[other] * (1 - chance[other])))
    assert abs(covariance) < 4 * spread


@pytest.mark.usefixtures("small_codes")
def test_threads_change_nothing(cover, monkeypatch):
    found = {}
    for cores in (1, 2, 7):
        monkeypatch.setattr(concurrency, "CORES", cores)
        sealed = full(Cover(cover.picture, cover.codec))
        hidden = embed(Cover(cover.picture, cover.codec), sealed)
        plain = drawn(cover.encoding, NONE, Draws(SEED))
        bits = read(hidden.symbols, sealed.payload_bits)
        found[cores] = (hidden.kl_bound_nats, *(one.tobytes() for one in (hidden.symbols.values, plain.values, bits)))
    assert found[1] == found[2] == found[7]


# --- where random numbers come from


ALONE = """
import os, random
import numpy as np
import semstego
from semstego.message.cipher import Key

picture = np.clip(128 + 40 * np.sin(np.indices((64, 64, 3)).sum(0) / 7), 0, 255).astype(np.uint8)
semstego.hide(picture, b"warm", key=Key(bytes(32)))  # whatever is imported or compiled late


def forbidden(*arguments, **options):
    raise AssertionError("a generator that can be continued by who has seen its numbers")


for module, names in ((np.random, np.random.__all__), (random, random.__all__)):
    for name in names:
        setattr(module, name, forbidden)
random._inst = None
asked, real = [], os.urandom
os.urandom = lambda size: asked.append(size) or real(size)
semstego.send(picture)
print(asked)
asked.clear()
semstego.hide(picture, b"noon", key=Key(bytes(32)))
print(asked)
import sys
SIMULATED = ("semstego.channel.", "semstego.schemes.robust.")  # noise of channels, which decides nothing of a secret
for name, module in sorted(sys.modules.items()):
    if name.partition(".")[0] == "semstego" and not name.startswith(SIMULATED):
        for what, value in vars(module).items():
            if type(value).__module__.startswith("numpy.random") or (
                getattr(value, "__module__", None) or ""
            ).startswith("numpy.random"):
                print(name, what)
"""


def test_no_generator_of_numpy_or_python_decides_what_is_sent():
    """32 fresh bytes for each draw: of what is sent; of nonce, stego and the cover that it is compared with."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE], capture_output=True, text=True, check=False, env={**os.environ}
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[32]", "[8, 32, 32]"]


def test_an_embedding_knows_its_certificate(cover):
    assert Embedding(sampling.drawn(cover.encoding, NONE, Draws(SEED)), 0.25).kl_bound_nats == 0.25
