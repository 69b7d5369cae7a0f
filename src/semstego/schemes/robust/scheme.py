# SPDX-License-Identifier: Apache-2.0
"""The robust scheme: a keyed short message in the low frequencies of the luma, which codecs and channels leave alone.

    cover ──mark──▶ marked picture ──Codec.encode──▶ symbols ──▶ stage I : decode, despike, read the picture
                                                        └─decode─▶ any picture channel ──▶ stage II: read the picture

It is for messages that must arrive, not for wardens: whoever compares pictures with what photographs look like finds
it. Of a codec with dither, symbols are drawn by the law of the marked picture, as for everybody who sends that.

Strength is the PSNR of the marked picture against the cover. One is given, or is that of the message's class, or is
found by simulating channels (:mod:`semstego.schemes.robust.strength`). Equal messages under one key are equal bits.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Real

from semstego.channel.base import Channel
from semstego.channel.words import channel
from semstego.codecs.base import Codec, Picture, Symbols
from semstego.errors import ArgumentError, InfeasibleError
from semstego.message import short_frame
from semstego.message.bits import NONE
from semstego.message.cipher import Key
from semstego.message.draws import Draws
from semstego.message.frame import Frame, Framing, Reader
from semstego.metrics.image import psnr_db
from semstego.progress import Progress
from semstego.schemes.base import Cover, Embedding, Marking, Received, Scheme, reader_of
from semstego.schemes.certified.sampling import drawn
from semstego.schemes.robust.alignment import crop, rotation, scale, tone
from semstego.schemes.robust.band import luma_of
from semstego.schemes.robust.despiking import despiked
from semstego.schemes.robust.layout import Grid, format_for
from semstego.schemes.robust.marking import Marker
from semstego.schemes.robust.reading import Reading, best_of
from semstego.schemes.robust.strength import Simulation

PSNR_DB = {32: 48.0, 128: 46.0, 1024: 42.0}
LEAST_DB, MOST_DB = 30.0, 60.0


@dataclass(frozen=True)
class RobustScheme(Scheme):
    """For short messages that must survive what happens to pictures.

    Attributes:
        psnr_db: Of the marked picture against the cover, at least; None takes that of the message's class.
        survive: Channels, or their words, that the message must survive, each by itself; they find the strength then.
        name: What reports call it.
    """

    psnr_db: float | None = None
    survive: tuple[str | Channel, ...] = ()
    name: str = "robust"

    def __post_init__(self) -> None:
        """Check the arguments.

        Raises:
            ArgumentError: If the PSNR is none, or given beside channels, or one of those is none.
        """
        given = self.psnr_db
        if given is not None and (not isinstance(given, Real) or not LEAST_DB <= given <= MOST_DB):
            raise ArgumentError(f"the PSNR of a marked picture is {LEAST_DB:g} to {MOST_DB:g} dB, not {given!r:.40}")
        if given is not None and self.survive:
            raise ArgumentError("give a PSNR or channels to survive: the one fixes the strength, the others find it")
        for one in self.survive:
            channel(one)

    @property
    def keeps_law(self) -> bool:
        """True: of a codec with dither it draws by the law of the marked picture, which is a picture like others."""
        return True

    @property
    def marks_picture(self) -> bool:
        """True."""
        return True

    @property
    def framing(self) -> Framing:
        """Frames of 48, 144 or 1,040 bytes."""
        return short_frame

    def capacity_bits(self, cover: Cover) -> int:
        """Bits of the largest frame that the picture has room for; by its size alone."""
        grid, sizes = Grid.of(*cover.picture.shape[:2]), map(short_frame.frame_bits, short_frame.CLASSES)
        return max((bits for bits in sizes if format_for(bits, grid)), default=0)

    def embed(self, cover: Cover, frame: Frame, key: Key, draws: Draws, progress: Progress) -> Embedding:
        """Mark the picture, and encode it.

        Raises:
            EmbeddingError: If no strength survives the channels.
            InfeasibleError: If the picture is too small.
        """
        form = format_for(frame.payload_bits, Grid.of(*cover.picture.shape[:2]))
        if form is None:
            raise InfeasibleError
        marker = Marker.of(cover.picture, form, key, frame.payload(key))
        if self.survive:
            channels = [(one if isinstance(one, str) else type(one).__name__, channel(one)) for one in self.survive]
            trial = Simulation(marker, cover.codec, channels, key, draws).least(progress)
            marked, encoding, margins = trial.picture, trial.encoding, tuple(trial.margins)
        else:
            progress("marking", 0)
            marked = marker.marked(PSNR_DB[form.message_bytes] if self.psnr_db is None else self.psnr_db)
            encoding, margins = cover.codec.encode(marked), None
        symbols = encoding.symbols if encoding.law is None else drawn(encoding, NONE, draws)
        return Embedding(symbols, marking=Marking(psnr_db(marked, cover.picture), margins))

    def reveal_features(self, symbols: Symbols, codec: Codec, key: Key) -> Reader:
        """Stage I: the picture of the symbols is read, and if that is not whole, that of the despiked symbols."""

        def readings() -> Iterator[Reading]:
            yield Reading.whole(luma_of(codec.decode(symbols)), key)
            yield Reading.whole(luma_of(codec.decode(despiked(symbols))), key)

        return reader_of(best_of(readings()).frame)

    def reveal_picture(self, received: Received, key: Key) -> Reader:
        """Stage II: no codec is asked."""
        return reader_of(best_of([Reading.whole(luma_of(received.picture), key)]).frame)

    def search_picture(self, picture: Picture, key: Key, progress: Progress) -> Reader:
        """Stage II of a picture whose cells are not where they were."""
        luma = luma_of(picture)
        families = (
            ("tones", tone.readings(picture, key)),
            ("rotations", rotation.readings(luma, key)),
            ("scales", scale.readings(luma, key)),
            ("places", crop.readings(luma, key)),
        )

        def readings() -> Iterator[Reading]:
            for number, (name, found) in enumerate(families):
                progress(f"searching {name}", number / len(families))
                yield from found

        return reader_of(best_of(readings()).frame)


SCHEME = RobustScheme()
