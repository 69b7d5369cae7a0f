# SPDX-License-Identifier: Apache-2.0
"""Read by mypy, never run: every shipped part, and a user's that derives from nothing, is assigned to its protocol."""

from pathlib import Path

import numpy as np

from semstego.baselines import adaptive_bch, crpas, dmas, gmas, mreas
from semstego.baselines.base import Baseline
from semstego.channel.base import Chain, Channel
from semstego.channel.compression import Jpeg, Webp
from semstego.channel.geometry import Crop, Resize, Rotate, Scale
from semstego.channel.links import Awgn, BitErrors, LostBlocks, Rayleigh
from semstego.channel.noise import Noise
from semstego.channel.semantic import Semantic
from semstego.channel.tone import Brightness, Contrast, Gamma
from semstego.codecs.base import Codec, Encoding, Picture, Symbols
from semstego.codecs.block.codec import BlockCodec
from semstego.codecs.block.weights import parse
from semstego.codecs.convolutional.point import ConvolutionalPoint, from_file
from semstego.errors import NothingFoundError
from semstego.message import frame, short_frame
from semstego.message.cipher import Key
from semstego.message.draws import Draws
from semstego.message.frame import Frame, Framing, Reader
from semstego.peers.base import Peer
from semstego.peers.methods import blind_watermark, rivagan, steganogan_basic, stego_lsb
from semstego.progress import Progress
from semstego.schemes import hill, lsb, side_informed, suniward
from semstego.schemes.adversarial.scheme import AdversarialScheme
from semstego.schemes.base import Cover, Embedding, Received, Scheme
from semstego.schemes.learned.scheme import LearnedScheme
from semstego.schemes.lsb import LsbMatching
from semstego.schemes.robust.scheme import RobustScheme
from semstego.schemes.syndrome.scheme import SyndromeScheme
from semstego.steganalysis.detectors.base import Detector
from semstego.steganalysis.learning.feature_detector import FeatureDetector
from semstego.steganalysis.learning.network_detector import NetworkDetector
from semstego.system.stego_system import StegoSystem
from semstego.tasks.agreement import Agreement
from semstego.tasks.answers import Answers, RightAnswers
from semstego.tasks.base import Task
from semstego.tasks.classification import Classification
from semstego.tasks.detection.answers import FoundObjects
from semstego.tasks.detection.task import Detection

block: BlockCodec = parse(b"", "cr085")
convolutional: ConvolutionalPoint = from_file(Path("learned-photo"), "learned-photo", {})
codecs: list[Codec] = [block, convolutional]
channels: list[Channel] = [
    Jpeg(75), Webp(80), Noise(5), Resize(0.5), Scale(0.5), Crop(0.9), Rotate(1), Gamma(1.1), Brightness(10),
    Contrast(1.1), BitErrors(1e-3), LostBlocks(0.1), Awgn(20), Rayleigh(20), Semantic(block), Chain(()),
]  # fmt: skip
schemes: list[Scheme] = [
    SyndromeScheme(), AdversarialScheme(), RobustScheme(), LearnedScheme(), LsbMatching(), hill.SCHEME, suniward.SCHEME,
    side_informed.SCHEME, lsb.SCHEME,
]  # fmt: skip
framings: list[Framing] = [frame, short_frame]
peers: list[Peer] = [blind_watermark.PEER, rivagan.PEER, steganogan_basic.PEER, stego_lsb.PEER]
tasks: list[Task] = [Classification(), Agreement(), Detection()]
answers: list[Answers] = [RightAnswers(np.zeros(1, np.bool_)), FoundObjects((), (), 1)]
baselines: list[Baseline] = [
    adaptive_bch.BASELINE, crpas.BASELINE, dmas.BASELINE, gmas.BASELINE, mreas.BASELINE,
]  # fmt: skip


def detectors(feature: FeatureDetector, network: NetworkDetector) -> list[Detector]:
    """Both kinds."""
    return [feature, network]


class Mine:
    """A codec that derives from nothing."""

    name = "mine"
    fingerprint = bytes(8)
    closed = False
    dither = 0.0

    def encode(self, picture: Picture) -> Encoding:
        """Es."""
        return Encoding.of(Symbols(np.ascontiguousarray(picture.transpose(2, 0, 1)), *picture.shape))

    def decode(self, symbols: Symbols) -> Picture:
        """Ds."""
        return np.ascontiguousarray(symbols.values.transpose(1, 2, 0))

    def recover(self, picture: Picture) -> Symbols:
        """Stage II."""
        return self.encode(picture).symbols

    def pack(self, symbols: Symbols) -> bytes:
        """To bytes."""
        return symbols.values.tobytes()

    def unpack(self, coded: bytes, height: int, width: int, channels: int) -> Symbols:
        """From bytes."""
        return Symbols(np.frombuffer(coded, np.uint8).reshape(channels, height, width), height, width, channels)


class Own:
    """A scheme that derives from nothing."""

    name = "own"
    default_codec = "cr085"
    keeps_law = False
    marks_picture = False

    @property
    def framing(self) -> Framing:
        """The usual one."""
        return frame

    @property
    def uncorrected(self) -> Scheme:
        """Itself."""
        return self

    def capacity_bits(self, cover: Cover) -> int:
        """None."""
        return 0

    def embed(self, cover: Cover, frame: Frame, key: Key, draws: Draws, progress: Progress) -> Embedding:
        """Nothing."""
        return Embedding(cover.encoding.symbols)

    def reveal_features(self, symbols: Symbols, codec: Codec, key: Key) -> Reader:
        """Stage I."""
        return lambda count: np.zeros(count, np.uint8)

    def reveal_picture(self, received: Received, key: Key) -> Reader:
        """Stage II."""
        return self.reveal_features(received.symbols, received.codec, key)

    def search_picture(self, picture: Picture, key: Key, progress: Progress) -> Reader:
        """Nothing is found."""
        raise NothingFoundError


system = StegoSystem(Mine(), Own())
