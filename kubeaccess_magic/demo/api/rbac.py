"""Authorization: only the Roles, ClusterRoles and bindings in the store decide."""

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
    """What a request wants to do, as RBAC sees it.

    Attributes
    ----------
    name
        The object's name; for the proxy subresource, the whole segment with scheme and port (A2).
    path
        The path of a request without a resource; then only the verb is set besides.
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
    """Whether a request is allowed, and why."""

    allowed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Grant:
    rules: list[Object]
    binding: str
    role: str
    subject: str


class Authorizer:
    """Decides by the roles and bindings that are in the store at that moment."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def decide(self, user: User, attributes: Attributes) -> Decision:
        """Decide whether a user is allowed to do something.

        Parameters
        ----------
        user
            The user.
        attributes
            What the user wants to do.
        """
        if MASTERS in user.groups:
            return Decision(True)
        missing_roles: list[str] = []
        for grant in self._grants(user, attributes.namespace, missing_roles):
            if any(_covers(rule, attributes) for rule in grant.rules):
                return Decision(True, f"RBAC: allowed by {grant.binding} of {grant.role} to {grant.subject}")
        return Decision(False, f"RBAC: {_summary(missing_roles)}" if missing_roles else "")

    def rules(self, user: User, namespace: str) -> tuple[list[Object], list[Object], str]:
        """A user's resource rules and non-resource rules in a namespace, and an error about missing roles.

        Parameters
        ----------
        user
            The user.
        namespace
            The namespace; rules for the whole cluster are included.
        """
        resource_rules: list[Object] = []
        non_resource_rules: list[Object] = []
        missing_roles: list[str] = []
        for grant in self._grants(user, namespace, missing_roles):
            for rule in grant.rules:
                if rule.get("resources"):
                    resource_rules.append(_with_keys(rule, ("verbs", "apiGroups", "resources", "resourceNames")))
                if rule.get("nonResourceURLs"):
                    non_resource_rules.append(_with_keys(rule, ("verbs", "nonResourceURLs")))
        return resource_rules, non_resource_rules, _summary(missing_roles)

    def check(self, user: User, info: RequestInfo) -> None:
        """Refuse a request that its user is not allowed to send.

        Parameters
        ----------
        user
            The user.
        info
            What the request is about.

        Raises
        ------
        ApiError
            403, with the message of E2.
        """
        attributes = attributes_of(info)
        decision = self.decide(user, attributes)
        if not decision.allowed:
            raise refusal(user, attributes, decision, info.scope)

    def _grants(self, user: User, namespace: str, missing_roles: list[str]) -> Iterator[_Grant]:
        for binding in self._store.objects(GROUP, "clusterrolebindings"):
            yield from self._granted(binding, user, "", missing_roles)
        if namespace:
            for binding in self._store.objects(GROUP, "rolebindings", namespace):
                yield from self._granted(binding, user, namespace, missing_roles)

    def _granted(self, binding: Object, user: User, namespace: str, missing_roles: list[str]) -> Iterator[_Grant]:
        subject = _subject(binding, user, namespace)
        if not subject:
            return
        reference = binding["roleRef"]
        kind, name = reference["kind"], reference["name"]
        resource = "clusterroles" if kind == "ClusterRole" else "roles"
        role = self._store.get(GROUP, resource, namespace if kind == "Role" else "", name)
        if role is None:
            missing_roles.append(f'{resource[:-1]}.{GROUP} "{name}" not found')
            return
        binding_name = binding["metadata"]["name"]
        binding_text = (
            f'RoleBinding "{binding_name}/{namespace}"' if namespace else f'ClusterRoleBinding "{binding_name}"'
        )
        yield _Grant(role.get("rules") or [], binding_text, f'{kind} "{name}"', subject)


def attributes_of(info: RequestInfo) -> Attributes:
    """The attributes of a request (A1, A2, A4)."""
    if not info.is_resource:
        return Attributes(info.verb, path=info.path)
    return Attributes(info.verb, info.resource, info.subresource, info.group, info.namespace, info.name)


def refusal(user: User, attributes: Attributes, decision: Decision, scope: str) -> ApiError:
    """The 403 for a request that is not allowed.

    Parameters
    ----------
    user
        The user.
    attributes
        What the user wants to do.
    decision
        The negative decision, which may have a reason.
    scope
        The namespace or the cluster, in words.
    """
    suffix = f": {decision.reason}" if decision.reason else ""
    if attributes.path:
        message = f'User "{user.name}" cannot {attributes.verb} path "{attributes.path}"{suffix}'
        error = forbidden(message, "", "")
        return ApiError(403, "Forbidden", f"forbidden: {message}", {}, error.headers)
    resource = attributes.resource + (f"/{attributes.subresource}" if attributes.subresource else "")
    group = attributes.group
    message = (
        f'User "{user.name}" cannot {attributes.verb} resource "{resource}" in API group "{group}" {scope}{suffix}'
    )
    return forbidden(message, attributes.name, attributes.resource, group)


def _covers(rule: Object, attributes: Attributes) -> bool:
    if not _includes(rule.get("verbs"), attributes.verb):
        return False
    if attributes.path:
        return any(_path_matches(pattern, attributes.path) for pattern in rule.get("nonResourceURLs") or ())
    if not _includes(rule.get("apiGroups"), attributes.group) or not rule.get("resources"):
        return False
    resources = rule["resources"]
    combined = f"{attributes.resource}/{attributes.subresource}" if attributes.subresource else attributes.resource
    covers_resource = "*" in resources or combined in resources
    if not covers_resource and attributes.subresource:
        covers_resource = f"*/{attributes.subresource}" in resources
    names = rule.get("resourceNames")
    return covers_resource and (not names or attributes.name in names)


def _includes(items: Iterable[str] | None, item: str) -> bool:
    items = items or ()
    return "*" in items or item in items


def _path_matches(pattern: str, path: str) -> bool:
    return pattern in ("*", path) or (pattern.endswith("*") and path.startswith(pattern.rstrip("*")))


def _subject(binding: Object, user: User, namespace: str) -> str:
    for subject in binding.get("subjects") or ():
        kind, name = subject["kind"], subject["name"]
        if kind == "User" and name == user.name:
            return f'User "{name}"'
        if kind == "Group" and name in user.groups:
            return f'Group "{name}"'
        if kind == "ServiceAccount":
            binding_text = subject.get("namespace") or namespace
            if user.name == f"system:serviceaccount:{binding_text}:{name}":
                return f'ServiceAccount "{name}/{binding_text}"'
    return ""


def _with_keys(rule: Object, keys: tuple[str, ...]) -> Object:
    return {key: rule[key] for key in keys if rule.get(key)}


def _summary(messages: list[str]) -> str:
    unique = list(dict.fromkeys(messages))
    return unique[0] if len(unique) == 1 else f"[{', '.join(unique)}]" if unique else ""
