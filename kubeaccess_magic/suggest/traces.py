"""Jaeger and Tempo: the paths that are read."""

from __future__ import annotations

from .app import App, AppPath, Question

__all__ = ["JAEGER", "TEMPO"]

JAEGER = App(
    paths=(
        AppPath("api/services", "which services send traces"),
        AppPath(
            "api/traces",
            "the spans of traces",
            ("service", "operation", "start", "end", "limit", "minDuration", "maxDuration", "tags"),
        ),
        AppPath("api/traces/{id}", "the spans of one trace"),
        AppPath("api/operations", "the operations of a service", ("service",)),
        AppPath("api/dependencies", "who calls whom", ("endTs", "lookback")),
    ),
    parameters={
        "service": "of this service",
        "operation": "with this operation",
        "start": "from when: -1h, or a date",
        "end": "until when: now",
        "limit": "how many traces; 100 if left out",
        "minDuration": "no shorter: 100ms",
        "maxDuration": "no longer: 1s",
        "tags": 'with these tags: {"error":"true"}',
        "endTs": "until when, in milliseconds since 1970",
        "lookback": "how long before, in milliseconds",
    },
    values={"start": ("-1h", "-15m", "-6h", "-1d"), "end": ("now", "-1h"), "limit": ("20", "100", "1000")},
    questions=(Question("Services", "api/services"),),
)
TEMPO = App(
    paths=(
        AppPath("api/search", "spans that match, by trace", ("q", "start", "end", "limit", "spss")),
        AppPath("api/v2/traces/{id}", "the spans of one trace"),
        AppPath("api/traces/{id}", "the same, of older versions"),
        AppPath("api/v2/search/tags", "the names of attributes", ("scope",)),
        AppPath("ready", "whether it is ready"),
    ),
    parameters={
        "q": "TraceQL: { status = error }",
        "start": "from when: -1h, or a date",
        "end": "until when: now",
        "limit": "how many traces; 20 if left out",
        "spss": "how many spans of each trace; 3 if left out",
        "scope": "resource, span or intrinsic",
    },
    values={
        "start": ("-1h", "-15m", "-6h", "-1d"),
        "end": ("now", "-1h"),
        "q": ("{ status = error }", "{ duration > 1s }"),
        "scope": ("resource", "span", "intrinsic"),
    },
    questions=(
        Question("Spans with errors", "api/search", (("q", "{ status = error }"), ("start", "-1h"), ("end", "now"))),
        Question("Names of attributes", "api/v2/search/tags"),
    ),
)
