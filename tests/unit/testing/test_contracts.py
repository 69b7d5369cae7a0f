# SPDX-License-Identifier: Apache-2.0
"""Every shipped codec, scheme and task keeps its contract; broken ones are caught, each for what is wrong with it."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from PIL import Image

from semstego.codecs import registry
from semstego.codecs.base import CHANCE_SCALE, Encoding, Law
from semstego.codecs.block.codec import BlockCodec
from semstego.datasets.enlarge import softened
from semstego.datasets.scenes import rows_of
from semstego.message.frame import HEADER_BITS
from semstego.schemes import base
from semstego.schemes.base import Embedding
from semstego.schemes.lsb import LsbMatching
from semstego.tasks import classification
from semstego.tasks.detection import task as detection
from semstego.testing.codecs import check_codec
from semstego.testing.schemes import check_scheme
from semstego.testing.tasks import check_task


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.mark.parametrize("name", registry.names())
def test_every_shipped_codec_keeps_its_contract(name):
    check_codec(registry.load(name))


@pytest.mark.parametrize("name", registry.names(with_open=False))
def test_block_codecs_keep_it_in_grey(name):
    check_codec(registry.load(name), channels=1)


AT_HOME = ("learned", "adversarial")  # in some codecs alone


@pytest.mark.parametrize("name", [name for name in base.SCHEMES.names() if name not in AT_HOME])
@pytest.mark.parametrize("point", ["cr085", "cr050"])
def test_every_shipped_scheme_keeps_its_contract(name, point, photographs):
    cover = np.ascontiguousarray(photographs["coffee"][:128, :192]) if name == "robust" else None
    scheme = base.SCHEMES.get(name)
    check_scheme(scheme, registry.load(registry.twin_for(point, keeps_law=scheme.keeps_law)), cover)


def test_the_adversarial_scheme_keeps_its_contract():
    check_scheme(base.SCHEMES.get("adversarial"), registry.load("cr085-plain"))


def test_the_learned_scheme_keeps_its_contract(photographs):
    large = Image.fromarray(photographs["coffee"][:384, 100:484]).resize((64, 64), Image.Resampling.BOX)
    check_scheme(base.SCHEMES.get("learned"), registry.load("learned-100"), softened(np.asarray(large)[None], 32)[0])


def test_the_shipped_detector_keeps_its_contract():
    rows = rows_of([[0], [3]], [[[4, 4, 60, 60]], [[0, 8, 30, 40]]], [[0], [0]])
    check_task(detection.load("scenes"), torch.from_numpy(rows))


@pytest.mark.parametrize("name", classification.SHIPPED)
def test_every_shipped_classifier_keeps_its_contract(name):
    check_task(classification.load(name), torch.arange(4))


LAW_FAULTS = {
    "law shape": "law lacks", "law in floats": "float", "above one": "above 1", "beyond 255": "out of 0 to 255",
    "moves the rest": "may not carry",
}  # fmt: skip


def _broken(encoding, fault):
    """The chances of a law with one fault."""
    chances, values = encoding.law.chances.copy(), encoding.symbols.values
    if fault == "law shape":
        return chances[1:]
    if fault == "law in floats":
        return chances / CHANCE_SCALE
    if fault == "above one":
        chances[0, 0, 0] = np.where(values[0, 0, 0] < 255, 1, -1) * (CHANCE_SCALE + 1)
    if fault == "beyond 255":
        chances[:] = 1
        values[0, 0, 0] = 255
    if fault == "moves the rest":
        chances[:, -1] = 1
        values[:, -1] = 128
    return chances


@dataclass(frozen=True)
class Broken(BlockCodec):
    """A codec with one fault."""

    fault: str = ""

    @property
    def closed(self):
        return True

    def encode(self, picture):
        if self.fault == "refuses nothing" and (min(picture.shape) < 3 or len(picture) < 32):
            picture = np.zeros((64, 64, 3), np.uint8)
        encoding = super().encode(picture)
        values = encoding.symbols.values
        if self.fault == "not uint8":
            return replace(encoding, symbols=encoding.symbols.with_values(values.astype(np.int16)))
        if self.fault == "draws":
            return Encoding.of(encoding.symbols.with_values(values ^ np.random.randint(0, 2, values.shape, np.uint8)))  # noqa: NPY002
        if self.fault == "wet shape":
            return replace(encoding, wet=encoding.wet[1:])
        if self.fault in LAW_FAULTS:
            return replace(encoding, law=Law(_broken(encoding, self.fault)))
        return encoding

    def decode(self, symbols):
        picture = super().decode(symbols)
        return picture[::-1].copy() if self.fault == "upside down" else picture

    def recover(self, picture):
        symbols = super().recover(picture)
        return symbols.with_values(symbols.values ^ 1) if self.fault == "not closed" else symbols

    def unpack(self, coded, height, width, channels):
        if self.fault == "believes all" and not any(coded):
            return super().encode(np.zeros((64, 64, 3), np.uint8)).symbols
        symbols = super().unpack(coded, height, width, channels)
        return replace(symbols, block=None) if self.fault == "carries elsewhere" else symbols


CODEC_FAULTS = {
    "not uint8": "not uint8", "draws": "other symbols", "wet shape": "wet has the shape", "upside down": "picture|own",
    "not closed": "does not recover", "believes all": "no symbols is taken", "carries elsewhere": "carry elsewhere",
    "refuses nothing": "is taken",
}  # fmt: skip


def broken(name, fault):
    sound = registry.load(name)
    return Broken(sound.name, sound.bases, sound.entropy, sound.dither, fault)


@pytest.mark.parametrize("fault", CODEC_FAULTS)
@pytest.mark.parametrize("name", ["cr085", "cr085-plain"])
def test_broken_codecs_are_caught(name, fault):
    with pytest.raises(AssertionError, match=CODEC_FAULTS[fault]):
        check_codec(broken(name, fault))


@pytest.mark.parametrize("fault", LAW_FAULTS)
def test_broken_laws_are_caught(fault):
    with pytest.raises(AssertionError, match=LAW_FAULTS[fault]):
        check_codec(broken("cr085", fault))


@dataclass(frozen=True)
class BrokenScheme(LsbMatching):
    """A scheme with one fault."""

    fault: str = ""

    def capacity_bits(self, cover):
        promised = super().capacity_bits(cover)
        return {"promises too much": 2 * promised, "promises nothing": HEADER_BITS - 1}.get(self.fault, promised)

    def embed(self, cover, frame, key, draws, progress):
        if self.fault == "fits all" and frame.payload_bits > 10_000:
            return Embedding(cover.encoding.symbols)
        if self.fault == "changes the cover":
            cover.picture[0, 0, 0] ^= 1
        embedding = super().embed(cover, frame, key, draws, progress)
        if self.fault == "changes wet symbols":
            values = embedding.symbols.values.copy()
            values[0] ^= cover.encoding.wet.astype(np.uint8)
            return Embedding(embedding.symbols.with_values(values))
        return embedding

    def reveal_features(self, symbols, codec, key):
        if self.fault == "ignores the key":
            key = type(key)(bytes(range(32)))
        return super().reveal_features(symbols, codec, key)


SCHEME_FAULTS = {
    "promises too much": "promised", "promises nothing": "no room", "fits all": "cannot fit, is taken",
    "changes the cover": "changes the cover",
}  # fmt: skip


@pytest.mark.parametrize("fault", SCHEME_FAULTS)
def test_broken_schemes_are_caught(fault):
    with pytest.raises(AssertionError, match=SCHEME_FAULTS[fault]):
        check_scheme(BrokenScheme(fault=fault))
