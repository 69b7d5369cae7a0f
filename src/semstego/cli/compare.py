# SPDX-License-Identifier: Apache-2.0
"""``semstego compare``: schemes side by side, on the same pictures and in the same run."""

import json
from pathlib import Path
from typing import Annotated

import typer

from semstego.cli.options import STANDARD, AsJson, Force, JsonOutput

app = typer.Typer(name="compare", help="Schemes side by side.", no_args_is_help=True)


@app.callback()
def compare() -> None:
    """Schemes side by side, on the same pictures and in the same run."""


@app.command()
def channels(
    photographs: Annotated[Path, typer.Argument(metavar="PHOTOS", help="Folder of photographs.")],
    names: Annotated[Path | None, typer.Option("--list", help="File that lists which of them.")] = None,
    system: Annotated[
        list[str],
        typer.Option(metavar="SCHEME[@CODEC]", help="Scheme, and the codec if not its own; give several for several."),
    ] = ["robust", "learned@learned-photo", "syndrome", "certified"],  # noqa: B006
    channel: Annotated[
        list[str] | None,
        typer.Option(help="Such as jpeg:50 or resize:0.5+jpeg:75; give several.", show_default="24 usual ones"),
    ] = None,
    message_bytes: Annotated[int, typer.Option(min=0, help="Length of the message.")] = 32,
    pictures: Annotated[int, typer.Option(min=1, help="The first so many photographs.")] = 60,
    side: Annotated[int, typer.Option(min=32, help="Reduce the short side to so many pixels.")] = 512,
    search: Annotated[bool, typer.Option("--search", help="Look for cut, resized, turned or toned pictures.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Fixes keys, messages and what channels draw.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    output: JsonOutput = None,
    as_json: AsJson = False,
    force: Force = False,
) -> None:
    """The same message by several schemes through several channels: which of them arrive, byte for byte."""
    from semstego.cli import outputs, terminal
    from semstego.codecs import registry
    from semstego.datasets import folder
    from semstego.evaluation.channels import USUAL, Study, table
    from semstego.system.stego_system import StegoSystem

    outputs.check([(output, outputs.JSON)], force=force)
    systems = []
    for one in system:
        scheme, _, codec = one.partition("@")
        chosen = terminal.scheme(scheme)
        loaded = terminal.named(registry.load, codec or chosen.default_codec, "--system")
        systems.append(StegoSystem(loaded, chosen))
    study = terminal.named(lambda _: Study(tuple(channel or USUAL), message_bytes, seed, search), "", "--channel")
    paths = folder.photographs(photographs, names)[:pictures]
    chosen_pictures = [folder.reduced(one, side) for one in folder.in_channels(paths, 3)]
    with terminal.bar() as progress:
        found = [study.of_system(one, chosen_pictures, workers, progress) for one in systems]
    report = {"message_bytes": message_bytes, "side": side, "seed": seed, "search": search, "systems": found}
    outputs.write({output: (json.dumps(report, indent=1) + "\n").encode()} if output else {}, force=force)
    terminal.say(json.dumps(report) if as_json else table(found), to_stderr=output == STANDARD)
