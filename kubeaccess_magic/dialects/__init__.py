"""Dialects: families of HTTP APIs, with what their requests mean, how pages are read and answers become tables.

There is one file or folder for each family. `protocol` defines what a dialect is; `registry` lists them.
"""

from __future__ import annotations

from .budget import DEFAULT, FrameBudget, memory_errors
from .joining import cut, joined, labelled
from .loading import check_options, load, read, reader_for, table_of
from .protocol import (
    NO_LABELS,
    Dialect,
    NoMore,
    Operation,
    Pages,
    PlainOperation,
    Reader,
    Step,
    Table,
    dialect_errors,
    options_of,
)
from .readers import FrameReader, SingleAnswerReader
from .registry import GROUP, DialectWarning, match, named, operation_for, recognize, registry

__all__ = [
    "DEFAULT",
    "GROUP",
    "NO_LABELS",
    "Dialect",
    "DialectWarning",
    "FrameBudget",
    "FrameReader",
    "NoMore",
    "Operation",
    "Pages",
    "PlainOperation",
    "Reader",
    "SingleAnswerReader",
    "Step",
    "Table",
    "check_options",
    "cut",
    "dialect_errors",
    "joined",
    "labelled",
    "load",
    "match",
    "memory_errors",
    "named",
    "operation_for",
    "options_of",
    "read",
    "reader_for",
    "recognize",
    "registry",
    "table_of",
]
