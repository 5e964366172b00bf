"""List requests: selectors, pages and resource versions; items are sorted by namespace and name (F1-F3)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from . import gojson
from .requestinfo import RequestInfo
from .resources import Resource
from .selectors import ObjectTest, field_selector, label_selector
from .status import ApiError, Object, bad_request, expired, invalid_all
from .store import Store

_MATCH: Final = "resourceVersionMatch"
_TOO_OLD: Final = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True, slots=True)
class ListOptions:
    """The validated options of a list or a watch.

    Attributes
    ----------
    labels, fields
        Whether an object fits the label selector and the field selector.
    selective
        Whether there is a selector at all.
    limit
        The size of a page; 0 for no limit.
    token
        The continue token of the next page; empty for the first one.
    version
        The requested resourceVersion.
    match
        How it must be matched: ``Exact``, ``NotOlderThan`` or empty.
    watch
        Whether the request is a watch.
    timeout_s
        When a watch ends, in seconds.
    bookmarks
        Whether a watch may send bookmarks.
    initial_events
        Whether a watch begins with the existing objects.
    """

    labels: ObjectTest
    fields: ObjectTest
    selective: bool
    limit: int
    token: str
    version: int | None
    match: str
    watch: bool
    timeout_s: int | None
    bookmarks: bool
    initial_events: bool | None


def list_options(parameters: Mapping[str, str], resource: Resource) -> ListOptions:
    """Read the options of a list or a watch from the query parameters.

    Parameters
    ----------
    parameters
        The query parameters.
    resource
        The resource, which decides on the fields that can be selected.

    Raises
    ------
    ApiError
        400 or 422 for the problem that the real server reports first.
    """
    limit = _integer(parameters.get("limit", ""))
    timeout_s = _integer(parameters.get("timeoutSeconds", ""))
    labels, fields = parameters.get("labelSelector", ""), parameters.get("fieldSelector", "")
    label_test = label_selector(labels)
    watch = is_true(parameters.get("watch"))
    text, match = parameters.get("resourceVersion", ""), parameters.get("resourceVersionMatch", "")
    initial = parameters.get("sendInitialEvents")
    field_test = field_selector(fields, resource.name)
    if watch and initial is None and not match and text in ("", "0"):
        initial, match = "true", "NotOlderThan"  # the meaning of a watch without a version since watch lists exist
    _check_versions(text, match, parameters.get("continue", ""), watch, initial)
    return ListOptions(
        labels=label_test,
        fields=field_test,
        selective=bool(labels or fields),
        limit=max(limit or 0, 0),
        token=parameters.get("continue", ""),
        version=_version(text, watch),
        match=match,
        watch=watch,
        timeout_s=timeout_s,
        bookmarks=is_true(parameters.get("allowWatchBookmarks")),
        initial_events=None if initial is None else is_true(initial),
    )


def is_true(text: str | None) -> bool:
    """Whether a boolean query parameter is true: everything but ``false`` and ``0`` is, even an empty value."""
    return text is not None and text.lower() not in ("false", "0")


def make_list(store: Store, resource: Resource, info: RequestInfo, options: ListOptions) -> Object:
    """Make the list object; its items have neither kind nor apiVersion, as in the real server's answers.

    Parameters
    ----------
    store
        The objects.
    resource
        The resource to list.
    info
        The request, which may name a namespace.
    options
        The options of the list.

    Raises
    ------
    ApiError
        410 if the version is too old, 504 if it is in the future, 400 if the continue token is invalid.
    """
    key = (resource.group, resource.name)
    version, start, limit = _page(store, options, info.namespace)
    if version == store.version:
        items = list(store.items(key, info.namespace, start))
    else:
        items = store.items_at(key, version, info.namespace, start)
    selected = [(path, obj) for path, obj in items if options.labels(obj) and options.fields(obj)]
    metadata: Object = {"resourceVersion": str(version)}
    if limit and len(selected) > limit:
        remaining, selected = len(selected) - limit, selected[:limit]
        last_path = selected[-1][0].removeprefix(f"{info.namespace}/")
        metadata["continue"] = _token(version, last_path + "\0")
        if not options.selective:
            metadata["remainingItemCount"] = remaining
    return {
        "kind": resource.list_kind,
        "apiVersion": resource.api_version,
        "metadata": metadata,
        "items": [without_kind(obj) for _, obj in selected],
    }


def without_kind(obj: Object) -> Object:
    """An object as it appears in a list of its kind."""
    return {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}


def too_large(requested: int, current: int) -> ApiError:
    """Error 504: the requested version is in the future (F3).

    Parameters
    ----------
    requested, current
        The two resource versions.
    """
    details = {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    message = f"Timeout: Too large resource version: {requested}, current: {current}"
    return ApiError(504, "Timeout", message, details, (("Retry-After", "1"),))


Problem = tuple[str, str, str]
"""The path of an invalid field, what is wrong, and the machine-readable cause."""


def _check_versions(text: str, match: str, token: str, watch: bool, initial: str | None) -> None:
    if initial is not None and not watch:
        problems = [_forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")]
    elif watch:
        problems = list(_watch_problems(match, token, initial))
    else:
        problems = list(_list_problems(text, match, token)) if match else []
    if problems:
        raise invalid_all("ListOptions", "meta.k8s.io", problems)


def _watch_problems(match: str, token: str, initial: str | None) -> Iterator[Problem]:
    if initial is not None and match != "NotOlderThan":
        yield _forbidden(_MATCH, f"sendInitialEvents requires setting {_MATCH} to NotOlderThan")
    if not match:
        return
    if initial is None:
        yield _forbidden(_MATCH, f"{_MATCH} is forbidden for watch unless sendInitialEvents is provided")
    if match != "NotOlderThan":
        yield _unsupported(match, '"NotOlderThan"')
    if token:
        yield _forbidden(_MATCH, f"{_MATCH} is forbidden when continue is provided")


def _list_problems(text: str, match: str, token: str) -> Iterator[Problem]:
    if not text:
        yield _forbidden(_MATCH, f"{_MATCH} is forbidden unless resourceVersion is provided")
    if token:
        yield _forbidden(_MATCH, f"{_MATCH} is forbidden when continue is provided")
    if match not in ("Exact", "NotOlderThan"):
        yield _unsupported(match, '"Exact", "NotOlderThan", ""')
    if match == "Exact" and text == "0":
        yield _forbidden(_MATCH, f'{_MATCH} "exact" is forbidden for resourceVersion "0"')


def _forbidden(field: str, detail: str) -> Problem:
    return field, f"Forbidden: {detail}", "FieldValueForbidden"


def _unsupported(match: str, supported: str) -> Problem:
    detail = f'Unsupported value: "{match}": supported values: {supported}'
    return _MATCH, detail, "FieldValueNotSupported"


def _page(store: Store, options: ListOptions, namespace: str) -> tuple[int, str, int]:
    """The resource version to list, the path to start at, and the size of the page; 0 is no limit."""
    if options.token:
        return *_continued(store, options, namespace), options.limit
    if options.version is None:
        return store.version, "", options.limit
    if options.version > store.version:
        raise too_large(options.version, store.version)
    if options.match == "Exact":
        if options.version < store.oldest:
            raise expired("The resourceVersion for the provided list is too old.")
        return options.version, "", options.limit
    # version 0 is served from the watch cache, which has no pages (F2)
    return store.version, "", options.limit if options.version else 0


def _integer(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"[-+]?[0-9]+", text):
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if not -(2**63) <= int(text) < 2**63:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": value out of range')
    return int(text)


def _version(text: str, watch: bool) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]+", text):
        problem = f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        raise ApiError(500, "", problem) if watch else bad_request(f"invalid resource version: {problem}")
    return int(text)


def _continued(store: Store, options: ListOptions, namespace: str) -> tuple[int, str]:
    start, version = _parse_token(options.token)
    if options.version is not None and options.version != 0:
        raise bad_request("specifying resource version is not allowed when using continue")
    path = f"{namespace}/{start}" if namespace else start if "/" in start else f"/{start}"
    if version == -1:
        return store.version, path
    if version < store.oldest:
        raise _Expired(_TOO_OLD, _token(-1, start))
    if version > store.version:
        raise bad_request("invalid continue token: continue key is not valid: the version is in the future")
    return version, path


class _Expired(ApiError):
    """Error 410 with a new continue token, which continues the list inconsistently (F1)."""

    def __init__(self, message: str, token: str) -> None:
        super().__init__(410, "Expired", message)
        self._token = token

    @property
    def status(self) -> Object:
        return {**super().status, "metadata": {"continue": self._token}}


def _token(version: int, start: str) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": start}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _parse_token(token: str) -> tuple[str, int]:
    prefix = "invalid continue token: continue key is not valid: "
    try:
        if not re.fullmatch(r"[A-Za-z0-9_-]+", token) or len(token) % 4 == 1:
            raise binascii.Error
        decoded = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except binascii.Error:
        position = next(
            (i for i, c in enumerate(token) if not re.match(r"[A-Za-z0-9_-]", c)), len(token) - len(token) % 4
        )
        raise bad_request(f"{prefix}illegal base64 data at input byte {position}") from None
    try:
        content = gojson.loads(decoded)
        token_version = str(content.get("v", ""))
        start, version = str(content.get("start", "")), int(content.get("rv", 0))
    except gojson.GoJSONError as error:
        raise bad_request(f"{prefix}{error}") from None
    except (ValueError, TypeError, AttributeError):
        raise bad_request(f"{prefix}json: cannot unmarshal {gojson.kind(decoded)}") from None
    if token_version != "meta.k8s.io/v1":
        raise bad_request(f"{prefix}server does not recognize this encoded version {token_version}")
    if not start or ".." in start.split("/"):
        raise bad_request(f"{prefix}no start key")
    return start, version
