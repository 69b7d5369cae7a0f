# SPDX-License-Identifier: Apache-2.0
"""``semstego reconstruct``: what the receiver sees."""

from typing import Annotated

import typer

from semstego.cli.options import Force, OtherCodec, Quiet, Stream, standard


def reconstruct(
    stream: Stream,
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The PNG to write, or - for standard output.", callback=standard
        ),
    ],
    codec: OtherCodec = None,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Write the picture that a receiver sees."""
    import semstego
    from semstego.channel.pictures import png_bytes
    from semstego.cli import outputs, sources, terminal

    outputs.check([(output, outputs.PNG)], force=force)
    point, source = terminal.codec(codec), sources.read_source(stream)
    with terminal.progress(quiet):
        picture = semstego.reconstruct(source, codec=point)
    outputs.write({output: png_bytes(picture)}, force=force)
