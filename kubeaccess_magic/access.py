"""A request as RBAC sees it: which verb on which resource of which name, whether rules allow it, the Role that would.

Through the proxy, RBAC sees the method and the whole segment, scheme and port included, and nothing of the path
behind it (A1-A4). ``web``, ``web:80`` and ``http:web:`` are three names to it (A3), so a right to one of them is
none to the others. Of an API path that goes through no proxy it sees what the API server's RequestInfo reads.
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
    """What RBAC looks at.

    Attributes
    ----------
    verb
        "get", "list", "create" …; "" where the API server knows none (OPTIONS), which only a rule for all verbs allows.
    resource
        "services", "pods", "nodes" …; "" for a path that is no resource.
    subresource
        "proxy" for whatever goes through the proxy; "" for none.
    name
        The segment (A2), or the name of an object; "" for none, as in a list.
    namespace
        None for what is in no namespace, and for a list over all of them.
    group
        API group, "" for the core.
    path
        The path, where it is no resource, such as "/version"; else None.
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
        """Resource and subresource as RBAC writes them: "services/proxy"."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource

    def review(self) -> dict[str, dict[str, str]]:
        """The ``spec`` of a SelfSubjectAccessReview that asks for exactly this (F9)."""
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
    """Whether somebody may; true or false like a bool.

    Attributes
    ----------
    allowed
        Whether the API server would let the request pass.
    reason
        Why, in its words where it gives any.
    role
        The Role to ask for, as YAML, if not allowed; else None.
    """

    allowed: bool
    reason: str = ""
    role: str | None = None

    def __bool__(self) -> bool:
        return self.allowed


def attributes(method: str, target: Target, namespace: str | None = None, path: str | None = None) -> Attributes:
    """What RBAC looks at in a request.

    Parameters
    ----------
    method
        HTTP method.
    target
        Whom it asks.
    namespace
        The context's, for a target that names none.
    path
        Path and query; looked at only for the API server itself.

    Raises
    ------
    TargetError
        The target needs a namespace and there is none.
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
    """Whether rules allow a request, as RBAC decides it.

    Parameters
    ----------
    rules
        ``resourceRules`` or ``nonResourceRules`` of a SelfSubjectRulesReview, or the ``rules`` of a Role. The
        review may be incomplete (F10): True can be relied on, False is a hint.
    attributes
        The request.
    """
    return any(_matches(rule, attributes) for rule in rules)


def equivalent_segments(target: Target, service_ports: Iterable[tuple[str, int]] = ()) -> tuple[Target, ...]:
    """Other spellings of a target that reach the same port in the same way, but are other names to RBAC (A3).

    Parameters
    ----------
    target
        A target.
    service_ports
        Name ("" for none) and number of each port of the service, in the order of the Service. For pods and nodes
        only the scheme can be spelled otherwise, so none are needed.

    Returns
    -------
    tuple of Target
        Without the target itself.
    """
    if target.kind == "api":
        return ()
    ports = [target.port]
    if target.kind == "service":
        ports = _spellings(target.port, list(service_ports)) or ports
    schemes = ["https"] if target.scheme == "https" else ["", "http"]  # D4: none is http
    others = (target.with_scheme(scheme).with_port(port) for scheme in schemes for port in ports)
    return tuple(other for other in others if other != target)


def granted_segments(rules: Iterable[Mapping[str, Any]], method: str, target: Target) -> tuple[Target, ...]:
    """The one spelling of a service without a port that rules grant by name; none where they grant several, or none.

    Whoever may not read the Service cannot know its ports; whoever was granted ``web:80`` alone can mean no other.

    Parameters
    ----------
    rules
        ``resourceRules`` of a SelfSubjectRulesReview.
    method
        HTTP method.
    target
        A service, as typed without a port.
    """
    found: dict[Target, None] = {}
    for rule in rules:
        for name in rule.get("resourceNames") or ():
            scheme, _, rest = name.partition(":") if name.count(":") == 2 else ("", "", name)
            service, _, port = rest.partition(":")
            if service != target.name or scheme not in ("", "http", "https") or target.scheme not in ("", scheme):
                continue
            other = dataclasses.replace(target, port=port, scheme=scheme)
            if other != target and allows([rule], attributes(method, other)):
                found[other] = None
    return tuple(found) if len(found) == 1 else ()


def role(attributes: Attributes, *, user: str | None = None) -> str:
    """The least that RBAC must grant for a request, as YAML for ``kubectl apply -f``.

    Parameters
    ----------
    attributes
        The request.
    user
        Who asks, as the API server calls them; None leaves a placeholder.

    Returns
    -------
    str
        A Role and its RoleBinding; for what is in no namespace a ClusterRole and its ClusterRoleBinding.
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
    """An API path as the API server reads it (k8s.io/apiserver, pkg/endpoints/request/requestinfo.go)."""
    raw, _, query = path.partition("?")
    where = unquote(raw)
    verb = _VERBS.get(method.upper(), "")
    words = where.strip("/").split("/")
    elsewhere = Attributes(verb=method.lower(), resource="", subresource="", path=where)
    match words:
        case ["api", _, *rest]:
            group = ""
        case ["apis", group, _, *rest]:
            pass
        case _:
            return elsewhere
    if not rest:
        return elsewhere  # "/api/v1" lists the resources, it is none
    if rest[0] in ("proxy", "watch") and len(rest) > 1:
        verb, *rest = rest
    namespace = None
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in ("status", "finalize"):
            rest = rest[2:]
    resource, name, subresource = [*rest, "", "", ""][:3]
    if verb == "proxy":
        subresource = ""  # of the prefix until Kubernetes 1.10
    if not name and verb == "get":
        parameters = parse_qs(query, keep_blank_values=True)
        verb = "list" if parameters.get("watch", ["false"])[0].lower() in ("false", "0") else "watch"
        # To list the one object of a name is a right to that name.
        selected = re.search(r"(?:^|,)metadata\.name==?([^,=!]+)", parameters.get("fieldSelector", [""])[0])
        name = selected[1] if selected else ""
    if not name and verb == "delete":
        verb = "deletecollection"
    return Attributes(verb, resource, subresource, name, namespace or None, group)


def _matches(rule: Mapping[str, Any], wanted: Attributes) -> bool:
    def holds(field: str, *values: str) -> bool:
        return not {"*", *values}.isdisjoint(rule.get(field) or ())

    if not holds("verbs", wanted.verb):
        return False
    if wanted.path is not None:
        urls = rule.get("nonResourceURLs") or ()
        return any(
            wanted.path.startswith(url.removesuffix("*")) if url.endswith("*") else url == wanted.path for url in urls
        )
    resources = [wanted.full_resource, *([f"*/{wanted.subresource}"] if wanted.subresource else [])]
    names = rule.get("resourceNames") or ()
    return holds("apiGroups", wanted.group) and holds("resources", *resources) and (not names or wanted.name in names)


def _spellings(port: str, service_ports: list[tuple[str, int]]) -> list[str]:
    """Every way to type the port that the API server finds for this one (S1-S5): its name or nothing, its number."""
    by_number = {number: name for name, number in reversed(service_ports)}  # of two with one number the first (S5)
    name = by_number.get(int(port)) if port.lstrip("+").isdigit() else port
    numbers = [number for other, number in service_ports if other == name]
    if name is None or not numbers:
        return []
    return [name, *(str(number) for number in numbers if by_number[number] == name)]


def _role_name(attributes: Attributes) -> str:
    """A name that says what the Role is for, such as "proxy-web-80" or "list-pods"; RFC 1123, at most 63 characters."""
    if attributes.path is not None:
        words = [attributes.verb, attributes.path]
    elif attributes.subresource == "proxy":
        kind = "" if attributes.resource == "services" else attributes.resource.removesuffix("s")
        # Not `get` in it, which is what nearly everybody wants; the others must not overwrite that Role.
        words = ["proxy", kind, attributes.name, "" if attributes.verb == "get" else attributes.verb or "any"]
    else:
        words = [attributes.verb or "any", attributes.resource, attributes.subresource, attributes.name]
    return re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-")[:63].strip("-")


def _warnings(attributes: Attributes) -> list[str]:
    if attributes.full_resource == "nodes/proxy":  # D9, X7
        return ["# Careful: nodes/proxy opens the whole kubelet API, and get is enough to run commands in its pods."]
    if not attributes.verb:  # A1
        return ["# Careful: this method is allowed only together with all others."]
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
    name = user or "REPLACE ME with the user name that kubectl auth whoami shows"
    return ["- apiGroup: rbac.authorization.k8s.io", "  kind: User", f"  name: {_quoted(name)}"]


def _quoted(text: str) -> str:
    """A text as YAML reads it again, whatever is in it."""
    escaped = (c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08X}" for c in text)
    return f'"{"".join(escaped)}"'
