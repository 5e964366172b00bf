"""Quantities are numbers: the grammar of resource.Quantity, against fractions."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeaccess_magic.kube import quantity, seconds

FACTORS = {"n": (10, -9), "u": (10, -6), "m": (10, -3), "": (10, 0), "k": (10, 3), "M": (10, 6), "G": (10, 9)}
FACTORS |= {"T": (10, 12), "P": (10, 15), "E": (10, 18)}
FACTORS |= {"Ki": (2, 10), "Mi": (2, 20), "Gi": (2, 30), "Ti": (2, 40), "Pi": (2, 50), "Ei": (2, 60)}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("128Mi", 134217728),
        ("1.5Gi", 1610612736),
        ("250m", 0.25),
        ("1000m", 1),
        ("100n", 1e-7),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1e-3", 0.001),
        ("1.25e+2", 125),
        ("12E", 12 * 10**18),
        ("1Ei", 2**60),
        ("-1Ki", -1024),
        ("+2k", 2000),
        (".5", 0.5),
        ("5.", 5),
        ("0.1m", 0.0001),
        ("007", 7),
        ("9223372036854775808", 2**63),
        ("-0.5Ki", -512),
    ],
)
def test_numbers(text: str, number: float) -> None:
    found = quantity(text)
    assert found == number and type(found) is type(number)


NONE = [
    *("", ".", "Mi", "1.1.M", "1+1.0M", "0.1mi", "0.1am", "aoeu", ".5i", "1i", "-3.01i", "-3.01e-", " 1", "1 ", "1Kb"),
    *("1K", "1ki", "1e1.5", "1Ee3", "--1", "1e9999", "\u0661", "1" * 200, "1_000", "inf", "NaN"),
]


@pytest.mark.parametrize("text", NONE)
def test_what_is_none_stays_as_it_is(text: str) -> None:
    assert quantity(text) is text


@pytest.mark.parametrize("value", [None, 128, 0.5, True, ["1"], {"a": 1}])
def test_what_is_no_text_stays_as_it_is(value: object) -> None:
    assert quantity(value) is value


@given(
    st.sampled_from(["", "-", "+"]),
    st.from_regex(r"[0-9]{1,20}(\.[0-9]{0,12})?|\.[0-9]{1,12}", fullmatch=True),
    st.sampled_from([*FACTORS]) | st.integers(-30, 30).map(lambda n: f"e{n}"),
)
def test_every_number_is_the_nearest_there_is(sign: str, number: str, suffix: str) -> None:
    base, power = FACTORS.get(suffix, (10, int(suffix[1:]) if suffix[:1] == "e" else 0))
    whole, _, part = number.partition(".")
    exact = Fraction(int(whole + part or "0"), 10 ** len(part)) * Fraction(base) ** power
    exact = -exact if sign == "-" else exact
    found = quantity(sign + number + suffix)
    if exact.denominator == 1:
        assert type(found) is int and found == exact
    else:
        assert type(found) is float and found == exact.numerator / exact.denominator


@pytest.mark.parametrize(
    ("text", "number"),
    [("15.016s", 15.016), ("1h2m3.5s", 3723.5), ("20ms", 0.02), ("1µs", 1e-6), ("0", 0.0), ("-1m", -60.0), ("0s", 0.0)],
)
def test_durations(text: str, number: float) -> None:
    assert seconds(text) == pytest.approx(number, rel=1e-12)


@pytest.mark.parametrize("value", ["", "s", "1", "1x", "1h 2m", "1.2.3s", None, 5])
def test_what_is_no_duration_stays_as_it_is(value: object) -> None:
    assert seconds(value) is value
