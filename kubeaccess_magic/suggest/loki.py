"""Loki: the paths that are read, and the words of LogQL."""

from __future__ import annotations

from .app import App, AppPath, Question

__all__ = ["LOGQL_FUNCTIONS", "LOKI"]

_RANGE = ("start", "end")

LOKI = App(
    paths=(
        AppPath(
            "loki/api/v1/query_range",
            "log lines, or a metric over time",
            ("query", *_RANGE, "limit", "direction", "step", "since"),
        ),
        AppPath("loki/api/v1/query", "a metric query, now", ("query", "time", "limit")),
        AppPath("loki/api/v1/labels", "the names of labels", ("query", *_RANGE)),
        AppPath("loki/api/v1/label/{label}/values", "the values of a label", ("query", *_RANGE)),
        AppPath("loki/api/v1/series", "which streams there are", ("match[]", *_RANGE)),
        AppPath("loki/api/v1/index/stats", "how much there is", ("query", *_RANGE)),
        AppPath("loki/api/v1/status/buildinfo", "which version it is"),
        AppPath("ready", "whether it is ready"),
        AppPath("metrics", "its own metrics"),
    ),
    parameters={
        "query": 'LogQL: {app="web"} |= "error"',
        "start": "from when: -1h, or a date",
        "end": "until when; now if left out",
        "since": "how long before the end: 1h",
        "limit": "how many lines; 100 if left out, --limit reads on",
        "direction": "backward (newest first) or forward",
        "step": "seconds between points of a metric: 30s",
        "time": "when; now if left out",
        "match[]": 'of these streams: {app="web"}',
    },
    values={
        "start": ("-1h", "-15m", "-6h", "-1d"),
        "end": ("now", "-1h", "-1d"),
        "since": ("15m", "1h", "6h", "1d"),
        "direction": ("backward", "forward"),
        "step": ("30s", "1m", "5m", "1h"),
        "time": ("now", "-1h"),
    },
    questions=(
        Question("Labels", "loki/api/v1/labels"),
        Question(
            "The last lines with errors",
            "loki/api/v1/query_range",
            (("query", '{namespace=~".+"} |~ "(?i)error"'), ("start", "-1h")),
        ),
        Question(
            "Lines by namespace and app, the last hour",
            "loki/api/v1/query_range",
            (("query", 'sum by (namespace, app) (count_over_time({namespace=~".+"}[5m]))'), ("start", "-1h")),
        ),
    ),
)

# https://grafana.com/docs/loki/latest/query/metric_queries/
LOGQL_FUNCTIONS = {
    "bytes_over_time": "bytes of the lines in a range",
    "bytes_rate": "bytes a second",
    "count_over_time": "lines in a range",
    "rate": "lines a second",
    "sum": "sum over series",
    "topk": "the k largest",
}
