"""Records what kubectl does in each situation in `verdicts.json`.

Run it as `KUBEBUILDER_ASSETS=FOLDER python -m kubectl.record`.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path

from .recorders import World
from .running import Stage
from .table import SITUATIONS, VERDICTS


def main() -> None:
    kubectl = str(Path(os.environ["KUBEBUILDER_ASSETS"], "kubectl").expanduser())
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(World()) as world:
        stage = Stage(world, Path(folder, "k"))
        told = {name: stage.ask_kubectl(kubectl, situation)[0] for name, situation in SITUATIONS.items()}
        stage.close()
    rows = ",\n".join(f" {json.dumps(name)}: {json.dumps(lines)}" for name, lines in told.items())
    VERDICTS.write_text(f"{{\n{rows}\n}}\n")


if __name__ == "__main__":
    main()
