"""The server for release pages serves files of one folder to browsers on this machine, and nothing else."""

import http.client
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assets.core.workspace import Workspace
from pipelines import static_server
from pipelines.cli.ui import ROOT, child_environment
from tests.support.dagster_server import free_port, wait_until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a page, a hidden folder, and symbolic links that leave it."""
    folder, outside = tmp_path / "releases", tmp_path / "outside"
    for made in (folder / "2026-01-01.1", folder / ".unfinished", outside):
        made.mkdir(parents=True)
        (made / "report.html").write_text("<p>page</p>", encoding="utf-8")
    (folder / "file").symlink_to(outside / "report.html")
    (folder / "linked").symlink_to(outside)
    return folder


@pytest.fixture
def port(folder: Path) -> Iterator[int]:
    with static_server.server(folder, 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def ask(port: int, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, path, skip_host="host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    return connection.getresponse()


def test_a_page_is_served_with_headers_that_protect_the_reader(port: int) -> None:
    answer = ask(port, "/2026-01-01.1/report.html")
    assert (answer.status, answer.read()) == (200, b"<p>page</p>")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert {"default-src 'none'", "frame-ancestors 'none'", "form-action 'none'"} <= set(policy.split("; "))


def test_head_gets_the_header_without_the_page(port: int) -> None:
    answer = ask(port, "/2026-01-01.1/report.html", "HEAD")
    assert (answer.status, answer.headers["Content-Length"], answer.read()) == (200, "11", b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT"])
def test_no_other_method_is_answered(port: int, method: str) -> None:
    answer = ask(port, "/2026-01-01.1/report.html", method)
    assert answer.status == 501
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/../outside/report.html",
        "/%2e%2e/outside/report.html",
        "/..%2foutside/report.html",
        "/2026-01-01.1/../../outside/report.html",
        "/file",
        "/linked/",
        "/linked/report.html",
        "/.unfinished/",
        "/.unfinished/report.html",
        "/%00",
        f"/{'x' * 5_000}",
        "/nothing",
    ],
)
def test_nothing_outside_the_folder_is_served(port: int, path: str) -> None:
    answer = ask(port, path)
    assert answer.status == 404
    assert b"page" not in answer.read()


@pytest.mark.parametrize("path", ["/..", "//", "/../../", "/%2e%2e/"])
def test_a_listing_shows_the_folder_only(port: int, path: str) -> None:
    answer = ask(port, path)
    assert answer.status in (200, 301, 404)
    assert b"outside" not in answer.read()


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}"])
def test_a_browser_on_this_machine_is_answered(port: int, host: str) -> None:
    assert ask(port, "/2026-01-01.1/report.html", host=host.format(port=port)).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", ""]
)
def test_another_host_name_is_refused(port: int, host: str) -> None:
    answer = ask(port, "/2026-01-01.1/report.html", host=host.format(port=port))
    assert answer.status == 421
    assert b"<p>page</p>" not in answer.read()


def test_the_server_listens_on_the_loopback_address_only(folder: Path) -> None:
    with static_server.server(folder, 0) as server:
        assert server.server_address[0] == "127.0.0.1"


def start(folder: Path, port: int, parent: int, cwd: Path) -> "subprocess.Popen[str]":
    """The server as ``corridor ui`` starts it."""
    environment = child_environment(os.environ, Workspace(folder), folder)
    command = [sys.executable, "-P", "-m", "pipelines.static_server", str(folder), str(port), str(parent)]
    return subprocess.Popen(command, cwd=cwd, env=environment, stderr=subprocess.PIPE, text=True)


def test_a_port_in_use_ends_in_one_sentence(folder: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        process = start(folder, port, os.getpid(), ROOT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    expected = f"The pages of the releases are not served: port {port} of 127.0.0.1 cannot be used"
    assert errors.startswith(expected)
    assert errors.strip().count("\n") == 0


def test_the_server_ends_with_its_parent(folder: Path) -> None:
    process = start(folder, free_port(), os.getpid() + 1, ROOT)
    process.communicate(timeout=60)
    assert process.returncode == 0


@contextmanager
def running(folder: Path, cwd: Path) -> Iterator[int]:
    port = free_port()
    process = start(folder, port, os.getpid(), cwd)
    try:
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_modules_of_the_current_folder_are_not_loaded(folder: Path, tmp_path: Path) -> None:
    hostile = tmp_path / "hostile"
    (hostile / "pipelines").mkdir(parents=True)
    for module in ("pipelines/__init__.py", "pipelines/static_server.py", "http.py"):
        (hostile / module).write_text("raise SystemExit('a module of the current folder was loaded')\n")

    with running(folder, hostile) as port:

        def page() -> bytes | None:
            try:
                return ask(port, "/2026-01-01.1/report.html").read()
            except ConnectionRefusedError:
                return None

        assert wait_until(page, 60, "a page") == b"<p>page</p>"
