# SPDX-License-Identifier: Apache-2.0
"""``semstego hide``: a file goes into the features of a picture."""

from pathlib import Path
from typing import Annotated

import typer

from semstego.cli.options import PE, AsJson, Codec, Cover, Flatten, Force, PassphraseFile, Scheme


def hide(
    cover: Cover,
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="File to hide, or - for standard input.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The .sem stream to write.")],
    picture: Annotated[Path | None, typer.Option(help="Also write what the receiver reconstructs, as PNG.")] = None,
    scheme: Scheme = "certified",
    codec: Codec = None,
    p_e: PE = None,
    with_name: Annotated[bool, typer.Option("--with-name", help="Send the file's name along (it takes room).")] = False,
    passphrase_file: PassphraseFile = None,
    flatten: Flatten = False,
    shrink: Annotated[
        bool, typer.Option("--shrink", help="Shrink the cover to 3/4 of its sides, which removes a JPEG history.")
    ] = False,
    allow_jpeg_history: Annotated[
        bool, typer.Option("--allow-jpeg-history", help="Hide by syndrome and the like in what was a JPEG, too.")
    ] = False,
    as_json: AsJson = False,
    force: Force = False,
) -> None:
    """Hide a file in the features of a picture.

    Both stages are read back before anything is written.
    """
    import semstego
    from semstego.cli import terminal
    from semstego.io.files import check_output, write_all

    if cover == message == "-":
        raise typer.BadParameter("only one of COVER and MESSAGE can be standard input")
    if picture is not None and picture.resolve() == output.resolve():
        raise typer.BadParameter("the stream and the picture need different files")
    for path in filter(None, (output, picture)):
        check_output(path, force=force)
    chosen = terminal.scheme(scheme, p_e)
    content = terminal.read_message(message)
    source = terminal.read_source(cover)
    words = terminal.passphrase(passphrase_file, confirm=True, stdin_used="-" in (cover, message))
    name = Path(message).name if with_name and message != "-" else None
    with terminal.progress() as progress, terminal.warnings_in_plain_words():
        hidden = semstego.hide(
            source,
            content,
            passphrase=words,
            codec=codec,
            scheme=chosen,
            name=name,
            flatten=flatten,
            shrink=shrink,
            allow_jpeg_history=allow_jpeg_history,
            progress=progress,
        )
    write_all({output: hidden.stream} | ({picture: hidden.png} if picture else {}), force=force)
    terminal.show(hidden.report.to_dict(), as_json)
