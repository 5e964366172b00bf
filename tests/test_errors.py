"""Errors: their hints, their notes, and their way through pickle, Python's traceback and IPython's."""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from own_cluster import written_kubeconfig

from kubeaccess_magic import errors
from kubeaccess_magic.errors import AccessDenied, AppError, KubeAccessError, LoadError, NotFound, TargetError, TimedOut
from kubeaccess_magic.text import HIDDEN

CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, KubeAccessError)]


def made(kind: type[KubeAccessError], message: str, hint: str | None) -> KubeAccessError:
    more: dict[str, Any] = {AppError: {"reply": "an answer"}, LoadError: {"reply": "an answer"}}.get(kind, {})
    return kind(message, hint=hint, **more)


@pytest.mark.parametrize("kind", CLASSES)
def test_a_hint_is_one_note(kind: type[KubeAccessError]) -> None:
    assert made(kind, "what happened", "what to try").__notes__ == ["hint: what to try"]
    assert not hasattr(made(kind, "what happened", None), "__notes__")


def test_the_note_follows_the_hint_and_others_stay() -> None:
    error = TargetError("what happened", hint="first")
    error.add_note("somebody else's")
    error.hint = "second"
    assert error.hint == "second" and error.__notes__ == ["somebody else's", "hint: second"]
    error.hint = None
    assert error.hint is None and error.__notes__ == ["somebody else's"]
    error.hint = "third"
    assert error.__notes__ == ["somebody else's", "hint: third"]


def test_a_note_passes_redaction() -> None:
    error = KubeAccessError("what happened", hint="token=CANARY")
    assert error.__notes__ == [f"hint: token={HIDDEN}"]
    error.hint = "password: CANARY \x1b[31m"
    assert "CANARY" not in str(error.__notes__) and "\x1b" not in str(error.__notes__)
    assert pickle.dumps(error).count(b"CANARY") == 0


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("again", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])
def test_a_copy_has_everything(kind: type[KubeAccessError], again: Any) -> None:
    error = made(kind, "what happened", "what to try")
    error.add_note("somebody else's")
    error._render_traceback_ = lambda: ["a line"]  # type: ignore[attr-defined]  # as the magic sets it
    other = again(error)
    assert type(other) is kind and (str(other), other.args) == ("what happened", ("what happened",))
    assert other.hint == "what to try" and other.__notes__ == ["hint: what to try", "somebody else's"]
    assert getattr(other, "reply", None) == getattr(error, "reply", None)


def test_a_copy_has_the_role_and_catches_like_the_original() -> None:
    other = pickle.loads(pickle.dumps(AccessDenied("no", role="kind: Role")))
    assert isinstance(other, PermissionError) and other.role == "kind: Role" and other.hint is None
    assert isinstance(pickle.loads(pickle.dumps(TimedOut("late"))), TimeoutError)
    assert isinstance(pickle.loads(pickle.dumps(NotFound("none"))), LookupError)


def test_pythons_traceback_shows_the_hint_once(tmp_path: Path) -> None:
    program = "from kubeaccess_magic import Target; Target.parse('shop/https:web')"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, env={"HOME": str(tmp_path)}
    )
    message, hint = run.stderr.splitlines()[-2:]
    assert run.returncode == 1
    assert message.startswith("kubeaccess_magic.errors.TargetError: ")
    assert hint.startswith("hint: type `shop/https:web:`") and run.stderr.count("hint: ") == 1


@pytest.mark.parametrize("cell", ["%kproxy shop/https:web", "Target.parse('shop/https:web')"], ids=["magic", "python"])
def test_ipython_shows_the_hint_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], cell: str
) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(written_kubeconfig(tmp_path, "http://127.0.0.1:9")))
    shell = InteractiveShell()
    shell.run_cell("%load_ext kubeaccess_magic")
    shell.run_cell("from kubeaccess_magic import Target")
    shell.run_cell(cell)
    shell.history_manager.end_session()
    assert "".join(capsys.readouterr()).count("type `shop/https:web:`") == 1
