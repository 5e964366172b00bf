"""The command line: ``python -m kubeaccess_magic.demo``."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; the exit status."""
    try:
        from . import cluster, lifetime
    except ImportError as missing:
        if (missing.name or "").split(".")[0] not in ("tornado", "cryptography"):
            raise
        print(f"the demo cluster needs {missing.name}: pip install 'kubeaccess_magic[demo]'", file=sys.stderr)
        return 1
    options = _parser(sorted(cluster.VERSIONS)).parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="kubeaccess-demo-") as folder:
        chosen = cluster.Options(
            kubeconfig=options.kubeconfig or Path(folder, "kubeconfig"),
            port=options.port,
            objects=options.objects,
            users=options.users,
            dial=options.dial,
            generation=options.generation,
            tls=tuple(options.tls) if options.tls else None,
        )

        async def run() -> None:
            life = lifetime.Lifetime()
            running = await cluster.start(chosen)
            print(f"demo cluster at {running.url}, kubeconfig {chosen.kubeconfig}", flush=True)
            await life.ended()
            await running.stop()

        try:
            asyncio.run(run())
        except (OSError, ValueError) as failed:
            print(f"the demo cluster cannot start: {failed}", file=sys.stderr)
            return 1
    return 0


def _parser(generations: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kubeaccess_magic.demo", description="A demo cluster on loopback.")
    parser.add_argument("--port", type=int, default=0, help="a free one by default")
    parser.add_argument("--kubeconfig", type=Path, help="where to write it; a file that goes with the demo by default")
    parser.add_argument("--objects", type=Path, help="JSON lines of Kubernetes objects, in place of the built-in world")
    parser.add_argument("--users", type=Path, help="JSON: {token: [user, [groups]]}")
    parser.add_argument(
        "--dial", type=Path, help='JSON: {"10.203.0.2:8080": "127.0.0.1:41234"}, where pods really listen'
    )
    parser.add_argument("--generation", choices=generations, default=generations[-1], help="of the API server")
    parser.add_argument(
        "--tls", nargs=3, type=Path, metavar=("CERT", "KEY", "CA"), help="in place of ones made at the start"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
