"""What RBAC sees of a request, whether rules allow it, and the Role that would.

Of a request through the proxy verb, RBAC sees the method and the whole segment with scheme and port, but not the path
behind it (A1-A4). ``web``, ``web:80`` and ``http:web:`` are three different names (A3): a right to one of them is not
a right to the others. Any other API path is read as the API server's RequestInfo reads it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

from .errors import TargetError
from .targets import Target

__all__ = ["Access", "Attributes", "allows", "attributes", "equivalent_segments", "granted_segments", "role"]

_VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}  # A1


@dataclasses.dataclass(frozen=True, slots=True)
class Attributes:
    """What RBAC sees of a request.

    Parameters
    ----------
    verb
        Such as "get", "list" or "create". "" if the API server has no verb for the method (OPTIONS): only a rule for
        all verbs allows that.
    resource
        Such as "services", "pods" or "nodes"; "" if the path is not a resource.
    subresource
        "proxy" for a request through the proxy verb; "" for none.
    name
        The segment (A2) or the name of an object; "" for a list.
    namespace
        None for a cluster-scoped resource and for a list over all namespaces.
    group
        The API group, "" for the core group.
    path
        The path if it is not a resource, such as "/version"; else None.
    """

    verb: str
    resource: str
    subresource: str = "proxy"
    name: str = ""
    namespace: str | None = None
    group: str = ""
    path: str | None = None

    @property
    def full_resource(self) -> str:
        """Resource and subresource as RBAC rules write them, such as "services/proxy"."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource

    def review(self) -> dict[str, dict[str, str]]:
        """The ``spec`` of a SelfSubjectAccessReview for this request (F9)."""
        if self.path is not None:
            return {"nonResourceAttributes": {"path": self.path, "verb": self.verb}}
        fields = {
            "namespace": self.namespace or "",
            "verb": self.verb,
            "group": self.group,
            "resource": self.resource,
            "subresource": self.subresource,
            "name": self.name,
        }
        return {"resourceAttributes": {field: value for field, value in fields.items() if value}}


@dataclasses.dataclass(frozen=True, slots=True)
class Access:
    """The answer to whether a request is allowed; true in a condition if it is.

    Parameters
    ----------
    allowed
        Whether the API server would accept the request.
    reason
        The API server's reason; "" if it gives none.
    role
        The Role that would allow the request, as YAML; None if the request is allowed.
    attributes
        What was asked about, as RBAC sees it; None if that is not known.
    """

    allowed: bool
    reason: str = ""
    role: str | None = None
    attributes: Attributes | None = None

    def __bool__(self) -> bool:
        return self.allowed


def attributes(method: str, target: Target, namespace: str | None = None, path: str | None = None) -> Attributes:
    """What RBAC sees of a request.

    Parameters
    ----------
    method
        The HTTP method.
    target
        The target of the request.
    namespace
        The namespace to use if the target has none.
    path
        The path with its query; it matters only if the target is the API server itself.

    Raises
    ------
    TargetError
        The target needs a namespace and has none.
    """
    if target.kind == "api":
        return _request_info(method, path or "/")
    if target.kind != "node" and not (target.namespace or namespace):
        raise TargetError(
            f"the namespace of {target.kind} {target.name} is not known",
            hint=f"type `NAMESPACE/{target.segment}`, or add `-n NAMESPACE`",
        )
    return Attributes(
        verb=_VERBS.get(method.upper(), ""),
        resource=f"{target.kind}s",
        name=target.segment,
        namespace=None if target.kind == "node" else target.namespace or namespace,
    )


def allows(rules: Iterable[Mapping[str, Any]], attributes: Attributes) -> bool:
    """Whether RBAC rules allow a request.

    Parameters
    ----------
    rules
        ``resourceRules`` or ``nonResourceRules`` of a SelfSubjectRulesReview, or the ``rules`` of a Role. A review
        may be incomplete (F10): then True is certain and False is not.
    attributes
        What RBAC sees of the request.
    """
    return any(_matches(rule, attributes) for rule in rules)


def equivalent_segments(target: Target, service_ports: Iterable[tuple[str, int]] = ()) -> tuple[Target, ...]:
    """The other spellings of a target that reach the same port by the same scheme, but have other RBAC names (A3).

    Parameters
    ----------
    target
        The target to respell.
    service_ports
        The name ("" for none) and number of each port of the Service, in its order. Pods and nodes need none: only
        their scheme has several spellings.

    Returns
    -------
    tuple of Target
        The other spellings, without `target` itself.
    """
    if target.kind == "api":
        return ()
    ports = [target.port]
    if target.kind == "service":
        ports = _spellings(target.port, list(service_ports)) or ports
    schemes = ["https"] if target.scheme == "https" else ["", "http"]  # D4: the default is http
    spellings = (target.with_scheme(scheme).with_port(port) for scheme in schemes for port in ports)
    return tuple(spelling for spelling in spellings if spelling != target)


def granted_segments(rules: Iterable[Mapping[str, Any]], method: str, target: Target) -> tuple[Target, ...]:
    """The only spelling of a service that rules grant by name, as a tuple of one; empty if they grant none or several.

    It completes a target without a port for users who may not read the Service: who was granted only ``web:80`` can
    mean no other port.

    Parameters
    ----------
    rules
        ``resourceRules`` of a SelfSubjectRulesReview.
    method
        The HTTP method.
    target
        The service, without a port.
    """
    granted: dict[Target, None] = {}
    for rule in rules:
        for name in rule.get("resourceNames") or ():
            scheme, _, rest = name.partition(":") if name.count(":") == 2 else ("", "", name)
            service, _, port = rest.partition(":")
            if service != target.name or scheme not in ("", "http", "https") or target.scheme not in ("", scheme):
                continue
            spelling = dataclasses.replace(target, port=port, scheme=scheme)
            if spelling != target and allows([rule], attributes(method, spelling)):
                granted[spelling] = None
    return tuple(granted) if len(granted) == 1 else ()


def role(attributes: Attributes, *, user: str | None = None) -> str:
    """The smallest Role that allows a request, as YAML for ``kubectl apply -f``.

    Parameters
    ----------
    attributes
        What RBAC sees of the request.
    user
        The user's name as the API server knows it; None leaves a placeholder.

    Returns
    -------
    str
        A Role with its RoleBinding. Without a namespace, a ClusterRole with its ClusterRoleBinding.
    """
    kind = "Role" if attributes.namespace else "ClusterRole"
    metadata = ["metadata:", f"  name: {_quoted(_role_name(attributes))}"]
    if attributes.namespace:
        metadata.append(f"  namespace: {_quoted(attributes.namespace)}")
    lines = [
        *_warnings(attributes),
        "apiVersion: rbac.authorization.k8s.io/v1",
        f"kind: {kind}",
        *metadata,
        "rules:",
        *_rule(attributes),
        "---",
        "apiVersion: rbac.authorization.k8s.io/v1",
        f"kind: {kind}Binding",
        *metadata,
        "roleRef:",
        "  apiGroup: rbac.authorization.k8s.io",
        f"  kind: {kind}",
        f"  name: {_quoted(_role_name(attributes))}",
        "subjects:",
        *_subject(user),
    ]
    return "".join(f"{line}\n" for line in lines)


def _request_info(method: str, path: str) -> Attributes:
    """Read an API path as the API server does (k8s.io/apiserver, pkg/endpoints/request/requestinfo.go)."""
    encoded_path, _, query = path.partition("?")
    decoded_path = unquote(encoded_path)
    verb = _VERBS.get(method.upper(), "")
    non_resource = Attributes(verb=method.lower(), resource="", subresource="", path=decoded_path)
    match decoded_path.strip("/").split("/"):
        case ["api", _, *rest]:
            group = ""
        case ["apis", group, _, *rest]:
            pass
        case _:
            return non_resource
    if not rest:
        return non_resource  # "/api/v1" lists the resources, but is not one
    if rest[0] in ("proxy", "watch") and len(rest) > 1:
        verb, *rest = rest
    namespace = None
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in ("status", "finalize"):
            rest = rest[2:]
    resource, name, subresource = [*rest, "", "", ""][:3]
    if verb == "proxy":
        subresource = ""  # the proxy prefix of Kubernetes 1.9 and older
    if not name and verb == "get":
        parameters = parse_qs(query, keep_blank_values=True)
        verb = "list" if parameters.get("watch", ["false"])[0].lower() in ("false", "0") else "watch"
        # A list that selects one name needs only the right to that name.
        selected = re.search(r"(?:^|,)metadata\.name==?([^,=!]+)", parameters.get("fieldSelector", [""])[0])
        name = selected[1] if selected else ""
    if not name and verb == "delete":
        verb = "deletecollection"
    return Attributes(verb, resource, subresource, name, namespace or None, group)


def _matches(rule: Mapping[str, Any], attributes: Attributes) -> bool:
    def lists(field: str, *values: str) -> bool:
        return not {"*", *values}.isdisjoint(rule.get(field) or ())

    if not lists("verbs", attributes.verb):
        return False
    path = attributes.path
    if path is not None:
        urls = rule.get("nonResourceURLs") or ()
        return any(path.startswith(url.removesuffix("*")) if url.endswith("*") else url == path for url in urls)
    resources = [attributes.full_resource, *([f"*/{attributes.subresource}"] if attributes.subresource else [])]
    names = rule.get("resourceNames") or ()
    is_listed = lists("apiGroups", attributes.group) and lists("resources", *resources)
    return is_listed and (not names or attributes.name in names)


def _spellings(port: str, service_ports: list[tuple[str, int]]) -> list[str]:
    """All spellings of the port that the API server chooses (S1-S5): its name, "" if it has none, and its number."""
    names = {number: name for name, number in reversed(service_ports)}  # the first port of a number counts (S5)
    chosen_name = names.get(int(port)) if port.lstrip("+").isdigit() else port
    numbers = [number for name, number in service_ports if name == chosen_name]
    if chosen_name is None or not numbers:
        return []
    return [chosen_name, *(str(number) for number in numbers if names[number] == chosen_name)]


def _role_name(attributes: Attributes) -> str:
    """A name that says what the Role allows, such as "proxy-web-80" or "list-pods": an RFC 1123 label."""
    if attributes.path is not None:
        words = [attributes.verb, attributes.path]
    elif attributes.subresource == "proxy":
        kind = "" if attributes.resource == "services" else attributes.resource.removesuffix("s")
        # The usual verb, get, is left out. Other verbs are named, so that their Role does not replace that one.
        words = ["proxy", kind, attributes.name, "" if attributes.verb == "get" else attributes.verb or "any"]
    else:
        words = [attributes.verb or "any", attributes.resource, attributes.subresource, attributes.name]
    return re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-")[:63].strip("-")


def _warnings(attributes: Attributes) -> list[str]:
    if attributes.full_resource == "nodes/proxy":  # D9, X7
        return ["# Caution: nodes/proxy grants the whole kubelet API; get alone lets one run commands in pods."]
    if not attributes.verb:  # A1
        return ["# Caution: this method can only be granted together with all others."]
    return []


def _rule(attributes: Attributes) -> list[str]:
    verbs = f"  verbs: [{_quoted(attributes.verb or '*')}]"
    if attributes.path is not None:
        return [f"- nonResourceURLs: [{_quoted(attributes.path)}]", verbs]
    names = [f"  resourceNames: [{_quoted(attributes.name)}]"] if attributes.name else []
    return [
        f"- apiGroups: [{_quoted(attributes.group)}]",
        f"  resources: [{_quoted(attributes.full_resource)}]",
        *names,
        verbs,
    ]


def _subject(user: str | None) -> list[str]:
    match (user or "").split(":"):
        case ["system", "serviceaccount", namespace, name]:
            return ["- kind: ServiceAccount", f"  name: {_quoted(name)}", f"  namespace: {_quoted(namespace)}"]
    name = user or "REPLACE ME with the user name that `kubectl auth whoami` shows"
    return ["- apiGroup: rbac.authorization.k8s.io", "  kind: User", f"  name: {_quoted(name)}"]


def _quoted(text: str) -> str:
    """A YAML string that loads to exactly this text."""
    escaped = (c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08X}" for c in text)
    return f'"{"".join(escaped)}"'
