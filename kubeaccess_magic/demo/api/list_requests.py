"""Lists: selectors, pages, versions, in the order of namespace and name (F1-F3)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from . import gojson
from .requestinfo import RequestInfo
from .resources import Resource
from .selectors import ObjectTest, field_selector, label_selector
from .status import ApiError, Object, bad_request, expired, invalid_all
from .store import Store

_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True, slots=True)
class ListOptions:
    """The query of a list or a watch, checked."""

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
    """Read the query.

    Raises
    ------
    ApiError
        400 or 422, whichever the real server would say first.
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
        initial, match = "true", "NotOlderThan"  # what a watch without a version means since watch lists are there
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
    """A flag in a query: everything but ``false`` and ``0`` is true, an empty value too."""
    return text is not None and text.lower() not in ("false", "0")


def listed(store: Store, resource: Resource, info: RequestInfo, options: ListOptions) -> Object:
    """The list object; its items have neither kind nor apiVersion, as in the real server's answers.

    Raises
    ------
    ApiError
        410 or 504 of a version that is gone or still to come; 400 of a continue token that is none.
    """
    key = (resource.group, resource.name)
    version, after = store.version, ""
    limit = options.limit
    if options.token:
        version, after = _continued(store, options, info.namespace)
    elif options.version is not None:
        if options.version > store.version:
            raise too_large(options.version, store.version)
        if options.match == "Exact":
            if options.version < store.oldest:
                raise expired("The resourceVersion for the provided list is too old.")
            version = options.version
        elif options.version == 0:
            limit = 0  # served from the watch cache, which knows no pages (F2)
    same = version == store.version
    items = (
        list(store.items(key, info.namespace, after)) if same else store.items_at(key, version, info.namespace, after)
    )
    wanted = [(path, obj) for path, obj in items if options.labels(obj) and options.fields(obj)]
    metadata: Object = {"resourceVersion": str(version)}
    if limit and len(wanted) > limit:
        rest, wanted = len(wanted) - limit, wanted[:limit]
        start = wanted[-1][0].removeprefix(f"{info.namespace}/") if info.namespace else wanted[-1][0].removeprefix("/")
        metadata["continue"] = _token(version, start + "\0")
        if not options.selective:
            metadata["remainingItemCount"] = rest
    return {
        "kind": resource.list_kind,
        "apiVersion": resource.api_version,
        "metadata": metadata,
        "items": [without_kind(obj) for _, obj in wanted],
    }


def without_kind(obj: Object) -> Object:
    """An object as it stands in a list of its kind."""
    return {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}


def too_large(wanted: int, current: int) -> ApiError:
    """504 of a version that is still to come (F3)."""
    details = {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    message = f"Timeout: Too large resource version: {wanted}, current: {current}"
    return ApiError(504, "Timeout", message, details, (("Retry-After", "1"),))


def _check_versions(text: str, match: str, token: str, watch: bool, initial: str | None) -> None:
    name = "resourceVersionMatch"
    problems: list[tuple[str, str, str]] = []

    def wrong(field: str, detail: str) -> None:
        problems.append((field, f"Forbidden: {detail}", "FieldValueForbidden"))

    if initial is not None and not watch:
        wrong("sendInitialEvents", "sendInitialEvents is forbidden for list")
    elif watch:
        if initial is not None and match != "NotOlderThan":
            wrong(name, f"sendInitialEvents requires setting {name} to NotOlderThan")
        if match and initial is None:
            wrong(name, f"{name} is forbidden for watch unless sendInitialEvents is provided")
        if match and match != "NotOlderThan":
            detail = f'Unsupported value: "{match}": supported values: "NotOlderThan"'
            problems.append((name, detail, "FieldValueNotSupported"))
        if match and token:
            wrong(name, f"{name} is forbidden when continue is provided")
    elif match:
        if not text:
            wrong(name, f"{name} is forbidden unless resourceVersion is provided")
        if token:
            wrong(name, f"{name} is forbidden when continue is provided")
        if match not in ("Exact", "NotOlderThan"):
            detail = f'Unsupported value: "{match}": supported values: "Exact", "NotOlderThan", ""'
            problems.append((name, detail, "FieldValueNotSupported"))
        if match == "Exact" and text == "0":
            wrong(name, f'{name} "exact" is forbidden for resourceVersion "0"')
    if problems:
        raise invalid_all("ListOptions", "meta.k8s.io", problems)


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
    start, version = _parsed(options.token)
    if options.version is not None and options.version != 0:
        raise bad_request("specifying resource version is not allowed when using continue")
    after = f"{namespace}/{start}" if namespace else start if "/" in start else f"/{start}"
    if version == -1:
        return store.version, after
    if version < store.oldest:
        fresh = _token(-1, start)
        raise _Expired(_TOO_OLD, fresh)
    if version > store.version:
        raise bad_request("invalid continue token: continue key is not valid: the version is in the future")
    return version, after


class _Expired(ApiError):
    """410 with a fresh token in its metadata, which goes on inconsistently (F1)."""

    def __init__(self, message: str, token: str) -> None:
        super().__init__(410, "Expired", message)
        self._token = token

    @property
    def status(self) -> Object:
        return {**super().status, "metadata": {"continue": self._token}}


def _token(version: int, start: str) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": start}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _parsed(token: str) -> tuple[str, int]:
    lead = "invalid continue token: continue key is not valid: "
    try:
        if not re.fullmatch(r"[A-Za-z0-9_-]+", token) or len(token) % 4 == 1:
            raise binascii.Error
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except binascii.Error:
        at = next((i for i, c in enumerate(token) if not re.match(r"[A-Za-z0-9_-]", c)), len(token) - len(token) % 4)
        raise bad_request(f"{lead}illegal base64 data at input byte {at}") from None
    try:
        content = gojson.loads(raw)
        known = str(content.get("v", ""))
        start, version = str(content.get("start", "")), int(content.get("rv", 0))
    except gojson.GoJSONError as wrong:
        raise bad_request(f"{lead}{wrong}") from None
    except (ValueError, TypeError, AttributeError):
        raise bad_request(f"{lead}json: cannot unmarshal {gojson.kind(raw)}") from None
    if known != "meta.k8s.io/v1":
        raise bad_request(f"{lead}server does not recognize this encoded version {known}")
    if not start or ".." in start.split("/"):
        raise bad_request(f"{lead}no start key")
    return start, version
