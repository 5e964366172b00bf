"""A Firefox driven by WebDriver BiDi: Playwright drives none that a distribution ships."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from .conftest import PICTURES

websocket = pytest.importorskip("websocket", reason="websocket-client is not installed")

LIMIT_S = 60.0
PREFERENCES = """
user_pref("network.proxy.type", 1);
user_pref("network.proxy.http", "127.0.0.1");
user_pref("network.proxy.http_port", 9);
user_pref("network.proxy.ssl", "127.0.0.1");
user_pref("network.proxy.ssl_port", 9);
user_pref("network.proxy.no_proxies_on", "127.0.0.1");
user_pref("app.normandy.enabled", false);
user_pref("services.settings.server", "data:,");
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("app.update.enabled", false);
"""


class Firefox:
    """One page."""

    def __init__(self, url: str) -> None:
        self._socket = websocket.create_connection(f"{url}/session", suppress_origin=True, timeout=LIMIT_S)
        self._number = 0
        self.call("session.new", capabilities={})
        self._page = self.call("browsingContext.getTree")["contexts"][0]["context"]

    def call(self, method: str, **params: Any) -> Any:
        """Send a command, and wait for its result."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._number:
                assert answer["type"] == "success", answer
                return answer["result"]

    def open(self, url: str) -> None:
        self.call("browsingContext.navigate", context=self._page, url=url, wait="complete")
        self.call("browsingContext.activate", context=self._page)

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page."""
        wrapped = f"JSON.stringify({{value: ({expression}) ?? null}})"
        answer = self.call("script.evaluate", expression=wrapped, target={"context": self._page}, awaitPromise=False)
        assert answer["type"] == "success", answer
        return json.loads(answer["result"]["value"]).get("value")

    def until(self, expression: str) -> Any:
        """The value of an expression, once it is true."""
        end = time.monotonic() + LIMIT_S
        while not (value := self.evaluate(expression)):
            if time.monotonic() > end:
                self.picture(PICTURES / "firefox-failed.png")
                raise AssertionError(expression)
            time.sleep(0.1)
        return value

    def type(self, text: str) -> None:
        """Press and release the key of each character."""
        keys = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        source = {"type": "key", "id": "keyboard", "actions": keys}
        self.call("input.performActions", context=self._page, actions=[source])

    def click(self, element: str) -> None:
        """Click in the middle of an element, which is an expression."""
        x, y = self.evaluate(
            f"(e => {{ e.scrollIntoView({{block: 'center'}}); const b = e.getBoundingClientRect();"
            f" return [Math.round(b.x + b.width / 2), Math.round(b.y + b.height / 2)] }})({element})"
        )
        steps = [{"type": "pointerMove", "x": x, "y": y}, {"type": "pointerDown", "button": 0}]
        steps.append({"type": "pointerUp", "button": 0})
        self.call(
            "input.performActions", context=self._page, actions=[{"type": "pointer", "id": "m", "actions": steps}]
        )

    def picture(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        data = self.call("browsingContext.captureScreenshot", context=self._page)["data"]
        path.write_bytes(base64.b64decode(data))

    def close(self) -> None:
        self._socket.close()


@contextmanager
def firefox(program: str, folder: Path) -> Iterator[Firefox]:
    """Start one with an empty profile, without a screen: on one without a window manager no window has the focus."""
    (folder / "user.js").write_text(PREFERENCES)
    command = [
        program,
        "--headless",
        "--remote-debugging-port",
        "0",
        "--profile",
        str(folder),
        "--no-remote",
        "--new-instance",
    ]
    environment = {"HOME": str(folder), "MOZ_DISABLE_CONTENT_SANDBOX": "1"}
    with (folder / "firefox.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        page = Firefox(_listening(process, folder / "firefox.log"))
        yield page
        page.close()
    finally:
        process.terminate()
        process.wait(20)


def _listening(process: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + LIMIT_S
    while process.poll() is None and time.monotonic() < end:
        if found := re.search(r"BiDi listening on (ws://\S+)", log.read_text()):
            return found[1]
        time.sleep(0.1)
    raise RuntimeError("Firefox did not start:\n" + log.read_text())
