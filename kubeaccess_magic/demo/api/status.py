"""The errors of the API server: `Status` objects, and the catalogue of their messages."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]
"""A Kubernetes object, or a part of one, as decoded JSON."""


class ApiError(Exception):
    """An error that is answered by an object of kind `Status`.

    Parameters
    ----------
    code
        The HTTP status code.
    reason
        The machine-readable reason; empty where the real server gives none (D8, T35).
    message
        The text for people.
    details
        The details of the Status; None leaves them out.
    headers
        Header fields of the response.
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
        """The Status object that is sent."""
        content: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        content["message"] = self.message
        if self.reason:
            content["reason"] = self.reason
        if self.details is not None:
            content["details"] = self.details
        content["code"] = self.code
        return content


def bad_request(message: str) -> ApiError:
    """Error 400, without details (E3, E4)."""
    return ApiError(400, "BadRequest", message)


def name_missing() -> ApiError:
    """Error 400: the path names a subresource of an object, and the object's name is empty (N8)."""
    return bad_request("name must be provided")


def unauthorized() -> ApiError:
    """Error 401: the credentials are wrong; missing ones are not an error here (E1)."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(message: str, name: str, resource: str, group: str = "") -> ApiError:
    """Error 403 of the authorizer, whose answers alone have the header ``nosniff`` (E2).

    Parameters
    ----------
    message
        Who cannot do what.
    name
        The object's name; empty for a whole resource.
    resource, group
        The resource; the core group is empty.
    """
    details = _details(name, resource, group)
    qualified = f"{resource}.{group}" if group else resource
    subject = f'{qualified} "{name}"' if name else qualified
    return ApiError(
        403, "Forbidden", f"{subject} is forbidden: {message}", details, (("X-Content-Type-Options", "nosniff"),)
    )


def not_found(resource: str, name: str, group: str = "") -> ApiError:
    """Error 404: there is no such object (E5).

    Parameters
    ----------
    resource, group
        The resource; the core group is empty.
    name
        The object's name.
    """
    qualified = f"{resource}.{group}" if group else resource
    return ApiError(404, "NotFound", f'{qualified} "{name}" not found', _details(name, resource, group))


def no_resource() -> ApiError:
    """Error 404: the group has no such resource."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def not_allowed() -> ApiError:
    """Error 405: the resource does not have this method (E6)."""
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, {})


def not_acceptable(representations: str) -> ApiError:
    """Error 406: nothing that the client accepts is available."""
    message = f"406: Not Acceptable\n\nAvailable representations: {representations}"
    return ApiError(406, "NotAcceptable", message, {})


def already_exists(resource: str, name: str, group: str = "") -> ApiError:
    """Error 409: an object with this name already exists.

    Parameters
    ----------
    resource, group
        The resource; the core group is empty.
    name
        The object's name.
    """
    qualified = f"{resource}.{group}" if group else resource
    return ApiError(409, "AlreadyExists", f'{qualified} "{name}" already exists', _details(name, resource, group))


def conflict(resource: str, name: str, group: str = "") -> ApiError:
    """Error 409: the object has changed since the version that the write is based on.

    Parameters
    ----------
    resource, group
        The resource; the core group is empty.
    name
        The object's name.
    """
    qualified = f"{resource}.{group}" if group else resource
    message = (
        f'Operation cannot be fulfilled on {qualified} "{name}": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    return ApiError(409, "Conflict", message, _details(name, resource, group))


def expired(message: str) -> ApiError:
    """Error 410: a resource version or a page that the server no longer has (F1)."""
    return ApiError(410, "Expired", message)


def invalid(kind: str, group: str, name: str, field: str, detail: str, cause: str) -> ApiError:
    """Error 422: one field is invalid.

    Parameters
    ----------
    kind, group, name
        The object; parts that are empty are left out.
    field
        The path of the field.
    detail
        What is wrong, such as ``Invalid value: …``.
    cause
        The machine-readable cause.
    """
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
    """Error 422: several fields are invalid.

    Parameters
    ----------
    kind, group
        The kind of the object.
    problems
        For each: the path of the field, what is wrong, and the machine-readable cause.
    """
    if len(problems) == 1:
        return invalid(kind, group, "", *problems[0])
    causes = [{"reason": cause, "message": detail, "field": field} for field, detail, cause in problems]
    summary = ", ".join(f"{field}: {detail}" for field, detail, _ in problems)
    details: Object = {"group": group, "kind": kind, "causes": causes}
    return ApiError(422, "Invalid", f'{kind}.{group} "" is invalid: [{summary}]', details)


def internal(message: str) -> ApiError:
    """Error 500 with a reason (T29)."""
    text = f"Internal error occurred: {message}"
    return ApiError(500, "InternalError", text, {"causes": [{"message": message}]})


def plain_500(message: str) -> ApiError:
    """Error 500 without a reason, as for an error that is not a Status in Go (D8, T35)."""
    return ApiError(500, "", message)


def unavailable(message: str) -> ApiError:
    """Error 503: the app cannot be reached (E8, S1, S3)."""
    return ApiError(503, "ServiceUnavailable", message)


def success(resource: str, name: str, uid: str, group: str = "") -> Object:
    """The Status that answers a successful delete.

    Parameters
    ----------
    resource, group
        The resource; the core group is empty.
    name, uid
        The deleted object.
    """
    details = {**_details(name, resource, group), "uid": uid}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def _details(name: str, resource: str, group: str) -> Object:
    content = {"name": name} if name else {}
    if group:
        content["group"] = group
    return {**content, "kind": resource}
