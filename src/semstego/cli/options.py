# SPDX-License-Identifier: Apache-2.0
"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated, Literal

import typer

STANDARD = "-"
NAMES_OF_STANDARD = (STANDARD, "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def standard(path: str | None) -> str | None:
    """The path, or - for all names of standard output: what else is printed must go elsewhere then."""
    return STANDARD if path in NAMES_OF_STANDARD else path


CODECS = (
    "cr085 (best picture), cr050, cr025 (small stream), task (fitted for a classifier), each with -plain behind it for "
    "schemes other than certified, learned-photo and other models of the learned scheme, the path of weights, or "
    "package:Object"
)
SCHEMES = (
    "certified (undetectable up to --p-e), syndrome (more payload), learned (the paper's networks), robust (short "
    "messages that survive JPEG, resizing and noise), adversarial (costs learned from detectors), hill, suniward, "
    "side-informed, lsb, or package:Object"
)

Cover = Annotated[
    str,
    typer.Argument(
        metavar="COVER", help="Picture (PNG, JPEG, WebP, TIFF, BMP, PPM, GIF, JPEG 2000, QOI), or - for standard input."
    ),
]
Stream = Annotated[str, typer.Argument(metavar="STREAM", help="A .sem stream, or - for standard input.")]
StreamOrPicture = Annotated[
    str,
    typer.Argument(
        metavar="STREAM_OR_PICTURE", help="A .sem stream or a reconstructed picture, or - for standard input."
    ),
]
Codec = Annotated[
    str | None, typer.Option(help=f"{CODECS}; else the scheme's own.", show_default="cr085 or cr085-plain")
]
OtherCodec = Annotated[
    str | None, typer.Option("--codec", help="Weights of your own, or package:Object; the shipped ones are found.")
]
Scheme = Annotated[str, typer.Option(help=f"{SCHEMES}.")]
PE = Annotated[
    float | None,
    typer.Option(
        "--p-e",
        help="Certified: what the detection error of any detector is at least, 0.4 to below 0.49999995.",
        show_default="0.499",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object; errors, too.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what exists.")]
Flatten = Annotated[bool, typer.Option("--flatten", help="Convert alpha, palettes, 16 bits and CMYK.")]
StreamOutput = Annotated[
    str,
    typer.Option(
        "--output", "-o", metavar="FILE", help="The .sem stream to write, or - for standard output.", callback=standard
    ),
]
JsonOutput = Annotated[
    str | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Also write the figures as JSON; - prints them.", callback=standard
    ),
]
Shrink = Annotated[
    bool, typer.Option("--shrink", help="Shrink the cover to 3/4 of its sides, which removes a JPEG history.")
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", help="File whose first line is the passphrase; else SEMSTEGO_PASSPHRASE; else a prompt."
    ),
]
Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="YAML; see configs/ and docs/configuration.md.")]
Run = Annotated[Path, typer.Option(help="Folder of the run; a run that is there already goes on.")]
Weights = Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="The weights to write.")]
Accelerator = Annotated[Literal["auto", "cpu", "gpu"], typer.Option(help="Where to compute.")]
Devices = Annotated[int, typer.Option(min=1, help="Devices a node; more than one trains by DDP.")]
Nodes = Annotated[int, typer.Option(min=1, help="Nodes.")]
