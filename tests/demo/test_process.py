"""The demo cluster as a process: how it starts, what it writes, when it ends, what it refuses."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kubeaccess_magic.demo.kubeconfig_file import write_kubeconfig

from .demo_process import demo

COMMAND = [sys.executable, "-m", "kubeaccess_magic.demo"]


def _alive(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _gone(number: int, within_s: float = 30) -> bool:
    ends = time.monotonic() + within_s
    while _alive(number) and time.monotonic() < ends:
        time.sleep(0.05)
    return not _alive(number)


def test_kubeconfig_has_a_context_for_each_user_and_is_private(tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        assert stat.S_IMODE(running.kubeconfig.stat().st_mode) == 0o600
        assert running.config["current-context"] == "demo"
        assert [one["name"] for one in running.config["contexts"]] == ["demo", "viewer", "analyst", "nobody"]
        assert {one["name"]: one["context"].get("namespace") for one in running.config["contexts"]}["analyst"] == "shop"
        assert len(set(running.tokens.values())) == 4 and all(len(token) >= 32 for token in running.tokens.values())
        first = running.tokens
    other = tmp_path / "other"
    other.mkdir()
    with demo(other) as running:
        assert not set(first.values()) & set(running.tokens.values())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [*COMMAND, "--kubeconfig", str(tmp_path / "k")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline().startswith("demo cluster at https://")
        process.send_signal(number)
        assert process.wait(30) == 0


def test_the_ready_line_for_programs_is_one_line_of_json(tmp_path: Path) -> None:
    command = [*COMMAND, "--ready-json", "--kubeconfig", "k"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        process.terminate()
        assert process.stdout.read() == ""
    assert set(ready) == {"server", "kubeconfig"}
    assert ready["kubeconfig"] == str(tmp_path / "k")  # absolute, wherever the parent is
    assert json.loads((tmp_path / "k").read_text())["clusters"][0]["cluster"]["server"] == ready["server"]


def test_it_ends_when_its_parent_dies(tmp_path: Path) -> None:
    parent = (
        "import subprocess, sys, time\n"
        f"command = {[*COMMAND, '--kubeconfig', str(tmp_path / 'k')]!r}\n"
        "p = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)\n"
        "p.stdout.readline(); print(p.pid, flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        number = int(process.stdout.readline())
        assert _alive(number)
        process.kill()
        process.wait(5)
    assert _gone(number)


def test_it_listens_on_loopback_only(tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        listening = set()
        for name, width in (("tcp", 8), ("tcp6", 32)):
            for line in Path(f"/proc/{running.process.pid}/net/{name}").read_text().splitlines()[1:]:
                fields = line.split()
                inode = fields[9]
                own = {
                    os.readlink(one) for one in Path(f"/proc/{running.process.pid}/fd").iterdir() if one.is_symlink()
                }
                if fields[3] == "0A" and f"socket:[{inode}]" in own:
                    listening.add(fields[1][:width])
        assert listening <= {"0100007F", "00000000000000000000000001000000"}
        assert listening


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        arguments = ["--port", str(taken.getsockname()[1]), "--kubeconfig", str(tmp_path / "k")]
        done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "cannot start" in done.stderr and "Traceback" not in done.stderr


def test_a_foreign_kubeconfig_is_not_overwritten(tmp_path: Path) -> None:
    own = tmp_path / "config"
    own.write_text("apiVersion: v1\nkind: Config\nclusters: []\n")
    done = subprocess.run([*COMMAND, "--kubeconfig", str(own)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "not written by a demo cluster" in done.stderr
    assert own.read_text().startswith("apiVersion: v1\nkind: Config")


@pytest.mark.parametrize("content", [None, "", "precious"])
def test_a_prepared_link_is_not_followed(tmp_path: Path, content: str | None) -> None:
    shared, target = tmp_path / "shared", tmp_path / "target"
    shared.mkdir()
    if content is not None:
        target.write_text(content)
    link = shared / "kubeconfig"
    link.symlink_to(target)
    if content:
        done = subprocess.run([*COMMAND, "--kubeconfig", str(link)], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and "not written by a demo cluster" in done.stderr
        assert link.is_symlink()
    else:
        with demo(shared) as running:
            assert not link.is_symlink() and stat.S_IMODE(link.lstat().st_mode) == 0o600
            assert running.config["current-context"] == "demo"
    assert (target.read_text() if target.exists() else None) == content
    assert not list(shared.glob(".kubeconfig.*"))  # no temporary file is left


def test_links_prepared_for_the_temporary_file_are_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("precious")
    path = tmp_path / "kubeconfig"
    for number in range(os.getpid(), os.getpid() + 50):
        path.with_name(f".kubeconfig.{number}").symlink_to(target)
    write_kubeconfig(path, "https://127.0.0.1:1", b"", {"demo": "token"}, {})
    path.with_name(f".kubeconfig.{os.getpid()}").unlink()
    assert target.read_text() == "precious"
    assert stat.S_IMODE(path.lstat().st_mode) == 0o600
    assert json.loads(path.read_text())["current-context"] == "demo"


def test_a_pipe_in_the_place_of_the_kubeconfig_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    os.mkfifo(path)
    with pytest.raises(ValueError, match="not written by a demo cluster"):
        write_kubeconfig(path, "https://127.0.0.1:1", b"", {"demo": "token"}, {})


@pytest.mark.parametrize("line", ["{", '{"kind": "Nothing", "apiVersion": "v9", "metadata": {"name": "x"}}'])
def test_objects_that_are_none_are_told(tmp_path: Path, line: str) -> None:
    objects = tmp_path / "objects.jsonl"
    objects.write_text(line + "\n")
    arguments = ["--objects", str(objects), "--kubeconfig", str(tmp_path / "k")]
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "cannot start" in done.stderr and "Traceback" not in done.stderr


def test_users_from_a_file(tmp_path: Path) -> None:
    users = tmp_path / "users.json"
    users.write_text(json.dumps({"t0ken": ["someone", ["system:masters"]]}))
    with demo(tmp_path, "--users", str(users)) as running:
        assert running.tokens == {"someone": "t0ken"}


def test_it_imports_nothing_of_the_rest_of_the_package() -> None:
    code = (
        "import sys, kubeaccess_magic.demo.demo_cluster\n"
        "own = [m for m in sys.modules if m.startswith('kubeaccess_magic.')]\n"
        "foreign = ('pandas', 'kubernetes', 'urllib3', 'msgspec', 'IPython', 'yaml', 'requests')\n"
        "print([m for m in own if not m.startswith('kubeaccess_magic.demo')], [m for m in foreign if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[] []", done.stdout + done.stderr
