"""Files that a kubeconfig names: a device or a pipe in place of one is an error, and never a hang."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys

import pytest

from kubeaccess_magic.kubeconfig.files import MAX_FILE_BYTES, file_problem, read_file

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="needs /dev/zero and named pipes")

# Chooses a context, perhaps swaps the file for another, and asks. Says what came of it in one line.
PROGRAM = """
import os, sys
from kubeaccess_magic import Cluster
from kubeaccess_magic.errors import KubeAccessError
for kubeconfig, swap, into in CASES:
    try:
        cluster = Cluster(kubeconfig=kubeconfig, timeout_s=5)
        if swap:
            os.replace(swap, into)
        print("ok", cluster.get("/version").status_code)
    except KubeAccessError as error:
        print(type(error).__name__, error, "|", error.hint, flush=True)
"""
FIELDS = {  # where the path stands; what else is needed for the file to be read
    "certificate-authority": ("cluster", {}),
    "client-certificate": ("user", {"client-key": "regular"}),
    "client-key": ("user", {"client-certificate": "regular"}),
    "tokenFile": ("user", {}),
    "idp-certificate-authority": ("provider", {}),
}
KINDS = {
    "device": "it is a device, not a regular file",
    "pipe": "it is a pipe, not a regular file",
    "socket": "it is a socket, not a regular file",
    "folder": "it is a folder, not a regular file",
    "huge": "it is larger than",
}


def put(path: str, kind: str) -> None:
    """Put something of that kind at a path; "pipe" has no writer, so that opening it blocks."""
    if kind == "device":
        os.symlink("/dev/zero", path)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path)
    elif kind == "folder":
        os.mkdir(path)
    else:
        with open(path, "wb") as file:
            file.write(b"x")
            if kind == "huge":
                file.truncate(64 * 2**30)  # sparse


def write_config(folder, field: str, path: str) -> str:
    section, more = FIELDS[field]
    values = {field: path, **{name: str(folder / value) for name, value in more.items()}}
    cluster = {"server": "https://127.0.0.1:1", **(values if section == "cluster" else {})}
    user = {"token": "t"} if section == "cluster" else values
    if section == "provider":
        config = {"idp-issuer-url": "https://127.0.0.1:1", "client-id": "c", "refresh-token": "r", **values}
        user = {"auth-provider": {"name": "oidc", "config": config}}
    document = {
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
    }
    config_file = folder / f"{os.path.basename(path)}.json"
    config_file.write_text(json.dumps(document))
    return str(config_file)


def outcomes(cases) -> list[str]:
    """What came of each case, from a process of its own: a hang ends with it."""
    program = PROGRAM.replace("CASES", repr(cases))
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


@pytest.mark.parametrize("field", FIELDS)
def test_only_regular_files_of_a_bounded_size_are_read(tmp_path, field):
    put(str(tmp_path / "regular"), "regular")
    cases = []
    for kind in KINDS:
        put(str(tmp_path / kind), kind)
        cases.append((write_config(tmp_path, field, str(tmp_path / kind)), "", ""))
    for (kind, reason), line in zip(KINDS.items(), outcomes(cases), strict=True):
        assert line.startswith(("ConfigError ", "CredentialError ")), line
        assert reason in line and str(tmp_path / kind) in line, line


@pytest.mark.parametrize("field", FIELDS)
def test_a_file_that_becomes_a_pipe_or_a_device_is_not_read(tmp_path, field):
    put(str(tmp_path / "regular"), "regular")
    cases = []
    for kind in KINDS:
        path, spare = str(tmp_path / f"then-{kind}"), str(tmp_path / f"spare-{kind}")
        if kind == "folder":  # cannot take the place of a file
            continue
        put(path, "regular")
        put(spare, kind)
        cases.append((write_config(tmp_path, field, path), spare, path))
    reasons = [reason for kind, reason in KINDS.items() if kind != "folder"]
    for reason, line in zip(reasons, outcomes(cases), strict=True):
        assert line.startswith(("ConfigError ", "CredentialError ")), line
        assert reason in line, line


def test_a_token_that_cannot_be_read_leaves_the_other_one(tmp_path):  # G20, as with a folder
    put(str(tmp_path / "pipe"), "pipe")
    config_file = tmp_path / "config.json"
    document = json.loads((tmp_path / write_config(tmp_path, "tokenFile", str(tmp_path / "pipe"))).read_text())
    document["users"][0]["user"]["token"] = "t"
    config_file.write_text(json.dumps(document))
    [line] = outcomes([(str(config_file), "", "")])
    assert line.startswith("Unreachable ")


def test_the_files_of_a_pods_account(tmp_path, monkeypatch):
    from kubeaccess_magic import kubeconfig

    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    put(str(tmp_path / "token"), "regular")
    put(str(tmp_path / "namespace"), "pipe")
    put(str(tmp_path / "ca.crt"), "device")
    context = kubeconfig.choose(account_folder=str(tmp_path))
    assert (context.namespace, context.ca_file) == ("default", None)


def test_reading(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    os.symlink(path, tmp_path / "link")
    assert read_file(str(tmp_path / "link")) == b"abc"
    assert read_file(str(path), max_bytes=3) == b"abc"
    assert file_problem(str(path)) is None
    with pytest.raises(OSError, match="larger than") as caught:
        read_file(str(path), max_bytes=2)
    assert caught.value.filename == str(path)
    for name, number in (("missing", errno.ENOENT), ("a\0b", errno.EINVAL)):
        with pytest.raises(OSError) as caught:
            read_file(str(tmp_path / name))
        assert caught.value.errno == number
        assert file_problem(str(tmp_path / name))
    with open(path, "wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(OSError, match="larger than 8 MiB"):
        read_file(str(path))


def test_a_pipe_with_a_writer_is_no_file_either(tmp_path):
    put(str(tmp_path / "pipe"), "pipe")
    descriptor = os.open(tmp_path / "pipe", os.O_RDWR)
    try:
        os.write(descriptor, b"abc")
        with pytest.raises(OSError, match="a pipe"):
            read_file(str(tmp_path / "pipe"))
    finally:
        os.close(descriptor)
