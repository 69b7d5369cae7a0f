# SPDX-License-Identifier: Apache-2.0
"""``semstego peers``: other people's tools, each in an environment of its own, for comparisons."""

import json
from typing import Annotated

import typer

from semstego.cli.options import AsJson

app = typer.Typer(
    name="peers", no_args_is_help=True, rich_markup_mode=None, help="Other people's tools, for comparisons."
)


@app.callback()
def group() -> None:
    """Other people's tools, each in an environment of its own, for comparisons."""


@app.command()
def install(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Such as blind-watermark; none for all.")
    ] = None,
) -> None:
    """Make the environments of peers with pip, in SEMSTEGO_PEERS or the cache folder; nothing of ours is touched."""
    from semstego.cli import terminal
    from semstego.peers import environment
    from semstego.peers.base import PEERS

    chosen = {name: terminal.named(PEERS.get, name, "NAME") for name in names or PEERS.shipped()}
    with terminal.bar() as progress:
        for peer in {peer.package: peer for peer in chosen.values()}.values():
            environment.install(peer, progress)
    for name, peer in chosen.items():
        with environment.worker(name) as worker:
            worker.start()
        terminal.say(f"{name}: {peer.package} {peer.version}, {peer.licence}, in {environment.folder()}")


@app.command(name="list")
def list_peers(as_json: AsJson = False) -> None:
    """Which peers there are, and which are installed."""
    from semstego.cli import terminal
    from semstego.peers import environment
    from semstego.peers.base import PEERS

    rows = []
    for name in PEERS.names():
        peer = PEERS.get(name)
        facts = {"name": name, "package": peer.package, "version": peer.version, "licence": peer.licence}
        rows.append(facts | {"installed": environment.is_installed(peer)})
    if as_json:
        terminal.say(json.dumps(rows))
        return
    for row in rows:
        package = f"{row['package']} {row['version']}"
        state = "installed" if row["installed"] else "not installed"
        terminal.say(f"{row['name']:22}{package:28}{row['licence']:12}{state}")
