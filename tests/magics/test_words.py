"""A line as words, and words as verbs and options."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.error import UsageError

from kubeaccess_magic import targets
from kubeaccess_magic.magics.help import help_text
from kubeaccess_magic.magics.lines import parse, split
from kubeaccess_magic.magics.options import OPTIONS
from kubeaccess_magic.magics.verbs import VERBS
from kubeaccess_magic.text import quoted


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("   ", []),
        ("web stats", ["web", "stats"]),
        ("web '/_search?q=a b'", ["web", "/_search?q=a b"]),
        ('web "it\'s"', ["web", "it's"]),
        ("""web -d '{"a": 1}'""", ["web", "-d", '{"a": 1}']),
        ("""web -d'{"a": 1}'""", ["web", '-d{"a": 1}']),
        ('web -d {"a":1}', ["web", "-d", '{"a":1}']),
        ("web /it's", ["web", "/it's"]),
        (r"web C:\tmp", ["web", r"C:\tmp"]),
        ("web --agg='a b'", ["web", "--agg=a b"]),
        ("web /a#frag", ["web", "/a#frag"]),
        ("web ''", ["web", ""]),
        ("web 'unclosed a", ["web", "'unclosed", "a"]),
        ("""web 'a'b c'""", ["web", "'a'b", "c'"]),
        ("""prom query?query=up{job="a"}""", ["prom", 'query?query=up{job="a"}']),
        ("""prom -q query='up == 1' -q "b=c d" """, ["prom", "-q", "query=up == 1", "-q", "b=c d"]),
        ("""prom -q query='up{a="b"}'""", ["prom", "-q", 'query=up{a="b"}']),
        ("""prom -q a=b='c d'""", ["prom", "-q", "a=b='c", "d'"]),
        ("""web -H X-A:'b c' -H "X-B: d e" """, ["web", "-H", "X-A:b c", "-H", "X-B: d e"]),
        ("""web x='a b'""", ["web", "x='a", "b'"]),
        ("web stats # a comment", ["web", "stats"]),
        ("# only a comment", []),
        ("web '#' x", ["web", "#", "x"]),
        ("web #x", ["web", "#x"]),
    ],
)
def test_a_quote_counts_where_it_can_be_meant(line, words):
    assert [word.text for word in split(line)] == words


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Zs", "Zl", "Zp", "Cs"])))
def test_a_word_without_blanks_stays_as_typed_unless_it_is_quoted(text):
    if not text or text == "#" or text[0] in "'\"-":
        return
    assert [word.text for word in split(f"web {text}")] == ["web", text]


@given(st.text(alphabet="ab '#{}=?", max_size=12))
def test_a_quoted_text_comes_back(text):
    assert [word.text for word in split(f"web {quoted(text)}")] == ["web", text]


@given(st.text(max_size=60))
def test_no_line_makes_it_fail_otherwise_than_by_a_usage_error(line):
    try:
        parse(line)
    except UsageError as error:
        assert "\n" not in str(error) or "\n" in line


@pytest.mark.parametrize(
    ("line", "verb", "words", "given_"),
    [
        ("", "", (), {}),
        ("web", "", ("web",), {}),
        ("svc/services stats", "", ("svc/services", "stats"), {}),
        ("services", "services", (), {}),
        ("svc web*", "services", ("web*",), {}),
        ("po -A", "pods", (), {"all_namespaces": True}),
        ("no", "nodes", (), {}),
        ("ns", "namespaces", (), {}),
        ("get svc -n shop", "services", (), {"namespace": "shop"}),
        ("get", "", ("get",), {}),
        ("-n shop web stats", "", ("web", "stats"), {"namespace": "shop"}),
        ("web -nshop -ojson -XPUT", "", ("web",), {"namespace": "shop", "output": "json", "request": "PUT"}),
        ("web -n=shop -o=json", "", ("web",), {"namespace": "shop", "output": "json"}),
        ("web --namespace=shop --limit=all", "", ("web",), {"namespace": "shop", "limit": "all"}),
        ("web -d a=1 -d b=2", "", ("web",), {"data": ["a=1", "b=2"]}),
        ("web -q start=-1h", "", ("web",), {"query": ["start=-1h"]}),
        ("web -q a=1 -q a=2", "", ("web",), {"query": ["a=1", "a=2"]}),
        ("web -H X-A:b", "", ("web",), {"header": ["X-A:b"]}),
        ("-- -odd", "", ("-odd",), {}),
        ("web '-n'", "", ("web", "-n"), {}),
        ("use analyst --as bob --as-group team", "use", ("analyst",), {"as": "bob", "as_group": ["team"]}),
        ("demo stop", "demo", ("stop",), {}),
    ],
)
def test_lines_that_are_understood(line, verb, words, given_):
    understood = parse(line)
    assert (understood.verb, understood.words, understood.given) == (verb, words, given_)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("web a b c", "quote it: %kproxy web 'a b c'"),
        ("web x -q query=up == 1 -o json", "quote it: %kproxy web x -q 'query=up == 1' -o json"),
        ('web x -q query=up{a="b"} == 1', """quote it: %kproxy web x -q 'query=up{a="b"} == 1'"""),
        ("url web a b", "quote it: %kproxy url web 'a b'"),
        ("web it's \"a b", "into a variable"),
        ("last x", "last` takes no words"),
        ("use a b", "use` takes CONTEXT and nothing else"),
        ("url", "url` needs TARGET"),
        ("can", "can` needs TARGET"),
        ("web --nmaespace x", "--namespace?"),
        ("web --name x", "no option --name"),
        ("web --limt 3", "no option --limt; --limit?"),
        ("web --each", "no option --each; `%kproxy -h` lists them"),
        ("web -z", "no option -z"),
        ("web -n", "-n needs a value"),
        ("web -n -A", "-n needs a value"),
        ("web --limit", "--limit needs a value"),
        ("web --raw=yes", "--raw is a switch"),
        ("svc -An shop", "-A is a switch"),
        ("web -n a -n b", "-n is given twice"),
    ],
)
def test_lines_that_are_not_say_what_would_be(line, said):
    with pytest.raises(UsageError) as caught:
        parse(line)
    assert said in str(caught.value)


@pytest.mark.parametrize("line", ["web a b c", "web x -q query=up == 1 -o json", "url web a b"])
def test_the_line_that_is_proposed_is_understood(line):
    with pytest.raises(UsageError) as caught:
        parse(line)
    parse(str(caught.value).partition("%kproxy ")[2])


def test_the_tables_agree():
    words = {word for verb in VERBS for word in (verb.name, *verb.short)}
    assert words <= targets.VERBS, "a service of that name prints with svc/"
    assert all(callable(verb.does) for verb in VERBS)
    names = [name for option in OPTIONS for name in option.names]
    assert len(names) == len(set(names))
    told = help_text()
    for thing in [*names, *(verb.name for verb in VERBS)]:
        assert thing in told
    assert all(len(line) <= 120 for line in told.splitlines())
