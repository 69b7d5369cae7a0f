# SPDX-License-Identifier: Apache-2.0
"""``semstego capacity``: how much a picture holds."""

from semstego.cli.options import PE, AsJson, Codec, Cover, Flatten, Scheme, Shrink


def capacity(
    cover: Cover,
    codec: Codec = None,
    scheme: Scheme = "certified",
    p_e: PE = None,
    flatten: Flatten = False,
    shrink: Shrink = False,
    as_json: AsJson = False,
) -> None:
    """How much a picture holds, and how much is wise."""
    from dataclasses import asdict

    import semstego
    from semstego.cli import sources, terminal

    chosen, point = terminal.scheme(scheme, p_e), terminal.codec(codec)
    source = sources.read_source(cover)
    with terminal.progress() as progress:
        found = semstego.capacity(source, codec=point, scheme=chosen, flatten=flatten, shrink=shrink, progress=progress)
    terminal.show(asdict(found), as_json)
