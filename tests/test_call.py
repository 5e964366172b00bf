"""`Call`: one deadline for a query and all its parts, and one way to stop it."""

from __future__ import annotations

import math
import threading

import pytest

from kubeaccess_magic.call import Call, Limits
from kubeaccess_magic.errors import KubeAccessError, TimedOut


def test_a_part_has_the_deadline_of_the_whole() -> None:
    call = Call(Limits(total_s=100))
    part = call.child().child()
    assert (part.deadline, part.total_s, part.limits) == (call.deadline, 100, call.limits)


def test_a_part_may_end_earlier_and_never_later() -> None:
    call = Call(Limits(total_s=100))
    shorter, longer = call.child(Limits(total_s=1)), call.child(Limits(total_s=1000, max_bytes=7))
    assert shorter.deadline < call.deadline and shorter.total_s == 1
    assert (longer.deadline, longer.total_s, longer.limits.max_bytes) == (call.deadline, 100, 7)
    assert shorter.child(Limits(total_s=50)).deadline == shorter.deadline


def test_without_limits_there_is_no_deadline() -> None:
    call = Call()
    assert call.deadline == math.inf == call.remaining_s
    call.check()
    assert call.child(Limits(total_s=5)).remaining_s <= 5


def test_a_deadline_that_has_passed_is_an_error_that_names_the_whole_time() -> None:
    call = Call(Limits(total_s=0))
    assert call.remaining_s == 0
    for part in (call, call.child(), call.child(Limits(total_s=60))):
        with pytest.raises(TimedOut, match="the list took longer than 0 s"):
            part.check("the list")


def test_stopping_ends_all_parts_and_a_part_ends_alone() -> None:
    call = Call()
    part, other = call.child(), call.child().child()
    part.stop()
    assert part.stopped and not call.stopped and not other.stopped
    stopper = threading.Thread(target=call.stop)
    stopper.start()
    stopper.join()
    assert call.stopped and other.stopped
    with pytest.raises(KubeAccessError, match="stopped"):
        other.check()


def test_parts_report_to_who_listens_to_the_whole() -> None:
    said: list[str] = []
    done: list[tuple[int, int | None, str]] = []
    call = Call(say=said.append, progress=lambda *values: done.append(values), unattended=True)
    part = call.child(Limits(total_s=1)).child()
    part.say("a code")
    part.progress(3, None, "rows")
    part.note("a note")
    assert (said, done, call.notes, part.unattended) == (["a code"], [(3, None, "rows")], ["a note"], True)
