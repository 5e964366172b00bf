"""Alertmanager: the paths that are read."""

from __future__ import annotations

from .app import App, AppPath, Question

__all__ = ["ALERTMANAGER"]

_STATES = ("active", "silenced", "inhibited", "unprocessed")

ALERTMANAGER = App(
    paths=(
        AppPath("api/v2/alerts", "the alerts", ("filter", *_STATES, "receiver")),
        AppPath("api/v2/alerts/groups", "the alerts, by group", ("filter", *_STATES[:3], "receiver")),
        AppPath("api/v2/silences", "the silences", ("filter",)),
        AppPath("api/v2/receivers", "the receivers"),
        AppPath("api/v2/status", "its version and configuration"),
        AppPath("metrics", "its own metrics"),
        AppPath("-/healthy", "whether it lives"),
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
