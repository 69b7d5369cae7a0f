# SPDX-License-Identifier: Apache-2.0
"""What every scheme must do in a codec, checked on a synthetic picture: ``check_scheme(MyScheme(), codec)``."""

from collections.abc import Callable

import numpy as np

from semstego.codecs import registry, stream
from semstego.codecs.base import CHANCE_SCALE, Codec, Picture, SymbolMap, Symbols
from semstego.errors import CapacityError, InfeasibleError, NothingFoundError
from semstego.message import frame
from semstego.message.cipher import Key
from semstego.message.draws import Draws
from semstego.message.frame import Opened
from semstego.progress import no_progress
from semstego.schemes.base import SCHEMES, Cover, Embedding, Scheme
from semstego.system.stego_system import StegoSystem
from semstego.testing.parts import check_part, check_refused

KEY, OTHER_KEY = Key(bytes(range(32))), Key(bytes(32))
MESSAGE = b"Meet me at noon."
SIDE = 64  # of the picture [pixels]


def check_scheme(scheme: Scheme, codec: Codec | None = None, cover: Picture | None = None) -> None:
    """Check a scheme by hiding in a picture, with the sender's own check of both stages.

    It has a name; a short message comes back at both stages, under its key alone; a plain picture has none; the same
    nonce gives the same symbols, and the cover stays as it is; symbols that are wet or carry nothing stay as they are,
    unless the scheme marks the picture before the codec; what is promised to fit does not fail for want of room; what
    cannot fit is refused.

    Args:
        scheme: Any.
        codec: To hide in; None takes the scheme's default.
        cover: uint8 ``(h, w, c)``; None takes a synthetic picture of 64 x 64 pixels in colour.

    Raises:
        AssertionError: With what is wrong.
    """
    check_part(SCHEMES, scheme)
    assert isinstance(scheme.name, str), f"the name is a {type(scheme.name).__name__}, not a str"
    assert scheme.name, "the name is empty"
    system = StegoSystem(registry.load(scheme.default_codec) if codec is None else codec, scheme)
    picture = _picture() if cover is None else cover
    _check_forms(system, picture)
    sent = system.sender(picture, MESSAGE, None, KEY, bytes(8))
    again = system.sender(picture, MESSAGE, None, KEY, bytes(8))
    assert again.stream == sent.stream, "the same cover, message, key and nonce give another stream"
    if not scheme.marks_picture:
        _check_symbols(sent.cover, sent.embedded.symbols.values)
    _check_readings(system, sent.cover, sent.embedded.symbols.values, sent.embedded.received.picture)
    _check_capacity(system, picture)


def _picture() -> Picture:
    """Waves and noise, away from black and white."""
    y, x, c = np.mgrid[:SIDE, :SIDE, :3]
    waves = 128 + 45 * np.sin(x / 8 + c) + 30 * np.cos(y / 6)
    picture: Picture = (waves + np.random.default_rng(1).normal(0, 6, waves.shape)).astype(np.uint8)
    return picture


def _check_forms(system: StegoSystem, picture: Picture) -> None:
    """What ``embed`` and ``reveal_features`` return; neither changes the cover."""
    before = picture.copy()
    cover, sealed = Cover(picture, system.codec), system.scheme.framing.seal(MESSAGE, None, KEY, bytes(8))
    try:
        embedding = system.scheme.embed(cover, sealed, KEY, Draws(bytes(32)), no_progress)
    except InfeasibleError:
        return  # another nonce may do
    assert np.array_equal(picture, before), "embed changes the cover"
    assert isinstance(embedding, Embedding), f"embed returns a {type(embedding).__name__}, not an Embedding"
    reader = system.scheme.reveal_features(embedding.symbols, system.codec, KEY)
    assert callable(reader), f"reveal_features returns a {type(reader).__name__}, not a function of a number of bits"
    count = sealed.payload_bits if sealed.headless else frame.HEADER_BITS
    bits = reader(count)
    form = getattr(bits, "dtype", type(bits).__name__), getattr(bits, "shape", None)
    wanted = np.dtype(np.uint8), (count,)
    assert form == wanted, f"a reader gives {form[0]} {form[1]} for {count} bits, not uint8 ({count},)"
    assert bits.max() <= 1, "a reader gives other numbers than 0 and 1"


def _check_symbols(cover: Cover, stego: SymbolMap) -> None:
    encoding = cover.encoding
    values = encoding.symbols.values
    assert stego.dtype == np.uint8, f"stego symbols are {stego.dtype}, not uint8"
    assert stego.shape == values.shape, f"stego symbols have the shape {stego.shape}, not {values.shape}"
    changed = stego != values
    if encoding.law is not None:
        moves = stego.astype(np.int16) - values
        chances = encoding.law.chances
        lawful = (moves == 0) & (chances > -CHANCE_SCALE) & (chances < CHANCE_SCALE)
        assert (lawful | (moves != 0) & (moves == np.sign(chances))).all(), "symbols do what the law forbids"
    else:
        assert not (changed & encoding.wet).any(), "wet symbols are changed"
    rows, columns = encoding.symbols.carrying
    changed[:, :rows, :columns] = False
    assert not changed.any(), "symbols that may carry nothing are changed"


def _check_readings(system: StegoSystem, cover: Cover, stego: SymbolMap, seen: Picture) -> None:
    """Both stages under both keys, on stego and on cover."""
    symbols = cover.encoding.symbols.with_values(stego)
    for key, sees in ((KEY, True), (OTHER_KEY, False)):
        assert _opened(system, symbols, seen, key) == ([MESSAGE] * 2 if sees else [None] * 2), (
            "both stages must give the message under its key, and nothing under another"
        )
    assert _opened(system, cover.encoding.symbols, cover.reconstruction, KEY) == [None] * 2, "a plain picture is read"


def _opened(system: StegoSystem, symbols: Symbols, seen: Picture, key: Key) -> list[bytes | None]:
    """The message at stage I and stage II, None where nothing is found."""
    received = stream.unpack(stream.write(symbols, system.codec))
    return [
        _message(lambda: system.receiver_features(received, key)),
        _message(lambda: system.receiver_picture(seen, key)),
    ]


def _message(read: Callable[[], Opened]) -> bytes | None:
    try:
        return read().message
    except NothingFoundError:
        return None


def _check_capacity(system: StegoSystem, picture: Picture) -> None:
    cover = Cover(picture, system.codec)
    promised = system.scheme.capacity_bits(cover)
    assert promised >= frame.HEADER_BITS, f"{promised} bits have no room for a header of {frame.HEADER_BITS}"
    framing = system.scheme.framing
    fitting = framing.seal(bytes(framing.message_bytes(promised)), None, KEY, bytes(8))
    try:
        system.scheme.embed(cover, fitting, KEY, Draws(bytes(32)), no_progress)
    except InfeasibleError:
        raise AssertionError(f"{promised} bits are promised, and do not fit") from None

    def too_much() -> Embedding:
        sealed = framing.seal(bytes(picture.size), None, KEY, bytes(8))
        return system.scheme.embed(cover, sealed, KEY, Draws(bytes(32)), no_progress)

    check_refused(too_much, f"{picture.size} bytes, which cannot fit,", InfeasibleError, CapacityError)
