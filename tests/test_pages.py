"""The pages in docs/: every block of code in them runs as a reader would run it, in IPython, from an empty home."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"^```(\w+)(?: raises=(\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)

RUNNER = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("%load_ext kubeaccess_magic\\n%kproxy demo")  # as the index says
for kind, raises, source in json.load(sys.stdin):
    result = shell.run_cell(source)
    error = result.error_before_exec or result.error_in_exec
    if (type(error).__name__ if error is not None else "") != raises:
        print("WRONG", source, repr(error))
shell.run_cell("%unload_ext kubeaccess_magic")
"""


@pytest.mark.notebooks
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_runs(page, tmp_path):
    import json

    blocks = [found.groups(default="") for found in BLOCK.finditer(page.read_text())]
    assert {kind for kind, *_ in blocks} <= {"ipython", "python", "toml", "text", "yaml", "sh"}
    cells = [block for block in blocks if block[0] in ("ipython", "python")]
    if not cells:
        return
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", RUNNER],
        input=json.dumps(cells),
        capture_output=True,
        text=True,
        timeout=240,
        env=environment,
    )
    assert run.returncode == 0 and "WRONG" not in run.stdout, run.stdout[-3000:] + run.stderr[-3000:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#]+)", page.read_text()):
        assert link.startswith("https://") or (page.parent / link).exists(), link


def test_the_index_has_every_page():
    index = (ROOT / "docs" / "index.md").read_text()
    assert {page.name for page in PAGES} - {"index.md"} == set(re.findall(r"\]\(([\w-]+\.md)\)", index))


def test_the_reference_is_what_the_code_says():
    written = subprocess.run(
        [sys.executable, "-c", "import make_reference as m; print(m.reference() == m.PLACE.read_text())"],
        capture_output=True,
        text=True,
        cwd=ROOT / "docs",
        timeout=240,
    )
    assert written.stdout == "True\n", "run `python docs/make_reference.py`\n" + written.stderr


def test_the_pages_name_no_option_that_is_none():
    from kubeaccess_magic.magics.options import OPTIONS

    known = {name for option in OPTIONS for name in option.names}
    for page in PAGES:
        prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        spans = [span for span in re.findall(r"`([^`]+)`", prose) if not re.match(r"(pip|kubectl|python) ", span)]
        named = {word for span in spans for word in re.findall(r"(?<!\S)-{1,2}[A-Za-z][\w-]*", span)}
        assert named <= known | {"-1h", "-1d"}, page


def test_every_message_that_is_explained_is_one_of_ours():
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    explained = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    source = "\n".join(
        path.read_text()
        for path in (ROOT / "kubeaccess_magic").rglob("*.py")
        if "demo" not in path.relative_to(ROOT).parts
    )
    joined = re.sub(r'"\s*\n\s*f?"', "", source)  # a message may go on in the next line
    assert len(explained) > 30
    assert [fragment for fragment in explained if fragment not in joined] == []
