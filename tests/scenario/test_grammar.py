import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcomm.errors import InputError
from simcomm.scenario.grammar import read_sweep
from simcomm.scenario.paths import ABSENT, get, replaced, split
from simcomm.scenario.sweep_values import MAX_POINTS, values_of
from simcomm.units import TIME, parse_quantity, parse_size


def expand(data):
    """The points' data, and what was refused."""
    refused = []
    sweep = read_sweep(data, lambda where, message: refused.append((where, message)))
    return ([] if refused else [point.data for point in sweep.points()]), refused


def points_of(data):
    points, refused = expand(data)
    assert refused == []
    return points


@pytest.mark.parametrize(
    ("spec", "path", "values"),
    [
        ([1, "a", None], "workers", [1, "a", None]),
        ({"log2": [1, 8]}, "workers", [1, 2, 4, 8]),
        ({"log2": [4, 4]}, "workers", [4]),
        ({"log2": ["1 KiB", "4 KiB"]}, "size", ["1024 B", "2048 B", "4096 B"]),
        ({"range": [1, 6, 2]}, "workers", [1, 3, 5]),
        ({"range": [1, 5, 2]}, "workers", [1, 3, 5]),
        ({"range": [1e1, 3e1, 1e1]}, "workers", [10, 20, 30]),
        ({"range": [0, 0.3, 0.1]}, "compute.jitter", [0, 0.1, 0.2, 0.3]),
        ({"range": ["1 us", "2 us", "500 ns"]}, "link.latency", ["1e-06 s", "1.5e-06 s", "2e-06 s"]),
        ({"geometric": [1, 1000, 4]}, "workers", [1, 10, 100, 1000]),
        ({"geometric": [1, 4, 7]}, "workers", [1, 2, 3, 4]),
        ({"geometric": [1e3, 1e5, 3]}, "parameters", [1000, 10000, 100000]),
        ({"geometric": [0.01, 1.0, 3]}, "compute.jitter", [0.01, 0.1, 1]),
        ({"geometric": ["1 KiB", "1 GiB", 3]}, "size", ["1024 B", "1048576 B", "1073741824 B"]),
        ({"geometric": ["4 B", "1000 B", 4]}, "size", ["4 B", "24 B", "160 B", "1000 B"]),
        ({"geometric": ["1 k parameters", "1 M parameters", 2]}, "parameters", [1000, 1000000]),
        (
            {"geometric": ["1 GB/s", "100 GB/s", 3]},
            "link.bandwidth",
            ["1000000000.0 B/s", "10000000000.0 B/s", "100000000000.0 B/s"],
        ),
    ],
)
def test_values_of_a_path(spec, path, values):
    assert values_of(spec, path) == values


FORMS = "{log2: [first, last]}, {range: [first, last, step]} or {geometric: [first, last, count]}"
NO_PATH = "no point has this path; expected a swept path"
NESTED = f"a mapping that is not a sweep; expected a list, {FORMS} (to sweep a key of 'x', write its path with dots)"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ([], "an empty list; expected one value or more"),
        (8, f"8 is not a sweep; expected a list, {FORMS}"),
        ("2,4", f"'2,4' is not a sweep; expected a list, {FORMS}"),
        (None, f"nothing is not a sweep; expected a list, {FORMS}"),
        ({"log": [2, 4]}, f"a mapping that is not a sweep; expected a list, {FORMS}; did you mean 'log2'?"),
        (
            {"bandwidth": [1]},
            NESTED,
        ),
        ({}, NESTED),
        ({"log2": [3, 8]}, "3 is not a power of two; expected log2: [first, last], such as [2, 1024]"),
        ({"log2": [0, 8]}, "0 is not a power of two; expected log2: [first, last], such as [2, 1024]"),
        ({"log2": [-2, 8]}, "-2 is not a power of two; expected log2: [first, last], such as [2, 1024]"),
        ({"log2": [1.5, 8]}, "1.5 is not a power of two; expected log2: [first, last], such as [2, 1024]"),
        ({"log2": [8, 2]}, "starts at 8, after its end 2; expected the smaller first"),
        ({"log2": [8]}, "a list of 1 does not fit; expected log2: [first, last]"),
        ({"log2": 8}, "8 does not fit; expected log2: [first, last]"),
        ({"log2": [2, "x"]}, "'x' is not a number, nor a quantity such as '1 KiB', '5 us' or '100 Gbit/s'"),
        ({"log2": [2, True]}, "true is not a number, nor a quantity such as '1 KiB', '5 us' or '100 Gbit/s'"),
        ({"log2": [2, math.inf]}, "inf is not a number, nor a quantity such as '1 KiB', '5 us' or '100 Gbit/s'"),
        ({"log2": [2, "4 B"]}, "numbers with different units; expected log2: [first, last] in one unit"),
        ({"range": [1, 5]}, "a list of 2 does not fit; expected range: [first, last, step]"),
        ({"range": [1, 5, 0]}, "the step 0 is not greater than zero"),
        ({"range": [5, 1, 1]}, "starts at 5, after its end 1; expected the smaller first"),
        ({"range": [0, 1e9, 1]}, "1,000,000,001 values; expected at most 1,000,000"),
        (
            {"range": ["1 us", "2 B", "1 us"]},
            "numbers with different units; expected range: [first, last, step] in one unit",
        ),
        ({"geometric": [1, 8]}, "a list of 2 does not fit; expected geometric: [first, last, count]"),
        ({"geometric": 1}, "1 does not fit; expected geometric: [first, last, count]"),
        (
            {"geometric": [1, 8, 1]},
            "the count 1 is not a whole number of 2 or more; expected geometric: [first, last, count]",
        ),
        (
            {"geometric": [1, 8, 2.5]},
            "the count 2.5 is not a whole number of 2 or more; expected geometric: [first, last, count]",
        ),
        ({"geometric": [0, 8, 3]}, "0 is not greater than zero; a geometric series cannot start there"),
        ({"geometric": [9, 8, 3]}, "starts at 9, after its end 8; expected the smaller first"),
        ({"geometric": [1, 8, 10**7]}, "10,000,000 values; expected at most 1,000,000"),
    ],
)
def test_values_that_are_refused(spec, message):
    with pytest.raises(InputError) as caught:
        values_of(spec, "x")
    assert str(caught.value) == message


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(2, 30))
def test_a_geometric_series_keeps_its_ends_and_rises(first, more, count):
    values = values_of({"geometric": [first, first + more, count]}, "workers")
    assert (values[0], values[-1]) == (first, first + more)
    assert values == sorted(set(values))
    assert all(isinstance(value, int) for value in values)
    assert len(values) <= count


@given(st.integers(1, 2**40), st.integers(1, 2**40), st.integers(2, 20))
def test_sizes_in_a_geometric_series_are_whole_elements_of_every_dtype(first, last, count):
    first, last = sorted((8 * first, 8 * last))
    texts = values_of({"geometric": [f"{first} B", f"{last} B", count]}, "size")
    sizes = [parse_size(text) for text in texts]
    assert (sizes[0], sizes[-1]) == (first, last)
    assert all(size % 8 == 0 for size in sizes)


@given(st.integers(-1000, 1000), st.integers(0, 1000), st.integers(1, 100))
def test_a_range_is_pythons_with_its_end(first, length, step):
    assert values_of({"range": [first, first + length, step]}, "x") == list(range(first, first + length + 1, step))


def test_the_last_axis_varies_fastest():
    points = points_of({"seed": 7, "sweep": {"a": [1, 2], "b.c": ["x", "y"]}})
    assert points == [
        {"seed": 7, "a": 1, "b": {"c": "x"}},
        {"seed": 7, "a": 1, "b": {"c": "y"}},
        {"seed": 7, "a": 2, "b": {"c": "x"}},
        {"seed": 7, "a": 2, "b": {"c": "y"}},
    ]


def test_no_sweep_is_one_point():
    assert points_of({"a": 1}) == [{"a": 1}]
    assert points_of({"a": 1, "sweep": {}}) == [{"a": 1}]


def test_product_says_the_same_as_nothing():
    axes = {"a": [1, 2], "b": {"log2": [1, 4]}}
    assert points_of({"sweep": {"product": axes}}) == points_of({"sweep": axes})


def test_zip_varies_together():
    points = points_of({"sweep": {"zip": {"a": [1, 2], "b": [3, 4]}, "c": [5, 6]}})
    assert [(point["a"], point["b"], point["c"]) for point in points] == [(1, 3, 5), (1, 3, 6), (2, 4, 5), (2, 4, 6)]


def test_several_zips_are_axes_of_their_own():
    points = points_of({"sweep": {"zip": [{"a": [1, 2], "b": [3, 4]}, {"c": [5, 6, 7]}]}})
    assert [(point["a"], point["b"], point["c"]) for point in points] == [
        (1, 3, 5), (1, 3, 6), (1, 3, 7), (2, 4, 5), (2, 4, 6), (2, 4, 7),
    ]  # fmt: skip


def test_a_short_path_does_not_wipe_out_a_longer_one():
    points = points_of({"sweep": {"collective.servers": [1, 2], "collective": ["parameter_server"]}})
    assert points == [
        {"collective": {"name": "parameter_server", "servers": 1}},
        {"collective": {"name": "parameter_server", "servers": 2}},
    ]


@pytest.mark.parametrize(
    ("shorthand", "path", "expected"),
    [
        ({"collective": "x"}, "collective.servers", {"collective": {"name": "x", "servers": 1}}),
        ({"topology": "x"}, "topology.hosts", {"topology": {"kind": "x", "hosts": 1}}),
        ({"network": "x"}, "network.gap", {"network": {"model": "x", "gap": 1}}),
        ({"compute": "1 s"}, "compute.jitter", {"compute": {"time": "1 s", "jitter": 1}}),
        ({"link": None}, "link.latency", {"link": {"latency": 1}}),
        ({}, "stragglers.3.start", {"stragglers": {3: {"start": 1}}}),
        ({"layers": [{"a": 2}]}, "layers.0.a", {"layers": [{"a": 1}]}),
    ],
)
def test_paths_go_into_shorthands_and_make_mappings(shorthand, path, expected):
    assert points_of({**shorthand, "sweep": {path: [1]}}) == [expected]


def test_exclude_drops_the_points_that_match_every_key():
    points = points_of({
        "sweep": {
            "collective": ["a", {"name": "b", "servers": 2}],
            "workers": [1, 2, 3],
            "exclude": [{"collective": "b", "workers": [1, 3]}, {"workers": 2, "collective": "a"}],
        }
    })  # fmt: skip
    assert [(point["collective"]["name"], point["workers"]) for point in points] == [("a", 1), ("a", 3), ("b", 2)]


def test_exclude_compares_mappings_and_does_not_take_true_for_one():
    data = {"sweep": {"c": [{"name": "x"}, {"name": "y"}], "d": [1, 2], "exclude": [{"c": {"name": "x"}}, {"d": True}]}}
    assert [(point["c"]["name"], point["d"]) for point in points_of(data)] == [("y", 1), ("y", 2)]


def test_exclude_may_name_what_is_not_swept():
    assert points_of({"seed": 1, "sweep": {"a": [1], "exclude": [{"seed": 1}]}}) == []


@pytest.mark.parametrize(
    ("sweep", "refused"),
    [
        ([1], [(("sweep",), "a list is not a mapping; expected paths with their values")]),
        ({"a": []}, [(("sweep", "a"), "an empty list; expected one value or more")]),
        ({"a": [1], "product": {"a": [2]}}, [(("sweep", "product", "a"), "swept twice; expected one list per path")]),
        ({"product": [1]}, [(("sweep", "product"), "a list does not fit; expected a mapping of paths to values")]),
        ({"zip": 3}, [(("sweep", "zip"), "3 does not fit; expected a list of mappings")]),
        ({"zip": [3]}, [(("sweep", "zip", 0), "3 does not fit; expected a mapping of paths to values")]),
        ({"zip": {"a": [1, 2], "b": [1]}}, [(("sweep", "zip"), "zip needs lists of one length; got 'a': 2, 'b': 1")]),
        ({"exclude": {"a": 1}}, [(("sweep", "exclude"), "a mapping does not fit; expected a list of mappings")]),
        (
            {"workers": [1], "exclude": [{"worker": 1}]},
            [(("sweep", "exclude", 0, "worker"), NO_PATH + "; did you mean 'workers'?")],
        ),
        ({"plugins": [["a:b"]]}, [(("sweep", "plugins"), "'plugins' cannot be swept")]),
        ({"sweep.a": [1]}, [(("sweep", "sweep.a"), "'sweep' cannot be swept")]),
        (
            {"seed.x": [1]},
            [(("sweep", "seed.x"), "there is no 'seed.x', because 'seed' is 7 and not a mapping")],
        ),
        (
            {"a": {"log2": [1, 2**600]}, "b": {"log2": [1, 2**600]}, "c": [1, 2, 3]},
            [(("sweep",), "expands to 1,083,603 points; expected at most 1,000,000")],
        ),
    ],
)
def test_sweeps_that_are_refused(sweep, refused):
    assert expand({"seed": 7, "sweep": sweep})[1] == refused


def test_an_exclude_of_a_path_that_could_not_be_read_says_nothing_more():
    assert len(expand({"sweep": {"a": [], "exclude": [{"a": 1}]}})[1]) == 1


axes = st.lists(st.lists(st.integers(), min_size=1, max_size=4), max_size=4)


@given(axes)
def test_a_product_has_as_many_points_as_its_lists_multiply_to(lists):
    points = points_of({"sweep": {f"k{index}": values for index, values in enumerate(lists)}})
    assert len(points) == math.prod(map(len, lists))


@given(st.lists(st.tuples(st.integers(), st.integers(), st.integers()), min_size=1, max_size=20))
def test_a_zip_has_as_many_points_as_its_lists_are_long(rows):
    a, b, c = (list(column) for column in zip(*rows, strict=True))
    points = points_of({"sweep": {"zip": {"a": a, "b.c": b, "b.d": c}}})
    assert [(point["a"], point["b"]["c"], point["b"]["d"]) for point in points] == rows


@given(axes.filter(bool), st.integers(-3, 3))
def test_excluded_points_are_those_of_the_product_that_match(lists, value):
    data = {f"k{index}": values for index, values in enumerate(lists)}
    kept = points_of({"sweep": {**data, "exclude": [{"k0": value}]}})
    assert kept == [point for point in points_of({"sweep": data}) if point["k0"] != value]


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4), st.integers())
def test_what_is_put_at_a_path_is_found_there(parts, value):
    path = split(".".join(parts))
    before = {"z": 1}
    after = replaced(before, path, value)
    assert get(after, path) == value
    assert get(after, ("z",)) == 1
    assert before == {"z": 1}
    assert get(before, path) is ABSENT


def test_the_limit_of_points_is_allowed():
    refused = []
    axis = {"range": [1, 1000, 1]}
    sweep = read_sweep({"sweep": {"a": axis, "b": axis}}, lambda where, message: refused.append(message))
    assert refused == []
    assert math.prod(map(len, sweep.axes)) == MAX_POINTS


def test_a_quantity_in_a_range_is_exact():
    texts = values_of({"range": ["0 us", "1 us", "0.1 us"]}, "link.latency")
    assert [float(parse_quantity(text, TIME)) for text in texts] == [number / 1e7 for number in range(11)]
