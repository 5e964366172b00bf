"""In each situation this package does what kubectl was recorded to do, or what the table of differences says.

tests/real/test_kubeconfig.py runs kubectl itself; `python -m kubectl.record` records its verdicts anew.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from importlib import resources

import pytest
from extras import HAS_SOCKS

from . import pods
from .recorders import World
from .running import Stage
from .table import SITUATIONS, part, verdicts

VERDICTS = verdicts()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with contextlib.closing(World()) as world:
        made = Stage(world, tmp_path_factory.mktemp("kubectl") / "k")
        yield made
        made.close()


def test_each_situation_was_recorded():
    assert list(VERDICTS) == list(SITUATIONS)


@pytest.mark.parametrize("number", [0, 8])
def test_we_do_as_kubectl_does(stage: Stage, number: int) -> None:
    """Each part is a sixteenth of the situations, which takes seconds; `make test-real` runs all."""
    different = {}
    situations = part(number, 16)
    possible = [situation for situation in situations if HAS_SOCKS or "@socks@" not in repr(situation)]
    for situation in possible:
        did, said = stage.ask_ours(situation)
        assert not any(line.startswith("crash") for line in did), (situation.name, did)
        if (did == VERDICTS[situation.name]) == bool(situation.difference):
            different[situation.name] = {"kubectl": VERDICTS[situation.name], "we": did, "said": said}
    assert not different, json.dumps(different, indent=1)
    if len(possible) < len(situations):
        pytest.skip(f"{len(situations) - len(possible)} situations need PySocks (the extra socks); the others passed")


def test_each_intended_difference_is_in_the_table_beside_the_code():
    table = resources.files("kubeaccess_magic.kubeconfig").joinpath("KUBECTL.md").read_text()
    reasons = {one.difference for one in [*SITUATIONS.values(), *pods.SITUATIONS.values()] if one.difference}
    assert len(reasons) > 10
    for reason in reasons:
        rule = reason.partition(":")[0]
        rows = [line for line in table.splitlines() if line.startswith(f"| {rule} |")]
        assert any(not line.rstrip("| ").endswith("=") for line in rows), reason


def test_the_table_has_every_rule():
    table = resources.files("kubeaccess_magic.kubeconfig").joinpath("KUBECTL.md").read_text()
    assert set(re.findall(r"^\| (G\d+) \|", table, re.MULTILINE)) == {f"G{number}" for number in range(1, 30)}
