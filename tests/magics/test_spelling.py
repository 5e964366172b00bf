"""``--code`` and ``--kubectl``: hostile values stay values, in Python and in a real shell."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from own_cluster import OwnCluster, own_cluster

from kubeaccess_magic import Cluster
from kubeaccess_magic.call import Call
from kubeaccess_magic.engine import PreparedQuery
from kubeaccess_magic.errors import TargetError
from kubeaccess_magic.magics.spelling import as_code, as_kubectl, shell_word
from kubeaccess_magic.query import Query
from kubeaccess_magic.text import redact
from kubeaccess_magic.ways.proxy import api_path

POD = "pod/shop/web-0:8080"  # a target that needs no look-up
PIECES = (
    "a", " ", "'", '"', "\\", "\n", "\r", "\t", "\0", "\x1b[31m", "\x85", "\u2028", "\u202e", "\ufeff", "é", "😀", "%",
    "#", "$(touch hacked)", "`touch hacked`", "; touch hacked #", "\ntouch hacked\n", "\nimport os  # ",
    '""", open("hacked", "w")', "'; touch hacked; '", "@/etc/passwd", "-X", "--config", "{}", "&& touch hacked", "*",
    "~", "!x", "${HOME}", "\\n", "%s",
)  # fmt: skip
TEXTS = st.lists(
    st.sampled_from(PIECES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=3), max_size=5
).map("".join)
SAFE = TEXTS.filter(lambda text: redact(text) == text)
BODIES = st.none() | SAFE.map(str.encode) | st.binary(max_size=20).filter(lambda body: redact(body) == str(body))
PARAMS = st.lists(st.tuples(st.sampled_from(["q", "a b", "'"]), SAFE), max_size=2).map(tuple)
HEADER_VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12).map(str.strip)
USERS = HEADER_VALUES.map(lambda text: f"u{text}")  # names with control characters are refused before that
NAMES = SAFE.map(lambda text: f"c{text}".replace("\0", ""))


class Written:
    """A Cluster whose context, file and user are named as a hostile kubeconfig would name them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def cluster(self, context: str, file_name: str, user: str, groups: Sequence[str]) -> Cluster:
        content = {
            "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
            "users": [{"name": "u", "user": {"token": "a-token"}}],
            "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
        }
        file = self._folder / file_name.replace("/", "_")[:60]
        file.write_text(yaml.safe_dump(content))
        return Cluster(context, kubeconfig=file, impersonate=user, impersonate_groups=groups)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return Written(tmp_path_factory.mktemp("written"))


def prepared(cluster: Cluster, target: str = POD, path: str = "/", **fields: Any) -> PreparedQuery:
    query = Query(target=target, path=path, **fields)
    return cluster.engine.prepare(query, Call())


def calls_of(code: str) -> tuple[ast.Call, ast.Call]:
    """The call that makes the Cluster and the call on it; there is no other statement."""
    [first, block] = ast.parse(code).body
    assert ast.unparse(first) == "from kubeaccess_magic import Cluster"
    assert isinstance(block, ast.With)
    [assignment] = block.body
    assert isinstance(assignment, ast.Assign)
    value: Any = assignment.value
    while not (isinstance(value, ast.Call) and value.func.value.id == "cluster" if _is_on_a_name(value) else False):
        value = value.func if isinstance(value, ast.Call) else value.value
    made = block.items[0].context_expr
    assert isinstance(made, ast.Call)
    return made, value


def _is_on_a_name(value: Any) -> bool:
    return (
        isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and isinstance(value.func.value, ast.Name)
    )


def arguments_of(call: ast.Call) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call, each of which is a literal."""
    return [ast.literal_eval(one) for one in call.args], {
        str(one.arg): ast.literal_eval(one.value) for one in call.keywords
    }


@given(context=NAMES, file_name=NAMES, user=USERS, groups=st.lists(USERS, max_size=2), path=SAFE,
       params=PARAMS, body=BODIES, value=HEADER_VALUES,
       output=st.sampled_from(["frame", "json", "bytes", "reply"]))  # fmt: skip
@example("c", "c", "c", [], "/", (), b'\nimport os  # \n"""\n', "", "frame")
def test_code_holds_the_statements_that_were_meant_and_no_other(
    written: Written, context: str, file_name: str, user: str, groups: list[str], path: str, params: Any,
    body: bytes | None, value: str, output: str,
) -> None:  # fmt: skip
    cluster = written.cluster(context, file_name, user, groups)
    headers = (("X-Value", value),) if redact(value) == value else ()
    try:
        ready = prepared(cluster, path=path, params=params, body=body, headers=headers, output=output,
                         method="GET" if body is None else "POST")  # fmt: skip
    except TargetError:
        return  # a path that is never sent
    code = as_code(cluster, ready)
    made, call = calls_of(code)
    assert len(code.splitlines()) == 4
    expected = {"kubeconfig": str(cluster.recipe["kubeconfig"]), "impersonate": user}
    assert arguments_of(made) == ([context], expected | ({"impersonate_groups": tuple(groups)} if groups else {}))
    words, keywords = arguments_of(call)
    assert words[-1 if path != "/" else len(words) :] == ([path] if path != "/" else [])
    assert keywords.get("params", []) == list(params)
    assert keywords.get("data") == body
    assert keywords.get("headers", []) == list(headers)


@given(word=TEXTS)
@example("\n# \nimport os\n")
def test_the_comment_about_what_a_dialect_adds_is_one_line(written: Written, word: str) -> None:
    cluster = written.cluster("c", "c", "u", [])
    body = json.dumps({"query": {"match": {"user": word}}}, indent=1, ensure_ascii=False).encode()
    headers = (("Content-Type", "application/json"),)
    ready = prepared(cluster, POD, "x/_search", method="POST", body=body, headers=headers, limit=7)
    code = as_code(cluster, ready)
    calls_of(code)
    assert len(code.splitlines()) == 5 and code.splitlines()[4].startswith("# sends ")


# --- run against an API server


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnCluster]:
    with own_cluster(tmp_path_factory.mktemp("own"), {"me": "a-token-of-mine"}) as running:
        yield running


@given(path=SAFE, params=PARAMS, body=BODIES.filter(lambda body: body is None or _is_utf8(body)), value=HEADER_VALUES)
def test_code_that_is_run_sends_the_same_request(
    own: OwnCluster, path: str, params: Any, body: bytes | None, value: str
) -> None:
    headers = (("Content-Type", "text/plain"), ("X-Value", value))
    if redact(value) != value:
        return
    with Cluster(kubeconfig=own.kubeconfig) as cluster:
        try:
            ready = prepared(cluster, "own/echo", path, params=params, body=body, headers=headers, output="reply",
                             method="GET" if body is None else "POST")  # fmt: skip
        except TargetError:
            return
        own.seen.clear()
        cluster.engine.run(ready, Call())
        exec(compile(as_code(cluster, ready), "<shown>", "exec"), {})  # running it is the test
    first, second = own.seen
    assert first == second


def _is_utf8(body: bytes) -> bool:
    try:
        return body.decode() is not None
    except UnicodeDecodeError:
        return False


# --- for a terminal


class Shell:
    """A real shell in which kubectl and curl write their arguments down, each in a file of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        self._name = name
        self._folder = folder
        tools = folder / "tools"
        tools.mkdir()
        for tool in ("mktemp", "sleep", "cat", "touch"):
            os.symlink(str(shutil.which(tool)), tools / tool)
        (folder / "work").mkdir()
        (folder / "temporary").mkdir()

    def run(self, line: str) -> dict[str, list[bytes]]:
        """Run a line; the arguments that each program got, and curl's standard input."""
        for name in ("kubectl", "curl", "stdin"):
            (self._folder / name).unlink(missing_ok=True)
        functions = (
            'kubectl() { printf "%s\\0" "$@" > ../kubectl; }\n'
            'curl() { printf "%s\\0" "$@" > ../curl; for last; do :; done\n'
            'if [ "$last" = @- ]; then cat > ../stdin; fi; }\n'
        )
        environment = {
            "PATH": str(self._folder / "tools"),
            "TMPDIR": str(self._folder / "temporary"),
            "LC_ALL": "C.UTF-8",
        }
        subprocess.run(
            [str(shutil.which(self._name)), "-c", functions + line],
            env=environment, cwd=self._folder / "work", timeout=30, stdin=subprocess.DEVNULL, capture_output=True,
        )  # fmt: skip
        assert not list((self._folder / "work").iterdir()), "something else ran"
        read = {name: self._folder / name for name in ("kubectl", "curl", "stdin")}
        found = {name: file.read_bytes() for name, file in read.items() if file.exists()}
        return {name: content.split(b"\0")[:-1] if name != "stdin" else [content] for name, content in found.items()}


@pytest.fixture(scope="module", params=["sh", "bash"])
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return Shell(request.param, tmp_path_factory.mktemp(request.param))


@given(words=st.lists(SAFE.map(lambda text: text.replace("\0", "").rstrip("\n")), min_size=1, max_size=4))
def test_a_shell_gives_the_words_that_were_meant(shell: Shell, words: list[str]) -> None:
    line = " ".join(["kubectl", *map(shell_word, words)])
    assert len(line.splitlines()) == 1
    assert shell.run(line)["kubectl"] == [word.encode() for word in words]


@pytest.mark.parametrize("text", ["a\0b", "a\n"])
def test_what_no_argument_can_be_is_refused(text: str) -> None:
    with pytest.raises(TargetError, match="no shell line"):
        shell_word(text)


@given(context=NAMES, user=USERS, group=USERS, path=SAFE, body=BODIES, value=HEADER_VALUES)
@example("c", "c", "c", "/", b"@/etc/passwd", "")
@example("c", "c", "c", "/", b"\n'$(touch hacked)'\0\xff%s\\", "")
def test_a_shell_runs_kubectl_and_curl_with_what_was_meant_and_nothing_else(
    written: Written, shell: Shell, context: str, user: str, group: str, path: str, body: bytes | None, value: str
) -> None:
    cluster = written.cluster(context, "c", user, [group])
    headers = (("X-Value", value),) if redact(value) == value else ()
    try:
        ready = prepared(cluster, path=path, body=body, headers=headers, method="GET" if body is None else "POST")
        line = as_kubectl(cluster, ready)
    except TargetError:
        return  # a path that is never sent, or a name that no argument can hold
    assert len(line.splitlines()) == 1
    ran = shell.run(line)
    flags = ["--kubeconfig", str(cluster.recipe["kubeconfig"]), "--context", context, "--as", user, "--as-group", group]
    assert ran["kubectl"][: len(flags)] == [flag.encode() for flag in flags]
    if "curl" not in ran:
        assert ran["kubectl"][len(flags) :] == [b"get", b"--raw", api_path(ready.first).encode()]
        return
    sent = ran["curl"]
    assert b"http://localhost" + api_path(ready.first).encode() in sent
    if headers:
        assert (f"X-Value: {value}" if value else "X-Value;").encode() in sent
    if body is not None:
        assert sent[-2:] == [b"--data-binary", b"@-"] or sent[-2:] == [b"--data-raw", body]
        assert ran.get("stdin", [body]) == [body]


@pytest.mark.parametrize(
    ("body", "secret"),
    [
        (b'{"token": "s3cr3t-word"}', b"s3cr3t"),
        (b"-----BEGIN RSA PRIVATE KEY-----\ns3cr3t", b"s3cr3t"),
        (b"token=s3cr3t\n\xff", b"s3cr3t"),
    ],
)
def test_a_secret_is_hidden_before_it_is_quoted(written: Written, shell: Shell, body: bytes, secret: bytes) -> None:
    cluster = written.cluster("c", "c", "u", [])
    line = as_kubectl(cluster, prepared(cluster, path="x?token=s3cr3t", body=body, method="POST"))
    assert secret.decode() not in line and secret.decode() not in as_code(
        cluster, prepared(cluster, body=body, method="POST")
    )
    assert any(b"[hidden]" in word for word in shell.run(line)["curl"])
