# SPDX-License-Identifier: Apache-2.0
"""``semstego reveal``: a message is read from a stream or a picture."""

from pathlib import Path
from typing import Annotated

import typer

from semstego.cli.options import SCHEMES, AsJson, Force, OtherCodec, PassphraseFile


def reveal(
    source: Annotated[
        str, typer.Argument(metavar="STREAM_OR_PICTURE", help="A .sem stream or a reconstructed picture.")
    ],
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="File for the message, or - for standard output.")
    ] = None,
    codec: OtherCodec = None,
    scheme: Annotated[str, typer.Option(help=f"auto tries all that ship; or {SCHEMES}.")] = "auto",
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
    force: Force = False,
) -> None:
    """Read a message from a stream or a picture.

    From a stream it is stage I, from a reconstructed picture stage II; which one is found out by itself.
    """
    import semstego
    from semstego.cli import terminal
    from semstego.io.files import check_output, write_all

    chosen = None if scheme == "auto" else terminal.scheme(scheme)
    if output not in (None, "-"):
        check_output(Path(output), force=force)
    key = semstego.derive_key(terminal.passphrase(passphrase_file, confirm=False, stdin_used=source == "-"))
    content = terminal.read_source(source)
    with terminal.progress() as progress:
        found = semstego.reveal(content, key=key, codec=codec, scheme=chosen, progress=progress)
    if output not in (None, "-"):
        write_all({Path(output): found.message}, force=force)
    elif output == "-" or not as_json:
        terminal.write_message(found.message)
    facts = {
        "stage": found.stage,
        "codec": found.codec,
        "scheme": found.scheme,
        "message_bytes": len(found.message),
        "name": found.name,
        "seconds": found.seconds,
    }
    terminal.show(facts, as_json, to_stderr=output == "-" or (output is None and not as_json))
