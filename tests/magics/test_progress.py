"""The bar for what is still coming: after a second, where somebody sees it, and gone when all has come."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest
from jupyter_client.manager import start_new_kernel

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


IN_A_NOTEBOOK = """
import time
from kubeaccess_magic.magics.progress import Progress
progress = Progress(get_ipython())
time.sleep(1.1)
progress(20, 30, "hits")  # the last page is read without another word
progress.close()
"""


def test_the_bar_of_a_notebook_goes_too_though_the_last_page_is_not_counted():
    manager, client = start_new_kernel(kernel_name="python3")
    told = []
    try:
        answer = client.execute_interactive(IN_A_NOTEBOOK, allow_stdin=True, output_hook=told.append, timeout=60)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert answer["content"]["status"] == "ok"
    drawn = [message for message in told if message["msg_type"] == "display_data"]
    assert "hits" in json.dumps([message["content"] for message in told if message["msg_type"].startswith("comm_")])
    shown = drawn[-1]["content"]["data"]["application/vnd.jupyter.widget-view+json"]["model_id"]
    closed = [message["content"]["comm_id"] for message in told if message["msg_type"] == "comm_close"]
    assert shown in closed  # what is not closed stays, red as if it had failed
