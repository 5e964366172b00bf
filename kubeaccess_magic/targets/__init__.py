"""Targets: a service, pod or node behind the API server, or the API server itself.

::

    target   = [kind "/"] [namespace "/"] segment       kind: svc service(s) pod(s) po node(s) no; the default is svc
    segment  = [scheme ":"] name [":" port]             as the API server reads it (N1-N14); scheme: http https
    host     = [pod "."] name "." namespace [".svc" ["." any cluster domain]] | name
    url      = ("http" | "https") "://" host [":" number] [path] ["?" query]
    api path = "/" ...                                  the API server itself; a path through …/proxy names a target

A kind word before "/" always means the kind. Two spellings that the API server accepts are refused, because they are
nearly always mistakes: ``https:web``, which means a service called "https" (N7; type ``svc/https:web`` for that), and
upper case, which no name can have.

**How a pasted URL is read.** The first rule that applies decides. The host comes before the path, because apps inside
the cluster have paths that look like API paths (Prometheus: ``/api/v1/query``).

1. ``https`` to ``kubernetes``, ``kubernetes.default`` or ``kubernetes.default.svc…``: the API server itself.
2. An IP address or ``localhost``: an API server or a ``kubectl proxy`` if the path contains an API path; else refused.
3. ``name.namespace.svc…`` or ``pod.name.namespace.svc…``: inside the cluster.
4. The path goes through ``/proxy`` of a service, pod or node: an API server, since no app has such paths.
5. ``name`` (in the context's namespace), ``name.namespace``, or ``web-0.name.namespace``, a pod of a StatefulSet
   (its name ends in a number): inside the cluster.
6. The path contains an API path (``/api/v1…`` or ``/apis…``): an API server.
7. ``pod.name.namespace``: inside the cluster. Longer hosts are refused.

An API server may have a base path before its API path (``/k8s/clusters/c1``). Nothing is ever sent to the host of a
pasted URL: the URL only says which target is meant, and of which API server.
"""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, NoReturn, get_args
from urllib.parse import unquote

from ..errors import TargetError
from .names import (
    check_name,
    check_port,
    is_dotted_name,
    is_name,
    is_port_name,
    looks_like_scheme_and_name,
    quoted,
    shown,
    split_segment,
)
from .safe_paths import safe_path

__all__ = ["KINDS", "VERBS", "Kind", "Parsed", "Target", "check_name", "is_name", "is_port_name", "safe_path"]

Kind = Literal["service", "pod", "node", "api"]

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "svc": "service",
        "service": "service",
        "services": "service",
        "po": "pod",
        "pod": "pod",
        "pods": "pod",
        "no": "node",
        "node": "node",
        "nodes": "node",
    }
)
"""The words for kinds, with the kind that each means."""

VERBS: frozenset[str] = frozenset(
    "contexts namespaces services pods nodes use url can ways open forward stop panel last history doctor demo get "
    "svc po no ns".split()
)
"""The verbs of the magic, with their short names: as targets, these words need a kind before them."""


class Parsed(NamedTuple):
    """The parsed text of a target.

    Attributes
    ----------
    target
        The target.
    path
        The rest of a URL or an API path after the target, with its query, as typed; None if there is no rest.
    server
        The API server of a pasted URL, in lower case, without its default port and a "/" at the end; else None.
    """

    target: Target
    path: str | None
    server: str | None


@dataclasses.dataclass(frozen=True)
class Target:
    """A service, pod or node behind the API server, or the API server itself.

    Parameters
    ----------
    kind
        "service", "pod", "node", or "api" for the API server itself, which has no other parts.
    name
        The name of the object.
    namespace
        The namespace of the object; None means the context's. Always None for a node.
    port
        The port as typed, a number or a name; "" for none. For a service it is the *service* port (S1), not the
        targetPort.
    scheme
        The protocol to the target: "http", "https", or "" for the API server's default, http (D4).

    Raises
    ------
    TargetError
        Kubernetes does not allow one of the parts.
    """

    kind: Kind = "service"
    name: str = ""
    namespace: str | None = None
    port: str = ""
    scheme: str = ""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise TargetError(f"unknown kind {quoted(self.kind)}", hint="the kinds are service, pod, node and api")
        if self.kind == "api":
            if self.name or self.namespace is not None or self.port or self.scheme:
                raise TargetError(
                    "the API server itself has no name, namespace, port or scheme",
                    hint='use kind="api" alone, and pass the rest as the path',
                )
            return
        check_name(self.kind, self.name)
        check_port(self.kind, self.port)
        if self.namespace is not None:
            if self.kind == "node":
                raise TargetError("a node has no namespace", hint=f"type `node/{self.name}`")
            check_name("namespace", self.namespace)
        if self.scheme not in ("", "http", "https"):
            raise TargetError(
                f"the API server does not support the scheme {quoted(self.scheme)}",  # N9
                hint="type `http`, `https` or nothing before the name",
            )

    @classmethod
    def parse(cls, text: str) -> Parsed:
        """Read the text of a target. The documentation of this module has the grammar.

        Parameters
        ----------
        text
            A target, a URL that works inside the cluster, a URL of an API server or of ``kubectl proxy``, or an API
            path.

        Raises
        ------
        TargetError
            The text is not a valid target. The hint says what to type instead. A URL with a login is refused, and the
            message does not repeat it.
        """
        if text.startswith("/"):
            return Parsed(*_read_api_path(text), None)
        if match := _URL.fullmatch(text):
            return _read_url(match["scheme"].lower(), match["authority"], match["rest"])
        return Parsed(_read_target(text), None, None)

    def __str__(self) -> str:
        """The shortest text that parses to this target."""
        return self._text

    @functools.cached_property
    def _text(self) -> str:
        if self.kind == "api":
            return "/"
        looks_wrong = looks_like_scheme_and_name(self.scheme, self.name, self.port)
        words = [self.segment] if self.namespace is None else [self.namespace, self.segment]
        if self.kind != "service":
            words[-1] = f":{self.segment}" if looks_wrong else self.segment  # N6: three parts, the scheme empty
            return "/".join([self.kind, *words])
        needs_kind = looks_wrong or words[0] in KINDS or (len(words) == 1 and words[0] in VERBS)
        return "/".join(["svc", *words] if needs_kind else words)

    @functools.cached_property
    def segment(self) -> str:
        """Name, port and scheme in the form of the API server and of RBAC (N14, A2), such as "https:web:443"."""
        if self.scheme:
            return f"{self.scheme}:{self.name}:{self.port}"
        return f"{self.name}:{self.port}" if self.port else self.name

    @property
    def port_forward(self) -> str:
        """The kubectl command that opens a local port to this target, for what the proxy verb does not carry."""
        option = f" -n {self.namespace}" if self.namespace else ""
        kind = "svc" if self.kind == "service" else self.kind
        return f"kubectl port-forward{option} {kind}/{self.name} 8080:{self.port or 'PORT'}"

    def with_namespace(self, namespace: str | None) -> Target:
        """A copy of this target in another namespace; None means the context's."""
        return dataclasses.replace(self, namespace=namespace)

    def with_port(self, port: str) -> Target:
        """A copy of this target with another port; "" for none."""
        return dataclasses.replace(self, port=port)

    def with_scheme(self, scheme: str) -> Target:
        """A copy of this target with another scheme; "" for none."""
        return dataclasses.replace(self, scheme=scheme)


_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.DOTALL)
_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::(?P<port>[0-9]*))?", re.ASCII)
_STATEFUL_POD = re.compile(r".+-[0-9]+")
_API_SERVER_INSIDE = ("kubernetes", "default", "svc")
# The first API path after any base path; "/api" alone only at the end, since a base may contain such a segment.
_API_PATH = re.compile(r"(?P<base>(?:/[^/?]+)*?)(?P<api>/(?:(?:api/v1|apis)(?![^/?])|api/?(?![^?])).*)", re.DOTALL)


def _read_target(text: str) -> Target:
    """Read a target in the short form ``[kind/][namespace/]segment``."""
    if text == "?":
        raise TargetError("a question mark is not a target", hint="%kproxy -h lists what you can type")
    _refuse_urls_and_api_paths(text)
    target_text, mark, query = text.partition("?")
    words = target_text.split("/")
    typed_kind = [words.pop(0)] if len(words) > 1 and words[0].lower() in KINDS else []
    kind = KINDS[typed_kind[0].lower()] if typed_kind else "service"
    # Only a segment can contain ":", and only a path can follow a segment.
    typed_namespace = [words.pop(0)] if len(words) > 1 and ":" not in words[0] and kind != "node" else []
    segment, *path = words
    if path or mark:
        raise TargetError(
            f"{quoted(text)} is more than a target: the path must be a separate word",
            hint=f"did you mean {_separated([*typed_kind, *typed_namespace], segment, path, mark + query)}?",
        )
    if target_text != target_text.lower():
        raise TargetError(
            f"{quoted(text)} is not a valid target, because names and schemes are lower-case",  # N9, N10
            hint=f"type `{shown(target_text.lower())}`",
        )
    scheme, name, port = split_segment(segment)
    namespace = typed_namespace[0] if typed_namespace else None
    if kind == "service" and "." in name:
        _refuse_dots(namespace, scheme, name, port)
    # Nobody needs `svc/`, so it says that `https:web` is meant as it stands; so does `:https:web` (N6).
    if not (typed_kind and kind == "service") and segment.count(":") == 1:
        _refuse_scheme_as_name(Target(kind=kind, name=name, namespace=namespace, port=port))
    return Target(kind=kind, name=name, namespace=namespace, port=port, scheme=scheme)


def _refuse_urls_and_api_paths(text: str) -> None:
    """Refuse what is meant as a URL or an API path, but is not written as one."""
    if "@" in text:  # not repeated: it may be a login
        raise TargetError(
            "a target cannot contain @ or a login", hint="type `NAMESPACE/NAME:PORT`, and the path as a separate word"
        )
    if scheme := re.match(r"(https?):/+", text, re.IGNORECASE):
        url = f"{scheme[1].lower()}://{text[scheme.end() :]}"
        raise TargetError(f"{quoted(text)} is a URL that lacks a slash", hint=f"type `{shown(url)}`")
    if re.match(r"api/v1/|apis/[^/]+/", text):
        raise TargetError(
            f"{quoted(text)} is a path of the API server without its leading slash", hint=f"type `/{shown(text)}`"
        )


def _separated(before: list[str], segment: str, path: list[str], query: str) -> str:
    """Target and path as separate words, as lines to type; `before` are the words before the segment."""

    def line(target: list[str], path: list[str]) -> str:
        path_text = "/".join(path) or "/" if path else ""
        return f"`{shown('/'.join(target))} {shown(path_text + query)}".rstrip() + "`"

    is_literal = bool(before) and KINDS.get(before[0].lower()) == "service"
    if is_literal or segment.count(":") != 1 or not looks_like_scheme_and_name("", *segment.split(":")):
        return line([*before, segment], path)
    # The scheme belongs before the name, and the namespace before the scheme: `https:shop/web` has two meanings.
    lines = [line([*before, f"{segment}:"], path)]
    if not before and path and is_dotted_name(path[0].partition(":")[0]):
        scheme, namespace = segment.split(":")
        new_segment = f"{scheme}:{path[0]}" + ":" * (":" not in path[0])
        lines.insert(0, line([namespace, new_segment], path[1:]))
    return ", or ".join(lines)


def _refuse_scheme_as_name(target: Target) -> None:
    """Refuse a segment of two parts whose name looks like a scheme (N7)."""
    if not looks_like_scheme_and_name(target.scheme, target.name, target.port):
        return
    probable = Target(kind=target.kind, name=target.port, namespace=target.namespace, scheme=target.name)
    name, port, kind = target.name, target.port, target.kind
    raise TargetError(
        f'the API server reads `{target.segment}` as the {kind} "{name}" with the port "{port}"',
        hint=f"type `{probable}` for {name} to {port}, or `{target}` if a {kind} is called {name}",
    )


def _refuse_dots(namespace: str | None, scheme: str, name: str, port: str) -> NoReturn:
    """Refuse a service name with dots. It is probably the host of an in-cluster URL without its scheme."""
    hint = "type `NAMESPACE/NAME:PORT`, or `pod/NAMESPACE/NAME:PORT` for a pod"
    if namespace is None and _is_inside_host(name.split("."), None) and is_dotted_name(name):
        url = f"{scheme or 'http'}://{name}" + (f":{port}" if port else "")
        hint = f"type `{url}` or `{_read_host(scheme, name.split('.'), port)}`"
    raise TargetError(f"a service name cannot contain dots: {quoted(name)}", hint=hint)


def _read_api_path(path: str) -> tuple[Target, str | None]:
    """The target and the rest of an API path through ``…/proxy``; the API server and the whole path for any other."""
    if path.startswith("//"):
        raise TargetError(
            "an API path begins with one slash, a URL with http:// or https://",
            hint=f"type `/{shown(path.lstrip('/'))}`",
        )
    path_only, mark, query = path.partition("?")
    safe_path(path_only)
    words = path_only.split("/")[1:]
    namespace: str | None = None
    match [unquote(word) for word in words]:
        case ["api", "v1", "namespaces", namespace, "services" | "pods" as resource, segment, "proxy", *below]:
            pass
        case ["api", "v1", "nodes" as resource, segment, "proxy", *below]:
            pass
        # the proxy prefix of Kubernetes 1.9 and older
        case ["api", "v1", "proxy", "namespaces", namespace, "services" | "pods" as resource, segment, *below]:
            pass
        case ["api", "v1", "proxy", "nodes" as resource, segment, *below]:
            pass
        case _:
            return Target(kind="api"), path
    if "/" in segment:
        raise TargetError(
            f"the segment {quoted(segment)} contains an encoded slash, which ends it for the API server",
            hint="type `NAMESPACE/NAME:PORT`, and the path as a separate word",
        )
    scheme, name, port = split_segment(segment)
    target = Target(kind=KINDS[resource], name=name, namespace=namespace, port=port, scheme=scheme)
    rest = "".join(f"/{word}" for word in words[len(words) - len(below) :]) + mark + query
    return target, rest or None


def _read_url(scheme: str, authority: str, rest: str) -> Parsed:
    """Read a URL of a service inside the cluster, of an API server, or of ``kubectl proxy``."""
    if scheme not in ("http", "https"):
        raise TargetError(
            f"only URLs with http and https are supported, not {quoted(scheme)}",
            hint="type `http://NAME.NAMESPACE:PORT` if the service speaks HTTP",
        )
    host, port = _read_authority(authority)
    api = _API_PATH.fullmatch(rest)
    base, path = (api["base"], api["api"]) if api else ("", rest or "/")
    labels = host.split(".")
    if scheme == "https" and (host in ("kubernetes", "kubernetes.default") or tuple(labels[:3]) == _API_SERVER_INSIDE):
        base, path = "", rest or "/"
    elif (address := _address(host)) is None and _is_inside_host(labels, api):
        return Parsed(_read_host(scheme, labels, port), rest or None, None)
    elif api is None:
        raise TargetError(
            f"{quoted(host)} is not the host of a service in the cluster, and the path is not an API path",
            hint="type `http://NAME.NAMESPACE.svc:PORT`; for the API server, type only the path from its first slash",
        )
    else:
        host = address or host
    origin = f"{scheme}://{host}"
    if port and int(port) != {"http": 80, "https": 443}[scheme]:
        origin += f":{int(port)}"
    return Parsed(*_read_api_path(path), origin + safe_path(base))


def _read_authority(authority: str) -> tuple[str, str]:
    """Host and port of a URL; the port is "" if there is none. Messages do not repeat what may be a login."""
    if "@" in authority:
        raise TargetError(
            "a URL with a login is refused, because logs and histories would keep it",  # X12
            hint="type the URL without the part before the @",
        )
    if "\\" in authority:
        raise TargetError(
            "the host of the URL contains a backslash, which programs interpret differently",
            hint="type `http://NAME.NAMESPACE:PORT`",
        )
    parts = _HOST_AND_PORT.fullmatch(authority)
    if parts is None:
        raise TargetError(
            "the URL has no valid host, or its port is not a number",
            hint="type `http://NAME.NAMESPACE:PORT`, or `NAMESPACE/NAME:PORT` for a port by its name",
        )
    port = parts["port"] or ""
    check_port("service", port)
    return parts["host"].lower().removesuffix("."), port


def _address(host: str) -> str | None:
    """An IP address or localhost in the form of a URL; None if the host is neither."""
    if host == "localhost":
        return host
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    return f"[{address.compressed}]" if address.version == 6 else address.compressed


def _is_inside_host(labels: list[str], api: re.Match[str] | None) -> bool:
    """Whether a host name belongs to the cluster: rules 3 to 7 at the top of this module."""
    if "svc" in labels[2:4]:
        return True
    if api is not None and _read_api_path(api["api"])[0].kind != "api":
        return False
    if len(labels) == 3:
        return api is None or _STATEFUL_POD.fullmatch(labels[0]) is not None
    return len(labels) < 3


def _read_host(scheme: str, labels: list[str], port: str) -> Target:
    """The service or pod that a host name means inside the cluster."""
    match labels[: labels.index("svc", 2)] if "svc" in labels[2:4] else labels:
        case [name]:
            return Target(name=name, port=port, scheme=scheme)
        case [name, namespace]:
            return Target(name=name, namespace=namespace, port=port, scheme=scheme)
        case [pod, _, namespace]:
            return Target(kind="pod", name=pod, namespace=namespace, port=port, scheme=scheme)
    raise AssertionError(f"unexpected host of {len(labels)} labels")
