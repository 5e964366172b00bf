"""The API server's refusals: `Status` objects and the catalogue of their texts (section 2 of the reference)."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]
"""A Kubernetes object, or a part of one, as JSON has it."""


class ApiError(Exception):
    """An answer of kind `Status`.

    Parameters
    ----------
    code
        The HTTP status.
    reason
        The machine's word for it; empty where the real server gives none (D8, T35).
    message
        For people.
    details
        What is meant; None leaves the field out.
    headers
        Header fields that go with it.
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: Object | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.headers = headers

    @property
    def status(self) -> Object:
        """The object that is sent."""
        out: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        out["message"] = self.message
        if self.reason:
            out["reason"] = self.reason
        if self.details is not None:
            out["details"] = self.details
        out["code"] = self.code
        return out


def bad_request(message: str) -> ApiError:
    """400; no details (E3, E4)."""
    return ApiError(400, "BadRequest", message)


def name_missing() -> ApiError:
    """400: the path names a subresource of an object, and the object's name is empty (N8)."""
    return bad_request("name must be provided")


def unauthorized() -> ApiError:
    """401: credentials that are wrong, not ones that are missing (E1)."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(message: str, name: str, resource: str, group: str = "") -> ApiError:
    """403 of the authorizer, which alone says nosniff (E2)."""
    details = _named(name, resource, group)
    qualified = f"{resource}.{group}" if group else resource
    subject = f'{qualified} "{name}"' if name else qualified
    return ApiError(
        403, "Forbidden", f"{subject} is forbidden: {message}", details, (("X-Content-Type-Options", "nosniff"),)
    )


def not_found(resource: str, name: str, group: str = "") -> ApiError:
    """404 of an object (E5)."""
    qualified = f"{resource}.{group}" if group else resource
    return ApiError(404, "NotFound", f'{qualified} "{name}" not found', _named(name, resource, group))


def no_resource() -> ApiError:
    """404 of a resource that the group does not have."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def not_allowed() -> ApiError:
    """405 (E6)."""
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, {})


def not_acceptable(representations: str) -> ApiError:
    """406 of an Accept that nothing fits."""
    message = f"406: Not Acceptable\n\nAvailable representations: {representations}"
    return ApiError(406, "NotAcceptable", message, {})


def already_exists(resource: str, name: str, group: str = "") -> ApiError:
    """409 of a create."""
    qualified = f"{resource}.{group}" if group else resource
    return ApiError(409, "AlreadyExists", f'{qualified} "{name}" already exists', _named(name, resource, group))


def conflict(resource: str, name: str, group: str = "") -> ApiError:
    """409 of a write that came from an older version."""
    qualified = f"{resource}.{group}" if group else resource
    message = (
        f'Operation cannot be fulfilled on {qualified} "{name}": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    return ApiError(409, "Conflict", message, _named(name, resource, group))


def expired(message: str) -> ApiError:
    """410 of a version or a page that is forgotten (F1)."""
    return ApiError(410, "Expired", message)


def invalid(kind: str, group: str, name: str, field: str, detail: str, cause: str) -> ApiError:
    """422 of one field; `detail` is `Forbidden: …` or `Invalid value: …`, `cause` its machine's word."""
    details: Object = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    details["causes"] = [{"reason": cause, "message": detail, "field": field}]
    qualified = f"{kind}.{group}" if group else kind
    return ApiError(422, "Invalid", f'{qualified} "{name}" is invalid: {field}: {detail}', details)


def invalid_all(kind: str, group: str, problems: list[tuple[str, str, str]]) -> ApiError:
    """422 of several fields, each with its detail and cause."""
    if len(problems) == 1:
        return invalid(kind, group, "", *problems[0])
    causes = [{"reason": cause, "message": detail, "field": field} for field, detail, cause in problems]
    listed = ", ".join(f"{field}: {detail}" for field, detail, _ in problems)
    details: Object = {"group": group, "kind": kind, "causes": causes}
    return ApiError(422, "Invalid", f'{kind}.{group} "" is invalid: [{listed}]', details)


def internal(message: str) -> ApiError:
    """500 with a reason (T29)."""
    text = f"Internal error occurred: {message}"
    return ApiError(500, "InternalError", text, {"causes": [{"message": message}]})


def plain_500(message: str) -> ApiError:
    """500 of an error that is no Status in Go: it has no reason (D8, T35)."""
    return ApiError(500, "", message)


def unavailable(message: str) -> ApiError:
    """503 (E8, S1, S3)."""
    return ApiError(503, "ServiceUnavailable", message)


def success(resource: str, name: str, uid: str, group: str = "") -> Object:
    """What a delete answers."""
    details = {**_named(name, resource, group), "uid": uid}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def _named(name: str, resource: str, group: str) -> Object:
    out = {"name": name} if name else {}
    if group:
        out["group"] = group
    return {**out, "kind": resource}
