# SPDX-License-Identifier: Apache-2.0
"""``semstego demo``: the demonstration on the bundled photographs."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path, typer.Option(help="Folder for what it makes.")] = Path("demo-out"),
) -> None:
    """Hide and reveal in bundled photographs.

    A real file goes into each and is read back at both stages; a table and a picture sheet show what it costs.
    """
    from semstego.api.demo import run
    from semstego.cli import terminal

    terminal.announce_compilation()
    run(out)
