"""Child processes: the ready line, ending, ending with the parent."""

import os
import signal
import subprocess
import sys
import time

import pytest

from kubeaccess_magic import process
from kubeaccess_magic.errors import KubeAccessError, TimedOut

SERVES = "import sys; print('up at 7', flush=True); sys.stdin.read()"


def running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_ready_line_is_kept_and_stop_ends_it():
    child = process.start([sys.executable, "-c", SERVES], ready="up at")
    assert child.ready == "up at 7"
    assert child.running
    child.stop()
    assert not child.running
    child.stop()


def test_a_child_that_ends_early_says_its_last_words():
    with pytest.raises(KubeAccessError, match="exit status 3") as caught:
        process.start([sys.executable, "-c", "print('token=abcdef no room'); raise SystemExit(3)"], ready="up")
    assert caught.value.hint == "token=[hidden] no room"


def test_a_child_that_never_is_ready_is_ended():
    with pytest.raises(TimedOut):
        process.start([sys.executable, "-c", "import time; time.sleep(60)"], ready="up", timeout_s=0.3)


def test_much_output_does_not_block_it():
    child = process.start(
        [sys.executable, "-c", "print('up', flush=True)\nfor i in range(50_000): print('x' * 80)"], ready="up"
    )
    deadline = time.monotonic() + 20
    while child.running and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not child.running


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks at /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_when_we_end_however_we_end(how):
    program = (
        "import sys, time; from kubeaccess_magic import process\n"
        f"child = process.start([sys.executable, '-c', {SERVES!r}], ready='up')\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    with parent:
        pid = int(parent.stdout.readline())
        assert running(pid)
        parent.send_signal(how)
        parent.wait(10)
    deadline = time.monotonic() + 30
    while running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not running(pid)
