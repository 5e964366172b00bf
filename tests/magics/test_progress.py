"""The bar for what is still coming: after a second, where somebody sees it, and gone when all has come."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest

# A terminal of ninety columns; what is drawn in it comes back.
PROGRAM = """
import sys, time, tqdm
from kubeaccess_magic.magics.progress import Progress
progress = Progress(None)
progress(1, 10, "bytes")
print("before", file=sys.stderr)
time.sleep(1.1)
for what, announced in (("bytes", 2048), ("hits", 30), ("bytes", 5)):
    for done in range(1, 4):
        progress(done * announced // 3, announced, what)
        time.sleep(0.12)
progress.close()
print("after", tqdm.tqdm.monitor, file=sys.stderr)
"""


def seen_in_a_terminal(program: str) -> str:
    ours, theirs = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 90, 0, 0))
    child = subprocess.Popen([sys.executable, "-c", program], stderr=theirs, stdout=theirs)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # the other end has gone
        pass
    os.close(ours)
    assert child.wait(60) == 0, shown
    return shown.decode()


def test_a_bar_comes_after_a_second_counts_rows_rather_than_bytes_and_goes():
    before, _, rest = seen_in_a_terminal(PROGRAM).partition("before")
    bars, _, after = rest.partition("after")
    assert before == ""
    assert "1.33k/2.00k" in bars and "20/30" in bars and "hits/s" in bars
    assert "5/5" not in bars  # once rows are counted, the bytes of a page are not
    assert after.split() == ["None"]  # no thread of its own


@pytest.mark.parametrize("wanted", [True, False])
def test_nothing_is_drawn_where_nobody_looks(wanted: bool):
    program = PROGRAM.replace("Progress(None)", f"Progress(None, {wanted})").replace("sleep(1.1)", "sleep(1.01)")
    if wanted:  # but stderr is no terminal
        run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
        assert run.stderr.split("\n")[0] == "before" and "it/s" not in run.stderr and "hits" not in run.stderr
    else:
        assert "hits" not in seen_in_a_terminal(program)
