"""Who may what: Roles, ClusterRoles and their bindings among the objects decide, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from .authentication import User
from .requestinfo import RequestInfo
from .status import ApiError, Object, forbidden
from .store import Store

GROUP: Final = "rbac.authorization.k8s.io"
MASTERS: Final = "system:masters"


@dataclass(frozen=True, slots=True)
class Attributes:
    """What someone wants to do.

    Attributes
    ----------
    name
        For the proxy verb the whole segment with scheme and port (A2).
    path
        Of a request that is about no resource; then the other fields but the verb are empty.
    """

    verb: str
    resource: str = ""
    subresource: str = ""
    group: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes or no, and why."""

    allowed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Grant:
    rules: list[Object]
    binding: str
    role: str
    subject: str


class Authorizer:
    """Decides by the roles and bindings that the store holds at that moment."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def decide(self, user: User, wanted: Attributes) -> Decision:
        """Whether this user may."""
        if MASTERS in user.groups:
            return Decision(True)
        missing: list[str] = []
        for grant in self._grants(user, wanted.namespace, missing):
            if any(_covers(rule, wanted) for rule in grant.rules):
                return Decision(True, f"RBAC: allowed by {grant.binding} of {grant.role} to {grant.subject}")
        return Decision(False, f"RBAC: {_listed(missing)}" if missing else "")

    def rules(self, user: User, namespace: str) -> tuple[list[Object], list[Object], str]:
        """The resource rules and the others that a user has in a namespace, and what could not be resolved."""
        resources: list[Object] = []
        others: list[Object] = []
        missing: list[str] = []
        for grant in self._grants(user, namespace, missing):
            for rule in grant.rules:
                if rule.get("resources"):
                    resources.append(_shown(rule, ("verbs", "apiGroups", "resources", "resourceNames")))
                if rule.get("nonResourceURLs"):
                    others.append(_shown(rule, ("verbs", "nonResourceURLs")))
        return resources, others, _listed(missing)

    def check(self, user: User, info: RequestInfo) -> None:
        """Let the request pass.

        Raises
        ------
        ApiError
            403, in the words of E2.
        """
        wanted = attributes(info)
        decision = self.decide(user, wanted)
        if not decision.allowed:
            raise refusal(user, wanted, decision, info.scope)

    def _grants(self, user: User, namespace: str, missing: list[str]) -> Iterator[_Grant]:
        for binding in self._store.objects(GROUP, "clusterrolebindings"):
            yield from self._granted(binding, user, "", missing)
        if namespace:
            for binding in self._store.objects(GROUP, "rolebindings", namespace):
                yield from self._granted(binding, user, namespace, missing)

    def _granted(self, binding: Object, user: User, namespace: str, missing: list[str]) -> Iterator[_Grant]:
        subject = _subject(binding, user, namespace)
        if not subject:
            return
        reference = binding["roleRef"]
        kind, name = reference["kind"], reference["name"]
        resource = "clusterroles" if kind == "ClusterRole" else "roles"
        role = self._store.get(GROUP, resource, namespace if kind == "Role" else "", name)
        if role is None:
            missing.append(f'{resource[:-1]}.{GROUP} "{name}" not found')
            return
        own = binding["metadata"]["name"]
        where = f'RoleBinding "{own}/{namespace}"' if namespace else f'ClusterRoleBinding "{own}"'
        yield _Grant(role.get("rules") or [], where, f'{kind} "{name}"', subject)


def attributes(info: RequestInfo) -> Attributes:
    """What a request wants, as RBAC sees it (A1, A2, A4)."""
    if not info.is_resource:
        return Attributes(info.verb, path=info.path)
    return Attributes(info.verb, info.resource, info.subresource, info.group, info.namespace, info.name)


def refusal(user: User, wanted: Attributes, decision: Decision, scope: str) -> ApiError:
    """The 403 for it."""
    more = f": {decision.reason}" if decision.reason else ""
    if wanted.path:
        message = f'User "{user.name}" cannot {wanted.verb} path "{wanted.path}"{more}'
        error = forbidden(message, "", "")
        return ApiError(403, "Forbidden", f"forbidden: {message}", {}, error.headers)
    resource = wanted.resource + (f"/{wanted.subresource}" if wanted.subresource else "")
    message = (
        f'User "{user.name}" cannot {wanted.verb} resource "{resource}" in API group "{wanted.group}" {scope}{more}'
    )
    return forbidden(message, wanted.name, wanted.resource, wanted.group)


def _covers(rule: Object, wanted: Attributes) -> bool:
    if not _has(rule.get("verbs"), wanted.verb):
        return False
    if wanted.path:
        return any(_path_fits(pattern, wanted.path) for pattern in rule.get("nonResourceURLs") or ())
    if not _has(rule.get("apiGroups"), wanted.group) or not rule.get("resources"):
        return False
    resources = rule["resources"]
    combined = f"{wanted.resource}/{wanted.subresource}" if wanted.subresource else wanted.resource
    fits = "*" in resources or combined in resources
    if not fits and wanted.subresource:
        fits = f"*/{wanted.subresource}" in resources
    names = rule.get("resourceNames")
    return fits and (not names or wanted.name in names)


def _has(items: Iterable[str] | None, wanted: str) -> bool:
    items = items or ()
    return "*" in items or wanted in items


def _path_fits(pattern: str, path: str) -> bool:
    return pattern in ("*", path) or (pattern.endswith("*") and path.startswith(pattern.rstrip("*")))


def _subject(binding: Object, user: User, namespace: str) -> str:
    for subject in binding.get("subjects") or ():
        kind, name = subject["kind"], subject["name"]
        if kind == "User" and name == user.name:
            return f'User "{name}"'
        if kind == "Group" and name in user.groups:
            return f'Group "{name}"'
        if kind == "ServiceAccount":
            where = subject.get("namespace") or namespace
            if user.name == f"system:serviceaccount:{where}:{name}":
                return f'ServiceAccount "{name}/{where}"'
    return ""


def _shown(rule: Object, keys: tuple[str, ...]) -> Object:
    return {key: rule[key] for key in keys if rule.get(key)}


def _listed(errors: list[str]) -> str:
    unique = list(dict.fromkeys(errors))
    return unique[0] if len(unique) == 1 else f"[{', '.join(unique)}]" if unique else ""
