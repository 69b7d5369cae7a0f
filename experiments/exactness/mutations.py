# SPDX-License-Identifier: Apache-2.0
"""Damage for `fuzz.py`: stego streams and pictures, and everything that it does to them.

Where a checksum would stop the damage at the door (`.sem`, PNG) some mutations repair it, so that it reaches the
decoder. The bases are small crops of the bundled photographs, so that one case takes milliseconds; the key is the same
for all, so that only the reader can tell them apart.
"""

import hashlib
import io
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from PIL import Image

import semstego
from experiments import record
from semstego.codecs import registry
from semstego.codecs import stream as container
from semstego.errors import SemstegoError
from semstego.io.pictures import load_picture
from semstego.message.cipher import Key

KEY = Key(bytes(range(32)))
SIDES = ((32, 32), (64, 64), (47, 38), (40, 64))  # height, width
LOSSLESS = ("PNG", "BMP", "TIFF", "WEBP", "PPM")


@dataclass(frozen=True)
class Base:
    """A stego stream, what it shows, and what it hides."""

    name: str
    stream: bytes
    picture: np.ndarray
    message: bytes


@lru_cache
def bases() -> list[Base]:
    """One base for each codec, kind, size and scheme, certified or syndrome; the same in every run."""
    folder = resources.files("semstego") / "datasets" / "photographs"
    covers = [load_picture((folder / f"{name}.png").read_bytes()) for name in ("chelsea", "coffee", "astronaut")]
    made = []
    for codec in (*record.PICTURE_POINTS, *record.PLAIN_POINTS):
        scheme = "syndrome" if codec in record.PLAIN_POINTS else "certified"
        for index, (height, width) in enumerate(SIDES):
            cover = covers[index % len(covers)][40 : 40 + height, 90 : 90 + width]
            for kind, picture in (("colour", cover), ("grey", record.grey(cover))):
                name = f"{codec} {kind} {height}x{width}"
                message = hashlib.sha256(name.encode()).digest()[: 8 + 4 * index]
                nonce = hashlib.sha256(b"nonce " + name.encode()).digest()[:8]
                try:
                    out = semstego.hide(picture, message, key=KEY, codec=codec, scheme=scheme, nonce=nonce)
                except SemstegoError:  # too little room
                    continue
                made.append(Base(name, out.stream, out.picture, message))
    return made


def damaged(data: bytes, rng: np.random.Generator, step: int = 1) -> bytes:
    """A copy with bits flipped, bytes cut, added, exchanged or moved, at multiples of ``step``."""
    copy = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(len(copy) // step + 1)) * step
        match int(rng.integers(7)):
            case 0:
                del copy[at:]
            case 1:
                copy[at:at] = rng.bytes(step * int(rng.integers(1, 9)))
            case 2:
                copy[at : at + 4] = rng.bytes(4)
            case 3:
                copy[at : at + 4] = [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\x80"][rng.integers(3)]
            case 4:
                del copy[at : at + step * int(rng.integers(1, 9))]
            case 5:
                copy = copy[at:] + copy[:at]
            case _:
                if at < len(copy):
                    copy[at] ^= 1 << int(rng.integers(8))
    return bytes(copy)


def sealed(header: bytes, coded: bytes) -> bytes:
    """A stream whose length field and checksum are right."""
    header = header[:38] + struct.pack("<I", len(coded))
    return header + hashlib.sha256(header + coded).digest()[:8] + coded


def stream_bytes(base: Base, rng: np.random.Generator) -> bytes:
    """Any damage; the checksum should catch it."""
    return damaged(base.stream, rng)


def stream_coded(base: Base, rng: np.random.Generator) -> bytes:
    """Damaged symbols under a good checksum."""
    header, coded = base.stream[:42], base.stream[50:]
    match int(rng.integers(4)):
        case 0:
            coded = rng.bytes(4 * int(rng.integers(len(coded) // 2)))
        case 1:
            coded = bytes(len(coded) // 4 * 4)
        case 2:
            coded = damaged(coded, rng)
        case _:
            coded = damaged(coded, rng, step=4)
    return sealed(header, coded)


def stream_header(base: Base, rng: np.random.Generator) -> bytes:
    """Other fields under a good checksum: channels, codec, fingerprint, size."""
    header, coded = bytearray(base.stream[:42]), base.stream[50:]
    point = registry.load(record.PICTURE_POINTS[rng.integers(3)])
    for _ in range(rng.integers(1, 3)):
        match int(rng.integers(6)):
            case 0:
                header[5] = int(rng.choice([0, 1, 2, 3, 4, 255]))
            case 1:
                header[6:22], header[22:30] = point.name.encode().ljust(16, b"\0"), point.fingerprint
            case 2:
                header[6:22] = [rng.bytes(16), bytes(16), b"cr085\0cr025".ljust(16, b"\0")][rng.integers(3)]
            case 3:
                at = int(rng.choice([30, 34]))
                header[at : at + 4] = struct.pack("<I", max(0, base.picture.shape[at > 30] + int(rng.integers(-9, 10))))
            case 4:
                at = int(rng.choice([30, 34]))
                header[at : at + 4] = struct.pack("<I", int(rng.choice([0, 1, 31, 2**20, 2**20 + 1, 2**32 - 1])))
            case _:
                side = int(2 ** rng.uniform(5, 13))
                header[30:38] = struct.pack("<II", side, int(rng.integers(32, 8192)))
    return sealed(bytes(header), coded)


def stream_sized(base: Base, rng: np.random.Generator) -> bytes:
    """Symbols as the entropy coder leaves what does not shrink, of any small size, below the least picture too."""
    header = bytearray(base.stream[:42])
    height, width = rng.integers(1, 100, 2).tolist()
    header[30:38] = struct.pack("<II", height, width)
    stream = container.unpack(base.stream)
    shape = registry.load(stream.codec).symbol_shape(height, width, stream.channels)
    return sealed(bytes(header), rng.bytes(int(np.prod(shape))))


def stream_bomb(base: Base, rng: np.random.Generator) -> bytes:
    """Next to no symbols under a good checksum, and a size that would take long and much memory to fill."""
    header = bytearray(base.stream[:42])
    header[30:38] = struct.pack("<II", int(2 ** rng.uniform(8, 12.6)), int(rng.integers(256, 8192)))
    return sealed(bytes(header), bytes(4 * int(rng.integers(12))))


def stream_swapped(base: Base, rng: np.random.Generator) -> bytes:
    """One stream's header before another's symbols, or both halves of the symbols exchanged."""
    other = bases()[rng.integers(len(bases()))].stream
    header, coded = base.stream[:42], base.stream[50:]
    if rng.random() < 0.5:
        return sealed(header, other[50:])
    at = int(rng.integers(len(coded) // 4)) * 4
    return sealed(header, coded[at:] + coded[:at])


def saved(picture: np.ndarray, form: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, form, **options)
    return buffer.getvalue()


def lossless(picture: np.ndarray, rng: np.random.Generator) -> bytes:
    form = LOSSLESS[rng.integers(len(LOSSLESS))]
    return saved(picture, form, **({"lossless": True} if form == "WEBP" else {}))


def picture_pixels(base: Base, rng: np.random.Generator) -> bytes:
    """Some pixels changed, in a sound file."""
    picture = base.picture.copy()
    flat = picture.reshape(-1)
    where = rng.integers(flat.size, size=int(2 ** rng.uniform(0, 8)))
    match int(rng.integers(3)):
        case 0:
            flat[where] ^= 1
        case 1:
            flat[where] = rng.integers(256, size=len(where))
        case _:
            top, left = rng.integers(picture.shape[0] - 8), rng.integers(picture.shape[1] - 8)
            picture[top : top + 8, left : left + 8] = rng.choice([0, 255])
    return lossless(picture, rng)


def picture_geometry(base: Base, rng: np.random.Generator) -> bytes:
    """Turned, mirrored, cut, shifted, pasted, resized, or through JPEG and lossy WebP."""
    picture = base.picture
    other = bases()[rng.integers(len(bases()))].picture
    match int(rng.integers(7)):
        case 0:
            picture = np.rot90(picture, rng.integers(1, 4))
        case 1:
            picture = picture[:, ::-1] if rng.random() < 0.5 else picture[::-1]
        case 2:
            picture = picture[rng.integers(9) :, rng.integers(9) :]
        case 3:
            picture = np.roll(picture, rng.integers(-8, 9, 2), (0, 1))
        case 4 if other.ndim == picture.ndim:
            rows = int(rng.integers(1, min(len(other), len(picture)) // 8)) * 8
            columns = min(other.shape[1], picture.shape[1])
            picture = picture.copy()
            picture[:rows, :columns] = other[:rows, :columns]
        case 5:
            size = rng.integers(32, 80, 2).tolist()
            picture = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))
        case _:
            form = ("JPEG", "WEBP")[rng.integers(2)]
            return saved(picture, form, quality=int(rng.integers(1, 101)))
    return lossless(np.ascontiguousarray(picture), rng)


def picture_file(base: Base, rng: np.random.Generator) -> bytes:
    """A damaged file of any format."""
    form = (*LOSSLESS, "JPEG")[rng.integers(len(LOSSLESS) + 1)]
    options = {"lossless": bool(rng.integers(2))} if form == "WEBP" else {}
    if form == "TIFF":
        options = {"compression": ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"][rng.integers(4)]}
    return damaged(saved(base.picture, form, **options), rng)


def picture_png_chunks(base: Base, rng: np.random.Generator) -> bytes:
    """A PNG whose chunks are damaged, doubled, dropped or exchanged, with good CRCs."""
    data = saved(base.picture, "PNG", compress_level=1)
    chunks, at = [], 8
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    for _ in range(rng.integers(1, 3)):
        which = int(rng.integers(len(chunks)))
        kind, body = chunks[which]
        match int(rng.integers(6)):
            case 0:
                chunks[which] = kind, damaged(body, rng)
            case 1:
                chunks.insert(int(rng.integers(len(chunks))), chunks[which])
            case 2 if len(chunks) > 1:
                del chunks[which]
            case 3:
                other = [b"PLTE", b"tRNS", b"gAMA", b"acTL", b"fcTL", b"eXIf", b"iCCP", b"zTXt", b"IDAT"]
                chunks.insert(int(rng.integers(1, len(chunks) + 1)), (other[rng.integers(9)], rng.bytes(24)))
            case 4 if chunks[0][0] == b"IHDR" and len(chunks[0][1]) == 13:
                size = [int(2 ** rng.uniform(0, 31)) for _ in range(2)]
                chunks[0] = b"IHDR", struct.pack(">II", *size) + chunks[0][1][8:]
            case _:
                text = zlib.compress(bytes(1 << int(rng.integers(10, 27))))
                chunks.insert(1, (b"zTXt", b"comment\0\0" + text))  # a bomb
    parts = [struct.pack(">I", len(b)) + k + b + struct.pack(">I", zlib.crc32(k + b)) for k, b in chunks]
    return data[:8] + b"".join(parts)


MUTATIONS = {  # kind: (mutation, weight)
    "stream, any bytes": (stream_bytes, 3),
    "stream, symbols, checksum repaired": (stream_coded, 4),
    "stream, header, checksum repaired": (stream_header, 2),
    "stream, any size, checksum repaired": (stream_sized, 0.5),
    "stream, bomb, checksum repaired": (stream_bomb, 0.005),
    "stream, sections exchanged, checksum repaired": (stream_swapped, 2),
    "picture, pixels": (picture_pixels, 3),
    "picture, geometry and lossy formats": (picture_geometry, 2),
    "picture, file bytes": (picture_file, 4),
    "picture, PNG chunks, CRC repaired": (picture_png_chunks, 2),
}


def case(seed: int, index: int) -> tuple[str, Base, bytes]:
    """The kind, the base and the mutated bytes of a case."""
    rng = np.random.default_rng([seed, index])
    weights = np.array([weight for _, weight in MUTATIONS.values()], float)
    kind = list(MUTATIONS)[rng.choice(len(weights), p=weights / weights.sum())]
    base = bases()[rng.integers(len(bases()))]
    return kind, base, MUTATIONS[kind][0](base, rng)
