"""One query to its table, asked of a function instead of a server."""

from collections.abc import Callable
from typing import Any

from kubeaccess_magic import dialects
from kubeaccess_magic.call import Call
from kubeaccess_magic.fetch import Fetched, fetch
from kubeaccess_magic.reply import Reply
from kubeaccess_magic.request import Request


def fetched(
    request: Request,
    send: Callable[[Request, Call], Reply],
    call: Call,
    *,
    dialect: str | None = None,
    limit: int | None = None,
    raw: bool = False,
    **options: Any,
) -> Fetched:
    operation = dialects.match(request, dialects.named(dialect) if dialect else None)
    first = request if raw or operation is None else operation.prepare(limit)
    return fetch(first, send, call, operation, dialect=dialect, limit=limit, raw=raw, **options)
