"""A tab of headless Chromium that shows a page at a width."""

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from websockets.sync.client import ClientConnection, connect

from tests.support.ui_screenshots import command

# Collects what a person would see in the console, before the page runs any script.
WATCH = """window.problems = [];
addEventListener("error", (event) => problems.push(event.message));
addEventListener("unhandledrejection", (event) => problems.push(String(event.reason)));
addEventListener("securitypolicyviolation", (event) => problems.push(event.violatedDirective));"""


@dataclass(frozen=True)
class Tab:
    """A tab with a page."""

    connection: ClientConnection

    def asked(self, expression: str) -> object:
        """Return the value of an expression, after it is settled if it is a promise."""
        answer = command(
            self.connection, "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, expression: str) -> None:
        """Wait until an expression is true, at most 20 seconds."""
        end = time.monotonic() + 20
        while not self.asked(expression):
            assert time.monotonic() < end, expression
            time.sleep(0.05)

    def press(self, key: str) -> None:
        """Press a key."""
        for kind in ("keyDown", "keyUp"):
            command(self.connection, "Input.dispatchKeyEvent", type=kind, key=key, code=key)


@contextmanager
def opened(port: int, url: str, width: int = 1400) -> Iterator[Tab]:
    """Open a page in a new tab of the browser with its debugging protocol at a port, and close the tab at the end."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/json/new?about:blank", method="PUT")
    with urllib.request.urlopen(request, timeout=30) as answer:
        target = json.load(answer)
    with connect(target["webSocketDebuggerUrl"], max_size=None) as connection:
        screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        command(connection, "Page.enable")
        command(connection, "Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        command(connection, "Emulation.setDeviceMetricsOverride", **screen)
        command(connection, "Page.navigate", url=url)
        tab = Tab(connection)
        tab.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")
        yield tab
        command(connection, "Page.close")
