"""The command line ``corridor``. Each module holds one group of commands.

``build``, ``ui``, ``data``, ``explain``, ``admin`` and ``operate`` hold the commands, ``options`` what several of them
take, ``output`` how they print, and ``app`` puts them together. A command imports what it needs when it runs, so that
``corridor --help`` answers at once.
"""

import sys

INTERRUPTED = 130  # the exit status of a shell for a program that Ctrl-C ended


def main() -> None:
    """Run the command line. Every expected error ends in one sentence on the error stream and exit status 1."""
    try:
        # Ctrl-C while modules are loaded must not print a traceback either.
        from pipelines.cli.app import run

        sys.exit(run())
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted; no published release was changed\n")
        sys.exit(INTERRUPTED)
