"""The command line: ``python -m kubeaccess_magic.demo``."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .demo_cluster import DemoOptions


def main(arguments: list[str] | None = None) -> int:
    """Start the demo cluster, print where it is, and serve until a signal or the end of the parent process.

    Parameters
    ----------
    arguments
        The command line without the program's name; None takes `sys.argv`.

    Returns
    -------
    int
        The exit status: 1 if the cluster cannot start.
    """
    try:
        from . import demo_cluster
    except ImportError as error:
        if (error.name or "").split(".")[0] not in ("tornado", "cryptography"):
            raise
        print(f"the demo cluster needs {error.name}: pip install 'kubeaccess_magic[demo]'", file=sys.stderr)
        return 1
    parsed = _parser(sorted(demo_cluster.VERSIONS)).parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="kubeaccess-demo-") as folder:
        options = demo_cluster.DemoOptions(
            kubeconfig=parsed.kubeconfig or Path(folder, "kubeconfig"),
            port=parsed.port,
            objects=parsed.objects,
            users=parsed.users,
            dial=parsed.dial,
            generation=parsed.generation,
            tls=tuple(parsed.tls) if parsed.tls else None,
        )
        try:
            asyncio.run(_serve(options, ready_json=parsed.ready_json))
        except (OSError, ValueError) as error:
            print(f"the demo cluster cannot start: {error}", file=sys.stderr)
            return 1
    return 0


async def _serve(options: DemoOptions, ready_json: bool) -> None:
    from . import demo_cluster, lifetime

    life = lifetime.Lifetime()
    cluster = await demo_cluster.start(options)
    print(_ready_line(cluster.url, options.kubeconfig, ready_json), flush=True)
    await life.ended()
    await cluster.stop()


def _ready_line(server: str, kubeconfig: Path, as_json: bool) -> str:
    """The line on stdout that says that the cluster is ready: a sentence for people, or JSON for programs."""
    if as_json:
        return json.dumps({"server": server, "kubeconfig": str(kubeconfig.absolute())})
    return f"demo cluster at {server}, kubeconfig {kubeconfig}"


def _parser(generations: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kubeaccess_magic.demo", description="A demo cluster on loopback.")
    parser.add_argument("--port", type=int, default=0, help="the port to listen on; a free one by default")
    parser.add_argument(
        "--kubeconfig", type=Path, help="the file to write; by default a temporary one that is deleted at the end"
    )
    parser.add_argument(
        "--ready-json",
        action="store_true",
        help='when ready, print {"server": URL, "kubeconfig": FILE} as one line of JSON instead of a sentence',
    )
    parser.add_argument("--objects", type=Path, help="Kubernetes objects as JSON lines, instead of the built-in world")
    parser.add_argument("--users", type=Path, help="JSON: {TOKEN: [USER, [GROUP, …]]}, instead of the built-in users")
    parser.add_argument(
        "--dial", type=Path, help='JSON: {"10.203.0.2:8080": "127.0.0.1:41234"}, where the pods really listen'
    )
    parser.add_argument(
        "--generation", choices=generations, default=generations[-1], help="the Kubernetes version to behave like"
    )
    parser.add_argument(
        "--tls", nargs=3, type=Path, metavar=("CERT", "KEY", "CA"), help="PEM files, instead of generated certificates"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
