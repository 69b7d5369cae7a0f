# SPDX-License-Identifier: Apache-2.0
"""``semstego capacity``: how much a picture holds."""

from semstego.cli.options import PE, AsJson, Codec, Cover, Flatten, Scheme


def capacity(
    cover: Cover,
    codec: Codec = None,
    scheme: Scheme = "certified",
    p_e: PE = None,
    flatten: Flatten = False,
    as_json: AsJson = False,
) -> None:
    """How much a picture holds, and how much is wise."""
    from dataclasses import asdict

    import semstego
    from semstego.cli import terminal

    chosen = terminal.scheme(scheme, p_e)
    found = semstego.capacity(terminal.read_source(cover), codec=codec, scheme=chosen, flatten=flatten)
    terminal.show(asdict(found), as_json)
