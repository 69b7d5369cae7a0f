# SPDX-License-Identifier: Apache-2.0
"""The command line, ``semstego`` or ``python -m semstego``; who interrupts it while it is loaded sees no traceback."""

import signal
import sys
from typing import Any

INTERRUPTED = 130


def main() -> None:
    """Entry point.

    Modules in C that are interrupted while they are loaded may make another error of it that knows nothing of its
    cause (``numba._devicearray`` does), or print it and go on (callbacks), so interruptions are counted as they arrive.
    """
    interruptions: list[int] = []

    def interrupt(number: int, frame: Any) -> None:
        interruptions.append(number)
        raise KeyboardInterrupt

    def unraisable(what: Any) -> None:
        if what.exc_type is not KeyboardInterrupt:
            sys.__unraisablehook__(what)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not in the background, where it is ignored
        signal.signal(signal.SIGINT, interrupt)
    sys.unraisablehook = unraisable
    try:
        from semstego.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception:
        if not interruptions:
            raise
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
