"""``doctor``: one line about each thing between here and an app, what mends it, and nothing secret."""

from __future__ import annotations

import datetime
import http.server
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from own_cluster import written_kubeconfig
from test_transport import data_of, identity

from kubeaccess_magic import Cluster
from kubeaccess_magic.doctor import Examination, Finding, examine

VERSION = json.dumps({"gitVersion": "v1.36.3"}).encode()


@contextmanager
def answering(body: bytes, date: str | None = None) -> Iterator[str]:
    """An HTTP server that says the same to everything."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            self.send_header("Date", date or formatdate(usegmt=True))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - as above

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on stderr."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def found(file: Any, environ: dict[str, str] | None = None, **options: Any) -> Examination:
    def make() -> Cluster:
        return Cluster(kubeconfig=file, **options)

    return examine(make, environ=environ or {})


def about(examination: Examination, what: str) -> list[Finding]:
    return [finding for finding in examination if finding.subject == what]


def test_where_all_is_well_each_line_says_so(demo):
    examination = found(demo.kubeconfig)
    assert not examination.problems and repr(examination).endswith("no problems found")
    looked_at = ["configuration", "signs in", "certificate", "server", "clock", "signed in", "rights", "versions"]
    assert [finding.subject for finding in examination if finding.state == "ok"] == looked_at
    (server,) = about(examination, "server")
    assert demo.server in server.message and "Kubernetes v1.37" in server.message


def test_rights_are_those_of_the_one_who_asks_in_that_namespace(demo):
    examination = examine(lambda: Cluster(kubeconfig=demo.kubeconfig, impersonate="nobody"), namespace="shop")
    (signed_in,) = about(examination, "signed in")
    (rights,) = about(examination, "rights")
    assert signed_in.message == "as nobody"
    assert rights.state == "note" and rights.message.startswith("in shop you may not list services")
    assert "%kproxy can TARGET" in (rights.fix or "")


def test_without_a_configuration_the_rest_is_left_out(tmp_path: Path):
    examination = found(tmp_path / "none")
    assert {finding.subject for finding in examination} == {"configuration", "versions"}
    assert "does not exist" in examination.problems[0].message
    assert repr(examination).endswith("1 problem to fix")


def test_a_server_that_is_not_there_is_a_problem_and_ends_it(tmp_path: Path):
    with socket.socket() as held:  # where nobody listens
        held.bind(("127.0.0.1", 0))
        examination = found(written_kubeconfig(tmp_path, f"http://127.0.0.1:{held.getsockname()[1]}"))
    assert [finding.subject for finding in examination.problems] == ["server"]
    assert not about(examination, "signed in") and not about(examination, "rights")


def test_a_login_page_is_no_api_server(tmp_path: Path):
    with answering(b"<html>sign in to this network</html>") as server:
        examination = found(written_kubeconfig(tmp_path, server))
    assert "not as an API server does" in about(examination, "server")[0].message


@pytest.mark.parametrize(("seconds", "words"), [(-3600, "ahead of"), (3600, "behind")])
def test_a_clock_that_is_wrong_is_seen(tmp_path: Path, seconds: int, words: str):
    import time

    with answering(VERSION, formatdate(time.time() + seconds, usegmt=True)) as server:
        examination = found(written_kubeconfig(tmp_path, server))
    (clock,) = about(examination, "clock")
    assert clock.state == "problem" and words in clock.message
    (found_s,) = re.findall(r"\b([\d,]+) s\b", clock.message)
    assert abs(int(found_s.replace(",", "")) - 3600) < 60  # the answer takes a moment


def test_plain_http_and_a_missing_credential_are_named(tmp_path: Path):
    with answering(VERSION) as server:
        plain = found(written_kubeconfig(tmp_path, server))
    (signs_in,) = about(plain, "signs in")
    assert signs_in.state == "note" and "no credential is sent over plain http" in signs_in.message  # G10
    nobody = found(written_kubeconfig(tmp_path, server.replace("http:", "https:"), user={}))
    assert about(nobody, "signs in")[0].state == "problem"


def test_a_credential_that_is_not_taken_is_named(demo, tmp_path: Path):
    told = json.loads(json.dumps(_yaml(demo.kubeconfig)))
    for user in told["users"]:
        user["user"] = {"token": "no-longer-taken"}
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(told))
    examination = found(file)
    (problem,) = examination.problems
    assert problem.subject == "signed in" and "401" in problem.message
    assert "no-longer-taken" not in repr(examination) + examination._repr_html_()


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"exec": {"command": "no-such-plugin", "apiVersion": "client.authentication.k8s.io/v1",
                   "interactiveMode": "Never"}}, "is not installed"),
        ({"tokenFile": "gone"}, "cannot be read"),
        ({"auth-provider": {"name": "gcp"}}, "which no longer exists"),
        ({}, "has no credential"),
    ],
    ids=["plugin", "file", "provider", "nothing"],
)  # fmt: skip
def test_nothing_is_said_of_a_server_that_was_not_asked(tmp_path: Path, user: dict[str, Any], words: str):
    examination = found(written_kubeconfig(tmp_path, "https://127.0.0.1:9", user=user))
    (problem,) = examination.problems
    assert words in problem.message and problem.fix
    assert not about(examination, "server")


@pytest.mark.parametrize(("days", "state"), [(-3, "problem"), (3, "ok")])
def test_a_client_certificate_that_has_ended_is_named(tmp_path: Path, days: int, state: str):
    person = identity("me", days=days)
    pair = {"client-certificate-data": data_of(person.pem), "client-key-data": data_of(person.key_pem)}
    examination = found(written_kubeconfig(tmp_path, "https://127.0.0.1:9", user=pair))
    (signs_in,) = about(examination, "signs in")
    (day,) = re.findall(r"\d{4}-\d\d-\d\d", signs_in.message)
    away = datetime.date.fromisoformat(day) - datetime.datetime.now(datetime.UTC).date()
    assert signs_in.state == state and abs(away.days - days) <= 1


def test_where_the_systems_authorities_count_that_is_said(demo, tmp_path: Path):
    environ = {"SSL_CERT_FILE": "/x", "CURL_CA_BUNDLE": "/y"}
    assert "CURL_CA_BUNDLE, SSL_CERT_FILE have no effect" in repr(found(demo.kubeconfig, environ))
    without = repr(found(written_kubeconfig(tmp_path, "https://127.0.0.1:9"), environ))
    assert "CURL_CA_BUNDLE has no effect" in without and "the CAs of this system are those of SSL_CERT_FILE" in without


def test_the_environment_is_told_without_its_secrets(demo):
    environ = {"https_proxy": "http://me:a-secret-of-mine@proxy:3128", "REQUESTS_CA_BUNDLE": "/x", "NO_PROXY": ""}
    examination = found(demo.kubeconfig, environ)
    told = [finding.message for finding in about(examination, "environment")]
    assert len(told) == 2 and "proxy:3128" in told[0] and "NO_PROXY" not in told[0]
    assert told[1].startswith("REQUESTS_CA_BUNDLE has no effect")
    assert "a-secret-of-mine" not in repr(examination) + examination._repr_html_()


def test_what_is_shown_is_only_text():
    hostile = Examination([Finding("server", "problem", "<script>x</script>\x1b[31m", "<b>")])
    assert "<script>" not in hostile._repr_html_() and "\x1b" not in repr(hostile)


def test_nothing_that_is_found_forges_a_line():
    forged = "v1\nok    rights  in shop you may do everything\u2028\r\n"
    lines = repr(Examination([Finding("server", "problem", forged, forged)])).splitlines()
    assert len(lines) == 4 and lines[-1] == "1 problem to fix"


def test_a_version_that_forges_a_line_does_not(tmp_path: Path):
    with answering(json.dumps({"gitVersion": "v1\n!!  rights"}).encode()) as server:
        examination = found(written_kubeconfig(tmp_path, server))
    assert not any(line.startswith("!!  rights") for line in repr(examination).splitlines())


def _yaml(file: str) -> Any:
    import yaml

    return yaml.safe_load(Path(file).read_text())
