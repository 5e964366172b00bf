"""A program that sends the requests of situations with this package, each in a forked process.

It reads one line of JSON per situation and writes one with the outcomes. `running.Stage` starts it.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path
from typing import Any


def ask(situation: dict[str, Any]) -> str:
    """The outcome of each step as JSON: "ok", "error KIND text", or "crash"."""
    from kubeaccess_magic import Cluster
    from kubeaccess_magic.errors import KubeAccessError

    os.chdir(situation["cwd"])
    os.environ.clear()
    os.environ.update(situation["env"])
    options: dict[str, Any] = {"timeout_s": 20}
    for argument in situation["args"]:
        name, _, value = argument[2:].partition("=")
        if name == "as-group":
            options.setdefault("impersonate_groups", []).append(value)
        else:
            options[{"as": "impersonate"}.get(name, name)] = value
    told = []
    cluster = None
    for number, step in enumerate(situation["steps"]):
        for name, text in step.items():
            put(Path(situation["folder"], name), text)
        try:
            cluster = cluster or Cluster(**options)
            path = f"/api/v1/namespaces/{cluster.namespace}/configmaps" if situation["lists"] else "/api/v1/namespaces"
            cluster.get(f"{path}?step={number}" if len(situation["steps"]) > 1 else path).raise_for_status()
            told.append("ok")
        except KubeAccessError as error:
            told.append(f"error {type(error).__name__}: {error} | {error.hint}")
        except Exception as error:
            told.append(f"crash {error!r}")
    return json.dumps(told)


def put(path: Path, text: str | None) -> None:
    """Write a file, executable if it is a script. None removes it, and `-> x` makes a link to x."""
    if text is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if text.startswith("-> "):
        path.symlink_to(text[3:])
        return
    spare = path.with_name(path.name + ".new")
    spare.write_bytes(text.encode("utf-8", "surrogateescape"))
    spare.chmod(0o755 if text.startswith("#!") or path.suffix == ".sh" else 0o600)
    spare.replace(path)


def main() -> None:
    import kubeaccess_magic.cluster
    import kubeaccess_magic.transport  # noqa: F401

    "name".encode("idna")
    gc.collect()
    gc.freeze()  # so that children copy less
    for line in sys.stdin:
        situation = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                answer = ask(situation)
            except BaseException as error:
                answer = json.dumps([f"crash {error!r}"])
            os.write(writing, answer.encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            print(pipe.read().decode(), flush=True)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
