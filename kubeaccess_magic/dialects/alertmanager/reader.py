"""Alerts, groups of alerts, and silences.

Fields keep their names (``startsAt``, ``status.state``), labels and annotations become ``labels.…`` and
``annotations.…``. Times are datetime64 in UTC; the zero time of Go, which stands for no time at all, is NaT. Of groups,
each alert is a row, with the labels that its group has in common as ``group.…`` and the receiver in front.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from ...errors import LoadError
from .. import answer, columns
from ..protocol import Table
from ..readers import SingleAnswerReader

if TYPE_CHECKING:
    import pandas as pd

    from ...reply import Reply

__all__ = ["AlertmanagerReader"]

_TIMES = ("startsAt", "endsAt", "updatedAt")
_GO_ZERO = "0001-01-01T00:00:00"
_ALERT_KINDS = {"fingerprint": "text", "status.state": "text", **dict.fromkeys(_TIMES, "time")}
_SILENCE_KINDS = {"id": "text", "status.state": "text", **dict.fromkeys(_TIMES, "time"), "comment": "text"}


class AlertmanagerReader(SingleAnswerReader):
    """Reads alerts or silences into one table.

    Parameters
    ----------
    endpoint
        What was asked for: ``alerts``, ``alerts/groups``, ``silences`` or ``silence/ID``.
    limit
        How many rows at most.
    """

    def __init__(self, endpoint: str, limit: int | None = None) -> None:
        super().__init__(limit)
        self._endpoint = endpoint

    def read(self, reply: Reply) -> Table:
        """Make a row of each alert or silence.

        Raises
        ------
        LoadError
            The reply is not an answer of Alertmanager.
        """
        document = answer.json_of(reply)
        objects = document if isinstance(document, list) else [document]
        if not all(isinstance(each, dict) for each in objects):
            _refuse("it is not a list of objects", reply)
        is_silence = self._endpoint.startswith("silence")
        if self._endpoint == "alerts/groups":
            objects = [alert for group in objects for alert in _alerts(group, reply)]
        rows = [_row(each) for each in objects]
        frame = _frame(rows, _SILENCE_KINDS if is_silence else _ALERT_KINDS)
        return Table(frame, len(frame), unit="silences" if is_silence else "alerts")


def _alerts(group: Mapping[str, Any], reply: Reply) -> Iterator[dict[str, Any]]:
    """The alerts of a group, with what they have in common."""
    alerts = group.get("alerts") or []
    if not isinstance(alerts, list) or not all(isinstance(alert, dict) for alert in alerts):
        _refuse("a group has no alerts", reply)
    receiver = group.get("receiver")
    for alert in alerts:
        yield {
            "group": group.get("labels") or {},
            "receiver": receiver.get("name", receiver) if isinstance(receiver, dict) else receiver,
            **alert,
        }


def _row(each: Mapping[str, Any]) -> dict[str, Any]:
    row = {**each}
    for name in _TIMES:
        if isinstance(row.get(name), str) and row[name].startswith(_GO_ZERO):
            row[name] = None
    receivers = row.get("receivers")
    if isinstance(receivers, list) and all(isinstance(r, dict) and set(r) == {"name"} for r in receivers):
        row["receivers"] = [receiver["name"] for receiver in receivers]
    return row


def _frame(rows: list[dict[str, Any]], kinds: Mapping[str, str]) -> pd.DataFrame:
    if not rows:
        return columns.empty(kinds)
    flat = columns.flatten(rows)
    # A column of times is one, too, if none of its alerts has a time.
    return columns.frame(flat, len(rows), dates=True, kinds={name: "time" for name in _TIMES if name in flat})


def _refuse(reason: str, reply: Reply) -> NoReturn:
    raise LoadError(f"this is not an answer of Alertmanager: {reason}", reply=reply, hint="see it with -o json")
