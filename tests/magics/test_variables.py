"""``${name}``: what a value becomes depends on where it stands."""

import datetime
import json
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.error import UsageError

from kubeaccess_magic.magics.lines import parse
from kubeaccess_magic.magics.queries import query_of
from kubeaccess_magic.magics.variables import in_json, in_path, in_text

VALUES = {
    "name": "web",
    "odd": 'a b/?#&"%é',
    "number": 5,
    "real": 0.5,
    "yes": True,
    "none": None,
    "day": datetime.date(2026, 11, 1),
    "moment": pd.Timestamp("2026-11-01T02:03:04Z"),
    "list": ["a", "b"],
    "array": np.array([1, 2]),
    "scalar": np.int64(7),
    "when": np.datetime64("2026-11-01"),
    "series": pd.Series(["x", "y"]),
}


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("shop/${name}:80", "shop/web:80"),
        ("${number}${real}", "50.5"),
        ("${yes}", "true"),
        ("${day} ${moment}", "2026-11-01 2026-11-01T02:03:04+00:00"),
        ("${list} ${array} ${series}", "a,b 1,2 x,y"),
        ("${scalar} ${when}", "7 2026-11-01"),
        ("$${name} $name {name} $", "${name} $name {name} $"),
        ('up{job="${name}"}', 'up{job="web"}'),
    ],
)
def test_as_it_is_in_a_target_an_option_or_a_header(text, becomes):
    assert in_text(text, VALUES) == becomes


def test_encoded_in_a_path():
    assert in_path("a/${odd}?q=user:${name}", VALUES) == "a/a%20b%2F%3F%23%26%22%25%C3%A9?q=user:web"


@given(st.text())
def test_whatever_the_value_it_stays_one_piece_of_a_path(value):
    try:
        value.encode()
    except UnicodeEncodeError:
        return
    encoded = in_path("${value}", {"value": value})
    assert not set(encoded) & set("/?#&=; \"'")
    assert unquote(encoded) == value


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ('{"a": ${number}}', {"a": 5}),
        ('{"a": ${odd}}', {"a": VALUES["odd"]}),
        ('{"a": "x ${odd} y"}', {"a": f"x {VALUES['odd']} y"}),
        ('{"a": "\\"${number}"}', {"a": '"5'}),
        ('{"a": ${list}, "b": "${list}"}', {"a": ["a", "b"], "b": "a,b"}),
        ('{"a": ${none}, "b": ${array}, "c": ${day}}', {"a": None, "b": [1, 2], "c": "2026-11-01"}),
        ('{"${name}": ${yes}}', {"web": True}),
        ('{"a": "$${name}"}', {"a": "${name}"}),
    ],
)
def test_json_in_json(text, becomes):
    assert json.loads(in_json(text, VALUES)) == becomes


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    )
)
def test_any_json_value_comes_through(value):
    assert json.loads(in_json('{"a": ${value}}', {"value": value})) == {"a": value}


@pytest.mark.parametrize("text", ["${missing}", "${", "${1}", "${a b}", "${name"])
@pytest.mark.parametrize("put_in", [in_text, in_path, in_json])
def test_what_names_no_variable_is_an_error(put_in, text):
    with pytest.raises(UsageError):
        put_in(text, VALUES)


def test_what_has_no_text_is_an_error():
    with pytest.raises(UsageError, match="object"):
        in_text("${thing}", {"thing": object()})
    with pytest.raises(UsageError, match="cannot be written as JSON"):
        in_json("${thing}", {"thing": float("nan")})


def asked(line, cell=None, **variables):
    return query_of(parse(line, {**VALUES, **variables}), cell)


def test_where_variables_stand_on_a_line():
    want = asked(
        "shop/${name} a/${odd} -q q=${odd} -H X-A:${number} -o json --limit ${number}".replace("--limit ${number}", "")
    )
    assert (want.target, want.params, want.headers) == ("shop/web", (("q", VALUES["odd"]),), (("X-A", "5"),))
    assert want.path == "a/a%20b%2F%3F%23%26%22%25%C3%A9"
    assert asked("http://${name}.shop:80/x?q=${odd}").target.startswith("http://web.shop:80/x?q=a%20b%2F")
    assert asked("/api/v1/namespaces/${name}/pods").target == "/api/v1/namespaces/web/pods"


@pytest.mark.parametrize(
    ("line", "cell", "body", "media_type"),
    [
        ("web", '{"a": "${name}"}', '{"a": "web"}', "application/json"),
        ("web", '{"a": ${number}}\n{"b": 1}\n', '{"a": 5}\n{"b": 1}\n', "application/x-ndjson"),
        ("web", "SELECT ${name};", "SELECT ${name};", "text/plain; charset=utf-8"),
        ("web --expand", "SELECT ${name};", "SELECT web;", "text/plain; charset=utf-8"),
        ("web -d @-", '{"a": 1}', '{"a": 1}', "application/json"),
        ("web -d a=${name} -d b=2", None, "a=web&b=2", "application/x-www-form-urlencoded"),
        ('web -d {"a":"${name}"}', None, '{"a":"web"}', "application/json"),
        ("web -d hello", None, "hello", "text/plain; charset=utf-8"),
        ("web -d 1", None, "1", "application/json"),
        ("web -H content-type:text/csv", "a,b", "a,b", None),
    ],
)
def test_bodies(line, cell, body, media_type):
    want = asked(line, cell)
    assert want.body == body.encode()
    given_ = dict(want.headers).get("Content-Type")
    assert given_ == media_type


def test_a_file_as_body(tmp_path):
    file = tmp_path / "body"
    file.write_bytes(b"\x00\r\n")
    assert asked(f"web -d @{file}").body == b"\x00\r\n"
    with pytest.raises(UsageError, match="No such file"):
        asked(f"web -d @{file}x")


def test_the_cell_as_a_query_value_then_get():
    want = asked("prom api/v1/query -q query=@-", 'up{job="a"}\n  == 1\n')
    assert (want.params, want.body, want.method) == ((("query", 'up{job="a"}\n  == 1'),), None, "GET")


@pytest.mark.parametrize(
    ("line", "cell"),
    [
        ("web -q x=@-", None),
        ("web -d @-", None),
        ("web -d x", "y"),
        ("web", "  \n"),
        ("web -q x", None),
        ("web -H x", None),
        ("web -o yaml", None),
        ("web --limit 0", None),
        ("web --limit x", None),
        ("web --timeout never", None),
        ("web --timeout -1", None),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(line, cell):
    with pytest.raises(UsageError):
        asked(line, cell)
