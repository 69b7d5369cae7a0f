# SPDX-License-Identifier: Apache-2.0
"""The command line: reads words, calls the public API, prints.

Exit status 0 done, 1 refused or nothing found, 2 wrong usage. Libraries are imported inside the commands, so that
``--help`` answers at once.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from semstego import __version__
from semstego.cli import audit, data, tasks, training
from semstego.errors import SemstegoError

CODECS = "cr085 (best picture), cr050, cr025 (small stream), task (fitted for a classifier), or the path of weights"

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Hide a file in the semantic features of a picture, and read it back bit for bit at both stages.",
)
app.add_typer(data.app)
app.command("train-task")(tasks.train_task)
app.command()(tasks.evaluate)
app.command("train-codec")(training.train_codec)
app.command()(training.train)
app.command()(audit.audit)

Cover = Annotated[
    str, typer.Argument(metavar="COVER", help="Picture (PNG, JPEG, WebP, TIFF, BMP, PPM), or - for standard input.")
]
Stream = Annotated[str, typer.Argument(metavar="STREAM", help="A .sem stream, or - for standard input.")]
Codec = Annotated[str, typer.Option(help=f"Operating point: {CODECS}.")]
OtherCodec = Annotated[str | None, typer.Option("--codec", help="Weights of your own; the shipped ones are found.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what exists.")]
Flatten = Annotated[bool, typer.Option("--flatten", help="Convert alpha, palettes, 16 bits and CMYK.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", help="File whose first line is the passphrase; else SEMSTEGO_PASSPHRASE; else a prompt."
    ),
]


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Hide a file in the semantic features of a picture, and read it back bit for bit at both stages."""
    if show:
        print(f"semstego {__version__}")
        raise typer.Exit


def _check_scheme(scheme: str) -> None:
    from semstego.api.hide_reveal import SCHEMES

    if scheme not in SCHEMES:
        raise typer.BadParameter(f"--scheme takes {' and '.join(SCHEMES)}")


@app.command()
def hide(
    cover: Cover,
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="File to hide, or - for standard input.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The .sem stream to write.")],
    picture: Annotated[Path | None, typer.Option(help="Also write what the receiver reconstructs, as PNG.")] = None,
    scheme: Annotated[str, typer.Option(help="syndrome (exact), or learned (the paper's networks).")] = "syndrome",
    codec: Annotated[
        str | None, typer.Option(help=f"{CODECS}; for the learned scheme a model.", show_default="cr085")
    ] = None,
    with_name: Annotated[bool, typer.Option("--with-name", help="Send the file's name along (it takes room).")] = False,
    passphrase_file: PassphraseFile = None,
    flatten: Flatten = False,
    as_json: AsJson = False,
    force: Force = False,
) -> None:
    """Hide a file in the features of a picture.

    Both stages are read back before anything is written.
    """
    import semstego
    from semstego.cli import terminal
    from semstego.io.files import check_output, write_all

    _check_scheme(scheme)
    if cover == message == "-":
        raise typer.BadParameter("only one of COVER and MESSAGE can be standard input")
    if picture is not None and picture.resolve() == output.resolve():
        raise typer.BadParameter("the stream and the picture need different files")
    for path in filter(None, (output, picture)):
        check_output(path, force=force)
    content = terminal.read_message(message)
    source = terminal.read_source(cover)
    key = semstego.derive_key(terminal.passphrase(passphrase_file, confirm=True, stdin_used="-" in (cover, message)))
    name = Path(message).name if with_name and message != "-" else None
    with terminal.progress() as progress, terminal.warnings_in_plain_words():
        hidden = semstego.hide(
            source,
            content,
            key=key,
            codec=codec,
            scheme="learned" if scheme == "learned" else "syndrome",
            name=name,
            flatten=flatten,
            progress=progress,
        )
    write_all({output: hidden.stream} | ({picture: hidden.png} if picture else {}), force=force)
    terminal.show(hidden.report.to_dict(), as_json)


@app.command()
def reveal(
    source: Annotated[
        str, typer.Argument(metavar="STREAM_OR_PICTURE", help="A .sem stream or a reconstructed picture.")
    ],
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="File for the message, or - for standard output.")
    ] = None,
    codec: OtherCodec = None,
    scheme: Annotated[str, typer.Option(help="learned reads pictures of the learned scheme.")] = "syndrome",
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
    force: Force = False,
) -> None:
    """Read a message from a stream or a picture.

    From a stream it is stage I, from a reconstructed picture stage II; which one is found out by itself.
    """
    import semstego
    from semstego.cli import terminal
    from semstego.io.files import check_output, write_all

    _check_scheme(scheme)
    if output not in (None, "-"):
        check_output(Path(output), force=force)
    key = semstego.derive_key(terminal.passphrase(passphrase_file, confirm=False, stdin_used=source == "-"))
    terminal.announce_compilation()
    found = semstego.reveal(
        terminal.read_source(source), key=key, codec=codec, scheme="learned" if scheme == "learned" else None
    )
    if output not in (None, "-"):
        write_all({Path(output): found.message}, force=force)
    elif output == "-" or not as_json:
        terminal.write_message(found.message)
    facts = {
        "stage": found.stage,
        "codec": found.codec,
        "message_bytes": len(found.message),
        "name": found.name,
        "seconds": found.seconds,
    }
    terminal.show(facts, as_json, to_stderr=output == "-" or (output is None and not as_json))


@app.command()
def send(
    cover: Cover,
    output: Annotated[Path, typer.Option("--output", "-o", help="The .sem stream to write.")],
    codec: Codec = "cr085",
    flatten: Flatten = False,
    force: Force = False,
) -> None:
    """Encode a picture with nothing hidden in it."""
    import semstego
    from semstego.cli import terminal
    from semstego.io.files import check_output, write_all

    check_output(output, force=force)
    write_all({output: semstego.send(terminal.read_source(cover), codec=codec, flatten=flatten)}, force=force)


@app.command()
def reconstruct(
    stream: Stream,
    output: Annotated[Path, typer.Option("--output", "-o", help="The PNG to write.")],
    codec: OtherCodec = None,
    force: Force = False,
) -> None:
    """Write the picture that a receiver sees."""
    import semstego
    from semstego.channel.pictures import png_bytes
    from semstego.cli import terminal
    from semstego.io.files import check_output, write_all

    check_output(output, force=force)
    write_all({output: png_bytes(semstego.reconstruct(terminal.read_source(stream), codec=codec))}, force=force)


@app.command()
def capacity(cover: Cover, codec: Codec = "cr085", flatten: Flatten = False, as_json: AsJson = False) -> None:
    """How much a picture holds, and how much is wise."""
    from dataclasses import asdict

    import semstego
    from semstego.cli import terminal

    terminal.show(asdict(semstego.capacity(terminal.read_source(cover), codec=codec, flatten=flatten)), as_json)


@app.command()
def info(stream: Stream, as_json: AsJson = False) -> None:
    """What anybody can read off a stream."""
    import semstego
    from semstego.cli import terminal

    terminal.show(semstego.info(terminal.read_source(stream)), as_json)


@app.command()
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


@app.command("fit-codec")
def fit_codec(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of photographs.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The weights to write; the card goes beside them.")],
    like: Annotated[str, typer.Option(help="Design to fit: cr085, cr050, cr025 or task.")] = "cr085",
    only: Annotated[Path | None, typer.Option(help="File that lists the photographs to use, one a line.")] = None,
    task: Annotated[
        Path | None, typer.Option(help="YAML, such as configs/task-codec.yaml: fit the colour basis to a task, too.")
    ] = None,
    run: Annotated[Path | None, typer.Option(help="With --task: folder of the run; one that is there goes on.")] = None,
    force: Force = False,
) -> None:
    """Fit a codec to a folder of photographs, and to a task."""
    from semstego.api.fit_codec import TaskFit, fit_and_write
    from semstego.cli import terminal
    from semstego.codecs.block.fitting import DESIGNS

    if like not in DESIGNS:
        raise typer.BadParameter(f"--like takes {', '.join(DESIGNS)}")
    if (task is None) != (run is None):
        raise typer.BadParameter("--task and --run go together")
    fitted = TaskFit(task, run) if task and run else None
    with terminal.progress() as progress:
        fit_and_write(folder, output, like=like, only=only, task=fitted, force=force, progress=progress)


def main() -> None:
    """Entry point: semstego's own errors become one sentence and exit status 1."""
    try:
        app()
    except SemstegoError as error:
        print(f"semstego: {error}", file=sys.stderr)
        sys.exit(1)
    except MemoryError:
        print("semstego: there is not enough memory for this picture", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
