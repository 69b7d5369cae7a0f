# SPDX-License-Identifier: Apache-2.0
"""``semstego transmit``: what arrives of a stream or a picture behind a channel."""

from typing import Annotated

import typer

from semstego.cli.options import STANDARD, AsJson, Force, OtherCodec, Quiet, StreamOrPicture, standard


def transmit(
    source: StreamOrPicture,
    channel: Annotated[str, typer.Option(metavar="WORDS", help="Such as jpeg:75,resize:0.5 or bit-errors:0.001.")],
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Of a stream: the stream that arrives, or -.", callback=standard
        ),
    ] = None,
    picture: Annotated[
        str | None, typer.Option(metavar="FILE", help="The picture that arrives, as PNG, or -.", callback=standard)
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of what the channel draws; else a fresh one.")] = None,
    codec: OtherCodec = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Send a stream or a picture through a channel, and measure what arrives."""
    import semstego
    from semstego.channel import words
    from semstego.channel.pictures import png_bytes
    from semstego.cli import outputs, sources, terminal

    outputs.check([(output, outputs.STREAM), (picture, outputs.PNG)], force=force)
    way, point = terminal.named(words.channel, channel, "--channel"), terminal.codec(codec)
    content = sources.read_source(source)
    with terminal.progress(quiet):
        arrived = semstego.transmit(content, way, codec=point, seed=seed)
    if output is not None and arrived.stream is None:
        raise typer.BadParameter("--output takes the stream that arrives, and this is a picture: name --picture")
    files = {} if output is None or arrived.stream is None else {output: arrived.stream}
    if picture is not None:
        files[picture] = png_bytes(arrived.picture)
    outputs.write(files, force=force)
    height, width = arrived.picture.shape[:2]
    facts = {
        "psnr_db": arrived.psnr_db,
        "ssim": arrived.ssim,
        "changed_symbols": arrived.changed_symbols,
        "height": height,
        "width": width,
    }
    if not quiet:
        terminal.show(facts, as_json, to_stderr=STANDARD in (output, picture))
