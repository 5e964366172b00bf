"""``--into NAME``: names that Python or IPython need themselves are refused before anything is asked."""

from __future__ import annotations

import builtins
import datetime
import pathlib

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from kubeaccess_magic.magics import check_name
from kubeaccess_magic.magics.variables import in_json, in_path, in_text


@pytest.mark.parametrize("name", [*dir(builtins), "__name__", "__builtins__", "__file__", "__loader__"])
def test_names_of_python_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        check_name(name)


def test_names_of_ipython_are_refused(shell: InteractiveShell) -> None:
    shell.run_cell("1 + 1", store_history=True)
    for name in [
        *shell.user_ns_hidden,
        "In",
        "Out",
        "_",
        "__",
        "___",
        "_i",
        "_ii",
        "_iii",
        "_12",
        "_i12",
        "_oh",
        "_ih",
        "_dh",
    ]:
        with pytest.raises(UsageError):
            check_name(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("print", "print is Python's own name"),
        ("\uff50rint", "print is Python's own name"),  # Python reads it as print
        ("get_ipython", "get_ipython is IPython's own name"),
        ("In", "In is IPython's own name"),
        ("_oh", "_oh is IPython's own name"),
        ("class", "cannot be the name of a variable"),
        ("kproxy", "cannot be the name of a variable"),
        ("a b", "cannot be the name of a variable"),
    ],
)
def test_the_message_says_whose_name_it_is(shell: InteractiveShell, name: str, reason: str) -> None:
    ran = shell.run_cell(f"%kproxy shop/web stats --into '{name}' --kubeconfig /nowhere")
    assert isinstance(ran.error_in_exec, UsageError)
    assert reason in str(ran.error_in_exec)


@pytest.mark.parametrize("name", ["df", "hits", "_hits", "data", "in_", "größe", "i1"])
def test_other_names_are_accepted(name: str) -> None:
    check_name(name)


def test_a_file_path_is_text() -> None:
    variables = {"path": pathlib.PurePosixPath("/a b/c"), "days": [datetime.date(2026, 1, 2)]}
    assert in_text("x ${path}", variables) == "x /a b/c"
    assert in_path("x/${path}", variables) == "x/%2Fa%20b%2Fc"
    assert in_json('{"a": ${path}, "b": "${path}", "c": ${days}}', variables) == (
        '{"a": "/a b/c", "b": "/a b/c", "c": ["2026-01-02"]}'
    )
