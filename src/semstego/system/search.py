# SPDX-License-Identifier: Apache-2.0
"""A receiver who knows neither codec nor scheme: every one that could have made what arrived is tried."""

from collections.abc import Sequence

from semstego.codecs import registry
from semstego.codecs import stream as streams
from semstego.codecs.base import Codec, Picture
from semstego.codecs.stream import Stream
from semstego.errors import NothingFoundError, PictureError, SemstegoError
from semstego.message.cipher import Key
from semstego.message.frame import Opened
from semstego.progress import Progress, no_progress
from semstego.schemes import base
from semstego.schemes.base import Received, Scheme

Found = tuple[Codec | None, Scheme, Opened]
"""The codec is None where the message was read from the picture itself."""

NAMESAKE = "syndrome"  # stands for its class, whose other names say what its costs are


def shipped_schemes() -> list[Scheme]:
    """The schemes that ship, the default first, and of those that are read alike one."""
    names = sorted(base.SCHEMES.shipped(), key=lambda name: (name != base.DEFAULT, name != NAMESAKE, name))
    found: dict[tuple[object, ...], Scheme] = {}
    for scheme in map(base.SCHEMES.get, names):
        found.setdefault(reading(scheme), scheme)
    return list(found.values())


def reading(scheme: Scheme) -> tuple[object, ...]:
    """What reads a scheme's messages: equal for schemes that only differ in how they hide."""
    return type(scheme).reveal_features, type(scheme).reveal_picture, scheme.framing


def codecs_of(schemes: Sequence[Scheme]) -> list[str]:
    """Names of the codecs that a picture of one of these schemes may be made by, in the order in which to try them.

    Open ones take seconds to try. They come first where every scheme is at home in one, last where some are, and not at
    all where none is, but for those with dither where a scheme keeps their law. Those go first that a scheme is at home
    in.
    """
    homes = {scheme.default_codec: registry.is_closed(scheme.default_codec) for scheme in schemes}
    closed_first = any(homes.values())
    dithered = {*registry.open_with_dither()}
    unlikely = set() if any(scheme.keeps_law for scheme in schemes) else dithered
    if all(homes.values()):
        unlikely = unlikely | ({*registry.names()} - {*registry.names(with_open=False)} - dithered)

    def rank(name: str) -> tuple[bool, bool, bool]:
        if not registry.is_shipped(name):  # a codec from elsewhere is not loaded for its place in the order
            return True, True, True
        closed = registry.is_closed(name)
        return False, closed != closed_first, not closed and name not in homes

    return sorted((name for name in registry.names() if name not in unlikely), key=rank)


def in_stream(stream: Stream, codec: Codec, schemes: Sequence[Scheme], key: Key) -> Found:
    """Stage I, by each of the schemes in turn.

    Raises:
        NothingFoundError: Wrong key, no message, another scheme or damage.
        StreamError: If another codec made the stream.
    """
    symbols = streams.symbols_in(stream, codec)
    for scheme in _likely(schemes, codec):
        try:
            return codec, scheme, scheme.framing.opened(scheme.reveal_features(symbols, codec, key), key)
        except NothingFoundError:
            continue
    raise NothingFoundError


def in_marked_pictures(
    pictures: Sequence[Picture],
    schemes: Sequence[Scheme],
    key: Key,
    progress: Progress = no_progress,
    *,
    altered: bool = False,
) -> Found:
    """What schemes that mark pictures read in them, whatever codec made them.

    Args:
        pictures: Readings of one picture, uint8 ``(h, w, c)`` each.
        schemes: Of which those are asked.
        key: Of sender and receiver.
        progress: Told what is done, and the share of it.
        altered: Whether to look for what was cut, resized, turned or toned since.

    Raises:
        NothingFoundError: Wrong key, no message, another scheme or damage.
    """
    for scheme in (scheme for scheme in schemes if scheme.marks_picture):
        for picture in pictures:
            try:
                if altered:
                    reader = scheme.search_picture(picture, key, progress)
                else:
                    reader = scheme.reveal_picture(Received(picture, registry.load(scheme.default_codec)), key)
                return None, scheme, scheme.framing.opened(reader, key)
            except NothingFoundError:
                continue
    raise NothingFoundError


def in_pictures(
    pictures: Sequence[Picture],
    codecs: Sequence[str | Codec],
    schemes: Sequence[Scheme],
    key: Key,
    progress: Progress = no_progress,
) -> Found:
    """Stage II, by each of the codecs that could have made the picture, and each of the schemes.

    Args:
        pictures: Readings of one picture, uint8 ``(h, w, c)`` each.
        codecs: To try, in this order.
        schemes: To try with each codec, in this order.
        key: Of sender and receiver.
        progress: Told what is done, and the share of it.

    Raises:
        NothingFoundError: Wrong key, no message, another codec or scheme, or damage; it says so if a codec could not
            be tried because a library is missing.
        PictureError: If there is one codec only, and no reading is for it.
    """
    missing, asked = "", set[tuple[bytes, int]]()
    refusals: list[PictureError] = []
    for number, one in enumerate(codecs):
        progress("searching", number / len(codecs))
        try:
            codec = registry.load(one)
        except SemstegoError as error:  # of an extra that is not installed
            missing = str(error)
            continue
        # with a dither or without, symbols of the same weights mean the same: no scheme is asked about them twice
        left = [scheme for scheme in _likely(schemes, codec) if (codec.fingerprint, id(scheme)) not in asked]
        if not left:
            continue
        asked.update((codec.fingerprint, id(scheme)) for scheme in left)
        for picture in pictures:
            try:
                found = _in_picture(Received(picture, codec), left, key)
            except PictureError as error:
                refusals.append(error)
                continue
            if found:
                return found
    if len(codecs) == 1 and len(refusals) == len(pictures):
        raise refusals[0]
    raise NothingFoundError(missing)


def _in_picture(received: Received, schemes: Sequence[Scheme], key: Key) -> Found | None:
    """What one of the schemes reads in the picture by its codec."""
    codec = received.codec
    if codec.closed and not received.is_reconstruction:
        return None
    for scheme in schemes:
        try:
            return codec, scheme, scheme.framing.opened(scheme.reveal_picture(received, key), key)
        except NothingFoundError:
            continue
    return None


def _likely(schemes: Sequence[Scheme], codec: Codec) -> Sequence[Scheme]:
    """Of several schemes, those that open codecs are for: such as keep the law of its dither, or such as need none.

    Those that mark pictures are for any codec.
    """
    if codec.closed or len(schemes) == 1:
        return schemes
    if codec.dither:
        return [scheme for scheme in schemes if scheme.keeps_law]
    return [scheme for scheme in schemes if scheme.marks_picture or not registry.is_closed(scheme.default_codec)]
