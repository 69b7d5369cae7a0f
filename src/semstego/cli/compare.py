# SPDX-License-Identifier: Apache-2.0
"""``semstego compare``: schemes side by side, on the same pictures and in the same run."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from semstego.cli.options import STANDARD, AsJson, Force, JsonOutput

if TYPE_CHECKING:
    from semstego.system.stego_system import StegoSystem

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
    from semstego.datasets import folder
    from semstego.evaluation.channels import USUAL, Study, table

    outputs.check([(output, outputs.JSON)], force=force)
    systems = [_system(one) for one in system]
    study = terminal.named(lambda _: Study(tuple(channel or USUAL), message_bytes, seed, search), "", "--channel")
    paths = folder.photographs(photographs, names)[:pictures]
    chosen_pictures = [folder.reduced(one, side) for one in folder.in_channels(paths, 3)]
    with terminal.bar() as progress:
        found = [study.of_system(one, chosen_pictures, workers, progress) for one in systems]
    report = {"message_bytes": message_bytes, "side": side, "seed": seed, "search": search, "systems": found}
    outputs.write({output: (json.dumps(report, indent=1) + "\n").encode()} if output else {}, force=force)
    terminal.say(json.dumps(report) if as_json else table(found), to_stderr=output == STANDARD)


@app.command()
def peers(
    photographs: Annotated[Path, typer.Argument(metavar="PHOTOS", help="Folder of photographs.")],
    names: Annotated[Path | None, typer.Option("--list", help="File that lists which of them.")] = None,
    peer: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Give several for several.", show_default="all")
    ] = None,
    system: Annotated[
        list[str],
        typer.Option(metavar="SCHEME[@CODEC]", help="Ours beside them; give several for several."),
    ] = ["robust", "certified", "syndrome", "lsb"],  # noqa: B006
    channel: Annotated[
        list[str] | None,
        typer.Option(help="Such as jpeg:50 or resize:0.5+jpeg:75; give several.", show_default="10 usual ones"),
    ] = None,
    message_bytes: Annotated[
        int, typer.Option(min=1, help="Length of the message; who holds less is given less.")
    ] = 32,
    pictures: Annotated[int, typer.Option(min=1, help="The first so many photographs.")] = 24,
    side: Annotated[int, typer.Option(min=32, help="Reduce the short side to so many pixels.")] = 512,
    detect: Annotated[bool, typer.Option("--detect", help="Also SPAM, on squares of the same pictures.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Fixes keys, messages and what channels draw.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    output: JsonOutput = None,
    as_json: AsJson = False,
    force: Force = False,
) -> None:
    """Other people's tools and ours: payload, quality, what survives, speed, and how easily it is found.

    A tool that is not installed (semstego peers install NAME) is named as such.
    """
    from semstego.cli import outputs, terminal
    from semstego.datasets import folder
    from semstego.evaluation.contenders import OfPeer, OfSystem
    from semstego.evaluation.peers import CHANNELS, PeerStudy, table
    from semstego.peers.base import PEERS

    outputs.check([(output, outputs.JSON)], force=force)
    for one in peer or ():
        terminal.named(PEERS.get, one, "--peer")
    chosen = terminal.named(
        lambda _: PeerStudy(tuple(channel or CHANNELS), message_bytes, seed, keeping=detect), "", "--channel"
    )
    ours = [OfSystem(_system(one)) for one in system]
    theirs = [OfPeer(one) for one in peer or PEERS.shipped()]
    paths = folder.photographs(photographs, names)[:pictures]
    chosen_pictures = [folder.reduced(one, side) for one in folder.in_channels(paths, 3)]
    robust = [one for one in ours if one.system.scheme.name == "robust"]
    with terminal.bar() as progress:
        found, made = chosen.of_all([*ours, *theirs], chosen_pictures, workers, progress, robust)
        if detect:
            with terminal.extra("audit"):
                from semstego.steganalysis.sources.studied import detection
            cells, _ = detection(made, "SPAM", workers, progress)
            found = [one | ({"detection": cells[one["name"]]} if one["name"] in cells else {}) for one in found]
    report = {"message_bytes": message_bytes, "side": side, "seed": seed, "contenders": found}
    outputs.write({output: (json.dumps(report, indent=1) + "\n").encode()} if output else {}, force=force)
    terminal.say(json.dumps(report) if as_json else table(found), to_stderr=output == STANDARD)


def _system(words: str) -> "StegoSystem":
    """The codec and scheme of ``SCHEME[@CODEC]``."""
    from semstego.cli import terminal
    from semstego.codecs import registry
    from semstego.system.stego_system import StegoSystem

    scheme, _, codec = words.partition("@")
    chosen = terminal.scheme(scheme)
    return StegoSystem(terminal.named(registry.load, codec or chosen.default_codec, "--system"), chosen)
