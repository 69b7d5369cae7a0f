# SPDX-License-Identifier: Apache-2.0
"""``semstego send``: plain semantic communication."""

from semstego.cli.options import Codec, Cover, Flatten, Force, Quiet, Scheme, Shrink, StreamOutput


def send(
    cover: Cover,
    output: StreamOutput,
    codec: Codec = None,
    scheme: Scheme = "certified",
    flatten: Flatten = False,
    shrink: Shrink = False,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Encode a picture with nothing hidden in it, by the codec that the scheme would hide in."""
    import semstego
    from semstego.cli import outputs, sources, terminal

    outputs.check([(output, outputs.STREAM)], force=force)
    chosen, point = terminal.scheme(scheme), terminal.codec(codec)
    source = sources.read_source(cover)
    with terminal.progress(quiet):
        content = semstego.send(source, codec=point, scheme=chosen, flatten=flatten, shrink=shrink)
    outputs.write({output: content}, force=force)
