"""Pages of the releases on 127.0.0.1, for as long as the Dagster UI runs: browsers follow no link from there to a file.

``python -m pipelines.static_server FOLDER PORT STARTER`` ends with the process STARTER that started it.
"""

import os
import sys
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer


class _Pages(ThreadingHTTPServer):
    """Asks now and then whether who started it is still there."""

    starter = 0

    def service_actions(self) -> None:
        if os.getppid() != self.starter:
            raise SystemExit


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing: what is looked at is nobody's business."""


def main(folder: str, port: int, starter: int) -> None:
    """Serve a folder on 127.0.0.1 until the process that started this one ends."""
    try:
        server = _Pages(("127.0.0.1", port), partial(_Quiet, directory=folder))
    except OSError as error:
        sys.exit(f"The pages of releases are not served: port {port} of 127.0.0.1: {error.strerror}")
    server.starter = starter
    with server, suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
