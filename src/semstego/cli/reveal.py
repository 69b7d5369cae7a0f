# SPDX-License-Identifier: Apache-2.0
"""``semstego reveal``: a message is read from a stream or a picture."""

from pathlib import Path
from typing import Annotated

import typer

from semstego.cli.options import (
    SCHEMES,
    STANDARD,
    AsJson,
    Force,
    OtherCodec,
    PassphraseFile,
    Quiet,
    StreamOrPicture,
    standard,
)


def reveal(
    source: StreamOrPicture,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="File for the message, or - for standard output.", callback=standard
        ),
    ] = None,
    use_name: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the message into this folder, by the name it came with.")
    ] = None,
    codec: OtherCodec = None,
    scheme: Annotated[str, typer.Option(help=f"auto tries all that ship; or {SCHEMES}.")] = "auto",
    search: Annotated[
        bool, typer.Option("--search", help="Look for robust messages in cut, resized, turned or toned pictures, too.")
    ] = False,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Read a message from a stream or a picture.

    From a stream it is stage I, from a reconstructed picture stage II; which one is found out by itself.
    """
    import semstego
    from semstego.cli import outputs, sources, terminal

    if output is not None and use_name is not None:
        raise typer.BadParameter("--output and --use-name both say where the message goes")
    outputs.check([(output, outputs.ANYTHING)], force=force)
    if use_name is not None and not use_name.is_dir():
        raise typer.BadParameter(f"--use-name: there is no folder {use_name}")
    chosen = None if scheme == "auto" else terminal.scheme(scheme)
    point = terminal.codec(codec)
    key = semstego.derive_key(sources.passphrase(passphrase_file, confirm=False, stdin_used=source == "-"))
    content = sources.read_source(source)
    with terminal.progress(quiet) as progress:
        found = semstego.reveal(content, key=key, codec=point, scheme=chosen, search=search, progress=progress)
    if use_name is not None:
        output = str(_place(use_name, found.name).absolute())  # whatever the sender's name, no word of ours
    if output not in (None, STANDARD):
        outputs.write({output: found.message}, force=force)
    elif output == STANDARD or not as_json:
        terminal.write_message(found.message)
    facts = {
        "stage": found.stage,
        "codec": found.codec,
        "scheme": found.scheme,
        "message_bytes": len(found.message),
        "name": found.name,
        "file": None if output == STANDARD else output,
        "seconds": found.seconds,
    }
    if not quiet:
        to_stderr = output == STANDARD or (output is None and not as_json)
        terminal.show(facts, as_json, to_stderr=to_stderr)


def _place(folder: Path, name: str | None) -> Path:
    """Where a message goes whose sender chose the name: no control characters, and no hidden file."""
    from semstego.errors import OutputError

    if not name:
        raise OutputError("no name came with the message: say with --output where it is to go")
    plain = "".join(one if one.isprintable() else "_" for one in name)
    place = folder / ("_" + plain[1:] if plain.startswith(".") else plain)
    if place.is_symlink() or (place.exists() and not place.is_file()):
        raise OutputError(f"{place} is a link or no file: say with --output where the message is to go")
    return place
