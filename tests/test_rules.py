"""Every rule id that code or tests cite stands on docs/rules.md, once."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RULES = (ROOT / "docs" / "rules.md").read_text()
LISTED = re.findall(r"^\| ([A-Z]\d+) \|", RULES, re.MULTILINE)
# An id is a letter of a family and a number from 1 to 99: `F401` and `C0` are none.
CITED = re.compile(rf"\b[{''.join(sorted({rule[0] for rule in LISTED}))}][1-9]\d?\b")


def docstrings(source: str) -> list[str]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [ast.get_docstring(node) or "" for node in ast.walk(ast.parse(source)) if isinstance(node, documented)]


def comments(source: str) -> list[str]:
    return [
        token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]


def cited_in(folder: str) -> dict[str, str]:
    """Each id that a comment or a docstring of a folder cites, with a file that does."""
    cited: dict[str, str] = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        source = path.read_text()
        for text in (*comments(source), *docstrings(source)):
            cited |= dict.fromkeys(CITED.findall(text), str(path.relative_to(ROOT)))
    return cited


@pytest.mark.parametrize("folder", ["kubeaccess_magic", "tests"])
def test_every_rule_that_is_cited_is_listed(folder):
    cited = cited_in(folder)
    assert len(cited) > 50
    assert not {rule: path for rule, path in cited.items() if rule not in LISTED}


def test_every_rule_is_listed_once_and_in_order():
    assert not [rule for rule, times in Counter(LISTED).items() if times > 1]
    for family in re.split(r"^## ", RULES, flags=re.MULTILINE)[1:]:
        numbers = [int(rule[1:]) for rule in re.findall(r"^\| ([A-Z]\d+) \|", family, re.MULTILINE)]
        assert numbers and numbers == sorted(numbers), family[:40]


def test_every_rule_says_something():
    rows = re.findall(r"^\| [A-Z]\d+ \| (.*) \|$", RULES, re.MULTILINE)
    assert len(rows) == len(LISTED)
    assert all(row.endswith(".") and len(row) > 20 for row in rows)
