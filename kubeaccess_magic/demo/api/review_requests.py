"""Reviews: may I, what may I, who am I (F9, F10); answered from the code that decides over requests."""

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
_TYPE_META: Final = (
    r'struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'
)
_ONE_OF: Final = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
_RESOURCE_FIELDS: Final = (
    "namespace", "verb", "group", "version", "resource", "subresource", "name", "fieldSelector", "labelSelector",
)  # fmt: skip


def review(kind: str, body: bytes, user: User, authorizer: Authorizer, namespace: str, field: str) -> Object:
    """The answer to a review that was posted.

    Parameters
    ----------
    kind
        Which review, by the resource that was posted to.
    namespace
        Of the path (`LocalSubjectAccessReview`).
    field
        Which field a review that asks nothing is said to lack: the generations differ.

    Raises
    ------
    ApiError
        400 of what is no review; 422 of one that asks nothing.
    """
    asked = parsed(body, kind)
    group = "authentication.k8s.io" if kind == "SelfSubjectReview" else _AUTHORIZATION
    check_kind(asked, kind, f"{group}/v1")
    spec = asked.get("spec") or {}
    if not isinstance(spec, dict):
        raise _not_of_type(kind, spec, f"{kind}.spec", f"v1.{kind}Spec")
    out: Object = {"kind": kind, "apiVersion": f"{group}/v1", "metadata": {"namespace": namespace} if namespace else {}}
    if kind == "SelfSubjectReview":
        out["metadata"] = {"creationTimestamp": now()}
        return out | {"status": {"userInfo": _info(user)}}
    if kind == "SelfSubjectRulesReview":
        if not spec.get("namespace"):
            raise bad_request("no namespace on request")
        resources, others, missing = authorizer.rules(user, str(spec["namespace"]))
        status: Object = {"resourceRules": resources, "nonResourceRules": others, "incomplete": bool(missing)}
        if missing:
            status["evaluationError"] = missing
        return out | {"spec": {}, "status": status}
    if kind != "SelfSubjectAccessReview":
        user = User(str(spec.get("user", "")), tuple(spec.get("groups") or ()))
    return out | _access(kind, spec, user, authorizer, namespace, field)


def token_review(body: bytes, sign_in: Authenticator) -> Object:
    """Whose token the body names.

    Raises
    ------
    ApiError
        400 of what is no review.
    """
    spec = parsed(body, "TokenReview").get("spec") or {}
    if not isinstance(spec, dict) or not spec.get("token"):
        raise bad_request("token is required for TokenReview in authentication")
    user = sign_in.holder(str(spec["token"]))
    status: Object = {"user": {}, "error": "[invalid bearer token]"}
    if user is not None:
        status = {"authenticated": True, "user": _info(user)}
    out: Object = {"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "metadata": {}}
    return out | {"spec": {key: spec[key] for key in ("token", "audiences") if spec.get(key)}, "status": status}


def parsed(body: bytes, kind: str) -> Object:
    """The object in a body, JSON or protobuf.

    Raises
    ------
    ApiError
        400, in Go's words.
    """
    if body.startswith(protobuf.MAGIC):
        return protobuf.decoded(body)
    lead = f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse error:"
    summary = "<empty>" if not body else body[:30].decode("utf-8", "replace") if body[:1] == b"{" else body[:30].hex()
    if len(body) > 30:
        summary += " ..."
    try:
        out: Any = gojson.loads(body)
    except gojson.GoJSONError as wrong:
        raise bad_request(f"{lead} {wrong} ({summary})") from None
    if out is None:
        return {}
    if not isinstance(out, dict):
        raise bad_request(
            f"{lead} json: cannot unmarshal {gojson.kind(out)} into Go value of type {_TYPE_META} ({summary})"
        )
    return out


def check_kind(asked: Object, kind: str, version: str) -> None:
    """A body that says it is something else.

    Raises
    ------
    ApiError
        400.
    """
    given, of = asked.get("kind") or kind, asked.get("apiVersion") or version
    if (given, of) == (kind, version):
        return
    short = of.rpartition("/")[2]
    group = version.partition("/")[0].partition(".")[0] if "/" in version else "core"
    problem = f'no kind "{given}" is registered for version "{of}" in scheme "pkg/runtime/scheme.go:111"'
    if of in ("v1", version) and given in ("Pod", "Service", "Node", "Namespace", "ConfigMap", "Secret", *_KINDS):
        problem = f"converting ({short}.{given}) to ({group}.{kind}): unknown conversion"
    raise bad_request(f'{given} in version "{short}" cannot be handled as a {kind}: {problem}')


def _access(kind: str, spec: Object, user: User, authorizer: Authorizer, namespace: str, field: str) -> Object:
    resource, other = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (resource is None) == (other is None):
        detail = f"Invalid value: null: {_ONE_OF}"
        causes = [{"reason": "FieldValueInvalid", "message": detail, "field": field}]
        details = {"group": _AUTHORIZATION, "causes": causes}
        raise ApiError(422, "Invalid", f'.{_AUTHORIZATION} "" is invalid: {field}: {detail}', details)
    for name, given in (("resourceAttributes", resource), ("nonResourceAttributes", other)):
        _check_texts(kind, name, given)
    if resource is not None:
        shown = {"resourceAttributes": {key: resource[key] for key in _RESOURCE_FIELDS if resource.get(key)}}
        text = {key: str(resource.get(key) or "") for key in _RESOURCE_FIELDS[:7]}
        wanted = Attributes(
            text["verb"],
            text["resource"],
            text["subresource"],
            text["group"],
            text["namespace"] or namespace,
            text["name"],
        )
    elif other is not None:
        shown = {"nonResourceAttributes": {key: other[key] for key in ("path", "verb") if other.get(key)}}
        wanted = Attributes(str(other.get("verb", "")), path=str(other.get("path", "")))
    decision = authorizer.decide(user, wanted)
    status: Object = {"allowed": decision.allowed}
    if decision.reason:
        status["reason"] = decision.reason
    more = {key: spec[key] for key in ("user", "groups", "extra", "uid") if spec.get(key)}
    return {"spec": shown | more, "status": status}


def _check_texts(kind: str, name: str, given: Any) -> None:
    """Every attribute is a text.

    Raises
    ------
    ApiError
        400.
    """
    struct = name[0].upper() + name[1:]
    if given is not None and not isinstance(given, dict):
        raise _not_of_type(kind, given, f"{kind}Spec.spec.{name}", f"v1.{struct}")
    for key, value in (given or {}).items():
        if key in (*_RESOURCE_FIELDS[:7], "path") and value is not None and not isinstance(value, str):
            raise _not_of_type(kind, value, f"{struct}.spec.{name}.{key}", "string")


def _not_of_type(kind: str, value: Any, field: str, wanted: str) -> ApiError:
    problem = f"json: cannot unmarshal {gojson.kind(value)} into Go struct field {field} of type {wanted}"
    return bad_request(f'{kind} in version "v1" cannot be handled as a {kind}: {problem}')


def _info(user: User) -> Object:
    out: Object = {"username": user.name}
    if user.uid:
        out["uid"] = user.uid
    if user.groups:
        out["groups"] = list(user.groups)
    if user.extra:
        out["extra"] = {key: list(values) for key, values in user.extra.items()}
    return out
