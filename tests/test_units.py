import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcomm import units
from simcomm.errors import InputError

BANDWIDTH = "expected a bandwidth such as '100 Gbit/s' or '12.5 GB/s'"
TIME = "expected a time such as '5 us' or '1.5 ms'"
SIZE = "expected a size such as '25 MB' or '25 MiB'"
COUNT = "expected a count such as 25600000 or '25.6e6 parameters'"


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (units.parse_bandwidth, "100 Gbit/s", 12.5e9),
        (units.parse_bandwidth, "12.5 GB/s", 12.5e9),
        (units.parse_bandwidth, "12.5GB/s", 12.5e9),
        (units.parse_bandwidth, " 1 GiB / s ", 2.0**30),
        (units.parse_bandwidth, "8 Kibit/s", 1024.0),
        (units.parse_bandwidth, "1e-3 B/s", 1e-3),
        (units.parse_time, "5 us", 5e-6),
        (units.parse_time, "5 \u00b5s", 5e-6),
        (units.parse_time, "5 \u03bcs", 5e-6),
        (units.parse_time, "1.5ms", 1.5e-3),
        (units.parse_time, "100 ns", 1e-7),
        (units.parse_time, "7 ps", 7e-12),
        (units.parse_time, "0 s", 0.0),
        (units.parse_time, "+.5 s", 0.5),
        (units.parse_size, "25 MB", 25_000_000),
        (units.parse_size, "25 MiB", 26_214_400),
        (units.parse_size, "1e6 B", 1_000_000),
        (units.parse_size, "0 B", 0),
        (units.parse_size, "0.5 KiB", 512),
        (units.parse_size, "8 TiB", 2**43),
        (units.parse_count, "25.6e6 parameters", 25_600_000),
        (units.parse_count, "25.6 M parameters", 25_600_000),
        (units.parse_count, "25.6M parameters", 25_600_000),
        (units.parse_count, 25557032, 25557032),
        (units.parse_count, 0, 0),
        (units.parse_count, 1e9, 10**9),
        (units.parse_count, 1e23, 10**23),
        (units.parse_count, 10**50, 10**50),
    ],
)
def test_reads_a_quantity_exactly(parse, text, value):
    parsed = parse(text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("parse", "text", "message"),
    [
        (units.parse_bandwidth, "100", f"'100' has no unit; {BANDWIDTH}"),
        (units.parse_bandwidth, 100, f"100 has no unit; {BANDWIDTH}"),
        (units.parse_bandwidth, "fast", f"'fast' is not a bandwidth; {BANDWIDTH}"),
        (units.parse_bandwidth, "", f"'' is not a bandwidth; {BANDWIDTH}"),
        (units.parse_bandwidth, None, f"None is not a bandwidth; {BANDWIDTH}"),
        (units.parse_bandwidth, True, f"True is not a bandwidth; {BANDWIDTH}"),
        (units.parse_bandwidth, math.inf, f"inf is not a bandwidth; {BANDWIDTH}"),
        (units.parse_bandwidth, "nan GB/s", f"'nan GB/s' is not a bandwidth; {BANDWIDTH}"),
        (units.parse_bandwidth, "-1 GB/s", f"'-1 GB/s' is negative; {BANDWIDTH}"),
        (
            units.parse_bandwidth,
            "0 GB/s",
            "'0 GB/s' is zero; expected a bandwidth greater than zero, such as '100 Gbit/s' or '12.5 GB/s'",
        ),
        (
            units.parse_bandwidth,
            "1e-999 B/s",
            "'1e-999 B/s' is zero; expected a bandwidth greater than zero, such as '100 Gbit/s' or '12.5 GB/s'",
        ),
        (units.parse_bandwidth, "1e300 TB/s", f"'1e300 TB/s' is too large; {BANDWIDTH}"),
        (units.parse_bandwidth, "1e999999999 B/s", f"'1e999999999 B/s' is not a bandwidth; {BANDWIDTH}"),
        (
            units.parse_bandwidth,
            "100 Gbps",
            "'100 Gbps' has an unknown unit 'Gbps'; write 'Gbit/s' for bits or 'GB/s' for bytes",
        ),
        (
            units.parse_bandwidth,
            "100 Gb/s",
            "'100 Gb/s' has an unknown unit 'Gb/s'; write 'Gbit/s' for bits or 'GB/s' for bytes",
        ),
        (
            units.parse_bandwidth,
            "100 GBit/s",
            f"'100 GBit/s' has an unknown unit 'GBit/s'; {BANDWIDTH}; did you mean 'Gbit/s'?",
        ),
        (
            units.parse_bandwidth,
            "100 Gbit",
            f"'100 Gbit' has an unknown unit 'Gbit'; {BANDWIDTH}; did you mean 'Gbit/s'?",
        ),
        (units.parse_time, "5", f"'5' has no unit; {TIME}"),
        (units.parse_time, "5 GB", f"'5 GB' has an unknown unit 'GB'; {TIME}"),
        (units.parse_time, "-1 us", f"'-1 us' is negative; {TIME}"),
        (units.parse_time, "5 US", f"'5 US' has an unknown unit 'US'; {TIME}; did you mean 'us'?"),
        (units.parse_size, "25 Mbit", "'25 Mbit' is in bits; expected bytes: '3.125 MB'"),
        (units.parse_size, "8 Kib", "'8 Kib' is in bits; expected bytes: '1 KiB'"),
        (units.parse_size, "8 bits", "'8 bits' is in bits; expected bytes: '1 B'"),
        (units.parse_size, "25 KB", f"'25 KB' has an unknown unit 'KB'; {SIZE}; did you mean 'kB'?"),
        (units.parse_size, "0.5 B", f"'0.5 B' is not a whole number of bytes; {SIZE}"),
        (units.parse_size, "1.2.3 B", f"'1.2.3 B' is not a size; {SIZE}"),
        (units.parse_count, 1.5, f"1.5 is not a whole number of parameters; {COUNT}"),
        (units.parse_count, -1, f"-1 is negative; {COUNT}"),
        (units.parse_count, "8", f"'8' has no unit; {COUNT}"),
        (units.parse_count, True, f"True is not a count; {COUNT}"),
        (units.parse_count, math.nan, f"nan is not a count; {COUNT}"),
        (units.parse_count, [8], f"[8] is not a count; {COUNT}"),
    ],
)
def test_says_what_was_expected(parse, text, message):
    with pytest.raises(InputError) as caught:
        parse(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("letters", "quoted"), [(58, repr("x" * 58)), (59, "'" + "x" * 56 + "..."), (500, "'" + "x" * 56 + "...")]
)
def test_what_it_quotes_has_at_most_60_letters(letters, quoted):
    with pytest.raises(InputError) as refused:
        units.parse_time("x" * letters)
    assert str(refused.value) == f"{quoted} is not {units.TIME.name}; {units.TIME.expected}"


def test_the_largest_that_is_read_is_1e300():
    assert units.parse_bandwidth("1e300 B/s") == 1e300
    with pytest.raises(InputError, match="too large"):
        units.parse_bandwidth("1.000001e300 B/s")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (units.format_bandwidth(12.5e9), "12.5 GB/s = 100 Gbit/s"),
        (units.format_bandwidth(1e-3), "0.001 B/s = 0.008 bit/s"),
        (units.format_time(0.01408), "14.1 ms"),
        (units.format_time(0.0009999), "1 ms"),
        (units.format_time(5e-13), "0.0005 ns"),
        (units.format_time(12345), "12300 s"),
        (units.format_time(0), "0 s"),
        (units.format_time(math.inf), "inf s"),
        (units.format_size(25_557_032), "25.6 MB"),
        (units.format_size(999_999), "1 MB"),
        (units.format_size(1), "1 B"),
        (units.format_size(5e15), "5000 TB"),
    ],
)
def test_writes_three_digits_with_a_prefix(text, expected):
    assert text == expected


@given(st.floats(min_value=1e-6, max_value=1e18))
def test_a_written_bandwidth_reads_back(bandwidth):
    in_bytes, in_bits = units.format_bandwidth(bandwidth).split(" = ")
    assert units.parse_bandwidth(in_bytes) == pytest.approx(bandwidth, rel=0.006)
    assert units.parse_bandwidth(in_bits) == pytest.approx(bandwidth, rel=0.006)


@given(st.floats(min_value=1e-15, max_value=1e12))
def test_a_written_time_reads_back(time_s):
    assert units.parse_time(units.format_time(time_s)) == pytest.approx(time_s, rel=0.006)


@given(st.integers(0, 10**18))
def test_a_written_size_reads_back(size):
    assert units.parse_size(units.format_size(size)) == pytest.approx(size, rel=0.006)


@given(
    st.integers(0, 10**12),
    st.sampled_from([(kind, unit) for kind in units.KINDS for unit in kind.units]),
)
def test_every_unit_is_exact(number, kind_and_unit):
    kind, unit = kind_and_unit
    assert units.parse_quantity(f"{number} {unit}", kind) == number * Fraction(kind.units[unit])


@given(st.integers(0, 2**70))
def test_a_size_in_bytes_loses_no_digit(size):
    assert units.parse_size(f"{size} B") == size
    assert units.parse_count(f"{size} parameters") == size == units.parse_count(size)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    for parse in (units.parse_bandwidth, units.parse_time, units.parse_size, units.parse_count):
        try:
            assert parse(text) >= 0
        except InputError as error:
            assert "expected" in str(error) or "write" in str(error)  # noqa: PT017
