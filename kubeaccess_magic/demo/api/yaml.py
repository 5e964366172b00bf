"""JSON values written as YAML, like the real API server: sorted keys, block style, lists not indented."""

from __future__ import annotations

import json
import re
from typing import Any

_PLAIN = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`=~<][^\x00-\x1f\x7f-\x9f\n]*|-[^\s\-0-9.][^\x00-\x1f\x7f]*")
_OTHER_TYPE = re.compile(
    r"[-+]?[0-9][0-9_.eE+\-:xoabcdfABCDFT]*|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|~|null|Null|NULL|"
    r"y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF|[-+]?\.[0-9].*"
)


def dump(value: Any) -> str:
    """Write a JSON value as a YAML document that ends with a line feed."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Any) -> list[str]:
    if isinstance(value, dict) and value:
        lines = []
        for key in sorted(value):
            lines += _entry(f"{_scalar(key)}:", value[key], in_list=False)
        return lines
    if isinstance(value, list) and value:
        lines = []
        for item in value:
            lines += _entry("-", item, in_list=True)
        return lines
    return [_scalar(value)]


def _entry(prefix: str, value: Any, in_list: bool) -> list[str]:
    if isinstance(value, dict) and value:
        nested = _lines(value)
        if in_list:
            return [f"- {nested[0]}", *("  " + line if line else line for line in nested[1:])]
        return [prefix, *("  " + line if line else line for line in nested)]
    if isinstance(value, list) and value:
        nested = _lines(value)
        if in_list:
            return [f"- {nested[0]}", *("  " + line if line else line for line in nested[1:])]
        return [prefix, *nested]
    if isinstance(value, str) and "\n" in value and not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", value):
        chomping = "" if value.endswith("\n") and not value.endswith("\n\n") else "+" if value.endswith("\n\n") else "-"
        body = value[:-1] if value.endswith("\n") else value
        indentation = "2" if value.startswith((" ", "\n")) else ""
        return [f"{prefix} |{indentation}{chomping}", *("  " + line if line else line for line in body.split("\n"))]
    return [f"{prefix} {_scalar(value)}"]


def _scalar(value: Any) -> str:
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, list):
        return "[]"
    if not isinstance(value, str):
        return json.dumps(value)
    if value == "":
        return '""'
    if _OTHER_TYPE.fullmatch(value) or "\n" in value or re.search(r"[\x00-\x1f\x7f]", value):
        return json.dumps(value, ensure_ascii=False)
    is_plain = _PLAIN.fullmatch(value) and ": " not in value and " #" not in value
    if is_plain and not value.endswith((":", " ")):
        return value
    return "'" + value.replace("'", "''") + "'"
