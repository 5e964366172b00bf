"""Starting the demo cluster the way users do: as a process, by its command line."""

from __future__ import annotations

import contextlib
import json
import select
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Demo:
    """A running demo cluster."""

    process: subprocess.Popen[str]
    port: int
    kubeconfig: Path
    log: Path
    started_in_s: float

    @property
    def tokens(self) -> dict[str, str]:
        """Context → bearer token."""
        return {user["name"]: user["user"]["token"] for user in self.config["users"]}

    @property
    def config(self) -> dict[str, Any]:
        """The kubeconfig."""
        content: dict[str, Any] = json.loads(self.kubeconfig.read_text())
        return content

    def tls(self) -> ssl.SSLContext:
        """TLS settings that trust this server and no other."""
        import base64

        data = self.config["clusters"][0]["cluster"]["certificate-authority-data"]
        return ssl.create_default_context(cadata=base64.b64decode(data).decode())


@contextlib.contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[Demo]:
    """Run a demo cluster, which must not log anything."""
    kubeconfig, log = folder / "kubeconfig", folder / "log"
    command = [sys.executable, "-m", "kubeaccess_magic.demo", "--kubeconfig", str(kubeconfig), *arguments]
    started_at = time.monotonic()
    with (
        log.open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            ready, _, _ = select.select([process.stdout], [], [], 60)
            line = process.stdout.readline() if ready else ""
            assert line.startswith("demo cluster at https://127.0.0.1:"), line + log.read_text()
            port = int(line.split(",")[0].rsplit(":", 1)[1])
            yield Demo(process, port, kubeconfig, log, time.monotonic() - started_at)
            process.terminate()
            assert process.wait(30) == 0
        finally:
            process.kill()
    assert log.read_text() == ""
