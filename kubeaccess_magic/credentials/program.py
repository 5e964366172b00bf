"""Helper programs for signing in: run for their output, with their last words in the error if they fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .. import process
from ..call import Call
from ..errors import CredentialError
from .sign_in import MAX_SECRET_BYTES

__all__ = ["HelperProgram"]

_MOST_WORDS = 1500  # characters of its last words in a message


class HelperProgram:
    """A credential plugin, or the program that renews tokens.

    Parameters
    ----------
    label
        What messages call it.
    limit_s
        Seconds that one run may take.
    hint
        What to try when it fails.
    """

    def __init__(self, label: str, limit_s: float, hint: str) -> None:
        self.label = label
        self._limit_s = limit_s
        self._hint = hint
        self._last_lines: tuple[str, ...] = ()

    def answer(
        self,
        command: Sequence[str],
        call: Call,
        *,
        executable: str,
        environ: Mapping[str, str],
        on_terminal: bool = False,
        secret: bytes | None = None,
    ) -> bytes:
        """Run the program and return its standard output.

        Parameters
        ----------
        command, executable
            The program with its arguments, and the file to run.
        call
            Hears what it says, line by line; ends it when it is stopped.
        environ
            Its environment.
        on_terminal
            Whether it reads from this terminal.
        secret
            What it reads from its standard input instead; secrets go this way, never by arguments or environment.

        Raises
        ------
        CredentialError
            It failed, took too long or was stopped; with its own last words.
        """
        try:
            output = process.run(
                command,
                call,
                timeout_s=self._limit_s,
                max_bytes=MAX_SECRET_BYTES,
                secret=secret,
                executable=executable,
                environ=environ,
                on_terminal=on_terminal,
            )
        except process.ChildFailure as failure:
            self._last_lines = failure.last_lines
            raise self.failed(failure.what) from None
        self._last_lines = output.last_lines
        return output.stdout

    def failed(self, what: str) -> CredentialError:
        """Make the error that says what happened, with the last line that the program wrote.

        Parameters
        ----------
        what
            What happened; it reads on from the label.
        """
        words = f"; it said: {' / '.join(self._last_lines)}"[:_MOST_WORDS] if self._last_lines else ""
        return CredentialError(f"{self.label} {what}{words}", hint=self._hint)
