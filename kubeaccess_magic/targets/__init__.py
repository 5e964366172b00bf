"""Which service, pod or node is asked, or the API server itself: grammar, print, API path, safe paths.

::

    target   = [kind "/"] [namespace "/"] segment       kind: svc service(s) pod(s) po node(s) no; svc if none
    segment  = [scheme ":"] name [":" port]             the API server's own (N1-N14); scheme: http https
    host     = [pod "."] name "." namespace [".svc" ["." any cluster domain]] | name
    url      = ("http" | "https") "://" host [":" number] [path] ["?" query]
    api path = "/" ...                                  asks the API server; through …/proxy it names a target

A word before "/" that is a kind word is always a kind. Two spellings of the API server are refused because they
are nearly always slips: ``https:web``, which is a service called "https" (N7; ``svc/https:web`` means that), and
upper case, which no name can have.

**Whose host is it in a pasted URL?** The first rule that fits decides, the host before the path, because apps
inside the cluster have paths that look like the API's (Prometheus: ``/api/v1/query``):

1. ``https`` to ``kubernetes``, ``kubernetes.default`` or ``kubernetes.default.svc…``: the API server itself.
2. An IP address or ``localhost``: an API server or a ``kubectl proxy``, if the path holds an API path; else refused.
3. ``name.namespace.svc…`` or ``pod.name.namespace.svc…``: inside the cluster.
4. The path goes through ``/proxy`` of a service, pod or node: an API server, no app has such paths.
5. ``name`` (in the context's namespace), ``name.namespace``, or ``web-0.name.namespace``, a pod of a StatefulSet
   (its name ends in a number): inside the cluster.
6. The path holds an API path (``/api/v1…`` or ``/apis…``): an API server.
7. ``pod.name.namespace``: inside the cluster. Anything longer is refused.

Before its API path, an API server may have a base path (``/k8s/clusters/c1``). Nothing is ever sent to the host
that a URL names: it only says which target is meant, and of which API server.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, NoReturn, get_args
from urllib.parse import unquote

from ..errors import TargetError
from .parts import check_name, check_port, made_of_labels, quoted, reads_as_slip, safe_path, shown, split_segment

__all__ = ["KINDS", "VERBS", "Kind", "Parsed", "Target", "check_name", "safe_path"]

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
"""Every kind word and the kind that it means."""

VERBS: frozenset[str] = frozenset(
    "contexts namespaces services pods nodes use url can ways open forward stop panel last history doctor demo get "
    "svc po no ns".split()
)
"""The words that the magic takes as verbs."""


class Parsed(NamedTuple):
    """What a text names.

    Attributes
    ----------
    target
        The target.
    path
        What a URL or an API path brought after the target, query included, as it was typed; None if nothing.
    server
        The API server that a URL named: lower-case, without default port, without "/" at the end; else None.
    """

    target: Target
    path: str | None
    server: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """A service, pod or node behind the API server, or the API server itself.

    Parameters
    ----------
    kind
        "service", "pod", "node", or "api" for the API server itself, which has none of the rest.
    name
        Name of the object.
    namespace
        Its namespace; None means the context's. Always None for a node.
    port
        Number or name as typed; "" for none. For a service it is the *service* port (S1), never the targetPort.
    scheme
        How the API server speaks to it: "http", "https", or "" for the API server's default, http (D4).

    Raises
    ------
    TargetError
        A part is such as no object in Kubernetes can have.
    """

    kind: Kind = "service"
    name: str = ""
    namespace: str | None = None
    port: str = ""
    scheme: str = ""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise TargetError(f"there is no kind {quoted(self.kind)}", hint="the kinds are service, pod, node and api")
        if self.kind == "api":
            if self.name or self.namespace is not None or self.port or self.scheme:
                raise TargetError(
                    "the API server itself has no name, namespace, port or scheme",
                    hint='leave them out: kind "api" alone, and what is asked is the path',
                )
            return
        check_name(self.kind, self.name)
        check_port(self.kind, self.port)
        if self.namespace is not None:
            if self.kind == "node":
                raise TargetError("a node is in no namespace", hint=f"type `node/{self.name}`")
            check_name("namespace", self.namespace)
        if self.scheme not in ("", "http", "https"):
            raise TargetError(
                f"the scheme {quoted(self.scheme)} is none that the API server knows",  # N9
                hint="type `http`, `https` or nothing before the name",
            )

    @classmethod
    def parse(cls, text: str) -> Parsed:
        """What a text names: see the top of this module for the grammar.

        Parameters
        ----------
        text
            A target, a URL as it works inside the cluster, a URL of an API server or of ``kubectl proxy``, or an
            API path.

        Raises
        ------
        TargetError
            The text names no target that can be. The hint says what to type instead. A login in a URL is refused
            and never repeated.
        """
        if text.startswith("/"):
            return Parsed(*_read_api_path(text), None)
        if match := _URL.fullmatch(text):
            return _read_url(match["scheme"].lower(), match["authority"], match["rest"])
        return Parsed(_read_target(text), None, None)

    def __str__(self) -> str:
        """The text without anything superfluous that parses back to this target."""
        if self.kind == "api":
            return "/"
        slip = reads_as_slip(self.scheme, self.name, self.port)
        words = [self.segment] if self.namespace is None else [self.namespace, self.segment]
        if self.kind != "service":
            words[-1] = f":{self.segment}" if slip else self.segment  # N6: three parts, the scheme empty
            return "/".join([self.kind, *words])
        reads_otherwise = slip or words[0] in KINDS or (len(words) == 1 and words[0] in VERBS)
        return "/".join(["svc", *words] if reads_otherwise else words)

    @property
    def segment(self) -> str:
        """The name as the API server and RBAC read it (N14, A2): name, name:port, or scheme:name:port."""
        if self.scheme:
            return f"{self.scheme}:{self.name}:{self.port}"
        return f"{self.name}:{self.port}" if self.port else self.name

    @property
    def port_forward(self) -> str:
        """The kubectl line that opens a local port to it, which carries what the proxy verb does not."""
        where = f" -n {self.namespace}" if self.namespace else ""
        kind = "svc" if self.kind == "service" else self.kind
        return f"kubectl port-forward{where} {kind}/{self.name} 8080:{self.port or 'PORT'}"

    def with_namespace(self, namespace: str | None) -> Target:
        """The same target in another namespace; None for the context's."""
        return dataclasses.replace(self, namespace=namespace)

    def with_port(self, port: str) -> Target:
        """The same target on another port; "" for none."""
        return dataclasses.replace(self, port=port)

    def with_scheme(self, scheme: str) -> Target:
        """The same target by another scheme; "" for none."""
        return dataclasses.replace(self, scheme=scheme)


_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.DOTALL)
_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::(?P<port>[0-9]*))?", re.ASCII)
_STATEFUL_POD = re.compile(r".+-[0-9]+")
# The first API path behind any base path; "/api" alone only at the end, since a base may hold such a segment.
_API_PART = re.compile(r"(?P<base>(?:/[^/?]+)*?)(?P<api>/(?:(?:api/v1|apis)(?![^/?])|api/?(?![^?])).*)", re.DOTALL)


def _read_target(text: str) -> Target:
    """A target in the short form: ``[kind/][namespace/]segment``."""
    if "@" in text:  # not repeated: it may be a login
        raise TargetError("a target has no @ and no login", hint="type `NAMESPACE/NAME:PORT`, and the path on its own")
    if slip := re.match(r"(https?):/+", text, re.IGNORECASE):
        url = f"{slip[1].lower()}://{text[slip.end() :]}"
        raise TargetError(f"{quoted(text)} is a URL that lacks a slash", hint=f"type `{shown(url)}`")
    head, mark, query = text.partition("?")
    words = head.split("/")
    typed_kind = [words.pop(0)] if len(words) > 1 and words[0].lower() in KINDS else []
    kind = KINDS[typed_kind[0].lower()] if typed_kind else "service"
    # Only a segment can hold ":"; what follows a segment can only be a path.
    typed_namespace = [words.pop(0)] if len(words) > 1 and ":" not in words[0] and kind != "node" else []
    segment, *below = words
    if text == "?":
        raise TargetError("a question mark is no target", hint="%kproxy -h lists what may be typed")
    if re.match(r"api/v1/|apis/[^/]+/", text):
        raise TargetError(
            f"{quoted(text)} is a path of the API server, and lacks its first slash", hint=f"type `/{shown(text)}`"
        )
    if below or mark:
        raise TargetError(
            f"{quoted(text)} is more than a target, and a path stands on its own",
            hint=f"did you mean {_apart([*typed_kind, *typed_namespace], segment, below, mark + query)}?",
        )
    if head != head.lower():
        raise TargetError(
            f"{quoted(text)} cannot be, because names and schemes are lower-case",  # N9, N10
            hint=f"type `{shown(head.lower())}`",
        )
    scheme, name, port = split_segment(segment)
    namespace = typed_namespace[0] if typed_namespace else None
    if kind == "service" and "." in name:
        _refuse_dots(namespace, scheme, name, port)
    # Who types `svc/`, which is never needed, means it, and so does who types `:https:web` (N6).
    if not (typed_kind and kind == "service") and segment.count(":") == 1:
        _refuse_slip(Target(kind=kind, name=name, namespace=namespace, port=port))
    return Target(kind=kind, name=name, namespace=namespace, port=port, scheme=scheme)


def _apart(before: list[str], segment: str, below: list[str], query: str) -> str:
    """Target and path apart, as lines to type; `before` are the words before the segment."""

    def line(words: list[str], path: list[str]) -> str:
        return f"`{shown('/'.join(words))} {shown(('/'.join(path) or '/' if path else '') + query)}".rstrip() + "`"

    is_meant = bool(before) and KINDS.get(before[0].lower()) == "service"
    if is_meant or segment.count(":") != 1 or not reads_as_slip("", *segment.split(":")):
        return line([*before, segment], below)
    # The scheme stands before a name, and a namespace before the scheme: `https:shop/web` is one or the other.
    lines = [line([*before, f"{segment}:"], below)]
    if not before and below and made_of_labels(below[0].partition(":")[0]):
        scheme, namespace = segment.split(":")
        meant = f"{scheme}:{below[0]}" + ":" * (":" not in below[0])
        lines.insert(0, line([namespace, meant], below[1:]))
    return ", or ".join(lines)


def _refuse_slip(read: Target) -> None:
    """Refuse a segment of two parts whose first is a scheme (N7)."""
    if not reads_as_slip(read.scheme, read.name, read.port):
        return
    meant = Target(kind=read.kind, name=read.port, namespace=read.namespace, scheme=read.name)
    raise TargetError(
        f'the API server reads `{read.segment}` as the {read.kind} "{read.name}" with the port "{read.port}"',
        hint=f"type `{meant}` for {read.name} to {read.port}, or `{read}` if a {read.kind} is called {read.name}",
    )


def _refuse_dots(namespace: str | None, scheme: str, name: str, port: str) -> NoReturn:
    """Refuse a service name with dots; most likely it is the host of an in-cluster URL, without the scheme."""
    hint = "type `NAMESPACE/NAME:PORT`, or `pod/NAMESPACE/NAME:PORT` for a pod"
    if namespace is None and _host_is_inside(name.split("."), None) and made_of_labels(name):
        url = f"{scheme or 'http'}://{name}" + (f":{port}" if port else "")
        hint = f"type `{url}` or `{_read_host(scheme, name.split('.'), port)}`"
    raise TargetError(f"no service can be called {quoted(name)}, because its name has no dots", hint=hint)


def _read_api_path(path: str) -> tuple[Target, str | None]:
    """The target whose proxy an API path goes through, and the path behind it; else the API server and all of it."""
    if path.startswith("//"):
        raise TargetError(
            "an API path begins with one slash, and a URL with http:// or https://",
            hint=f"type `/{shown(path.lstrip('/'))}`",
        )
    head, mark, query = path.partition("?")
    safe_path(head)
    words = head.split("/")[1:]
    namespace: str | None = None
    match [unquote(word) for word in words]:
        case ["api", "v1", "namespaces", namespace, "services" | "pods" as resource, segment, "proxy", *below]:
            pass
        case ["api", "v1", "nodes" as resource, segment, "proxy", *below]:
            pass
        # the prefix until Kubernetes 1.10
        case ["api", "v1", "proxy", "namespaces", namespace, "services" | "pods" as resource, segment, *below]:
            pass
        case ["api", "v1", "proxy", "nodes" as resource, segment, *below]:
            pass
        case _:
            return Target(kind="api"), path
    if "/" in segment:
        raise TargetError(
            f"the segment {quoted(segment)} holds an encoded slash, where it ends for the API server",
            hint="type `NAMESPACE/NAME:PORT` and the path on its own",
        )
    scheme, name, port = split_segment(segment)
    target = Target(kind=KINDS[resource], name=name, namespace=namespace, port=port, scheme=scheme)
    rest = "".join(f"/{word}" for word in words[len(words) - len(below) :]) + mark + query
    return target, rest or None


def _read_url(scheme: str, authority: str, rest: str) -> Parsed:
    """A URL: of a service inside the cluster, of an API server, or of ``kubectl proxy``."""
    if scheme not in ("http", "https"):
        raise TargetError(
            f"a URL of the scheme {quoted(scheme)} cannot be asked, only http and https can",
            hint="type `http://NAME.NAMESPACE:PORT` for what speaks HTTP",
        )
    if "@" in authority:
        raise TargetError(
            "a URL with a login is refused, because it would reach logs and histories",  # X12
            hint="type the URL without what stands before the @",
        )
    parts = _HOST_AND_PORT.fullmatch(authority)
    if parts is None:  # not repeated: it may be the beginning of a login
        raise TargetError(
            "the URL has no host that can be, or a port that is no number",
            hint="type `http://NAME.NAMESPACE:PORT`, or `NAMESPACE/NAME:PORT` for a port by its name",
        )
    host, port = parts["host"].lower().removesuffix("."), parts["port"] or ""
    check_port("service", port)
    api = _API_PART.fullmatch(rest)
    base, path = (api["base"], api["api"]) if api else ("", rest or "/")
    labels = host.split(".")
    if scheme == "https" and (host in ("kubernetes", "kubernetes.default") or tuple(labels[:3]) == _API_SERVER_INSIDE):
        base, path = "", rest or "/"
    elif (address := _address(host)) is None and _host_is_inside(labels, api):
        return Parsed(_read_host(scheme, labels, port), rest or None, None)
    elif api is None:
        raise TargetError(
            f"{quoted(host)} is no host of a service inside the cluster, and the path is none of an API server",
            hint="type `http://NAME.NAMESPACE.svc:PORT`, or the path alone, from its first slash, for the API server",
        )
    else:
        host = address or host
    origin = f"{scheme}://{host}"
    if port and int(port) != {"http": 80, "https": 443}[scheme]:
        origin += f":{int(port)}"
    return Parsed(*_read_api_path(path), origin + safe_path(base))


_API_SERVER_INSIDE = ("kubernetes", "default", "svc")


def _address(host: str) -> str | None:
    """An IP address or localhost as it is written in a URL; None if the host is neither."""
    if host == "localhost":
        return host
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    return f"[{address.compressed}]" if address.version == 6 else address.compressed


def _host_is_inside(labels: list[str], api: re.Match[str] | None) -> bool:
    """Whether a host name is one inside the cluster: rules 3 to 7 at the top of this module."""
    if "svc" in labels[2:4]:
        return True
    if api is not None and _read_api_path(api["api"])[0].kind != "api":
        return False
    if len(labels) == 3:
        return api is None or _STATEFUL_POD.fullmatch(labels[0]) is not None
    return len(labels) < 3


def _read_host(scheme: str, labels: list[str], port: str) -> Target:
    """The service, or the pod behind one, that a host name means inside the cluster."""
    match labels[: labels.index("svc", 2)] if "svc" in labels[2:4] else labels:
        case [name]:
            return Target(name=name, port=port, scheme=scheme)
        case [name, namespace]:
            return Target(name=name, namespace=namespace, port=port, scheme=scheme)
        case [pod, _, namespace]:
            return Target(kind="pod", name=pod, namespace=namespace, port=port, scheme=scheme)
    raise AssertionError(f"no host inside the cluster has {len(labels)} labels")
