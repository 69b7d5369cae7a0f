# SPDX-License-Identifier: Apache-2.0
"""``semstego fit-codec``: a block codec for one's own photographs, or for a task."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from semstego.cli.options import Force


def fit_codec(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of photographs.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The weights to write; the card goes beside them.")],
    like: Annotated[Literal["cr085", "cr050", "cr025", "task"], typer.Option(help="Design to fit.")] = "cr085",
    only: Annotated[Path | None, typer.Option(help="File that lists the photographs to use, one a line.")] = None,
    dither: Annotated[
        float, typer.Option(help="Width of its dither [steps], a multiple of 1/128 up to 1; 0 rounds plainly.")
    ] = 1.0,
    task: Annotated[
        Path | None, typer.Option(help="YAML, such as configs/task-codec.yaml: fit the colour basis to a task, too.")
    ] = None,
    run: Annotated[Path | None, typer.Option(help="With --task: folder of the run; one that is there goes on.")] = None,
    force: Force = False,
) -> None:
    """Fit a codec to a folder of photographs, and to a task."""
    from semstego.api.fit_codec import TaskFit, fit_and_write
    from semstego.cli import outputs, terminal
    from semstego.codecs.base import DITHER_SCALE, is_dither

    outputs.check([(str(output), outputs.WEIGHTS)], force=force)
    if not is_dither(dither):
        raise typer.BadParameter(f"--dither takes multiples of 1/{DITHER_SCALE} from 0 to 1")
    if (task is None) != (run is None):
        raise typer.BadParameter("--task and --run go together")
    fitted = TaskFit(task, run) if task and run else None
    with terminal.extra("train"), terminal.progress() as progress:
        fit_and_write(folder, output, like=like, dither=dither, only=only, task=fitted, force=force, progress=progress)
