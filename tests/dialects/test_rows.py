"""The rows engine: what pyarrow and msgspec read fast is what Python reads, also where they would lie."""

from __future__ import annotations

import contextlib
import gc
import json
from typing import Any

import msgspec
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeaccess_magic.dialects import columns
from kubeaccess_magic.dialects.rows import NotRows, Rows, fast
from kubeaccess_magic.dialects.rows.shape import NoShape, Shape

NEVER, ALWAYS = 2**62, 0  # from how many bytes on pyarrow is asked
WAYS = [pytest.param(NEVER, id="without pyarrow")]
if fast.is_available():
    WAYS.append(pytest.param(ALWAYS, id="with pyarrow"))


def expected(text: bytes, *, dates: bool) -> pd.DataFrame:
    records = json.loads(text, object_pairs_hook=_kept)
    return columns.frame(columns.flatten(records), len(records), dates=dates)


def _kept(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found[key if key not in found else f"{key}_2"] = value
    return found


def frame_of(text: bytes, *, dates: bool, way: int, block_bytes: int) -> pd.DataFrame:
    gathered = Rows(dates=dates, block_bytes=block_bytes, fast_from_bytes=way)
    gathered.add(msgspec.json.decode(text, type=list[msgspec.Raw]))
    count = len(gathered)
    found = gathered.columns()
    return columns.assembled(dict(zip(columns.dotted(found), found.values(), strict=True)), count)


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert list(found.columns) == list(expected.columns)
    assert list(map(str, found.dtypes)) == list(map(str, expected.dtypes))
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    for name in expected.columns:
        if expected[name].dtype == object:  # 1 and 1.0 and True are equal, and not the same
            assert list(map(repr, found[name])) == list(map(repr, expected[name])), name
        elif expected[name].dtype == "float64":
            assert found[name].map(repr).tolist() == expected[name].map(repr).tolist(), name  # -0.0


LIES = {
    "text that looks like dates": ['{"a": "2026-11-23"}', '{"a": "2026-11-24T01:02:03+02:00"}', '{"a": null}'],
    "dates, then other text": ['{"a": "2026-11-23T00:00:00Z"}', '{"a": "x"}'],
    "moments": ['{"a": "2026-11-23T00:00:00.5Z"}', "{}", '{"a": "2026-11-24T01:02:03+02:00"}'],
    "lists of nulls": ['{"a": [null, null]}', '{"a": []}'],
    "NaN among numbers": ['{"a": 1}', '{"a": "NaN"}', '{"a": 2.5}'],
    "moments of GMT": ['{"a": "2026-11-23T00:00:00.5GMT"}', '{"a": "2026-11-23T00:00:00Z"}'],
    "a moment with a blank": ['{"a": "2026-11-23T00:00:00Z"}', '{"a": "2026-11-23 00:00:00Z"}'],
    "a moment without minutes": ['{"a": "2026-11-23T00:00:00Z"}', '{"a": "2026-11-23T00Z"}'],
    "a moment without a zone": ['{"a": "2026-11-23T00:00:00Z"}', '{"a": "2026-11-23T00:00:00"}'],
    "two moments in one text": ['{"a": "2026-11-23T00:00Z\\n2026-11-23T00:00Z"}', '{"a": "2026-11-23T00:00Z"}'],
    "digits of other scripts": ['{"a": "2026-11-23T00:00:00Z"}', '{"a": "٢٠٢٦-11-23T00:00:00Z"}'],
    "nanoseconds": ['{"a": "2026-11-23T00:00:00.123456789Z"}', '{"a": "2026-11-23T00:00:00Z"}'],
    "too many digits": ['{"a": "2026-11-23T00:00:00.1234567890Z"}'],
    "a leap second": ['{"a": "2026-11-23T00:00:60Z"}'],
    "far years": ['{"a": "9999-12-31T23:59:59Z"}', '{"a": "0001-01-01T00:00:00Z"}'],
    "no year": ['{"a": "0000-01-01T00:00:00Z"}'],
    "no year in UTC": ['{"a": "0001-01-01T00:00:00+05:00"}'],
    "dates in an object": ['{"b": 1, "s": {"x": 1, "d": "2026-11-23"}, "c": 1}', '{"s": {"d": "y", "z": 1}}'],
    "dates in a list": ['{"a": ["2026-11-23", "2026-11-24"]}', '{"a": [{"d": "2026-11-23"}]}'],
    "numbers and text": ['{"a": 1}', '{"a": "x"}', '{"a": 1.0}'],
    "text that is numbers": ['{"a": "1"}', '{"a": "2"}'],
    "whole numbers beyond 63 bits": ['{"a": 9223372036854775808}', '{"a": 1}'],
    "whole numbers beyond 64 bits": ['{"a": 18446744073709551617}', '{"a": -18446744073709551617}'],
    "whole numbers with gaps": ['{"a": 9007199254740993}', '{"a": null}', "{}"],
    "decimals beside large whole numbers": ['{"a": 9007199254740993}', '{"a": 1.5}', '{"a": 1}', '{"a": 1.0}'],
    "decimals beside small whole numbers": ['{"a": 9007199254740992}', '{"a": 1.5}', '{"a": 1}'],
    "decimals, then text, under any key": ['{"q\\"": 1, "n": 1}', '{"q\\"": 1.5, "n": 1.5}', '{"q\\"": "x", "n": {}}'],
    "large decimals": ['{"a": 1e300}', '{"a": 1.5}'],
    "1e400": ['{"a": 1e400}', '{"a": 1}'],
    "a zero with a sign": ['{"a": -0}', '{"a": 1.5}', '{"b": -0}', '{"c": -0.0}'],
    "true and 1": ['{"a": true}', '{"a": 1}'],
    "true and nothing": ['{"a": true}', "{}"],
    "nothing": ['{"a": null}', '{"a": null, "b": {"c": null}}'],
    "empty objects": ['{"a": {}}', '{"a": null}', '{"a": {}}'],
    "empty and other objects": ['{"a": {}}', '{"a": {"b": 1}}', '{"a": null}'],
    "empty objects and values": ['{"a": {}}', '{"a": 1}', '{"a": {"b": {}}}'],
    "objects and values": ['{"a": {"b": 1}}', '{"a": 5}', '{"a": "x"}'],
    "empty lists": ['{"a": []}', '{"a": null}'],
    "lists of whole numbers and decimals": ['{"a": [1, 1.5]}', '{"a": [2]}', '{"a": [-0]}'],
    "lists of large numbers": ['{"a": [18446744073709551617]}', '{"a": [9007199254740993, 0.5]}'],
    "lists of several kinds": ['{"a": [1, "x", null, {}]}', '{"a": 5}'],
    "lists of objects": ['{"a": [{"b": 1}, {"c": 2}, {}]}', '{"a": [{"b": null}]}'],
    "a list in an object": ['{"s": {"a": [1]}}', '{"s": null}', '{"s": {}}'],
    "a list under a key that msgspec cannot look for": ['{"a\\"b": [1]}', '{"a\\\\": [2]}'],
    "a repeated key": ['{"a": 1, "a": 2}', '{"a": 3}'],
    "a repeated key in a list": ['{"a": [{"b": 1, "b": 2}]}'],
    "a repeated key, spaced": ['{"a" : 1, "a"\\n: 2, "b": ":c", "d": "e\\":"}'.replace("\\n", "\n")],
    "text that looks like keys": ['{"a": "{\\"a\\":1,\\"a\\" :2}", "b": ":", "c\\\\": "\\\\\\":"}'],
    "one name for two": ['{"a.b": 1, "a": {"b": 2}}', '{"a": {"b": 3}, "a.b": 4}'],
    "empty keys": ['{"": 1, "a": {"": {"": 2}}}'],
    "keys in other orders": [
        '{"c": null, "a": 1}',
        '{"b": 1, "a": 2, "c": 3}',
        '{"d": {"y": 1}, "b": 1}',
        '{"d": {"x": 1, "y": 2}}',
    ],
    "rows without keys": ["{}", "{}"],
    "rows of several lines": ['{\n  "a": 1,\n  "b": [\n    1\n  ]\n}', '{\n"a":\n2}', '{"a": {\n}\n}'],
    "zeros in text": ['{"a": "\\u0000x\\u0000"}', '{"a\\u0000": 1}'],
    "any text": ['{"a": "ä€😀\\u00e4\\ud83d\\ude00\\n"}', '{"ä": "\\"", "\\u00e4": "x"}'],
    "escaped keys": ['{"\\u0061": 1, "b\\n": 2}', '{"a": 3, "b\\n": [4]}'],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", LIES)
def test_nothing_is_read_otherwise_than_python_reads_it(what, way):
    for repeated, block_bytes in ((1, 1), (20, 2**20), (20, 200)):
        body = ("[" + ",".join(LIES[what] * repeated) + "]").encode()
        for dates in (False, True):
            same(frame_of(body, dates=dates, way=way, block_bytes=block_bytes), expected(body, dates=dates))


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3)
    | st.sampled_from(["2026-11-23", "2026-11-01T00:00:00Z", "2026-11-01T01:00:00.25+01:00", "1", "", -0.0, 1.0, 2**53])
)
KEYS = st.sampled_from(["a", "b", "a.b", "c", "", "ä", 'q"', "\n"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)
# Columns as answers have them: most keys there, most values of one kind.
KINDS = st.sampled_from(
    [
        st.integers(-(2**62), 2**62),
        st.integers(-9, 9) | st.none(),
        st.floats(-1e6, 1e6),
        st.floats(-1e6, 1e6) | st.integers(-9, 9),
        st.booleans(),
        st.text(max_size=3) | st.none(),
        st.sampled_from(["2026-11-01T00:00:00Z", "2026-11-01T00:00:00.123Z", "2026-11-01T00:00:00+01:00", None]),
        st.sampled_from(["2026-11-23", "2026-11-24", "x"]),
        st.lists(st.integers(0, 3), max_size=2),
        st.dictionaries(KEYS, st.integers(0, 3), max_size=2),
        VALUES,
    ]
)


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, Any]]:
    kinds = draw(st.dictionaries(KEYS, KINDS, max_size=4))
    row = st.fixed_dictionaries({}, optional=kinds)
    return draw(st.lists(row, max_size=8))


@pytest.mark.parametrize("way", WAYS)
@settings(deadline=None)
@given(tables(), st.booleans(), st.sampled_from([1, 60, 2**20]), st.sampled_from([None, 1]), st.booleans())
def test_any_rows_are_read_as_python_reads_them(way, records, dates, block_bytes, indent, ascii_only):
    body = json.dumps(records, indent=indent, ensure_ascii=ascii_only).encode()
    same(frame_of(body, dates=dates, way=way, block_bytes=block_bytes), expected(body, dates=dates))


@pytest.mark.parametrize("way", WAYS)
def test_pages_are_typed_together(way):
    pages = [[{"a": 1, "b": "2026-11-23"}] * 9, [{"b": "2026-11-24", "a": None, "c": 1.0}] * 9, [{"a": 2, "c": 2**60}]]
    gathered = Rows(fast_from_bytes=way)
    for page in pages:
        gathered.add([json.dumps(row).encode() for row in page])
    gathered.add_values([{"b": 5, "d": "\ud800"}])
    assert len(gathered) == 20
    found = gathered.columns()
    records = [row for page in pages for row in page] + [{"b": 5, "d": "\ud800"}]
    same(
        columns.assembled({".".join(path): values for path, values in found.items()}, 20),
        columns.frame(columns.flatten(records), 20),
    )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "rows",
    [
        [b"null"],
        [b'{"a": 1}', b"null"],
        [b"5", b'{"a": 1}'],
        [b"[1]"],
        [b"{\n}", b"[\n]"],
        [b'{"a": "\xff"}'],
        [b'{"\xe4": 1}'],
        [b'{"a": "\xed\xa0\x80"}'],
    ],
)
def test_what_is_no_object_or_no_text_is_refused_and_leaves_nothing(rows, way):
    gathered = Rows(fast_from_bytes=way)
    gathered.add([b'{"z": 1}'])
    with pytest.raises(NotRows):
        gathered.add([b'{"y": "2026-11-23"}', *rows])
    assert len(gathered) == 1 and list(gathered.columns()) == [("z",)]


@pytest.mark.parametrize("way", WAYS)
def test_columns_can_be_written_to(way):
    body = b'[{"i": 1, "f": 0.5, "b": true, "s": "x", "t": "2026-11-01T00:00:00Z"}]'
    frame = frame_of(body, dates=True, way=way, block_bytes=2**20)
    for name, value in {"i": 2, "f": 1.5, "b": False, "s": "y", "t": pd.Timestamp(0, tz="UTC")}.items():
        frame.loc[0, name] = value
        array = frame[name].array
        array[0] = value
        assert frame.loc[0, name] == value


@pytest.mark.parametrize("way", WAYS)
def test_the_garbage_collector_is_put_back(way):
    for enabled in (True, False):
        (gc.enable if enabled else gc.disable)()
        try:
            gathered = Rows(fast_from_bytes=way)
            gathered.add([b'{"a": 1}'])
            assert gc.isenabled() is enabled
            with pytest.raises(NotRows):
                gathered.add([b"1"])
            assert gc.isenabled() is enabled
        finally:
            gc.enable()


SHAPED = [b'{"a":1,"s":{"b":"x","l":[{"k":1}]},"t":"y"}', b'{"t":"y"}', *[b'{"s":null,"t":"y","a":true}'] * 3]


def test_rows_of_known_keys_are_read_without_their_dicts():
    paths = [("a",), ("s", "b"), ("s", "l"), ("t",)]
    body = b"[" + b",".join(SHAPED) + b"]"
    found, keys = Shape(paths).leaves(body)
    expected, in_objects = columns.leaves(json.loads(body))
    assert repr({path: found[path] for path in expected}) == repr(expected) and len(found) == len(expected)
    assert keys == in_objects + 1  # the one in a list
    assert len(set(map(id, found["t",]))) == 1  # one text, however often it comes
    assert Shape([("s", "b")], has_others=True).leaves(body)[0] == {("s", "b"): expected["s", "b"]}


@pytest.mark.parametrize("row", [b'{"b":1}', b'{"a":{"b":1}}', b'{"s":1}', b'{"s":{"c":1}}', b'{"a":1', b"[]", b"null"])
def test_rows_of_other_keys_are_no_such(row):
    with pytest.raises(NoShape):
        Shape([("a",), ("s", "b")]).leaves(b"[" + row + b"]")


@pytest.mark.parametrize("paths", [[("a",), ("a", "b")], [('q"',)], [(str(i),) for i in range(2000)]])
def test_keys_that_cannot_be_looked_for(paths):
    with pytest.raises(NoShape):
        Shape(paths)


def test_no_rows():
    gathered = Rows()
    gathered.add([])
    assert len(gathered) == 0 and gathered.columns() == {}


def test_pyarrow_reads_what_it_should():
    """That the tests above compare two ways, and not one with itself."""
    pytest.importorskip("pyarrow")
    rows = [b'{"a": 1, "d": "2026-11-23", "l": [1], "f": 0.5}', b'{"e": {}}']
    (block,) = fast.blocks([rows], frozenset())
    assert [str(getattr(values, "type", "list")) for values in block.leaves.values()] == [
        *("int64", "string", "list", "double", "list")
    ]
    assert not block.is_exact and block.date_like == {("d",)} and block.source is None
    (block,) = fast.blocks([[b'{"a": 1}', b'{"a": "x"}']], frozenset())
    assert block.is_exact


@pytest.mark.parametrize("way", WAYS)
def test_numbers_that_meet_text_in_a_later_page_are_those_of_the_first(way):
    gathered = Rows(fast_from_bytes=way)
    gathered.add([b'{"q\\"": 1, "n": 1}', b'{"q\\"": 1.5, "n": 1.0}'])
    gathered.add([b'{"q\\"": "x", "n": "x"}'])
    assert [repr(list(values)) for values in gathered.columns().values()] == ["[1, 1.5, 'x']", "[1, 1.0, 'x']"]


@pytest.mark.skipif(not fast.is_available(), reason="pyarrow is not installed")
@pytest.mark.parametrize("text", [b'[{"a": 1, "b": "x"}]', b'[{"a": 1}, null]', b"[1]"])
def test_the_memory_that_pyarrow_uses_is_as_it_was(text):
    import pyarrow as pa

    before = pa.default_memory_pool().backend_name
    gathered = Rows(fast_from_bytes=ALWAYS)
    with contextlib.suppress(NotRows):
        gathered.add(msgspec.json.decode(text, type=list[msgspec.Raw]))
    gathered.columns()
    assert pa.default_memory_pool().backend_name == before
