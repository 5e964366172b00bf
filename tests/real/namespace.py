"""Run a command in a network namespace of its own, in which the addresses of the tests' small world stand on `lo`.

`python tests/real/namespace.py COMMAND ...` (what `make test-real` does). pytest itself must reach the API server's and
the pods' addresses, so the whole run is inside; nothing outside is touched or reached, and several runs do not meet.
Needs root or user namespaces, util-linux and iproute2. Where that is missing the command runs all the same, outside,
and $KUBEACCESS_NAMESPACE says why: the tests then skip with that reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

MARK = "KUBEACCESS_NAMESPACE"  # "entered", or why not
NETWORKS = ("192.0.2.0/24", "10.203.0.0/24")  # on lo every address of them is this machine: API servers; pods and nodes
SETUP = "set -e; ip link set lo up; " + "".join(f"ip addr add {network} dev lo; " for network in NETWORKS) + 'exec "$@"'


def missing() -> str | None:
    """Why the running process is not in such a namespace; None if it is."""
    mark = os.environ.get(MARK)
    if mark is None:
        return "not in a network namespace of its own: use `make test-real`"
    return None if mark == "entered" else mark


def entering() -> list[str] | str:
    """The beginning of a command line that enters a namespace, or why there is none."""
    for program in ("unshare", "ip", "setpriv"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    failed = ""
    for flags in ("-rn", "-n"):  # by a user namespace; or as root where those are switched off
        command = ["unshare", flags, "sh", "-c", SETUP, "sh"]
        tried = subprocess.run([*command, "true"], capture_output=True, text=True, timeout=20)
        if tried.returncode == 0:
            return command
        failed = failed or tried.stderr.strip()
    return f"no network namespace can be made: {failed}"


def main(command: Sequence[str]) -> None:
    """Become that command, inside if possible."""
    if not command:
        raise SystemExit(__doc__)
    enter = entering()
    os.environ[MARK] = enter if isinstance(enter, str) else "entered"
    for name in [name for name in os.environ if name.lower() in ("http_proxy", "https_proxy", "all_proxy")]:
        del os.environ[name]  # of no use inside
    full = [*([] if isinstance(enter, str) else enter), *command]
    os.execvp(full[0], full)


if __name__ == "__main__":
    main(sys.argv[1:])
