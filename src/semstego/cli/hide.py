# SPDX-License-Identifier: Apache-2.0
"""``semstego hide``: a file goes into the features of a picture."""

from pathlib import Path
from typing import Annotated

import typer

from semstego.cli.options import (
    PE,
    STANDARD,
    AsJson,
    Codec,
    Cover,
    Flatten,
    Force,
    PassphraseFile,
    Quiet,
    Scheme,
    Shrink,
    StreamOutput,
    standard,
)


def hide(
    cover: Cover,
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="File to hide, or - for standard input.")],
    output: StreamOutput,
    picture: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Also write what the receiver reconstructs, as PNG.", callback=standard),
    ] = None,
    scheme: Scheme = "certified",
    codec: Codec = None,
    p_e: PE = None,
    psnr: Annotated[
        float | None,
        typer.Option(
            help="Robust: PSNR of the marked picture [dB].", show_default="48, 46, 42 to 32, 128, 1,024 bytes"
        ),
    ] = None,
    survive: Annotated[
        str | None,
        typer.Option(
            metavar="CHANNELS", help="Robust: what it must survive, each by itself, such as jpeg:50,resize:0.5+jpeg:75."
        ),
    ] = None,
    with_name: Annotated[bool, typer.Option("--with-name", help="Send the file's name along (it takes room).")] = False,
    passphrase_file: PassphraseFile = None,
    flatten: Flatten = False,
    shrink: Shrink = False,
    allow_jpeg_history: Annotated[
        bool, typer.Option("--allow-jpeg-history", help="Hide by syndrome and the like in what was a JPEG, too.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Hide a file in the features of a picture.

    Both stages are read back before anything is written.
    """
    import semstego
    from semstego.cli import outputs, sources, terminal

    if cover == message == "-":
        raise typer.BadParameter("only one of COVER and MESSAGE can be standard input")
    outputs.check([(output, outputs.STREAM), (picture or None, outputs.PNG)], force=force)
    chosen, point = terminal.scheme(scheme, p_e, psnr, survive), terminal.codec(codec)
    content = sources.read_message(message)
    source = sources.read_source(cover)
    words = sources.passphrase(passphrase_file, confirm=True, stdin_used="-" in (cover, message))
    name = Path(message).name if with_name and Path(message).is_file() else None  # a pipe has none
    with terminal.progress(quiet) as progress:
        hidden = semstego.hide(
            source,
            content,
            passphrase=words,
            codec=point,
            scheme=chosen,
            name=name,
            flatten=flatten,
            shrink=shrink,
            allow_jpeg_history=allow_jpeg_history,
            progress=progress,
        )
    outputs.write({output: hidden.stream} | ({picture: hidden.png} if picture else {}), force=force)
    if not quiet:
        terminal.show(hidden.report.to_dict(), as_json, to_stderr=STANDARD in (output, picture))
