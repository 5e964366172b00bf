"""HTML and URLs are handled as in Go; the expected values come from `x/net/html` and `net/url`."""

from __future__ import annotations

import pytest

from kubeaccess_magic.demo.http.gourl import BadURLError, GoURL, clean, escape_path, join, unescape
from kubeaccess_magic.demo.proxy.html_links import rewrite_links


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ('<a href="/x">', '<a href="R:/x">'),
        ("<A HREF=/x>", '<a href="R:/x">'),
        ("<form action=/y/>", '<form action="R:/y/">'),
        ("<br/>", "<br/>"),
        ("<br />", "<br/>"),
        ('<a href="/x"/>', '<a href="R:/x"/>'),
        ("<a href='/a?b&amp;c'>", '<a href="R:/a?b&amp;c">'),
        ("<a title='\"'>", '<a title="&#34;">'),
        ("<a x=1 x=2>", '<a x="1">'),
        ("<a\x00>", "<a\ufffd>"),
        ("<script src=/s>'<a href=/x>'</script>", "<script src=\"R:/s\">'<a href=/x>'</script>"),
        ("<title><a href=/x></TITLE ><a href=/x>", '<title><a href=/x></TITLE ><a href="R:/x">'),
        ("<!-- <a href=/x> --><a href=/x>", '<!-- <a href=/x> --><a href="R:/x">'),
        ("<!--><a href=/x>", '<!--><a href="R:/x">'),
        ("<!-- --!><a href=/x>", '<!-- --!><a href="R:/x">'),
        ("a < b <1 </1> <?x?> <!y>", "a < b <1 </1> <?x?> <!y>"),
        ("text <a href=/x", "text "),
        ("text </a", "text "),
        ("<plaintext><a href=/x>", "<plaintext><a href=/x>"),
        ("<img src=/i srcset=/j>", '<img src="R:/i" srcset="/j">'),
        ("<scripts src=/s>", '<scripts src="/s">'),
        ("é<a href=/é>", 'é<a href="R:/é">'),
        ("", ""),
    ],
)
def test_pages(page: str, expected: str) -> None:
    assert rewrite_links(page.encode(), lambda url: f"R:{url}").decode() == expected


def test_bytes_that_are_no_utf8_stay() -> None:
    assert rewrite_links(b"\xff<p>\xfe</p>", lambda url: url) == b"\xff<p>\xfe</p>"


@pytest.mark.parametrize(
    "text",
    [
        "http://h/a?b#c",
        "//h/a",
        "/a%2Fb",
        "a/b",
        "?q",
        "mailto:x",
        "http:/x",
        "///",
        "http://[::1]:80/",
        "/a!$&'()*+,;=:@",
        "#'",
    ],
)
def test_urls_that_stay_as_they_are(text: str) -> None:
    assert str(GoURL.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("HTTP://H/x", "http://H/x"),
        ("/a b", "/a%20b"),
        ("/é", "/%C3%A9"),
        ("/[x]<y>", "/%5Bx%5D%3Cy%3E"),
        ("#", ""),
        ("./a:b", "./a:b"),
        ("http://é/", "http://%C3%A9/"),
    ],
)
def test_urls_that_are_written_anew(text: str, written: str) -> None:
    assert str(GoURL.parse(text)) == written


@pytest.mark.parametrize(
    "text",
    [
        "/%zz",
        "http://[bad",
        "http://a:b/x",
        ":x",
        "a:b/c:\x01",
        "1:2",
        "http://h%20/",
        "http://h::1/",
        "//u%zz@h/",
        "http://x[::1]/",
    ],
)
def test_urls_that_are_none(text: str) -> None:
    with pytest.raises(BadURLError):
        GoURL.parse(text)


def test_paths() -> None:
    assert [clean(one) for one in ("", "/", "//a", "/a/../..", "a/../..", "/a/./b/", "..")] == [
        ".", "/", "/a", "/", "..", "/a/b", "..",
    ]  # fmt: skip
    assert join("/p/", "/a//b") == "/p/a/b" and join("", "") == ""
    assert unescape("/a%2Fb%ff") == "/a/b\udcff" and escape_path("/a/b\udcff") == "/a/b%FF"
