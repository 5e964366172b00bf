"""Records end at CR, LF or CRLF, and nowhere else."""

from __future__ import annotations

import json

import pytest

from kubeaccess_magic import dialects
from kubeaccess_magic.query import content

from .answers import reply, request, rows_of

ENDS = ["\n", "\r\n", "\r"]
OTHERS = ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]  # where str.splitlines splits as well

pytestmark = pytest.mark.parametrize("end", ENDS)


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("kind", ["text/csv", "text/plain"])
def test_csv(end, other, kind):
    text = end.join(["id,note", f"1,a{other}b", "2,c", ""])
    frame = dialects.load([reply(text.encode(), kind)]).frame
    assert rows_of(frame) == [{"id": 1, "note": f"a{other}b"}, {"id": 2, "note": "c"}]


def test_a_quoted_cell_keeps_its_line_ends(end):
    frame = dialects.load([reply(f'id,note{end}1,"a\r\nb\rc"{end}2,d{end}'.encode(), "text/csv")]).frame
    assert frame["note"].tolist() == ["a\r\nb\rc", "d"]


@pytest.mark.parametrize("other", ["\x85", "\u2028"])
@pytest.mark.parametrize("kind", ["application/x-ndjson", "application/json"])
def test_one_document_per_line(end, other, kind):
    documents = [{"id": number, "note": f"a{other}b"} for number in range(3)]
    text = end.join(json.dumps(document, ensure_ascii=False) for document in documents)
    assert rows_of(dialects.load([reply(text.encode(), kind)]).frame) == documents


@pytest.mark.parametrize("other", OTHERS)
def test_exposition(end, other):
    lines = ["# HELP up it's up", "# TYPE up gauge", f'up{{job="a{other}b",path="c,d"}} 1', "up 2", "down 3", ""]
    answer = reply(end.join(lines).encode(), "text/plain; version=0.0.4", request(path="metrics"))
    frame = dialects.load([answer], wide=True).frame
    assert frame["value"].tolist() == [1, 2, 3]
    assert frame["job"].tolist()[0] == f"a{other}b"


def test_openmetrics(end):
    text = end.join(["# TYPE up gauge", 'up{job="a"} 1 # {trace="x"} 2', "up 2", "# EOF", ""])
    frame = dialects.load([reply(text.encode(), "application/openmetrics-text")]).frame
    assert frame["value"].tolist() == [1, 2]


def test_a_label_keeps_a_carriage_return(end):
    answer = reply(f'up{{job="a\rb"}} 1{end}up 2{end}'.encode(), "text/plain; version=0.0.4")
    assert dialects.load([answer], wide=True).frame["job"].tolist()[0] == "a\rb"


@pytest.mark.parametrize("other", OTHERS)
def test_cat(end, other):
    text = end.join(["index note", f"logs  a{other}b", "kube  c"])
    answer = reply(text.encode(), "text/plain", request("kube-system/elasticsearch-logging", "_cat/indices?v"))
    assert len(dialects.load([answer]).frame) == 2


def test_a_body_of_documents(end):
    assert content.media_type_of(end.join(['{"index":{}}', '{"a":"\u2028"}', ""])) == "application/x-ndjson"
