"""Access reviews, rules reviews, token reviews and self reviews (F9, F10)."""

from __future__ import annotations

from typing import Any, Final

from . import gojson, protobuf
from .authentication import Authenticator, User
from .rbac import Attributes, Authorizer
from .status import ApiError, Object, bad_request
from .store import now

_AUTHORIZATION: Final = "authorization.k8s.io"
_KINDS: Final = (
    "SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview", "LocalSubjectAccessReview",
    "SelfSubjectReview",
)  # fmt: skip
_CORE_KINDS: Final = ("Pod", "Service", "Node", "Namespace", "ConfigMap", "Secret")
_TYPE_META: Final = (
    r'struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'
)
_ONE_OF: Final = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
_RESOURCE_FIELDS: Final = (
    "namespace", "verb", "group", "version", "resource", "subresource", "name", "fieldSelector", "labelSelector",
)  # fmt: skip


def review(kind: str, body: bytes, user: User, authorizer: Authorizer, namespace: str, field: str) -> Object:
    """Answer a review.

    Parameters
    ----------
    kind
        The kind of the review, by the resource that it was posted to.
    body
        The body of the request.
    user
        The user who sent the request.
    authorizer
        Decides about the access that is reviewed.
    namespace
        The namespace in the path, for a `LocalSubjectAccessReview`.
    field
        The field that an access review without attributes lacks; the versions of Kubernetes name different ones.

    Raises
    ------
    ApiError
        400: the body is not a review of this kind; 422: it does not say what to review.
    """
    posted = decode_body(body, kind)
    group = "authentication.k8s.io" if kind == "SelfSubjectReview" else _AUTHORIZATION
    check_kind(posted, kind, f"{group}/v1")
    spec = posted.get("spec") or {}
    if not isinstance(spec, dict):
        raise _wrong_type(kind, spec, f"{kind}.spec", f"v1.{kind}Spec")
    answer: Object = {
        "kind": kind,
        "apiVersion": f"{group}/v1",
        "metadata": {"namespace": namespace} if namespace else {},
    }
    if kind == "SelfSubjectReview":
        answer["metadata"] = {"creationTimestamp": now()}
        return answer | {"status": {"userInfo": _user_info(user)}}
    if kind == "SelfSubjectRulesReview":
        return answer | _rules(spec, user, authorizer)
    if kind != "SelfSubjectAccessReview":
        user = User(str(spec.get("user", "")), tuple(spec.get("groups") or ()))
    return answer | _access(kind, spec, user, authorizer, namespace, field)


def token_review(body: bytes, authenticator: Authenticator) -> Object:
    """Answer a TokenReview: which user a token belongs to.

    Parameters
    ----------
    body
        The body of the request.
    authenticator
        Knows the tokens.

    Raises
    ------
    ApiError
        400: the body is not a TokenReview.
    """
    spec = decode_body(body, "TokenReview").get("spec") or {}
    if not isinstance(spec, dict) or not spec.get("token"):
        raise bad_request("token is required for TokenReview in authentication")
    user = authenticator.holder(str(spec["token"]))
    status: Object = {"user": {}, "error": "[invalid bearer token]"}
    if user is not None:
        status = {"authenticated": True, "user": _user_info(user)}
    answer: Object = {"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "metadata": {}}
    return answer | {"spec": {key: spec[key] for key in ("token", "audiences") if spec.get(key)}, "status": status}


def decode_body(body: bytes, kind: str) -> Object:
    """Decode the object in a body, from JSON or protobuf.

    Parameters
    ----------
    body
        The body of the request.
    kind
        The expected kind, for the error message.

    Raises
    ------
    ApiError
        400, with Go's message.
    """
    if body.startswith(protobuf.MAGIC):
        return protobuf.decode(body)
    prefix = (
        f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse error:"
    )
    summary = "<empty>" if not body else body[:30].decode("utf-8", "replace") if body[:1] == b"{" else body[:30].hex()
    if len(body) > 30:
        summary += " ..."
    try:
        answer: Any = gojson.loads(body)
    except gojson.GoJSONError as error:
        raise bad_request(f"{prefix} {error} ({summary})") from None
    if answer is None:
        return {}
    if not isinstance(answer, dict):
        raise bad_request(
            f"{prefix} json: cannot unmarshal {gojson.kind(answer)} into Go value of type {_TYPE_META} ({summary})"
        )
    return answer


def check_kind(obj: Object, kind: str, version: str) -> None:
    """Refuse an object that says it is of another kind or version.

    Parameters
    ----------
    obj
        The object in the body.
    kind, version
        What it should be.

    Raises
    ------
    ApiError
        400: it is something else.
    """
    actual_kind, actual_version = obj.get("kind") or kind, obj.get("apiVersion") or version
    if (actual_kind, actual_version) == (kind, version):
        return
    short = actual_version.rpartition("/")[2]
    group = version.partition("/")[0].partition(".")[0] if "/" in version else "core"
    problem = (
        f'no kind "{actual_kind}" is registered for version "{actual_version}" in scheme "pkg/runtime/scheme.go:111"'
    )
    if actual_version in ("v1", version) and actual_kind in (*_CORE_KINDS, *_KINDS):
        problem = f"converting ({short}.{actual_kind}) to ({group}.{kind}): unknown conversion"
    raise bad_request(f'{actual_kind} in version "{short}" cannot be handled as a {kind}: {problem}')


def _rules(spec: Object, user: User, authorizer: Authorizer) -> Object:
    if not spec.get("namespace"):
        raise bad_request("no namespace on request")
    resource_rules, non_resource_rules, evaluation_error = authorizer.rules(user, str(spec["namespace"]))
    status: Object = {
        "resourceRules": resource_rules,
        "nonResourceRules": non_resource_rules,
        "incomplete": bool(evaluation_error),
    }
    if evaluation_error:
        status["evaluationError"] = evaluation_error
    return {"spec": {}, "status": status}


def _access(kind: str, spec: Object, user: User, authorizer: Authorizer, namespace: str, field: str) -> Object:
    resource, non_resource = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (resource is None) == (non_resource is None):
        detail = f"Invalid value: null: {_ONE_OF}"
        causes = [{"reason": "FieldValueInvalid", "message": detail, "field": field}]
        details = {"group": _AUTHORIZATION, "causes": causes}
        raise ApiError(422, "Invalid", f'.{_AUTHORIZATION} "" is invalid: {field}: {detail}', details)
    for name, value in (("resourceAttributes", resource), ("nonResourceAttributes", non_resource)):
        _check_strings(kind, name, value)
    if resource is not None:
        attributes_shown = {"resourceAttributes": {key: resource[key] for key in _RESOURCE_FIELDS if resource.get(key)}}
        texts = {key: str(resource.get(key) or "") for key in _RESOURCE_FIELDS[:7]}
        attributes = Attributes(
            texts["verb"],
            texts["resource"],
            texts["subresource"],
            texts["group"],
            texts["namespace"] or namespace,
            texts["name"],
        )
    elif non_resource is not None:
        attributes_shown = {
            "nonResourceAttributes": {key: non_resource[key] for key in ("path", "verb") if non_resource.get(key)}
        }
        attributes = Attributes(str(non_resource.get("verb", "")), path=str(non_resource.get("path", "")))
    decision = authorizer.decide(user, attributes)
    status: Object = {"allowed": decision.allowed}
    if decision.reason:
        status["reason"] = decision.reason
    subject = {key: spec[key] for key in ("user", "groups", "extra", "uid") if spec.get(key)}
    return {"spec": attributes_shown | subject, "status": status}


def _check_strings(kind: str, name: str, attributes: Any) -> None:
    """Check that every attribute is a string.

    Raises
    ------
    ApiError
        400: one is not.
    """
    struct = name[0].upper() + name[1:]
    if attributes is not None and not isinstance(attributes, dict):
        raise _wrong_type(kind, attributes, f"{kind}Spec.spec.{name}", f"v1.{struct}")
    for key, value in (attributes or {}).items():
        if key in (*_RESOURCE_FIELDS[:7], "path") and value is not None and not isinstance(value, str):
            raise _wrong_type(kind, value, f"{struct}.spec.{name}.{key}", "string")


def _wrong_type(kind: str, value: Any, field: str, type_name: str) -> ApiError:
    problem = f"json: cannot unmarshal {gojson.kind(value)} into Go struct field {field} of type {type_name}"
    return bad_request(f'{kind} in version "v1" cannot be handled as a {kind}: {problem}')


def _user_info(user: User) -> Object:
    answer: Object = {"username": user.name}
    if user.uid:
        answer["uid"] = user.uid
    if user.groups:
        answer["groups"] = list(user.groups)
    if user.extra:
        answer["extra"] = {key: list(values) for key, values in user.extra.items()}
    return answer
