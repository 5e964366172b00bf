"""What README and the help say is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

import kubeaccess_magic
from kubeaccess_magic.magics.help import help_text
from kubeaccess_magic.magics.lines import parse
from kubeaccess_magic.magics.options import OPTIONS
from kubeaccess_magic.magics.verbs import VERBS
from kubeaccess_magic.targets import Target

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
LINES = [  # as they are typed: `df = ` and the comment behind belong to Python and to the magic
    found[1]
    for kind, text in BLOCKS
    if not kind
    for found in re.finditer(r"^(?:\w+ = )?%{1,2}kproxy\b *(.*)$", text, re.M)
]
INLINE = [found[1] for found in re.finditer(r"`%kproxy ([^`]*)`", README)]
PYTHON = [text for kind, text in BLOCKS if kind == "python"]


def test_there_is_something_to_check():
    assert len(LINES) >= 10 and INLINE and PYTHON


@pytest.mark.parametrize("line", [*LINES, *INLINE])
def test_a_line_of_the_readme_is_understood(line):
    asked = parse(line)
    if not asked.verb and asked.words:
        assert Target.parse(asked.words[0]).target


def _named_verbs():
    """The verbs of README's table: the first words of its code spans in the first column."""
    rows = re.findall(r"^\| (.+?) \|", README.partition("| verb |")[2].partition("\n\n")[0], re.MULTILINE)
    return {span.split()[0] for row in rows for span in re.findall(r"`([^`]+)`", row)}


def test_the_table_of_verbs_has_them_all_and_no_other():
    assert _named_verbs() == {verb.name for verb in VERBS}


def test_every_option_that_the_readme_names_is_one():
    known = {name for option in OPTIONS for name in option.names}
    prose = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`]+)`", prose)
    named = {word for span in spans if "pip " not in span for word in re.findall(r"(?<!\S)-{1,2}[A-Za-z][\w-]*", span)}
    assert named and named <= known


def test_the_help_has_every_verb_and_every_option():
    lines = help_text().splitlines()
    for verb in VERBS:
        assert any(line.strip().startswith(f"{verb.name} ") and verb.help in line for line in lines)
    for option in OPTIONS:
        assert any(line.strip().startswith(", ".join(option.names)) for line in lines)
    assert all(len(line) <= 120 for line in lines)


def test_a_make_target_that_the_readme_names_is_one():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {found for found in re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE)} <= targets


def test_a_link_that_stays_here_leads_somewhere():
    for link in re.findall(r"\]\(([^)]+)\)", README):
        assert link.startswith("https://") or (ROOT / link).exists(), link


def test_the_lines_and_the_python_of_the_readme_run(monkeypatch, tmp_path, capsys):
    """As a reader would run them, with an empty home: first `%kproxy demo`, then each line and each block."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    try:
        shell.run_cell("%load_ext kubeaccess_magic\n%kproxy demo\nname = 'kimchy'")
        wrong = []
        for line in LINES:
            text = line.partition("   # ")[0].strip()
            magic = "%%kproxy" if "--into" in text else "%kproxy"
            body = '\n{"query": {"term": {"user": "${name}"}}}' if magic == "%%kproxy" else ""
            result = shell.run_cell(f"{magic} {text}{body}".strip())
            error = result.error_in_exec or result.error_before_exec
            if error is not None:
                wrong.append((text, type(error).__name__, str(error)))
        assert wrong == []
        shell.run_cell("%kproxy demo")  # a line of the README may have left it
        for block in PYTHON:
            assert shell.run_cell(block).success
        assert len(shell.user_ns["up"]) and shell.user_ns["reply"].status_code == 200
        shell.run_cell("%unload_ext kubeaccess_magic")
    finally:
        InteractiveShell.clear_instance()
        capsys.readouterr()


def test_the_package_says_how_to_begin():
    assert "%load_ext kubeaccess_magic" in kubeaccess_magic.__doc__
