"""Exec plugins (G22 to G26): programs that a kubeconfig names, run for a credential."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
from collections.abc import Mapping
from typing import Any

from ..call import Call
from ..errors import CredentialError
from ..kubeconfig import Context
from ..kubeconfig.files import file_stamp
from ..process import plain_line
from .exec_credential import BadAnswer, WrongVersion, exec_info, sign_in_of
from .plugin_policy import refuse_forbidden
from .program import HelperProgram
from .sign_in import SignIn

__all__ = ["ExecPlugin"]


class ExecPlugin:
    """An exec plugin, ready to run.

    Parameters
    ----------
    context
        The context that it signs in to.
    spec
        Its exec entry in the kubeconfig.
    place
        The user that has the entry, for messages.
    limit_s
        Seconds that it may take.

    Raises
    ------
    CredentialError
        It is not there, may not be run, or needs a terminal where there is none.
    """

    def __init__(self, context: Context, spec: Mapping[str, Any], place: str, limit_s: float) -> None:
        self._spec = spec
        self._version = str(spec["apiVersion"])
        self._command = os.path.normpath(str(spec["command"]))
        label = f"the plugin {os.path.basename(self._command)} of {place}"
        self._program = HelperProgram(
            label, limit_s, "run any kubectl command in a terminal, so that it signs in there, and ask again"
        )
        self._interactive = self._may_ask()
        self._executable = self._find()
        refuse_forbidden(self._command, self._executable, label)
        self._arguments = [self._command, *(argument or "" for argument in spec.get("args") or ())]
        self._environment = dict(os.environ)
        self._environment.update({entry["name"]: entry.get("value") or "" for entry in spec.get("env") or ()})
        info = exec_info(context, spec, self._version, interactive=self._interactive)
        self._environment["KUBERNETES_EXEC_INFO"] = info

    @property
    def depends_on(self) -> tuple[object, ...]:
        """Everything that the answer depends on: the program's file, its arguments, and its whole environment.

        kubectl looks at the exec entry and the cluster alone (G25); but a kernel outlives a change of ``AWS_PROFILE``.
        """
        return self._executable, file_stamp(self._executable), self._arguments, self._environment

    def run(self, call: Call) -> SignIn:
        """Run the plugin and read its answer.

        Parameters
        ----------
        call
            Hears what it says, line by line; ends it when it is stopped.

        Raises
        ------
        CredentialError
            It failed, or answered with no credential; with its own last words.
        """
        answer = self._program.answer(
            self._arguments,
            call,
            executable=self._executable,
            environ=self._environment,
            on_terminal=self._interactive,
        )
        try:
            return sign_in_of(answer, self._version, self._program.label)
        except BadAnswer as problem:
            raise self._program.failed(str(problem)) from None
        except WrongVersion as problem:
            raise self._wrong_version(problem.args[0]) from None

    def _may_ask(self) -> bool:
        """Whether the plugin may read from the terminal (G23)."""
        mode = self._spec.get("interactiveMode") or "IfAvailable"
        with contextlib.suppress(OSError, ValueError):
            if mode != "Never" and os.isatty(0):
                return True
        if mode == "Always":
            raise CredentialError(
                f"{self._program.label} needs a terminal (interactiveMode Always), and there is none here",
                hint=f"sign in once in a terminal, with {shlex.quote(self._command)} or any kubectl command",
            )
        return False

    def _find(self) -> str:
        """The program, from the caller's PATH unless the command has a folder; never via the working folder (G23)."""
        path = self._command
        if os.path.basename(path) == path:
            path = shutil.which(path, path=os.environ.get("PATH", "")) or ""
            if path and not os.path.isabs(path):
                raise self._program.failed("is only found by a relative folder of PATH, which is not safe to run")
        elif not os.path.isfile(path):
            path = ""
        if not path:
            raise CredentialError(
                f"{self._program.label} is not installed ({self._command} is not found)",
                hint=plain_line(self._spec.get("installHint") or "")
                or "install it, or put its folder on the PATH of the kernel",
            )
        return path

    def _wrong_version(self, answered: object) -> CredentialError:
        """The error for an answer in another version than that of the kubeconfig, which kubectl refuses too (G24)."""
        version = plain_line(str(answered))[:100] if answered else "no apiVersion"
        return CredentialError(
            f"{self._program.label} answered with {version}, but the kubeconfig asks for {self._version}",
            hint="update the plugin, or write the apiVersion that it answers with into the kubeconfig, "
            "if that is client.authentication.k8s.io/v1 or v1beta1",
        )
