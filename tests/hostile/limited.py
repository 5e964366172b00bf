"""Makes frames in processes of 2 GiB: ``python -m hostile.limited KUBECONFIG``, in ``tests``.

Each line of its input is a question as JSON: target, path, options. For each it forks, and prints what came of it.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from typing import Any

MEMORY_BYTES = 2 * 2**30
TIMEOUT_S = 10.0


def ask(kubeconfig: str, target: str, path: str, words: dict[str, Any]) -> dict[str, Any]:
    """Ask for one frame, and tell what came."""
    from kubeaccess_magic import Cluster
    from kubeaccess_magic.errors import KubeAccessError

    began, cpu_began = time.monotonic(), time.process_time()
    with Cluster(kubeconfig=kubeconfig, timeout_s=TIMEOUT_S) as cluster:
        try:
            frame = cluster.frame(target, path, **words)
            result: dict[str, Any] = {"kind": "frame", "shape": frame.shape}
        except KubeAccessError as error:
            result = {"kind": type(error).__name__, "message": str(error), "hint": error.hint}
        except BaseException as error:
            result = {"kind": "not ours", "message": f"{type(error).__name__}: {error}"[:300]}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    spent = {"s": time.monotonic() - began, "cpu_s": time.process_time() - cpu_began, "peak_mib": peak}
    return result | {name: round(value, 2) for name, value in spent.items()}


def main() -> None:
    """Answer one question after the other, each in a process of its own."""
    import pandas  # noqa: F401 - so that no child has to
    import pyarrow.json  # noqa: F401

    import kubeaccess_magic.fetch  # noqa: F401

    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
            print(json.dumps(ask(sys.argv[1], *json.loads(line))), flush=True)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        if status:
            print(json.dumps({"kind": "died", "message": f"status {status}"}), flush=True)


if __name__ == "__main__":
    main()
