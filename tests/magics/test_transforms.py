"""What IPython would take for itself reaches the magic."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

from kubeaccess_magic.magics.transforms import keep_for_the_magic


@pytest.mark.parametrize(
    ("typed", "becomes"),
    [
        ("%kproxy web _search?\n", "%kproxy web _search? \n"),
        ("%kproxy web _search??", "%kproxy web _search?? "),
        ("df = %kproxy web _search?", "df = %kproxy web _search? "),
        ("    %kproxy web a?", "    %kproxy web a? "),
        ("d['a'] = %kproxy web a?", "d['a'] = %kproxy web a? "),
        ("df = %kproxy web a;\n", "df = %kproxy web a\n"),
        ("%kproxy web a;", "%kproxy web a;"),
        ("%kproxy;\n", "%kproxy ;\n"),
        ("x = %kproxy;", "x = %kproxy"),
        ("%kproxy?", "%kproxy?"),
        ("?%kproxy", "?%kproxy"),
        ("%kproxy ?", "%kproxy ?"),
        ("%other web a?", "%other web a?"),
        ("x = 1;", "x = 1;"),
        ("", ""),
    ],
)
def test_lines(typed, becomes):
    assert keep_for_the_magic([typed]) == [becomes]


def test_bodies_of_other_magics_stay():
    lines = ["%%other\n", "%kproxy web a?\n"]
    assert keep_for_the_magic(lines) == lines


def test_in_a_real_shell():
    shell = InteractiveShell()
    got = []
    shell.register_magic_function(lambda line: got.append(line.strip()), "line", "kproxy")
    shell.input_transformers_cleanup.append(keep_for_the_magic)
    for cell in ["%kproxy web a?", "x = %kproxy web b?", "for i in [1]:\n    %kproxy web c?", "y = %kproxy web d;"]:
        assert shell.run_cell(cell).success
    assert got == ["web a?", "web b?", "web c?", "web d"]
