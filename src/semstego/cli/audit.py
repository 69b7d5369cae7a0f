# SPDX-License-Identifier: Apache-2.0
"""``semstego audit``: how detectable are these pictures, and how sure is that?"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from semstego.errors import SemstegoError

if TYPE_CHECKING:
    from semstego.steganalysis.protocol import AuditProtocol

JUDGES = ("histogram", "SPAM", "joint", "SRMQ1", "SRM", "XuNet", "SRNet")


def audit(
    covers: Annotated[Path | None, typer.Option(help="Folder of covers: pictures, or .sem streams.")] = None,
    stegos: Annotated[Path | None, typer.Option(help="Folder of the same files with messages.")] = None,
    scheme: Annotated[
        str, typer.Option(help="Or make the pairs: of lsb, hill, suniward, side-informed, syndrome, learned.")
    ] = "",
    payloads: Annotated[str, typer.Option(help="Coded bits a pixel, with --scheme.")] = "0.1,0.25,0.5,1.0",
    data: Annotated[Path | None, typer.Option(help="Crops of `semstego data build-crops`, with --scheme.")] = None,
    codec: Annotated[str, typer.Option(help="Operating point, with --scheme.")] = "cr085",
    model: Annotated[str, typer.Option(help="Of the learned scheme, with --scheme.")] = "learned-photo",
    judges: Annotated[str, typer.Option(help=f"Of {', '.join(JUDGES)}.")] = "histogram,SPAM,joint",
    protocol: Annotated[str, typer.Option(help="rigorous, or the paper's.")] = "rigorous",
    pairs: Annotated[int | None, typer.Option(min=10, help="Training pairs, at most.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Runs.")] = None,
    curve: Annotated[bool, typer.Option("--curve", help="Learn from fewer pairs, too: a learning curve.")] = False,
    cache: Annotated[Path | None, typer.Option(help="Folder that keeps embeddings, features and scores.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the figures as JSON.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Also draw ROC and learning curves, as SVG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what exists.")] = False,
) -> None:
    """Tell how detectable messages are: two folders of anybody's pictures, or our own schemes.

    Judges learn from some photographs and are tested on others; LSB matching and HILL are the controls that they must
    catch, and covers against covers the one that they must not.
    """
    from semstego.cli import terminal
    from semstego.io.files import check_output, write_all

    try:
        from semstego.steganalysis import protocol as audits
        from semstego.steganalysis import summary as verdict
        from semstego.steganalysis.detectors.roster import judges_by_name
        from semstego.steganalysis.features.extraction import Cache
        from semstego.steganalysis.sources.folders import FolderSource
        from semstego.steganalysis.sources.schemes import SCHEMES, SchemeSource, crops_of
    except ImportError:
        raise SemstegoError("audit needs more packages: pip install 'semstego[audit]'") from None

    if output and output == plot:
        raise typer.BadParameter("--output and --plot name one file")
    for path in filter(None, (output, plot)):
        check_output(path, force=force)
    draw = _drawing() if plot else None
    names = _listed(judges, JUDGES, "--judges")
    plan = audits.shortened(_protocol(protocol), pairs, seeds)
    keep = Cache(cache or Path.home() / ".cache" / "semstego" / "audit")
    if (covers is None) != (stegos is None) or (covers is None) == (not scheme):
        raise typer.BadParameter("give --covers and --stegos, or --scheme and --data")
    source: audits.Source
    if covers and stegos:
        source = FolderSource(covers, stegos, plan)
    else:
        if data is None:
            raise typer.BadParameter("--scheme needs --data: the crops that `semstego data build-crops` makes")
        chosen, rates = tuple(_listed(scheme, SCHEMES, "--scheme")), _numbers(payloads)
        source = SchemeSource(crops_of(data, plan), chosen, rates, plan, keep, codec, model, workers)
    with terminal.bar() as progress:
        report = audits.run(
            source, judges_by_name(names, plan, keep, workers), plan, keep, curve=curve, progress=progress
        )
    contents = {output: (json.dumps(report, indent=1) + "\n").encode()} if output else {}
    if plot and draw:
        contents[plot] = draw(report)
    write_all(contents, force=force)
    print(json.dumps(report) if as_json else verdict.in_words(report))


def _listed(words: str, known: tuple[str, ...], option: str) -> list[str]:
    """Names between commas, all of them known."""
    names = list(dict.fromkeys(word.strip() for word in words.split(",") if word.strip()))
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise typer.BadParameter(f"{option} takes {', '.join(known)}, and not {', '.join(unknown) or 'nothing'}")
    return names


def _numbers(words: str) -> tuple[float, ...]:
    try:
        numbers = tuple(dict.fromkeys(float(word) for word in words.split(",")))
    except ValueError:
        raise typer.BadParameter("--payloads takes numbers between commas") from None
    if not all(0 < number <= 10 for number in numbers):
        raise typer.BadParameter("--payloads are bits a pixel, above 0")
    return numbers


def _drawing() -> Callable[[dict[str, Any]], bytes]:
    """Asked for before the work: whoever lacks the library should not wait for hours to hear it."""
    try:
        from semstego.plots.audit import roc_and_learning
    except ImportError:
        raise SemstegoError("--plot needs matplotlib: pip install 'semstego[plots]'") from None
    return roc_and_learning


def _protocol(name: str) -> "AuditProtocol":
    from semstego.steganalysis.protocol import PROTOCOLS

    if name not in PROTOCOLS:
        raise typer.BadParameter(f"--protocol takes {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]
