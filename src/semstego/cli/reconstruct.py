# SPDX-License-Identifier: Apache-2.0
"""``semstego reconstruct``: what the receiver sees."""

from pathlib import Path
from typing import Annotated

import typer

from semstego.cli.options import Force, OtherCodec, Stream


def reconstruct(
    stream: Stream,
    output: Annotated[Path, typer.Option("--output", "-o", help="The PNG to write.")],
    codec: OtherCodec = None,
    force: Force = False,
) -> None:
    """Write the picture that a receiver sees."""
    import semstego
    from semstego.channel.pictures import png_bytes
    from semstego.cli import terminal
    from semstego.io.files import check_output, write_all

    check_output(output, force=force)
    write_all({output: png_bytes(semstego.reconstruct(terminal.read_source(stream), codec=codec))}, force=force)
