# SPDX-License-Identifier: Apache-2.0
"""A receiver who knows neither codec nor scheme: every one that could have made what arrived is tried."""

from collections.abc import Sequence

from semstego.codecs import registry
from semstego.codecs import stream as streams
from semstego.codecs.base import Codec, Picture
from semstego.codecs.stream import Stream
from semstego.errors import NothingFoundError, PictureError, SemstegoError
from semstego.message import frame
from semstego.message.cipher import Key
from semstego.message.frame import Opened
from semstego.progress import Progress, no_progress
from semstego.schemes import base
from semstego.schemes.base import Received, Scheme

Found = tuple[Codec, Scheme, Opened]
NAMESAKE = "syndrome"  # stands for its class, whose other names say what its costs are


def shipped_schemes() -> list[Scheme]:
    """One of each class of schemes, the default first: schemes of one class are read alike."""
    names = sorted(base.SCHEMES.shipped(), key=lambda name: (name != base.DEFAULT, name != NAMESAKE, name))
    found: dict[type[Scheme], Scheme] = {}
    for scheme in map(base.SCHEMES.get, names):
        found.setdefault(type(scheme), scheme)
    return list(found.values())


def codecs_of(schemes: Sequence[Scheme]) -> list[str]:
    """Names of the codecs that a picture of one of these schemes may be made by; open ones take seconds to try."""
    return registry.names(with_open=not all(registry.is_closed(scheme.default_codec) for scheme in schemes))


def in_stream(stream: Stream, codec: Codec, schemes: Sequence[Scheme], key: Key) -> Found:
    """Stage I, by each of the schemes in turn.

    Raises:
        NothingFoundError: Wrong key, no message, another scheme or damage.
        StreamError: If another codec made the stream.
    """
    symbols = streams.symbols_in(stream, codec)
    for scheme in _likely(schemes, codec):
        try:
            return codec, scheme, frame.opened(scheme.reveal_features(symbols, codec, key), key)
        except NothingFoundError:
            continue
    raise NothingFoundError


def in_picture(
    picture: Picture,
    codecs: Sequence[str | Codec],
    schemes: Sequence[Scheme],
    key: Key,
    progress: Progress = no_progress,
) -> Found:
    """Stage II, by each of the codecs that could have made the picture, and each of the schemes.

    Raises:
        NothingFoundError: Wrong key, no message, another codec or scheme, or damage; it says so if a codec could not
            be tried because a library is missing.
        PictureError: If there is one codec only, and the picture is not for it.
    """
    tried, missing, seen = 0, "", set[bytes]()
    refusal: PictureError | None = None
    for number, one in enumerate(codecs):
        progress("searching", number / len(codecs))
        try:
            codec = registry.load(one)
        except SemstegoError as error:  # of an extra that is not installed
            missing = str(error)
            continue
        if codec.closed and codec.fingerprint in seen:  # with a dither or without, symbols mean the same
            continue
        seen.add(codec.fingerprint)
        tried += 1
        received = Received(picture, codec)
        try:
            if codec.closed and not received.is_reconstruction:
                continue
            for scheme in _likely(schemes, codec):
                try:
                    return codec, scheme, frame.opened(scheme.reveal_picture(received, key), key)
                except NothingFoundError:
                    continue
        except PictureError as error:
            refusal = error
    if refusal is not None and tried == 1 and not missing:
        raise refusal
    raise NothingFoundError(missing)


def _likely(schemes: Sequence[Scheme], codec: Codec) -> Sequence[Scheme]:
    """Of several schemes, those that open codecs are for: such as keep the law of its dither, or such as need none."""
    if codec.closed or len(schemes) == 1:
        return schemes
    if codec.dither:
        return [scheme for scheme in schemes if scheme.keeps_law]
    return [scheme for scheme in schemes if not registry.is_closed(scheme.default_codec)]
