"""Screenshots of the Dagster UI: ``python -m tests.support.ui_screenshots DATA FOLDER``.

DATA is a data folder with at least one run. The program starts ``corridor ui`` on it, opens the pages below in headless
Chromium, and writes a PNG of each page. It is not a test: a person looks at the screenshots.
"""

import base64
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.support.dagster_server import Server, corridor_ui, wait_until

ASYLUM = "/assets/table/asylum"
PAGES = {
    "lineage": "/asset-groups",
    "lineage_of_worldbank": "/locations/corridor/asset-groups/worldbank/lineage",
    "table": f"{ASYLUM}?view=overview",
    "checks": f"{ASYLUM}?view=checks&checkDetail=origin_differs_from_destination",
    "failing_rows": f"{ASYLUM}?view=checks&checkDetail=origin_differs_from_destination#[Show Markdown]",
    "payload": "/assets/payload/unhcr/asylum-applications?view=overview",
    "release": "/assets/release?view=overview",
    "runs": "/runs",
    "schedules": "/automation",
    "jobs": "/jobs",
    "daemons": "/deployment/daemons",
    "concurrency": "/deployment/concurrency",
}

RUNS = "{ runsOrError(limit: 20) { ... on Runs { results { runId status jobName } } } }"


def main(data: Path, folder: Path) -> None:
    """Write ``<page>.png`` for every page. The text after ``#`` is that of a link that is clicked first."""
    folder.mkdir(parents=True, exist_ok=True)
    with corridor_ui(data) as server, browser() as port:
        for name, page in (PAGES | run_pages(server)).items():
            path, _, link = page.partition("#")
            (folder / f"{name}.png").write_bytes(screenshot(port, f"http://127.0.0.1:{server.port}{path}", link))


def run_pages(server: Server) -> dict[str, str]:
    """Return the page of the last run of each status."""
    runs = server.query(RUNS)["runsOrError"]["results"]
    return {f"run_{run['status'].lower()}": f"/runs/{run['runId']}" for run in reversed(runs)}


@contextmanager
def browser() -> Iterator[int]:
    """Run headless Chromium and yield the port of its debugging protocol."""
    profile = Path(tempfile.mkdtemp(prefix="chromium-"))
    quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", *quiet]
    command += [f"--user-data-dir={profile}", "--remote-debugging-port=0", "--window-size=1600,1000", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    port_file = profile / "DevToolsActivePort"
    try:
        wait_until(lambda: port_file.exists() or None, 30, "Chromium")
        time.sleep(0.5)
        yield int(port_file.read_text().splitlines()[0])
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(profile, ignore_errors=True)


def screenshot(port: int, url: str, link: str = "") -> bytes:
    """Return a PNG of a page when its text has not changed for two seconds, or after twelve seconds."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/json/new?about:blank", method="PUT")
    with urllib.request.urlopen(request, timeout=30) as answer:
        target = json.load(answer)
    with connect(target["webSocketDebuggerUrl"], max_size=None) as page:
        screen = {"width": 1600, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
        command(page, "Emulation.setDeviceMetricsOverride", **screen)
        command(page, "Page.navigate", url=url)
        wait_until_still(page, 2, 12)
        if link:
            click = f"[...document.querySelectorAll('*')].findLast(e => e.textContent.trim() === '{link}').click()"
            command(page, "Runtime.evaluate", expression=click)
            time.sleep(2)
        shot = command(page, "Page.captureScreenshot", format="png")
        command(page, "Page.close")
    return base64.b64decode(shot["data"])


def wait_until_still(page: ClientConnection, seconds: float, within: float) -> None:
    end, last, since = time.monotonic() + within, "", time.monotonic()
    while time.monotonic() < end and time.monotonic() - since < seconds:
        text = str(command(page, "Runtime.evaluate", expression="document.body.innerText")["result"].get("value"))
        if text != last or len(text) < 200:
            last, since = text, time.monotonic()
        time.sleep(0.3)


def command(page: ClientConnection, method: str, **parameters: object) -> dict[str, Any]:
    """Send a command to Chromium and return the result; events that it sends before are skipped."""
    page.send(json.dumps({"id": 1, "method": method, "params": parameters}))
    while True:
        message = json.loads(page.recv(60))
        if message.get("id") == 1:
            return dict(message.get("result", {}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
