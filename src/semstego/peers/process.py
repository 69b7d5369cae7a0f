# SPDX-License-Identifier: Apache-2.0
"""A worker process seen from here: requests go in, answers come out in time and in form, or it is killed.

    hide, reveal ──requests──▶ worker, in its own environment
                 ◀──answers──

Whatever it does, the caller gets a picture of the right size, a message, one of the errors that a peer may raise, or
one PeerError. A worker that is late or talks nonsense is killed, with all that it started; the next request starts
another.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final

from semstego.errors import CapacityError, NothingFoundError, PeerError, SemstegoError
from semstego.peers import wire
from semstego.peers.base import Picture

START_SECONDS: Final = 120.0
ANSWER_SECONDS: Final = 300.0
CHUNK: Final = 1 << 16
SLICE_SECONDS: Final = 1.0

PACKAGE: Final = Path(__file__).parents[1]
BOOT: Final = """
import sys, types
folder, name, *paths = sys.argv[1:]
sys.path.extend(paths)
package = types.ModuleType("semstego")
package.__path__ = [folder]
sys.modules["semstego"] = package
from semstego.peers.worker import serve
serve(name)
"""


@dataclass
class Patience:
    """How long something may still take; the time in which this process itself was stopped does not count.

    Attributes:
        left: Seconds.
    """

    left: float

    def for_reading(self, pipe: int) -> bool:
        """Whether there is something to read, or the end, in time."""
        return self._spent(lambda seconds: bool(select.select([pipe], [], [], seconds)[0]))

    def for_writing(self, pipe: int) -> bool:
        """Whether something can be written in time."""
        return self._spent(lambda seconds: bool(select.select([], [pipe], [], seconds)[1]))

    def _spent(self, wait: Callable[[float], bool]) -> bool:
        while self.left > 0:
            started = time.monotonic()
            ready = wait(min(SLICE_SECONDS, self.left))
            self.left -= min(SLICE_SECONDS, time.monotonic() - started)
            if ready:
                return True
        return False


@dataclass
class Worker:
    """One peer in a process; a context manager that ends it.

    Attributes:
        name: The peer's, as its registry knows it.
        python: The interpreter of its environment.
        paths: Folders where its module may be, beside those of the environment.
        answer_seconds: How long an answer may take.
        start_seconds: How long the first sign of life may take.
    """

    name: str
    python: Path = Path(sys.executable)
    paths: tuple[str, ...] = ()
    answer_seconds: float = ANSWER_SECONDS
    start_seconds: float = START_SECONDS
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False, repr=False)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def hide(self, picture: Picture, message: bytes) -> Picture:
        """See :class:`semstego.peers.base.Peer`."""
        most = wire.most_picture_bytes(picture.shape)
        body = self._asked(wire.HIDE, picture, message, {wire.PICTURE: most, wire.TOO_LONG: wire.NUMBERS.size})[1]
        try:
            return wire.picture_of(body, picture.shape)
        except PeerError as error:
            raise self._ended(str(error)) from None

    def reveal(self, picture: Picture, length: int) -> bytes:
        """See :class:`semstego.peers.base.Peer`."""
        limits = {wire.MESSAGE: picture.size, wire.NOTHING: 0}
        return self._asked(wire.REVEAL, picture, wire.NUMBER.pack(length), limits)[1]

    def start(self) -> None:
        """Start the process, and wait until it is ready; nothing if it was started, and not ended, already.

        Raises:
            PeerError: If it does not start.
        """
        if self._process is not None:
            return
        surroundings = {
            name: value for name, value in os.environ.items() if not name.startswith(("SEMSTEGO", "PYTHON"))
        }
        command = [str(self.python), "-I", "-c", BOOT, str(PACKAGE), self.name, *self.paths]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=surroundings,
                start_new_session=True,
            )
        except OSError as error:
            raise PeerError(f"{self.name}: {self.python} does not start: {error.strerror}") from None
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        try:
            self._answer({wire.MESSAGE: wire.MOST_TEXT}, Patience(self.start_seconds))
        except SemstegoError:
            self.close()
            raise

    def close(self) -> None:
        """End the process, and whatever it started."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                pipe and pipe.close()
        process.wait()

    def _asked(self, letter: bytes, picture: Picture, argument: bytes, limits: dict[bytes, int]) -> tuple[bytes, bytes]:
        self.start()
        patience = Patience(self.answer_seconds)
        request = wire.part(letter, wire.picture_bytes(picture)) + wire.part(wire.MESSAGE, argument)
        self._write(request, patience)
        return self._answer(limits, patience)

    def _answer(self, limits: dict[bytes, int], patience: Patience) -> tuple[bytes, bytes]:
        """The next answer, if it is one that is wanted; else the error that it stands for."""
        try:
            letter, body = wire.received(
                lambda length: self._read(length, patience), limits | {wire.FAILED: wire.MOST_TEXT}
            )
            if letter == wire.TOO_LONG:
                if len(body) != wire.NUMBERS.size:
                    raise PeerError("two numbers of 8 bytes are wanted")
                raise CapacityError(*wire.NUMBERS.unpack(body))
        except PeerError as error:
            raise self._ended(str(error)) from None
        if letter == wire.NOTHING:
            raise NothingFoundError
        if letter == wire.FAILED:
            raise PeerError(f"{self.name}: {wire.text_of(body)}")
        return letter, body

    def _write(self, content: bytes, patience: Patience) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        pipe, left = self._process.stdin.fileno(), memoryview(content)
        while left:
            if not patience.for_writing(pipe):
                raise self._ended("it takes no request in time")
            try:
                left = left[os.write(pipe, left[:CHUNK]) :]
            except OSError:
                raise self._ended("it ended before it was asked") from None

    def _read(self, length: int, patience: Patience) -> bytes:
        """Exactly so many bytes, gathered as they come."""
        assert self._process is not None
        assert self._process.stdout is not None
        pipe, came = self._process.stdout.fileno(), bytearray()
        while len(came) < length:
            if not patience.for_reading(pipe):
                raise PeerError("it did not answer in time")
            piece = os.read(pipe, min(CHUNK, length - len(came)))
            if not piece:
                raise PeerError("it ended without a whole answer")
            came += piece
        return bytes(came)

    def _ended(self, why: str) -> PeerError:
        """The error to raise of a worker that cannot be trusted any more; it is killed."""
        self.close()
        return PeerError(f"{self.name}: {why}; its process was ended")
