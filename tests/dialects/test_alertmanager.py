"""Answers of Alertmanager: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeaccess_magic import dialects
from kubeaccess_magic.errors import LoadError

from .answers import reading, reply, request, rows_of

WHERE = "monitoring/alertmanager:9093"
GO_ZERO = "0001-01-01T00:00:00.000Z"


def alert(name: str, **more: Any) -> dict[str, Any]:
    return {
        "annotations": {"summary": "down"},
        "endsAt": GO_ZERO,
        "fingerprint": f"f-{name}",
        "receivers": [{"name": "log"}, {"name": "pager"}],
        "startsAt": "2023-05-03T09:00:00.123+02:00",
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
        "updatedAt": "2023-05-03T09:00:10.000Z",
        "labels": {"alertname": name},
        **more,
    }


def loaded(document: Any, path: str = "api/v2/alerts", **options: Any) -> dialects.Table:
    return dialects.load([reply(document, asked=request(WHERE, path))], **options)


@pytest.mark.parametrize("prefix", ["", "alertmanager/"])
@pytest.mark.parametrize("path", ["alerts", "alerts/groups", "silences", "silence/ab-1"])
def test_paths_are_known(prefix, path):
    matched = dialects.match(request(WHERE, f"{prefix}api/v2/{path}"))
    assert matched is not None and matched.dialect == "alertmanager"


def test_each_alert_is_a_row_and_the_zero_time_a_gap():
    found = loaded([alert("A"), alert("B", endsAt="2023-05-03T09:04:10Z")])
    first, second = rows_of(found.frame)
    assert first["endsAt"] is None and second["endsAt"].isoformat() == "2023-05-03T09:04:10+00:00"
    assert first["startsAt"].isoformat() == "2023-05-03T07:00:00.123000+00:00"
    assert (first["labels.alertname"], first["status.state"], first["receivers"]) == ("A", "active", ["log", "pager"])
    assert found.unit == "alerts"


def test_a_column_of_times_is_one_also_without_any_time():
    assert str(loaded([alert("A")]).frame["endsAt"].dtype) == "datetime64[us, UTC]"
    empty = loaded([]).frame
    assert len(empty) == 0 and str(empty["startsAt"].dtype) == "datetime64[us, UTC]"


def test_groups_have_a_row_for_each_alert():
    groups = [
        {"labels": {"job": "web"}, "receiver": {"name": "pager"}, "alerts": [alert("A"), alert("B")]},
        {"labels": {"job": "db"}, "receiver": {"name": "log"}, "alerts": [alert("C")]},
        {"labels": {}, "receiver": {"name": "log"}, "alerts": []},
    ]
    frame = loaded(groups, "api/v2/alerts/groups").frame
    assert frame["group.job"].tolist() == ["web", "web", "db"] and frame["receiver"].tolist() == [
        "pager",
        "pager",
        "log",
    ]
    assert frame["labels.alertname"].tolist() == ["A", "B", "C"]


def test_silences():
    silence = {
        "id": "ab-1",
        "status": {"state": "expired"},
        "updatedAt": "2023-05-03T09:00:10.000Z",
        "comment": "maintenance",
        "createdBy": "alice",
        "startsAt": "2023-05-03T09:00:10.000Z",
        "endsAt": "2023-05-03T10:00:10.000Z",
        "matchers": [{"name": "alertname", "value": "A", "isRegex": False, "isEqual": True}],
    }
    several, one = loaded([silence], "api/v2/silences"), loaded(silence, "api/v2/silence/ab-1")
    assert several.unit == "silences" and rows_of(several.frame) == rows_of(one.frame)
    assert several.frame["endsAt"][0].hour == 10 and several.frame["status.state"][0] == "expired"
    assert "comment" in loaded([], "api/v2/silences").frame


def test_rows_at_other_places_are_records():
    assert list(loaded([alert("A")], rows=".").frame["fingerprint"]) == ["f-A"]


def test_a_limit_is_told():
    found = loaded([alert("A"), alert("B")], limit=1)
    assert found.shortfall("--limit all") == "1 of 2 alerts; --limit all for the rest"


def test_alerts_are_recognized_anywhere():
    assert reading(reply([alert("A")], asked=request("shop/web", "x"))) == "alertmanager"
    assert reading(reply({"status": "ok"}, asked=request(WHERE, "api/v2/alerts"))) == "records"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just(GO_ZERO),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from("labels alerts receiver receivers name startsAt endsAt status".split()), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(VALUES, st.sampled_from(["alerts", "alerts/groups", "silences"]))
def test_any_json_gives_a_frame_or_an_error_of_ours(value, path):
    for document in (value, [value], [{"alerts": value}]):
        with contextlib.suppress(LoadError):
            loaded(document, f"api/v2/{path}", dialect="alertmanager")
