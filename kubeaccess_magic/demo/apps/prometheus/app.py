"""The HTTP API of Prometheus."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from ...http.exchange import Exchange
from ...world.usage import last_scrape
from ..shop import Shop
from ..traffic import failing
from ..web import BODY_LIMIT_BYTES, Router, query_pairs, send_html, send_json, send_text
from .promql_engine import Evaluator, QueryError, SeriesSelector, UnsupportedError, duration_s, matching, parse
from .series import METADATA, NAME, Sample, ScrapeTarget, Series, series, targets

if TYPE_CHECKING:
    from ...world.builder import World

VERSION: Final = "3.5.0"
_MAX_POINTS: Final = 11_000
_GET_OR_POST: Final = "GET POST"
Parameters = dict[str, list[str]]


class PrometheusError(Exception):
    """An error that is answered with ``"status": "error"``.

    Parameters
    ----------
    message
        What is wrong.
    kind
        The ``errorType``, such as ``bad_data``.
    status
        The HTTP status code.
    """

    def __init__(self, message: str, kind: str = "bad_data", status: int = 400) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status


class Prometheus:
    """A Prometheus server.

    Parameters
    ----------
    world
        The world whose pods and nodes it scrapes; it is read at the first request, and may grow until then.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._series: list[Series] = []
        self._request_kinds: list[list[tuple[str, str]]] = []
        self._router = Router(
            (_GET_OR_POST, "/api/v1/query", self._api_route(self._query)),
            (_GET_OR_POST, "/api/v1/query_range", self._api_route(self._query_range)),
            (_GET_OR_POST, "/api/v1/series", self._api_route(self._find_series)),
            (_GET_OR_POST, "/api/v1/labels", self._api_route(self._labels)),
            ("GET", "/api/v1/label/([^/]+)/values", self._api_route(self._label_values)),
            ("GET", "/api/v1/metadata", self._api_route(self._metadata)),
            ("GET", "/api/v1/targets", self._api_route(self._targets)),
            ("GET", "/api/v1/rules", self._api_route(self._rules)),
            ("GET", "/api/v1/alerts", self._api_route(self._alerts)),
            ("GET", "/api/v1/status/buildinfo", self._api_route(self._buildinfo)),
            ("GET", "/-/(?:healthy|ready)", self._healthy),
            ("GET", "/metrics", self._own_metrics),
            ("GET", "/(?:query|graph)?", self._front),
        )

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        await self._router(exchange)

    @property
    def series(self) -> list[Series]:
        """All series; a new one begins when an app first gives an answer of a new kind."""
        request_kinds = [app.traffic.pairs for app in self._world.apps.values() if isinstance(app, Shop)]
        if not self._series or request_kinds != self._request_kinds:
            self._request_kinds, self._series = request_kinds, series(self._world)
        return self._series

    def _api_route(self, function: Callable[..., Any]) -> Callable[..., Awaitable[None]]:
        """A route that reads the parameters, calls the function in a thread, and sends its data or its error."""

        async def answer(exchange: Exchange, *groups: str) -> None:
            try:
                parameters = await _parameters(exchange)
                data = await asyncio.to_thread(function, parameters, *groups)
            except PrometheusError as error:
                value = {"status": "error", "errorType": error.kind, "error": str(error)}
                await send_json(exchange, error.status, value)
                return
            await send_json(exchange, 200, {"status": "success", "data": data})

        return answer

    # --- queries

    def _query(self, parameters: Parameters) -> dict[str, Any]:
        node = _parsed(parameters)
        second = _time_parameter(parameters, "time", time.time())
        evaluator = Evaluator(self.series, second, second)
        try:
            if isinstance(node, SeriesSelector) and node.range_s:
                rows = [_result_row(dict(labels), values=samples) for labels, samples in evaluator.matrix(node, second)]
                return {"resultType": "matrix", "result": rows}
            result = evaluator.at(node, second)
        except QueryError as error:
            raise PrometheusError(str(error), "execution", 422) from error
        if isinstance(result, float):
            return {"resultType": "scalar", "result": [second, format_float(result)]}
        limit = _limit(parameters)
        rows = [_result_row(dict(labels), value=(second, value)) for labels, value in result.items()]
        return {"resultType": "vector", "result": rows[:limit]}

    def _query_range(self, parameters: Parameters) -> dict[str, Any]:
        start, end = _time_parameter(parameters, "start"), _time_parameter(parameters, "end")
        if end < start:
            raise PrometheusError('invalid parameter "end": end timestamp must not be before start time')
        step = _step(parameters)
        if (end - start) / step > _MAX_POINTS:
            raise PrometheusError(
                "exceeded maximum resolution of 11,000 points per timeseries. "
                "Try decreasing the query resolution (?step=XX)"
            )
        node = _parsed(parameters)
        evaluator = Evaluator(self.series, start, end)
        rows: dict[Any, list[tuple[float, Sample]]] = {}
        try:
            for count in range(math.floor((end - start) / step + 1e-9) + 1):
                second = round(start + count * step, 3)
                result = evaluator.at(node, second)
                for labels, value in result.items() if isinstance(result, dict) else [((), result)]:
                    rows.setdefault(labels, []).append((second, value))
        except QueryError as error:
            raise PrometheusError(str(error)) from error
        return {
            "resultType": "matrix",
            "result": [_result_row(dict(labels), values=rows[labels]) for labels in sorted(rows)],
        }

    def _find_series(self, parameters: Parameters) -> list[dict[str, str]]:
        series = self._matched(parameters, required=True)
        return [dict(entry.labels) for entry in series][: _limit(parameters)]

    def _labels(self, parameters: Parameters) -> list[str]:
        return sorted({name for entry in self._matched(parameters) for name in entry.labels})[: _limit(parameters)]

    def _label_values(self, parameters: Parameters, name: str) -> list[str]:
        values = {entry.labels[name] for entry in self._matched(parameters) if name in entry.labels}
        return sorted(values)[: _limit(parameters)]

    def _matched(self, parameters: Parameters, required: bool = False) -> list[Series]:
        selectors = parameters.get("match[]", [])
        if required and not selectors:
            raise PrometheusError("no match[] parameter provided")
        if not selectors:
            return self.series
        matched: list[Series] = []
        for text in selectors:
            try:
                node = parse(text)
            except QueryError as error:
                raise PrometheusError(f'invalid parameter "match[]": {error}') from error
            if not isinstance(node, SeriesSelector) or node.range_s:
                raise PrometheusError('invalid parameter "match[]": parse error: expected an instant vector selector')
            matched += [entry for entry in matching(self.series, node.matchers) if entry not in matched]
        return matched

    # --- the server

    def _metadata(self, parameters: Parameters) -> dict[str, Any]:
        metric = parameters.get("metric", [""])[0]
        selected = {name: metadata for name, metadata in METADATA.items() if metric in ("", name)}
        return {name: [{"type": kind, "help": text, "unit": ""}] for name, (kind, text) in selected.items()}

    def _targets(self, parameters: Parameters) -> dict[str, Any]:
        now = time.time()
        active = [_target_entry(target, now) for target in targets(self._world)]
        return {"activeTargets": active, "droppedTargets": [], "droppedTargetCounts": {}}

    def _rules(self, parameters: Parameters) -> dict[str, Any]:
        rule = {
            "state": "firing" if self._active_alerts() else "inactive",
            "name": "TargetDown",
            "query": "up == 0",
            "duration": 0,
            "labels": {"severity": "warning"},
            "annotations": {"summary": "A target cannot be scraped."},
            "alerts": self._active_alerts(),
            "health": "ok",
            "type": "alerting",
        }
        return {"groups": [{"name": "demo", "file": "/etc/prometheus/rules.yml", "interval": 15, "rules": [rule]}]}

    def _alerts(self, parameters: Parameters) -> dict[str, Any]:
        return {"alerts": self._active_alerts()}

    def _active_alerts(self) -> list[dict[str, Any]]:
        now = time.time()
        down = [series for series in self.series if series.labels[NAME] == "up" and series.at(now) == 0.0]
        return [
            {
                "labels": {"alertname": "TargetDown", "severity": "warning"}
                | {name: value for name, value in series.labels.items() if name != NAME},
                "annotations": {"summary": "A target cannot be scraped."},
                "state": "firing",
                "activeAt": _timestamp(now // 60 * 60),
                "value": "0e+00",
            }
            for series in down
        ]

    def _buildinfo(self, parameters: Parameters) -> dict[str, str]:
        return {
            "version": VERSION, "revision": "demo", "branch": "HEAD", "buildUser": "demo@kubeaccess",
            "buildDate": "20260101-00:00:00", "goVersion": "go1.26.4",
        }  # fmt: skip

    async def _healthy(self, exchange: Exchange) -> None:
        await send_text(exchange, 200, "Prometheus Server is Healthy.\n")

    async def _own_metrics(self, exchange: Exchange) -> None:
        text = f'# TYPE prometheus_build_info gauge\nprometheus_build_info{{version="{VERSION}"}} 1\n'
        await send_text(exchange, 200, text)

    async def _front(self, exchange: Exchange) -> None:
        page = '<!doctype html><title>Prometheus</title><h1>Prometheus</h1><p><a href="/api/v1/targets">targets</a></p>'
        await send_html(exchange, 200, page)


def format_float(value: float) -> str:
    """Write a float as Prometheus does."""
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    text = repr(value)
    return text if "e" not in text or abs(value) >= 1e21 or abs(value) < 1e-6 else f"{value:.20f}".rstrip("0")


def _result_row(
    labels: dict[str, str], value: tuple[float, Sample] | None = None, values: list[tuple[float, Sample]] | None = None
) -> dict[str, Any]:
    row: dict[str, Any] = {"metric": labels}
    if value is not None:
        second, sample = value
        return row | (
            {"value": [second, format_float(sample)]} if isinstance(sample, float) else {"histogram": [second, sample]}
        )
    floats = [[second, format_float(sample)] for second, sample in values or () if isinstance(sample, float)]
    histograms = [[second, sample] for second, sample in values or () if not isinstance(sample, float)]
    return row | ({"values": floats} if floats else {}) | ({"histograms": histograms} if histograms else {})


async def _parameters(exchange: Exchange) -> Parameters:
    pairs = query_pairs(exchange.request)
    if exchange.request.method == "POST":
        body = await exchange.whole_body(BODY_LIMIT_BYTES)
        pairs = parse_qsl((body or b"").decode("utf-8", "replace"), keep_blank_values=True) + pairs
    parameters: Parameters = {}
    for name, value in pairs:
        parameters.setdefault(name, []).append(value)
    return parameters


def _parsed(parameters: Parameters) -> Any:
    try:
        return parse(parameters.get("query", [""])[0])
    except UnsupportedError as error:
        raise PrometheusError(str(error), "execution", 422) from error
    except QueryError as error:
        raise PrometheusError(f'invalid parameter "query": {error}') from error


def _time_parameter(parameters: Parameters, name: str, default: float | None = None) -> float:
    text = parameters.get(name, [""])[0]
    if not text and default is not None:
        return round(default, 3)
    try:
        return round(float(text), 3)
    except ValueError:
        pass
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise PrometheusError(f'invalid parameter "{name}": cannot parse "{text}" to a valid timestamp') from None
    return round((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp(), 3)


def _step(parameters: Parameters) -> float:
    text = parameters.get("step", [""])[0]
    try:
        step = float(text)
    except ValueError:
        try:
            step = duration_s(text)
        except QueryError:
            raise PrometheusError(f'invalid parameter "step": cannot parse "{text}" to a valid duration') from None
    if step <= 0 or step != step:
        problem = "zero or negative query resolution step widths are not accepted. Try a positive integer"
        raise PrometheusError(f'invalid parameter "step": {problem}')
    return step


def _limit(parameters: Parameters) -> int | None:
    text = parameters.get("limit", [""])[0]
    if text and not text.isdecimal():
        raise PrometheusError(f'invalid parameter "limit": cannot parse "{text}" to a valid limit')
    return int(text) or None if text else None


def _target_entry(target: ScrapeTarget, now: float) -> dict[str, Any]:
    is_failing = target.fails and failing(last_scrape(now))
    return {
        "discoveredLabels": {"__address__": target.instance},
        "labels": target.all_labels,
        "scrapePool": target.job,
        "scrapeUrl": f"http://{target.instance}/metrics",
        "globalUrl": f"http://{target.instance}/metrics",
        "lastError": "server returned HTTP status 503 Service Unavailable" if is_failing else "",
        "lastScrape": _timestamp(last_scrape(now)),
        "lastScrapeDuration": 0.004,
        "health": "down" if is_failing else "up",
        "scrapeInterval": "15s",
        "scrapeTimeout": "10s",
    }


def _timestamp(second: float) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
