"""What a frame may cost, whatever a small answer asks for: cells, repeated text, time."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dialects.answers import reply, request
from hostile.answers import ANSWERS, Answer, as_json, own_keys
from hostile.api_server import hostile_api_server, kubeconfig_for

from kubeaccess_magic import Cluster, dialects
from kubeaccess_magic.call import Call, Limits
from kubeaccess_magic.dialects.budget import FrameBudget
from kubeaccess_magic.dialects.columns import Names
from kubeaccess_magic.errors import LimitExceeded, TargetError, TimedOut

HERE = Path(__file__).parent
HANG_S = 120.0  # the process ends by itself after some 10 seconds; machines can be busy


class Limited:
    """A program that makes frames in processes of 2 GiB, and the hostile cluster that it asks."""

    def __init__(self, folder: Path) -> None:
        self.name = ""
        self.server = hostile_api_server(name=lambda: self.name)
        self._kubeconfig = kubeconfig_for(self.server, folder)
        self._program: subprocess.Popen[str] | None = None

    def ask(self, name: str, answer: Answer) -> dict[str, Any]:
        """Ask for one answer, and tell what came of it."""
        self.name = name
        program = self._started()
        assert program.stdin is not None and program.stdout is not None
        path = answer.path or ("" if answer.target else name)
        program.stdin.write(json.dumps([answer.target or "shop/web", path, answer.options]) + "\n")
        program.stdin.flush()
        readable, _, _ = select.select([program.stdout], [], [], HANG_S)
        if not readable:
            self.close()
            pytest.fail("the process hangs")
        result: dict[str, Any] = json.loads(program.stdout.readline())
        return result

    def close(self) -> None:
        if self._program is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._program.pid, 9)
            self._program.communicate()
            self._program = None

    def _started(self) -> subprocess.Popen[str]:
        if self._program is None:
            self._program = subprocess.Popen(
                [sys.executable, "-m", "hostile.limited", str(self._kubeconfig)],
                cwd=HERE,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
            assert self._program.stdout is not None
            assert self._program.stdout.readline() == "ready\n"
        return self._program


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Limited]:
    found = Limited(tmp_path_factory.mktemp("limited"))
    with found.server:
        yield found
    found.close()


@pytest.mark.parametrize("name", ANSWERS)
def test_a_small_answer_ends_in_a_frame_or_in_an_error_of_ours(limited: Limited, name: str) -> None:
    result = limited.ask(name, ANSWERS[name])
    assert result["kind"] in ("frame", "LimitExceeded", "TimedOut", "LoadError"), result
    if result["kind"] == "frame":
        rows, columns = result["shape"]
        assert rows * columns <= Limits().max_cells


# --- what is said -----------------------------------------------------------------------------------------------------


def load(name: str, budget: FrameBudget) -> dialects.Table:
    """The table of a hostile answer within a budget."""
    answer = ANSWERS[name]
    answered = reply(answer.make(), answer.content_type, request(answer.target or "shop/web", answer.path or None))
    operation = dialects.operation_for(answered, dialects.match(answered.request))
    return dialects.read([answered], operation, None, answer.options, budget)


def test_the_message_says_how_large_the_frame_would_be_and_what_to_type() -> None:
    with pytest.raises(LimitExceeded) as caught:
        load("json", FrameBudget())
    assert "6,000 rows × 6,000 columns" in str(caught.value)
    assert "%config KProxyMagics.max_cells = " in caught.value.hint and "Cluster(max_cells=" in caught.value.hint


def test_the_message_about_repeated_text_names_the_option_that_helps() -> None:
    with pytest.raises(LimitExceeded, match="max_frame_bytes") as caught:
        load("long-label", FrameBudget())
    assert "--categories" in (caught.value.hint or "")
    assert len(load("long-label-categories", FrameBudget()).frame) == 20_000


@pytest.mark.parametrize("rows", [1, 10, 1_000])
def test_what_the_hint_says_is_enough(rows: int) -> None:
    answered = reply(as_json(own_keys(rows)))
    operation = dialects.operation_for(answered, None)
    with pytest.raises(LimitExceeded) as caught:
        dialects.read([answered], operation, None, {}, FrameBudget(max_cells=rows * rows - 1))
    said = int((caught.value.hint or "").partition("max_cells=")[2].rstrip(")"))
    frame = dialects.read([answered], operation, None, {}, FrameBudget(max_cells=4 * said)).frame
    assert frame.shape == (rows, rows)


def test_a_tidy_frame_has_all_its_cells() -> None:
    answered = reply(as_json([{"a": 1, "b": "x"}] * 50))
    operation = dialects.operation_for(answered, None)
    assert dialects.read([answered], operation, None, {}, FrameBudget(max_cells=100)).frame.shape == (50, 2)
    with pytest.raises(LimitExceeded, match="50 rows × 2 columns"):
        dialects.read([answered], operation, None, {}, FrameBudget(max_cells=99))


def test_the_time_is_looked_at_between_columns() -> None:
    def is_late() -> None:
        raise TimedOut("late")

    with pytest.raises(TimedOut):
        load("csv-equal-names", FrameBudget(check=is_late))


def test_a_call_that_was_stopped_keeps_the_page_in_hand() -> None:
    call = Call(Limits())
    call.stop()
    FrameBudget.of(call).check()


def test_a_lack_of_memory_is_an_error_of_ours() -> None:
    with pytest.raises(LimitExceeded, match="memory"), dialects.memory_errors():
        bytearray(2**62)


# --- work, not time ---------------------------------------------------------------------------------------------------


class Counted(str):
    """A name that counts how often it is compared or hashed."""

    count = 0

    def __hash__(self) -> int:
        Counted.count += 1
        return super().__hash__()


def test_names_that_are_all_equal_are_looked_up_in_linear_time() -> None:
    names = Names()
    Counted.count = 0
    assert len({names.free(Counted("a")) for _ in range(20_000)}) == 20_000
    assert Counted.count < 20_000 * 10


def test_names_stay_as_they_were() -> None:
    names = Names(["a"])
    assert [names.free(name) for name in ("a", "a_2", "a", "b", "a_3", "b")] == [
        "a_2",
        "a_2_2",
        "a_3",
        "b",
        "a_3_2",
        "b_2",
    ]


# --- limits of a Cluster ----------------------------------------------------------------------------------------------


def test_a_cluster_and_the_magic_have_the_limits(limited: Limited, tmp_path: Path) -> None:
    kubeconfig, limited.name = kubeconfig_for(limited.server, tmp_path), "json"
    with Cluster(kubeconfig=kubeconfig, max_cells=1_000, max_frame_bytes=2_000) as cluster:
        assert (cluster.limits().max_cells, cluster.limits().max_frame_bytes) == (1_000, 2_000)
        with pytest.raises(LimitExceeded, match="max_cells"):
            cluster.frame("shop/web", "json")
        cluster.max_cells = 10**9
        with pytest.raises(LimitExceeded, match="max_frame_bytes"):
            load("metadata", FrameBudget.of(cluster.call()))


@pytest.mark.parametrize("value", [0, -1, 1.5, "many", None, True])
def test_a_limit_that_makes_no_sense_is_refused(limited: Limited, tmp_path: Path, value: Any) -> None:
    with pytest.raises(TargetError, match="max_cells"):
        Cluster(kubeconfig=kubeconfig_for(limited.server, tmp_path), max_cells=value)
