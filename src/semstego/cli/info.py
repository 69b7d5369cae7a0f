# SPDX-License-Identifier: Apache-2.0
"""``semstego info``: what a stream tells everybody."""

from semstego.cli.options import AsJson, Stream


def info(stream: Stream, as_json: AsJson = False) -> None:
    """What anybody can read off a stream."""
    import semstego
    from semstego.cli import sources, terminal

    terminal.show(semstego.info(sources.read_source(stream)), as_json)
