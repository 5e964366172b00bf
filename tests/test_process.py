"""Child processes: the ready line, secrets, ending, ending with the parent, running for an answer."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from kubeaccess_magic import process
from kubeaccess_magic.call import Call
from kubeaccess_magic.errors import KubeAccessError, TimedOut

SERVES = """import sys; print('{"port": 7}', flush=True); sys.stdin.read()"""
SECRET = b"a-secret-that-nobody-may-see"


def running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ends(*pids: int) -> bool:
    deadline = time.monotonic() + 30
    while any(map(running, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(map(running, pids))


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


# --- one that serves -------------------------------------------------------------------------------------------------


def test_what_it_says_when_it_is_ready_is_kept_and_stop_ends_it():
    child = process.start(python(SERVES))
    assert child.ready == {"port": 7}
    assert child.running
    child.stop()
    assert not child.running
    child.stop()


def test_lines_before_the_ready_line_are_passed_over():
    child = process.start(python(f"print('a warning'); print('{{not json'); print('[1]'); {SERVES}"))
    assert child.ready == {"port": 7}
    child.stop()


def test_a_child_that_ends_early_says_its_last_words():
    with pytest.raises(KubeAccessError, match="exit status 3") as caught:
        process.start(python("print('token=abcdef no room'); raise SystemExit(3)"))
    assert caught.value.hint == "token=[hidden] no room"


def test_a_program_that_is_not_there_is_told():
    with pytest.raises(KubeAccessError, match="could not be started"):
        process.start(["/no/such/program"])


def test_a_child_that_never_is_ready_is_ended():
    with pytest.raises(TimedOut):
        process.start(python("import time; time.sleep(60)"), timeout_s=0.3)


def test_much_output_does_not_block_it():
    child = process.start(
        python(
            "import sys\nprint('{}', flush=True)\n"
            "for i in range(50_000): print('x' * 80); print('y' * 80, file=sys.stderr)"
        )
    )
    assert ends(child.pid) and not child.running


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks at /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_when_we_end_however_we_end(how):
    program = (
        "import sys, time; from kubeaccess_magic import process\n"
        f"child = process.start([sys.executable, '-c', {SERVES!r}], secret=b'something to read first')\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(python(program), stdout=subprocess.PIPE, text=True)
    with parent:
        pid = int(parent.stdout.readline())
        assert running(pid)
        parent.send_signal(how)
        parent.wait(10)
    assert ends(pid)


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks at /proc")
def test_what_it_started_ends_with_it():
    child = process.start(
        python(
            "import json, subprocess, sys\n"
            "other = subprocess.Popen(['sleep', '300'])\n"
            "print(json.dumps({'pid': other.pid}), flush=True); sys.stdin.read()"
        )
    )
    assert running(child.ready["pid"])
    child.stop()
    assert ends(child.ready["pid"])


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks at /proc")
def test_a_secret_reaches_it_by_its_standard_input_alone():
    child = process.start(
        python(
            "import hashlib, json, sys\n"
            f"secret = sys.stdin.buffer.read({len(SECRET)})\n"
            "print(json.dumps({'digest': hashlib.sha256(secret).hexdigest()}), flush=True); sys.stdin.read()"
        ),
        secret=SECRET,
    )
    assert child.ready == {"digest": hashlib.sha256(SECRET).hexdigest()}
    for name in ("cmdline", "environ"):
        with open(f"/proc/{child.pid}/{name}", "rb") as file:
            assert SECRET not in file.read()
    assert child.running  # its standard input is open until we end
    child.stop()


# --- one that answers ------------------------------------------------------------------------------------------------


def answer(program: str, call: Call | None = None, **options):
    return process.run(python(program), call or Call(), **{"timeout_s": 30, "max_bytes": 2**20, **options})


def failure(program: str, call: Call | None = None, **options) -> process.ChildFailure:
    with pytest.raises(process.ChildFailure) as caught:
        answer(program, call, **options)
    return caught.value


def test_its_output_is_the_answer_and_what_it_says_is_passed_on():
    said: list[str] = []
    output = answer("import sys; print('one\\ntwo', file=sys.stderr); print('the answer')", Call(say=said.append))
    assert output.stdout == b"the answer\n" and output.last_lines == ("one", "two")
    assert said == ["one", "two"]
    assert "answer" not in repr(output)


def test_a_secret_is_read_to_its_end():
    secret = SECRET * 100_000
    program = "import sys; sys.stdout.write(str(len(sys.stdin.buffer.read())))"
    assert answer(program, secret=secret).stdout == str(len(secret)).encode()
    assert answer(program).stdout == b"0"


def test_a_secret_that_nobody_reads_blocks_nothing():
    assert answer("print('done')", secret=bytes(10_000_000)).stdout == b"done\n"
    assert (
        failure("import time; time.sleep(60)", secret=bytes(10_000_000), timeout_s=0.3).what == "took longer than 0.3 s"
    )


def test_what_went_wrong_is_told():
    assert failure("raise SystemExit(3)").what == "ended with exit code 3"
    assert failure("import sys; sys.stderr.write('token=abcdef oh'); raise SystemExit(1)").last_lines == (
        "token=[hidden] oh",
    )
    assert failure("print('x' * 3000)", max_bytes=1000).what.startswith("printed more than")
    with pytest.raises(process.ChildFailure, match="could not be started"):
        process.run(["/no/such/program"], Call(), timeout_s=5, max_bytes=100)


def test_it_is_ended_when_the_call_is_stopped():
    call = Call()
    threading.Timer(0.3, call.stop).start()
    assert failure("import time; time.sleep(60)", call).what == "was stopped"


def test_a_line_is_plain_and_without_secrets():
    assert (
        process.plain_line("\x1b[31mno\x1b[0m\tsession\x07 token=abcdef\x1b]0;title\x07") == "no session token=[hidden]"
    )
