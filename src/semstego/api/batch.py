# SPDX-License-Identifier: Apache-2.0
"""Hide in many covers and reveal from many sources, spread over the cores.

Each core is a process of its own that imports the caller's script anew: guard it by ``if __name__ == "__main__":``.
Results come one after the other, in the order of the jobs, each as soon as those before it are there; jobs are taken
from the caller as the work goes on, so that neither need fit into memory.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sized
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import current_process
from typing import Any

from semstego import concurrency
from semstego.api.arguments import Buffer, CodecChoice, Message, SchemeChoice, Survive, key_from
from semstego.api.hide_reveal import hide, reveal
from semstego.api.results import Hidden, Revealed
from semstego.channel.words import several
from semstego.errors import ArgumentError, SemstegoError
from semstego.io.pictures import Source
from semstego.message.cipher import Key
from semstego.progress import Progress, no_progress
from semstego.schemes import base

GUARD = 'hide_many and reveal_many must stand under `if __name__ == "__main__":` in a script'
AHEAD = 2  # jobs for each worker that are under way or done and not asked for


def hide_many(
    jobs: Iterable[tuple[Source, Message]],
    *,
    key: Key | None = None,
    passphrase: str | Buffer | None = None,
    codec: CodecChoice | None = None,
    scheme: SchemeChoice = base.DEFAULT,
    p_e: float | None = None,
    psnr: float | None = None,
    survive: Survive | None = None,
    flatten: bool = False,
    shrink: bool = False,
    allow_jpeg_history: bool = False,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> Iterator[Hidden | SemstegoError]:
    """Hide a message in each of many covers, spread over the cores; an error stands in its place.

    In a script it must stand under ``if __name__ == "__main__":``, for each process imports the script anew.
    ``jobs`` are covers, each with its message; ``workers`` is the number of processes, None for one on each core;
    ``progress`` is called with what is being done and the share that is done, 0 where the number of jobs is not known.
    All else is as for :func:`semstego.hide`; codecs and schemes of your own must be objects that pickle takes.
    """
    options: dict[str, Any] = {
        "codec": codec,
        "scheme": scheme,
        "p_e": p_e,
        "psnr": psnr,
        "survive": None if survive is None else several(survive),
    }
    options |= {
        "flatten": flatten,
        "shrink": shrink,
        "allow_jpeg_history": allow_jpeg_history,
        "key": key_from(key, passphrase),
    }
    return _many("hiding", hide, _pairs(jobs), options, workers, progress, _length(jobs))


def reveal_many(
    sources: Iterable[Source],
    *,
    key: Key | None = None,
    passphrase: str | Buffer | None = None,
    codec: CodecChoice | None = None,
    scheme: SchemeChoice | None = None,
    search: bool = False,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> Iterator[Revealed | SemstegoError]:
    """Reveal from many streams or pictures, spread over the cores; an error stands in its place.

    ``workers`` and ``progress`` are as for :func:`hide_many`, all else as for :func:`semstego.reveal`.
    """
    options: dict[str, Any] = {"codec": codec, "scheme": scheme, "search": search}
    options["key"] = key_from(key, passphrase)
    return _many("revealing", reveal, ((source,) for source in sources), options, workers, progress, _length(sources))


def _many(
    what: str,
    function: Any,
    jobs: Iterable[tuple[Any, ...]],
    options: dict[str, Any],
    workers: int | None,
    progress: Progress,
    length: int,
) -> Iterator[Any]:
    """Results in the order of the jobs.

    Raises:
        ArgumentError: If ``workers`` is no number of processes.
    """
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise ArgumentError(f"workers is a number of processes, 1 or more, not {workers!r:.40}")
    count = min(workers or os.cpu_count() or 1, length or os.cpu_count() or 1)

    def told() -> Iterator[Any]:
        for number, result in enumerate(_in_turn(function, jobs, options, count)):
            progress(what, (number + 1) / length if length else 0.0)
            yield result

    return told()


def _in_turn(function: Any, jobs: Iterable[tuple[Any, ...]], options: dict[str, Any], workers: int) -> Iterator[Any]:
    if workers <= 1:
        yield from (_one(function, job, options) for job in jobs)
        return
    if getattr(current_process(), "_inheriting", False):  # a worker that imports the caller's script anew
        raise SystemExit(GUARD)
    under_way: deque[Future[Any]] = deque()
    with concurrency.processes(workers) as pool:
        try:
            for job in jobs:
                under_way.append(pool.submit(_one, function, job, options))
                if len(under_way) >= AHEAD * workers:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        except BrokenProcessPool:
            raise SemstegoError(f"a process ended unexpectedly: out of memory, or {GUARD}") from None
        finally:  # whoever stops asking does not wait for what nobody asks for
            for future in under_way:
                future.cancel()


def _pairs(jobs: Iterable[tuple[Source, Message]]) -> Iterator[tuple[Source, Message]]:
    """The jobs, each checked.

    Raises:
        ArgumentError: If one is no pair.
    """
    for job in jobs:
        if not isinstance(job, tuple | list) or len(job) != 2:
            raise ArgumentError(f"a job is a cover and its message, not {job!r:.80}")
        yield job[0], job[1]


def _length(jobs: Iterable[Any]) -> int:
    return len(jobs) if isinstance(jobs, Sized) else 0


def _one(function: Any, job: tuple[Any, ...], options: dict[str, Any]) -> Any:
    try:
        return function(*job, **options)
    except SemstegoError as error:
        return error
