"""Answers to make frames of: what a server would have sent, without one."""

from __future__ import annotations

import datetime
import json
from typing import Any

from kubeaccess_magic import dialects
from kubeaccess_magic.fetch import Fetched
from kubeaccess_magic.reply import Headers, Reply
from kubeaccess_magic.request import Request
from kubeaccess_magic.targets import Target


def request(
    where: str = "shop/web", path: str | None = None, *, body: Any = None, method: str | None = None
) -> Request:
    target, brought, _ = Target.parse(where)
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request.build(method or ("GET" if data is None else "POST"), target, path, path_in_target=brought, body=data)


def reply(
    body: Any,
    content_type: str | None = "application/json",
    asked: Request | None = None,
    *,
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (),
) -> Reply:
    """An answer; what is no bytes is sent as JSON."""
    kind = (("Content-Type", content_type),) if content_type is not None else ()
    return Reply(
        status_code=status,
        reason="OK" if status == 200 else "No Content",
        headers=Headers((*kind, *headers)),
        content=body if isinstance(body, bytes) else json.dumps(body).encode(),
        url="https://api.example.org/",
        elapsed=datetime.timedelta(milliseconds=1),
        request=asked or request(),
        way="proxy",
    )


def reading(answer: Reply) -> str | None:
    """The name of the dialect that reads an answer, or None."""
    matched = dialects.match(answer.request)
    operation = matched if matched is not None and matched.reads(answer) else dialects.recognize(answer)
    return None if operation is None else operation.dialect


def note_of(found: dialects.Table | Fetched) -> str | None:
    """What is said beside the frame, in one line."""
    return "; ".join(found.notes) or None


def lines_of(fetched: Fetched) -> list[str]:
    """The lines below a frame: that there is more, and what else is to be said."""
    return [line for line in (fetched.table.shortfall("--limit all"), note_of(fetched)) if line]


def rows_of(frame: Any) -> list[dict[str, Any]]:
    """The rows as plain Python values, gaps as None."""
    import pandas as pd

    def plain(value: Any) -> Any:
        if isinstance(value, (list, dict)):
            return value
        if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value):
            return None
        return value.item() if hasattr(value, "item") else value

    columns = {name: [plain(value) for value in frame[name].astype(object)] for name in frame.columns}
    return [{name: values[i] for name, values in columns.items()} for i in range(len(frame))]


def hit(source: Any = None, id: str = "1", **more: Any) -> dict[str, Any]:
    return {"_index": "logs", "_id": id, "_score": 1.0, **({} if source is None else {"_source": source}), **more}


def search(*hits: dict[str, Any], total: Any = None, **more: Any) -> dict[str, Any]:
    inner = {
        "total": {"value": len(hits), "relation": "eq"} if total is None else total,
        "max_score": 1.0,
        "hits": list(hits),
    }
    return {"took": 1, "timed_out": False, "_shards": {"total": 5, "successful": 5, "failed": 0}, "hits": inner, **more}


def load_search(document: Any, path: str = "_search", **options: Any) -> dialects.Table:
    return dialects.load([reply(document, asked=request("kube-system/elasticsearch-logging", path))], **options)
