"""Runs kubectl and this package in the same situation, and compares what reached the servers."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from . import ours
from .recorders import World

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclasses.dataclass(frozen=True)
class Situation:
    """One case to compare: files, environment and arguments.

    `@name@` in any text stands for a port or a certificate (`recorders.World.filled`).

    Attributes
    ----------
    difference
        Why this package does not do the same as kubectl; empty if it does.
    steps
        Changes of files. A request follows each: by another kubectl, and by the same `Cluster`.
    lists
        Whether the request lists something in the namespace.
    cwd
        The working folder.
    pod
        The files of the pod's account, for `pods`.
    """

    name: str
    files: Mapping[str, str | None]
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    args: tuple[str, ...] = ()
    difference: str = ""
    steps: tuple[Mapping[str, str | None], ...] = ()
    lists: bool = False
    cwd: str = "."
    pod: Mapping[str, str] | None = None


class Stage:
    """The folder in which situations are run; it is made anew for each."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder
        command = [sys.executable, "-m", "kubectl.ours"]
        tests = str(Path(__file__).parents[1])
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": tests, "HOME": str(folder)}
        self._ours = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def close(self) -> None:
        assert self._ours.stdin and self._ours.stdout
        self._ours.stdin.close()
        self._ours.wait(timeout=20)
        self._ours.stdout.close()

    def set(self, situation: Situation) -> dict[str, str]:
        """Make the folder of a situation, and return the environment variables."""
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "home").mkdir(parents=True)
        for name, data in self.world.files().items():
            (self.folder / name).write_bytes(data)
        for name, text in situation.files.items():
            ours.put(self.folder / name, None if text is None else self.world.filled(text))
        if situation.pod is not None:
            shutil.rmtree(ACCOUNT, ignore_errors=True)
            for name, text in situation.pod.items():
                ours.put(ACCOUNT / name, self.world.filled(text))
        own = {name: self._filled(value) for name, value in situation.env.items()}
        return {"HOME": str(self.folder / "home"), "PATH": os.environ["PATH"], **own}

    def ask_kubectl(self, kubectl: str, situation: Situation) -> tuple[list[str], str]:
        """What kubectl did (one line per step, and one per request that reached a server), and its messages."""
        environment = self.set(situation)
        told, said = [], ""
        for number, step in enumerate(situation.steps or ({},)):
            for name, text in step.items():
                ours.put(self.folder / name, None if text is None else self.world.filled(text))
            since = len(self.world.log)
            raw = "/api/v1/namespaces" + (f"?step={number}" if situation.steps else "")
            asks = ["get", "configmaps"] if situation.lists else ["get", "--raw", raw]
            arguments = [self._filled(one) for one in situation.args]
            run = subprocess.run(
                [kubectl, *arguments, *asks],
                cwd=self.folder / situation.cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=60,
            )
            said += run.stderr.strip()[-300:]
            lines = self.world.noted(since)
            if situation.lists:
                lines = [
                    line.replace("?limit=500", "") for line in lines if " GET /api" not in line or "/configmaps" in line
                ]
                lines = [line for line, _ in itertools.groupby(lines)]
            told += ["error" if run.returncode else "ok", *lines]
        return told, said

    def ask_ours(self, situation: Situation) -> tuple[list[str], str]:
        """The same for this package."""
        environment = self.set(situation)
        since = len(self.world.log)
        filled = [{k: v and self.world.filled(v) for k, v in step.items()} for step in situation.steps or ({},)]
        asked = {
            "cwd": str(self.folder / situation.cwd),
            "folder": str(self.folder),
            "env": environment,
            "args": [self._filled(one) for one in situation.args],
            "steps": filled,
            "lists": situation.lists,
        }
        assert self._ours.stdin and self._ours.stdout
        self._ours.stdin.write(json.dumps(asked) + "\n")
        self._ours.stdin.flush()
        answers = json.loads(self._ours.stdout.readline())
        lines = self.world.noted(since)
        told: list[str] = []
        for number, answer in enumerate(answers):
            told.append(answer if answer.startswith("crash") else answer.partition(" ")[0])
            rest = [line for line in lines if f"step={number + 1}" in line]
            cut = lines.index(rest[0]) if rest else len(lines)
            told += lines[:cut]
            lines = lines[cut:]
        return told, " / ".join(answers)

    def _filled(self, text: str) -> str:
        return self.world.filled(text).replace("@folder@", str(self.folder))
