# SPDX-License-Identifier: Apache-2.0
"""``semstego audit``: how well detectors find the messages in pictures, and how certain that is."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from semstego.cli.options import STANDARD, AsJson, Force, JsonOutput

if TYPE_CHECKING:
    from semstego.steganalysis.detectors.base import Detector


def audit(
    covers: Annotated[Path | None, typer.Option(help="Folder of covers: pictures, or .sem streams.")] = None,
    stegos: Annotated[Path | None, typer.Option(help="Folder of the same files with messages.")] = None,
    scheme: Annotated[
        str, typer.Option(help="Or make the pairs: names between commas, or my_package:MyScheme for your own.")
    ] = "",
    payloads: Annotated[
        str, typer.Option(help="Coded bits a pixel, or full: what each crop holds; with --scheme.")
    ] = "0.1,0.25,0.5,1.0",
    data: Annotated[Path | None, typer.Option(help="Crops of `semstego data build-crops`, with --scheme.")] = None,
    codec: Annotated[
        str, typer.Option(help="Operating point, with --scheme; its -plain twin, of schemes other than certified.")
    ] = "cr085",
    model: Annotated[str, typer.Option(help="Of the learned scheme, with --scheme.")] = "learned-photo",
    detectors: Annotated[
        str,
        typer.Option(
            "--detectors",
            "--judges",
            help="Names between commas (an unknown name lists all), or my_package:MyDetector for your own.",
        ),
    ] = "histogram,SPAM,joint",
    protocol: Annotated[Literal["rigorous", "paper"], typer.Option(help="paper is that of the paper.")] = "rigorous",
    pairs: Annotated[int | None, typer.Option(min=10, help="Training pairs, at most.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Runs.")] = None,
    curve: Annotated[bool, typer.Option("--curve", help="Also learn from fewer pairs: a learning curve.")] = False,
    cache: Annotated[Path | None, typer.Option(help="Folder that keeps embeddings, features and scores.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    output: JsonOutput = None,
    plot: Annotated[str | None, typer.Option(metavar="FILE", help="Also draw ROC and learning curves, as SVG.")] = None,
    as_json: AsJson = False,
    force: Force = False,
) -> None:
    """Measure how detectable messages are: in two folders of pictures, or of the schemes of this package.

    Detectors learn from some photographs and are tested on others. LSB matching and HILL are controls that they must
    detect; covers against covers is the control that they must not.
    """
    from semstego.cli import outputs, terminal

    with terminal.extra("audit"):
        from semstego.steganalysis import audit as audits
        from semstego.steganalysis import protocol as protocols
        from semstego.steganalysis import summary
        from semstego.steganalysis.cache import Cache, default_folder
        from semstego.steganalysis.detectors.base import Setting
        from semstego.steganalysis.sources.base import Source
        from semstego.steganalysis.sources.folders import FolderSource
        from semstego.steganalysis.sources.schemes import SchemeSource, crops_of

    outputs.check([(output, outputs.JSON), (plot, outputs.SVG)], force=force)
    draw = _drawing() if plot else None
    chosen = [_detector(name) for name in _names(detectors, "--detectors")]
    plan = protocols.shortened(protocols.PROTOCOLS[protocol], pairs, seeds)
    keep = Cache(cache or default_folder())
    if (covers is None) != (stegos is None) or (covers is None) == (not scheme):
        raise typer.BadParameter("give --covers and --stegos, or --scheme and --data")
    source: Source
    if covers and stegos:
        source = FolderSource(covers, stegos, plan)
    else:
        if data is None:
            raise typer.BadParameter("--scheme needs --data: the crops that `semstego data build-crops` makes")
        schemes, rates = tuple(_scheme(name) for name in _names(scheme, "--scheme")), _numbers(payloads)
        source = SchemeSource(crops_of(data, plan), schemes, rates, plan, keep, codec, model, workers)
    with terminal.bar() as progress:
        report = audits.run(source, chosen, Setting(plan, keep, workers), curve=curve, progress=progress)
    contents = {output: (json.dumps(report, indent=1) + "\n").encode()} if output else {}
    if plot and draw:
        contents[plot] = draw(report)
    outputs.write(contents, force=force)
    page = summary.in_words(terminal.printable(report), terminal.page_width())
    terminal.say(json.dumps(report) if as_json else page, to_stderr=STANDARD in contents)


def _names(words: str, option: str) -> list[str]:
    """Names between commas, each once, however it is spelled."""
    names = {word.strip().lower(): word.strip() for word in words.split(",") if word.strip()}
    if not names:
        raise typer.BadParameter(f"{option} names nothing: give names between commas")
    return list(names.values())


def _scheme(name: str) -> str:
    """The name, if there is such a scheme; each process that embeds loads it for itself."""
    from semstego.cli import terminal

    terminal.scheme(name)
    return name


def _detector(name: str) -> "Detector":
    from semstego.cli import terminal
    from semstego.steganalysis.detectors.base import DETECTORS

    with terminal.extra("audit"):  # networks need torch
        return terminal.named(DETECTORS.get, name, "--detectors")


def _numbers(words: str) -> tuple[float, ...]:
    try:
        given = [word.strip() for word in words.split(",")]
        numbers = tuple(dict.fromkeys(math.inf if word == "full" else float(word) for word in given))
    except ValueError:
        raise typer.BadParameter("--payloads takes numbers, or full, between commas") from None
    if not all(0 < number <= 10 or number == math.inf for number in numbers):
        raise typer.BadParameter("--payloads are bits a pixel, above 0")
    return numbers


def _drawing() -> Callable[[dict[str, Any]], bytes]:
    """The function that draws; it is imported before the work, so that a missing library is noticed before it."""
    from semstego.cli import terminal

    with terminal.extra("plots"):
        from semstego.plots.audit import roc_and_learning

    return roc_and_learning
