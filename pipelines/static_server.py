"""A server for the pages of the releases, on 127.0.0.1 only. Browsers do not follow a link from a server to a file.

``python -m pipelines.static_server FOLDER PORT PARENT`` ends when its parent process PARENT ends.

The server answers GET and HEAD. It serves only files below the folder, and follows no symbolic link. It checks the
header ``Host``: otherwise any web page could read the files through a host name that its owner points at 127.0.0.1.
"""

import os
import sys
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

HOST = "127.0.0.1"
HOST_NAMES = (HOST, "localhost")
# The pages hold their own styles and scripts, and load nothing from anywhere else.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class PageServer(ThreadingHTTPServer):
    """A server that ends when its parent process has ended. With parent 0 it does not end by itself."""

    parent = 0

    def service_actions(self) -> None:
        """Called about twice a second. Ends the server if its parent is gone."""
        if self.parent and os.getppid() != self.parent:
            raise SystemExit


class PageHandler(SimpleHTTPRequestHandler):
    """Serves the files below ``directory``, which has no symbolic link in its path."""

    timeout = 60  # seconds without a request, after which a connection is closed

    def send_head(self) -> BytesIO | BinaryIO | None:
        """Send the header of a response. The body, or None if there is none."""
        if not self._host_is_ours():
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST, "The server is for 127.0.0.1 and localhost only")
            return None
        if not self._may_be_served(Path(self.translate_path(self.path))):
            self.send_error(HTTPStatus.NOT_FOUND, "File not found")
            return None
        return super().send_head()

    def _host_is_ours(self) -> bool:
        _, port = self.connection.getsockname()
        return self.headers.get("Host", "").lower() in {f"{name}:{port}" for name in HOST_NAMES}

    def _may_be_served(self, path: Path) -> bool:
        """Whether a path lies below the folder, with no symbolic link and no hidden folder on the way.

        A hidden folder holds a release that is being written.
        """
        root = Path(self.directory)
        try:
            if not path.is_relative_to(root) or path.resolve() != path:
                return False
        except (OSError, ValueError):  # a name with a null byte, or one that is too long
            return False
        return not any(part.startswith(".") for part in path.relative_to(root).parts)

    def end_headers(self) -> None:
        """End the header of each response, errors too, with the headers that protect the reader."""
        for name, value in SECURITY_HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Write no log: the terminal is Dagster's."""


def server(folder: Path, port: int) -> PageServer:
    """A server for the files in ``folder``. Raises ``OSError`` if it cannot listen on the port."""
    return PageServer((HOST, port), partial(PageHandler, directory=str(folder.resolve())))


def main(folder: str, port: int, parent: int) -> None:
    """Serve a folder until the parent process ends."""
    try:
        pages = server(Path(folder), port)
    except OSError as error:
        sys.exit(f"The pages of the releases are not served: port {port} of {HOST} cannot be used ({error.strerror}).")
    pages.parent = parent
    with pages, suppress(KeyboardInterrupt):
        pages.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
