"""Reviews of the user's own identity and rights, which every authenticated user may request (F9, F10)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .refusals import refused

if TYPE_CHECKING:
    from ..access import Attributes
    from ..call import Call
    from .api import KubernetesApi

__all__ = ["identity", "may", "rules"]


def may(api: KubernetesApi, attributes: Attributes, call: Call) -> tuple[bool, str]:
    """Whether exactly this request is allowed, and the API server's reason, which may be empty (F9)."""
    status = _review(api, "authorization.k8s.io/v1", "SelfSubjectAccessReview", attributes.review(), call)
    reason = status.get("reason") or status.get("evaluationError") or ""
    return status.get("allowed") is True, str(reason)


def rules(api: KubernetesApi, namespace: str, call: Call) -> list[dict[str, Any]]:
    """The rules that apply to the user in a namespace, as far as the API server can list them (F10)."""
    spec = {"namespace": namespace}
    status = _review(api, "authorization.k8s.io/v1", "SelfSubjectRulesReview", spec, call)
    return [rule for rule in status.get("resourceRules") or () if isinstance(rule, dict)]


def identity(api: KubernetesApi, call: Call) -> tuple[str, tuple[str, ...]]:
    """The user name and the groups that the API server sees; those of the impersonated user, if there is one (F10)."""
    status = _review(api, "authentication.k8s.io/v1", "SelfSubjectReview", None, call)
    user = status.get("userInfo") or {}
    return str(user.get("username") or ""), tuple(str(group) for group in user.get("groups") or ())


def _review(api: KubernetesApi, group: str, kind: str, spec: Mapping[str, Any] | None, call: Call) -> dict[str, Any]:
    body = {"apiVersion": group, "kind": kind, **({"spec": spec} if spec is not None else {})}
    path = f"/apis/{group}/{kind.lower()}s"
    reply = api.call("POST", path, json.dumps(body).encode(), call=call)
    if not reply.ok:
        raise refused(reply)
    answer = reply.json()
    status = answer.get("status") if isinstance(answer, dict) else None
    return status if isinstance(status, dict) else {}
