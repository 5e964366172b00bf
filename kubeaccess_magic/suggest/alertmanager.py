"""Alertmanager: the paths that are read."""

from __future__ import annotations

from .catalogue import App, Endpoint, Question

__all__ = ["ALERTMANAGER"]

_STATES = ("active", "silenced", "inhibited", "unprocessed")

ALERTMANAGER = App(
    endpoints=(
        Endpoint("api/v2/alerts", "the alerts", ("filter", *_STATES, "receiver")),
        Endpoint("api/v2/alerts/groups", "the alerts, by group", ("filter", *_STATES[:3], "receiver")),
        Endpoint("api/v2/silences", "the silences", ("filter",)),
        Endpoint("api/v2/receivers", "the receivers"),
        Endpoint("api/v2/status", "its version and configuration"),
        Endpoint("metrics", "its own metrics"),
        Endpoint("-/healthy", "whether it lives"),
    ),
    parameters={
        "filter": 'of these: severity="page"',
        "receiver": "of receivers that this pattern matches",
        "active": "whether to show active alerts",
        "silenced": "whether to show silenced alerts",
        "inhibited": "whether to show inhibited alerts",
        "unprocessed": "whether to show alerts that were not processed yet",
    },
    values=dict.fromkeys(_STATES, ("true", "false")),
    questions=(
        Question("Active alerts", "api/v2/alerts", (("silenced", "false"), ("inhibited", "false"))),
        Question("Silences", "api/v2/silences"),
    ),
)
