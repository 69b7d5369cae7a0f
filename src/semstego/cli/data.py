# SPDX-License-Identifier: Apache-2.0
"""`semstego data`: data sets for experiments."""

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(name="data", no_args_is_help=True, rich_markup_mode=None, help="Fetch data sets for experiments.")
NAME_HELP = "A set that is published, such as cifar10 or voc2007, or package:Object; a wrong name lists all."


@app.callback()
def group() -> None:
    """Fetch data sets for experiments."""


def _that_can_be_fetched(name: str) -> str:
    """The name of a data set, checked before the other options are looked at.

    Raises:
        typer.BadParameter: If there is none of this name, or it is not fetched.
    """
    from semstego.datasets import base
    from semstego.errors import ArgumentError

    try:
        if base.can_be_fetched(base.DATASETS.get(name)):
            return name
    except ArgumentError as error:
        raise typer.BadParameter(str(error)) from None
    fetched = [one for one in base.DATASETS.shipped() if base.can_be_fetched(base.DATASETS.get(one))]
    raise typer.BadParameter(f"the data set {name} is not fetched; those that are: {', '.join(fetched)}")


@app.command()
def fetch(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", callback=_that_can_be_fetched, help=NAME_HELP),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for its files; made if need be.")],
    source: Annotated[
        Path | None, typer.Option("--from", help="Folder (or Debian package) that holds the files already: no network.")
    ] = None,
) -> None:
    """Fetch a data set and check it.

    Interrupted downloads go on where they broke off; what is there already and right is kept.
    """
    from semstego.cli import terminal
    from semstego.datasets import base

    with terminal.bar() as progress:
        base.DATASETS.get(name).fetch(output, source, progress)
    terminal.say(f"{output}: {name} is complete")


@app.command("build-objects")
def build_objects(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to make.")],
    backgrounds: Annotated[Path, typer.Option(help="Folder of photographs.")],
    stamps: Annotated[
        Path | None, typer.Option(help="Tux Paint's stamps: a folder, or Debian's package; else it is fetched.")
    ] = None,
    split: Annotated[
        Path | None, typer.Option(help="Folder with fit.txt, validation.txt and test.txt, which name photographs.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Leave out photographs whose name or label holds this word; repeatable.")
    ] = None,
    size: Annotated[int, typer.Option(help="Height and width of the pictures [pixels].")] = 64,
    train: Annotated[int, typer.Option(help="Pictures of the training set.")] = 30_000,
    validation: Annotated[int, typer.Option(help="Pictures of the validation set.")] = 2_000,
    test: Annotated[int, typer.Option(help="Pictures of either test set.")] = 5_000,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace the sets that are there.")] = False,
) -> None:
    """Build the cut-outs.

    Photographed objects of ten classes are pasted over photographs: labels and boxes are exact. A few minutes. Other
    commands call the result objects (--set objects, with labels) or scenes (with boxes, for detection at --size 256).
    """
    from semstego.cli import terminal
    from semstego.datasets import set_folder
    from semstego.datasets.built import objects
    from semstego.datasets.built.objects import build as builder
    from semstego.datasets.download import debian

    set_folder.check(output, objects.DESCRIPTION, force=force)
    with terminal.bar() as progress, debian.content(objects.PACKAGE, objects.INSIDE, stamps) as folder:
        builder.build(
            output,
            backgrounds,
            folder,
            split=split,
            exclude=exclude or (),
            side=size,
            counts={"train": train, "validation": validation, "test": test, "test-unseen": test},
            seed=seed,
            force=force,
            progress=progress,
        )
    terminal.say(f"{output}: {', '.join(objects.SETS)} are complete")


@app.command("build-crops")
def build_crops(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to make.")],
    photographs: Annotated[Path, typer.Option(help="Folder of photographs.")],
    kind: Annotated[
        Literal["plain", "cifar"], typer.Option(help="cifar: reduced to half the side and enlarged.")
    ] = "cifar",
    split: Annotated[
        Path | None, typer.Option(help="Folder with fit.txt, validation.txt and test.txt, which name photographs.")
    ] = None,
    side: Annotated[int, typer.Option(help="Of a crop, in pixels.")] = 64,
    train: Annotated[int, typer.Option(help="Crops of the training set.")] = 20_000,
    validation: Annotated[int, typer.Option(help="Crops of the validation set.")] = 1_000,
    test: Annotated[int, typer.Option(help="Crops of the test set.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace the sets that are there.")] = False,
) -> None:
    """Cut crops from photographs.

    Where CIFAR-10 cannot be had, crops of its kind stand in for it; they have no labels.
    """
    from semstego.cli import terminal
    from semstego.datasets.built import crops

    counts = {"train": train, "validation": validation, "test": test}
    with terminal.bar() as progress:
        crops.build(
            output,
            photographs,
            kind=kind,
            split=split,
            side=side,
            counts=counts,
            seed=seed,
            force=force,
            progress=progress,
        )
    terminal.say(f"{output}: {', '.join(crops.SETS)} are complete")
