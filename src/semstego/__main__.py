# SPDX-License-Identifier: Apache-2.0
"""The command line, ``semstego`` or ``python -m semstego``; who interrupts it while it is loaded sees no traceback."""

import sys


def main() -> None:
    """Entry point."""
    try:
        from semstego.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
