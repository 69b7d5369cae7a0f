# SPDX-License-Identifier: Apache-2.0
"""What files are like apart from their picture: format, extension, depth, compression, metadata.

Where these differ, the sizes of files tell of them as well as of a message, so they are no evidence of a message.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from PIL import Image

from semstego.codecs import stream as streams
from semstego.io.pictures import FORMATS, is_cut

STREAM: Final = ".sem"
SAME_EXTENSION: Final = {".jpg": ".jpeg", ".tif": ".tiff"}  # two ways to write one
BITS_PER_SAMPLE: Final = 258  # tag of TIFF
MODES: Final = {"1": "1 bit", "P": "a palette", "I": "16 bits", "F": "32 bits"}  # of Pillow, whose others have 8 bits
OF_FORMAT: Final = ("extension", "compression")  # fields that may follow from the format
XMP: Final = ("xmp", "XML:com.adobe.xmp")
NAMED: Final = 4  # kinds of files that a sentence names
METADATA: Final = {  # Pillow's name, and ours
    "exif": "EXIF",
    "icc_profile": "colour profile",
    "xmp": "XMP",
    "photoshop": "Photoshop data",
    "comment": "comment",
}


class Container(NamedTuple):
    """What a file is like, in words for a reader of the report.

    Attributes:
        format: By content, such as PNG; of a stream, with the name of its codec.
        extension: By name, in lower case.
        depth: Bits of a channel.
        compression: Of JPEG the mean step of its tables, of TIFF its method.
        metadata: Kinds of metadata before the pixels, or none.
    """

    format: str
    extension: str
    depth: str
    compression: str
    metadata: str


FIELDS: Final = ("format", "extension", "depth", "compression", "metadata")  # of Container, as the report names them


def container_of(path: Path) -> Container:
    """What a file is like, from its content as far as possible; the pixels are not decoded.

    Args:
        path: Of a picture or a `.sem` stream that can be read.

    Raises:
        StreamError: If a stream cannot be read.
        OSError: If a picture cannot be read.
    """
    extension = path.suffix.lower()
    extension = SAME_EXTENSION.get(extension, extension)
    if extension == STREAM:
        return Container(f"a stream of {streams.read(path).codec}", extension, "8 bits", "its own", "none")
    with Image.open(path, formats=FORMATS) as image:
        return Container(str(image.format), extension, _depth(image), _compression(image), _metadata(image))


def differences(covers: Sequence[Container], stegos: Sequence[Container]) -> list[str]:
    """A sentence for each field in which not all files are equal; none if they are.

    Extensions and compressions that follow from the format are not named beside it.

    Args:
        covers: Of the covers.
        stegos: Of the stegos, in the same order.
    """
    found = []
    columns = [list(zip(*side, strict=True)) for side in (covers, stegos)]
    formats = [one.format for one in (*covers, *stegos)]
    for field, *sides in zip(FIELDS, *columns, strict=True):
        kinds = [kind for side in sides for kind in side]
        follows = field in OF_FORMAT and len(set(zip(formats, kinds, strict=True))) == len(set(formats))
        if len(set(kinds)) > 1 and not follows:
            said = [_counted(side) for side in sides]
            found.append(f"The files differ in {field}: covers have {said[0]}; stegos have {said[1]}.")
    return found


def _counted(kinds: Sequence[str]) -> str:
    """How many files are of each kind; kinds after the first ``NAMED`` are counted together."""
    counts = Counter(kinds).most_common()
    said = [f"{kind} in {count}" for kind, count in counts[:NAMED]]
    if rest := sum(count for _, count in counts[NAMED:]):
        said.append(f"other in {rest}")
    return ", ".join(said)


def _depth(image: Image.Image) -> str:
    """Bits of a channel, or what is there in their place."""
    if bits := getattr(image, "tag_v2", {}).get(BITS_PER_SAMPLE):
        return MODES["P"] if image.mode == "P" else f"{max(bits)} bits"
    return MODES["I"] if is_cut(image) else MODES.get(image.mode, "8 bits")


def _compression(image: Image.Image) -> str:
    """How coarsely JPEG rounds, or which compression TIFF uses; other formats have one."""
    if tables := getattr(image, "quantization", None):
        return f"JPEG steps of {np.mean([np.mean(table) for table in tables.values()]):.1f} on average"
    return str(image.info.get("compression", "its own"))


def _metadata(image: Image.Image) -> str:
    """The kinds of metadata, or none."""
    kinds = {kind for key, kind in METADATA.items() if image.info.get(key)}
    if image.format == "PNG" and any(isinstance(value, str) and key not in XMP for key, value in image.info.items()):
        kinds.add("text")
    return " and ".join(sorted(kinds)) or "none"
