# SPDX-License-Identifier: Apache-2.0
"""The command line: reads words, calls the public API, prints; a file for each command, and one for all trainings.

Exit status 0 done, 1 refused or nothing found, 2 wrong usage. Libraries are imported inside the commands, so that
``--help`` answers at once.
"""

import atexit
import gc
import sys
from typing import Annotated

import typer

from semstego import __version__
from semstego.cli import compare, data, peers, terminal
from semstego.cli.audit import audit
from semstego.cli.capacity import capacity
from semstego.cli.demo import demo
from semstego.cli.evaluate import evaluate
from semstego.cli.failures import status_of, surroundings
from semstego.cli.fit_codec import fit_codec
from semstego.cli.hide import hide
from semstego.cli.info import info
from semstego.cli.reconstruct import reconstruct
from semstego.cli.reveal import reveal
from semstego.cli.send import send
from semstego.cli.train import train, train_codec, train_costs, train_task
from semstego.cli.transmit import transmit

app = typer.Typer(
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Hide a file in the semantic features of a picture, and read it back bit for bit at both stages.",
)
for command in (
    hide, reveal, send, reconstruct, transmit, capacity, info, demo, fit_codec, train_codec, train, train_costs,
    train_task, evaluate, audit,
):  # fmt: skip
    app.command(command.__name__.replace("_", "-"))(command)
app.add_typer(data.app)
app.add_typer(compare.app)
app.add_typer(peers.app)


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Hide a file in the semantic features of a picture, and read it back bit for bit at both stages."""
    if show:
        terminal.say(f"semstego {__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point: whatever goes wrong outside becomes one sentence and an exit status."""
    atexit.register(gc.freeze)  # at its end Python collects garbage once more, half a second if torch is loaded
    with surroundings():
        try:
            sys.exit(app(prog_name="semstego", standalone_mode=False) or 0)
        except Exception as error:
            sys.exit(status_of(error, sys.argv[1:]))
