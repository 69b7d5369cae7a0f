# SPDX-License-Identifier: Apache-2.0
"""``semstego compare``: schemes side by side, on the same pictures and in the same run."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from semstego.cli.options import STANDARD, AsJson, Force, JsonOutput

if TYPE_CHECKING:
    from semstego.evaluation.table1 import BitStudy
    from semstego.system.stego_system import StegoSystem

MOST_BYTES = 1 << 24  # of a message

Photos = Annotated[Path, typer.Argument(metavar="PHOTOS", help="Folder of photographs, such as BOSSbase.")]
Names = Annotated[Path | None, typer.Option("--list", help="File that lists which of them.")]
Pictures = Annotated[int, typer.Option(min=1, help="The first so many photographs.")]
Side = Annotated[int, typer.Option(min=32, help="Reduce the short side to so many pixels.")]
Systems = Annotated[
    list[str],
    typer.Option(
        metavar="SCHEME[@CODEC]", help="Scheme of ours, and the codec if not its own; give several for several."
    ),
]
Channels = Annotated[
    list[str] | None,
    typer.Option(help="Such as jpeg:50 or resize:0.5+jpeg:75; give several.", show_default="the usual ones"),
]
Seed = Annotated[int, typer.Option(min=0, help="Fixes keys, messages and what channels draw.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes.")]
Baselines = Annotated[
    list[str] | None, typer.Option("--baseline", metavar="NAME", help="Give several for several.", show_default="all")
]
Run = Annotated[
    Path | None, typer.Option("--run", metavar="FOLDER", help="Keeps results of single pictures; goes on from there.")
]

app = typer.Typer(name="compare", help="Schemes side by side.", no_args_is_help=True)


@app.callback()
def compare() -> None:
    """Schemes side by side, on the same pictures and in the same run."""


@app.command()
def channels(
    photographs: Photos,
    names: Names = None,
    system: Systems = ["robust", "learned@learned-photo", "syndrome", "certified"],  # noqa: B006
    channel: Channels = None,
    message_bytes: Annotated[int, typer.Option(min=0, max=MOST_BYTES, help="Length of the message.")] = 32,
    pictures: Pictures = 60,
    side: Side = 512,
    search: Annotated[bool, typer.Option("--search", help="Look for cut, resized, turned or toned pictures.")] = False,
    seed: Seed = 0,
    workers: Workers = 1,
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
    photographs: Photos,
    names: Names = None,
    peer: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Give several for several.", show_default="all")
    ] = None,
    system: Systems = ["robust", "certified", "syndrome", "lsb"],  # noqa: B006
    channel: Channels = None,
    message_bytes: Annotated[
        int, typer.Option(min=1, max=MOST_BYTES, help="Length of the message; who holds less is given less.")
    ] = 32,
    pictures: Pictures = 24,
    side: Side = 512,
    detect: Annotated[bool, typer.Option("--detect", help="Also SPAM and SRMQ1, on squares of these.")] = False,
    seed: Seed = 0,
    workers: Workers = 1,
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
            cells, _ = detection(made, ("SPAM", "SRMQ1"), workers, progress)
            found = [one | ({"detection": cells[one["name"]]} if one["name"] in cells else {}) for one in found]
    report = {"message_bytes": message_bytes, "side": side, "seed": seed, "contenders": found}
    outputs.write({output: (json.dumps(report, indent=1) + "\n").encode()} if output else {}, force=force)
    terminal.say(json.dumps(report) if as_json else table(found), to_stderr=output == STANDARD)


_TABLE_SYSTEMS = ("certified", "syndrome", "robust")


@app.command()
def table1(
    photographs: Photos,
    names: Names = None,
    baseline: Baselines = None,
    system: Systems = [*_TABLE_SYSTEMS, "learned@learned-photo"],  # noqa: B006
    pictures: Pictures = 100,
    seed: Seed = 0,
    run: Run = None,
    workers: Workers = 1,
    output: JsonOutput = None,
    as_json: AsJson = False,
    force: Force = False,
) -> None:
    """Table I of the paper: robust JPEG methods behind JPEG, noise and semantic communication, and ours beside them.

    Grey squares of 360x360, JPEG 65, 0.1 bit per non-zero AC coefficient; ours hide as many bits.
    """
    from semstego.evaluation.table1 import GREY

    given = _Given(photographs, names, baseline, system, pictures, seed, run, workers)
    _report_bits([GREY], given, output, as_json=as_json, force=force)


@app.command()
def table4(
    photographs: Photos,
    names: Names = None,
    baseline: Baselines = None,
    system: Systems = [*_TABLE_SYSTEMS, "learned@learned-010", "learned@learned-photo"],  # noqa: B006
    pictures: Pictures = 100,
    seed: Seed = 0,
    run: Run = None,
    workers: Workers = 1,
    output: JsonOutput = None,
    as_json: AsJson = False,
    force: Force = False,
) -> None:
    """Table IV of the paper: the same methods in colour, 0.1 bit per pixel, behind semantic communication.

    Squares of 64x64, as smooth as CIFAR-10's, and of 256x256; the methods hide in the luminance of JPEG 65.
    """
    from semstego.evaluation.table1 import LARGE, SMALL

    given = _Given(photographs, names, baseline, system, pictures, seed, run, workers)
    _report_bits([SMALL, LARGE], given, output, as_json=as_json, force=force)


class _Given(NamedTuple):
    """What both tables are given."""

    photographs: Path
    names: Path | None
    baselines: list[str] | None
    systems: list[str]
    pictures: int
    seed: int
    run: Path | None
    workers: int


def _report_bits(
    studies: "Sequence[BitStudy]", given: _Given, output: str | None, *, as_json: bool, force: bool
) -> None:
    """Run studies of bits and report them."""
    from semstego.baselines.base import BASELINES
    from semstego.cli import outputs, terminal
    from semstego.datasets import folder
    from semstego.evaluation.bit_carriers import BitCarrier, OfBaseline, OfSystem
    from semstego.evaluation.table1 import of_studies
    from semstego.evaluation.table1_text import table
    from semstego.io import files

    outputs.check([(output, outputs.JSON)], force=force)
    for name in given.baselines or ():
        terminal.named(BASELINES.get, name, "--baseline")
    carriers: list[BitCarrier] = [OfBaseline(name) for name in given.baselines or BASELINES.shipped()]
    carriers += [OfSystem(_system(one)) for one in given.systems]
    paths = folder.photographs(given.photographs, given.names)[: given.pictures]
    if given.run:
        files.make_folder(given.run)
    seeded = [replace(study, seed=given.seed) for study in studies]
    with terminal.bar() as progress:
        found = of_studies(seeded, carriers, paths, given.run, given.workers, progress)
    outputs.write({output: (json.dumps({"studies": found}, indent=1) + "\n").encode()} if output else {}, force=force)
    shown = "\n\n".join(f"{one['side']}x{one['side']}\n{table(one)}" for one in found)
    terminal.say(json.dumps({"studies": found}) if as_json else shown, to_stderr=output == STANDARD)


def _system(words: str) -> "StegoSystem":
    """The codec and scheme of ``SCHEME[@CODEC]``."""
    from semstego.cli import terminal
    from semstego.codecs import registry
    from semstego.schemes.base import SCHEMES
    from semstego.system.stego_system import StegoSystem

    scheme, _, codec = words.partition("@")
    chosen = terminal.named(SCHEMES.get, scheme, "--system")
    return StegoSystem(terminal.named(registry.load, codec or chosen.default_codec, "--system"), chosen)
