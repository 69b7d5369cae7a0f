# SPDX-License-Identifier: Apache-2.0
"""Hide in many covers and reveal from many sources, spread over the cores.

Each core is a process of its own that imports the caller's script anew: guard it by ``if __name__ == "__main__":``.
"""

import os
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.progress import track

from semstego import concurrency
from semstego.api.hide_reveal import CodecChoice, Hidden, Message, Revealed, SchemeChoice, hide, key_from, reveal
from semstego.errors import SemstegoError
from semstego.io.pictures import Source
from semstego.message.cipher import Key
from semstego.schemes import base


def hide_many(
    jobs: Iterable[tuple[Source, Message]],
    *,
    key: Key | None = None,
    passphrase: str | bytes | None = None,
    codec: CodecChoice | None = None,
    scheme: SchemeChoice = base.DEFAULT,
    p_e: float | None = None,
    flatten: bool = False,
    shrink: bool = False,
    allow_jpeg_history: bool = False,
    workers: int | None = None,
) -> list[Hidden | SemstegoError]:
    """Hide a message in each of many covers, spread over the cores; an error stands in its place.

    Codecs and schemes of your own must be objects that pickle takes.
    """
    options = {"codec": codec, "scheme": scheme, "p_e": p_e, "flatten": flatten}
    options |= {"shrink": shrink, "allow_jpeg_history": allow_jpeg_history}
    calls: list[Any] = [(hide, (cover, message), options) for cover, message in jobs]
    return _many("hiding", calls, key_from(key, passphrase), workers)


def reveal_many(
    sources: Iterable[Source],
    *,
    key: Key | None = None,
    passphrase: str | bytes | None = None,
    codec: CodecChoice | None = None,
    scheme: SchemeChoice | None = None,
    workers: int | None = None,
) -> list[Revealed | SemstegoError]:
    """Reveal from many streams or pictures, spread over the cores; an error stands in its place."""
    calls: list[Any] = [(reveal, (source,), {"codec": codec, "scheme": scheme}) for source in sources]
    return _many("revealing", calls, key_from(key, passphrase), workers)


def _many(what: str, calls: list[Any], key: Key, workers: int | None) -> list[Any]:
    console = Console(stderr=True)
    count = min(workers or os.cpu_count() or 1, len(calls))
    if count <= 1:
        return [_one(call, key) for call in track(calls, what, console=console)]
    with concurrency.processes(count) as pool:
        return list(track(pool.map(_one, calls, [key] * len(calls)), what, total=len(calls), console=console))


def _one(call: Any, key: Key) -> Any:
    function, positional, named = call
    try:
        return function(*positional, key=key, **named)
    except SemstegoError as error:
        return error
