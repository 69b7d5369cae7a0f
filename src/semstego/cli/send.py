# SPDX-License-Identifier: Apache-2.0
"""``semstego send``: plain semantic communication."""

from pathlib import Path
from typing import Annotated

import typer

from semstego.cli.options import Codec, Cover, Flatten, Force, Scheme


def send(
    cover: Cover,
    output: Annotated[Path, typer.Option("--output", "-o", help="The .sem stream to write.")],
    codec: Codec = None,
    scheme: Scheme = "certified",
    flatten: Flatten = False,
    force: Force = False,
) -> None:
    """Encode a picture with nothing hidden in it, by the codec that the scheme would hide in."""
    import semstego
    from semstego.cli import terminal
    from semstego.io.files import check_output, write_all

    check_output(output, force=force)
    chosen = terminal.scheme(scheme)
    content = semstego.send(terminal.read_source(cover), codec=codec, scheme=chosen, flatten=flatten)
    write_all({output: content}, force=force)
