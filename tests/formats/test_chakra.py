"""Chakra: what is written is read as it was, as ASTRA-sim's own traces are made, and those of others are read."""

from __future__ import annotations

import tarfile
from collections import Counter
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import SHARED

from simcomm import collectives, formats, topology
from simcomm.closed_forms import Vector
from simcomm.errors import InputError
from simcomm.execution import execute
from simcomm.formats import chakra
from simcomm.formats.chakra_proto import NODE_TYPES, attribute, attributes, message_class, packed, read
from simcomm.formats.chakra_requests import requests, summary
from simcomm.schedule import Operation, Schedule

pytest.importorskip("google.protobuf")

TRACES = SHARED / "measured" / "inputs" / "chakra"
COMP, SEND, RECV, COLLECTIVE = 4, 5, 6, 7


@pytest.fixture
def real():
    """ASTRA-sim's ring of 8, made from an MSCCL program, which stands in its metadata."""
    if not TRACES.exists():
        pytest.skip("no traces beside the project")
    return TRACES / "custom_ring_allreduce_8npus.et"


def varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return number, at


def fields(data):
    """A message of protobuf, by hand: (field, its type on the wire, value)."""
    at, found = 0, []
    while at < len(data):
        key, at = varint(data, at)
        value, at = varint(data, at)
        if key & 7 == 2:
            value, at = data[at : at + value], at + value
        assert key & 7 in (0, 2)
        found.append((key >> 3, key & 7, value))
    return found


def by_hand(path):
    """The nodes of a trace, without protobuf: id, type, what it waits for, and name -> (field, value) of attributes."""
    data, at, nodes = path.read_bytes(), 0, []
    while at < len(data):
        length, at = varint(data, at)
        message, at = fields(data[at : at + length]), at + length
        node = {number: value for number, _, value in message}
        attrs = [fields(value) for number, _, value in message if number == 10]
        named = {attr[0][2].decode(): attr[-1][::2] for attr in attrs}
        nodes.append((node.get(1, 0), node.get(3, 0), list(node.get(5, b"")), named))
    return nodes[1:]


def every_schedule(workers):
    for name in collectives.names():
        for options in collectives.get(name).variants:
            try:
                yield name, options, collectives.get(name).schedule(workers, **options)
            except InputError:
                continue


def without_ours(path):
    """Take away the attributes of simcomm, as if another program had written the traces."""
    for file in chakra.files(path):
        metadata, nodes = read(file)
        for message in (metadata, *nodes):
            kept = [attr for attr in message.attr if not attr.name.startswith("simcomm")]
            del message.attr[:]
            message.attr.extend(kept)
        file.write_bytes(packed([metadata, *nodes]))


@pytest.mark.parametrize("workers", [1, 2, 3, 5, 8])
def test_what_is_written_is_read_as_it_was(workers, tmp_path):
    for place, (name, options, schedule) in enumerate(every_schedule(workers)):
        asked = collectives.get(name).goal_of(workers, options)
        goal = None if asked.operation in ("all_to_all_v", "gossip", "shift") else asked  # no word for these
        for vector in (Vector(250), Vector(3)):
            path = tmp_path / f"{place}_{vector.elements}.et"
            formats.dump(schedule, path, workers=workers, name=name, goal=goal, vector=vector)
            found = formats.load(path)
            assert found.schedule.same_as(schedule), (name, options)
            assert (found.goal, found.vector, found.name, found.workers) == (goal, vector, name, workers)


#: Their messages meet at a port at one instant, where the numbers of operations decide, which the nodes alone have not.
MEETING = (
    "double_binary_tree_all_reduce",
    "double_binary_tree_broadcast",
    "double_binary_tree_reduce",
    "multi_ring_all_reduce",
    "torus_all_reduce",
)


@pytest.mark.parametrize("workers", [2, 3, 6, 9])
def test_the_nodes_alone_take_as_long(workers, tmp_path):
    compared = 0
    for place, (name, options, schedule) in enumerate(every_schedule(workers)):
        path, vector = tmp_path / f"{place}.et", Vector(8 * workers + 1)
        formats.dump(schedule, path, vector=vector)
        without_ours(path)
        found = formats.load(path)
        assert (found.goal, found.vector, found.schedule.messages) == (None, None, schedule.messages)
        star = topology.build("star", schedule.ranks, Fraction(8), Fraction(3, 2))
        if name in MEETING:
            continue
        for network in ("loggp", "store_and_forward", "fair_share"):
            both = [
                execute(one, sizes, star, network=network, exact=True, detailed=False, engine="des").timeline.makespan_s
                for one, sizes in ((schedule, vector), (found.schedule, found.size_bytes))
            ]
            assert both[0] == both[1], (name, options, network)
            compared += 1
    assert compared >= 24


def test_our_nodes_have_what_those_of_astra_sim_have(real, tmp_path):
    """Every attribute of its sends and receives, in the same field; ids from 0; dependencies as it writes them."""
    formats.dump(collectives.get("ring_all_reduce").schedule(8), tmp_path / "ring.et", vector=Vector(2**20, 1))
    for rank in range(8):
        theirs = by_hand(chakra.file_of(real, rank))
        ours = by_hand(tmp_path / f"ring.{rank}.et")
        assert [node[0] for node in ours] == list(range(len(ours)))
        assert {node[1] for node in ours} == {SEND, RECV}
        for kind in (SEND, RECV):
            their_attrs = [node[3] for node in theirs if node[1] == kind]
            our_attrs = [node[3] for node in ours if node[1] == kind]
            assert len(their_attrs) == len(our_attrs) == 14
            for their, our in zip(their_attrs, our_attrs, strict=True):
                assert {(name, value[0]) for name, value in their.items()} <= {(n, v[0]) for n, v in our.items()}
                same_value = {"comm_type", "comm_size", "comm_dst" if kind == SEND else "comm_src"}
                assert {name: their[name] for name in same_value} == {name: our[name] for name in same_value}
        waits = [node for node in ours if node[1] == SEND and node[2]]
        assert len(waits) == 13
        assert all(ours[waited][1] == RECV for node in waits for waited in node[2])


def test_astra_sims_ring_is_read_as_its_program_says(real):
    found = formats.load(real)
    assert (found.workers, found.name, found.goal) == (8, "custom_ring_allreduce_8npus", None)
    assert (found.schedule.messages, found.schedule.steps, len(found.schedule)) == (112, 14, 168)
    sizes = found.size_bytes[found.schedule.is_message]
    assert set(sizes.tolist()) == {131_072}
    (metadata, _) = read(chakra.file_of(real, 0))
    program = ElementTree.fromstring(attributes(metadata)["input_file"])
    for gpu in program.iter("gpu"):
        rank = int(gpu.attrib["id"])
        (block,) = gpu.iter("tb")
        steps = Counter(step.attrib["type"] for step in block)
        mine = [operation for operation in found.schedule if operation.src == rank]
        assert {operation.dst for operation in mine if operation.kind == "copy"} == {int(block.attrib["send"])}
        assert sum(operation.kind == "copy" for operation in mine) == steps["s"]
        assert sum(operation.seconds == 7e-6 for operation in mine) == steps["rrc"]
    last = found.schedule[20]
    assert (last.kind, last.src, last.dst) == ("copy", 0, 1)
    assert all(found.schedule[waited].dst == 0 or found.schedule[waited].src == 0 for waited in last.after)


def test_a_ring_of_astra_sim_takes_the_time_of_its_chain(real):
    """14 rounds of messages, of which 7 are followed by 7 µs at every rank."""
    found = formats.load(real)
    star = topology.build("star", 8, Fraction(10**9), Fraction(1, 10**6))
    times = [Fraction(7, 10**6) if o.kind == "compute" else Fraction(0) for o in found.schedule]
    ran = execute(found.schedule, found.size_bytes, star, exact=True, detailed=False, engine="des", compute_s=times)
    expected = 14 * (Fraction(2, 10**6) + Fraction(131_072, 10**9)) + 7 * Fraction(7, 10**6)
    assert ran.timeline.makespan_s == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize(("name", "operation"), [("all_reduce", "all_reduce"), ("all_to_all", "all_to_all")])
def test_collectives_are_asked_for_and_no_schedule(real, name, operation):
    path = real.with_name(f"astrasim_{name}_8npus_1MB.3.et")
    (one,) = requests(path)
    assert (one.operation, one.size_bytes, one.ranks, one.vector_bytes) == (operation, 2**20, tuple(range(8)), 2**20)
    assert ("ring_all_reduce" in one.collectives) == (operation == "all_reduce")
    assert ("all_to_all_blocks" in one.collectives) == (operation == "all_to_all")
    with pytest.raises(
        InputError, match=f"asks for {operation} of 1,048,576 B among 8 ranks .*workers: 8, size: 1048576 B"
    ):
        formats.load(path)


def test_a_trace_of_pytorch_is_read_and_summed_up(real, tmp_path):
    with tarfile.open(real.with_name("mlcommons_feeder_tests_trace.tar.gz")) as archive:
        data = archive.extractfile("tests/data/chakra.0.et")
        (tmp_path / "chakra.0.et").write_bytes(data.read())
    lines = summary(tmp_path / "chakra.et").split("\n")
    assert lines[0] == "1 ranks: 3,643 COMP_NODE, 21 COMM_COLL_NODE"
    asked = requests(tmp_path / "chakra.et")
    assert [one.operation for one in asked] == ["broadcast"] * 2 + ["all_reduce"] * 5
    assert asked[2].size_bytes == 8_196_000
    assert lines[3].startswith("all_reduce of 8,196,000 B among 1 ranks (ncclKernel_AllReduce_RING")


def node(number, kind, waits=(), **attrs):
    made = message_class("Node")(id=number, name=f"node {number}", type=kind, data_deps=waits)
    for name, value in attrs.items():
        made.attr.append(attribute(name, "int64" if isinstance(value, int) else "string", value))
    return made


def write(folder, *ranks):
    for rank, nodes in enumerate(ranks):
        (folder / f"x.{rank}.et").write_bytes(packed([message_class("GlobalMetadata")(version="0.0.4"), *nodes]))
    return folder / "x.et"


def send(number=0, **changed):
    return node(number, SEND, **({"comm_dst": 1, "comm_size": 8, "comm_tag": 0} | changed))


def recv(number=0, **changed):
    return node(number, RECV, **({"comm_src": 0, "comm_size": 8, "comm_tag": 0} | changed))


def test_what_waits_for_a_send_waits_for_its_arrival(tmp_path):
    after = node(1, COMP, (0,))
    after.duration_micros = 3
    found = formats.load(write(tmp_path, [send(), after], [recv()]))
    assert [str(operation) for operation in found.schedule] == [
        "copy 0 -> 1  chunk 0",
        "compute at 0 for 3e-06 s, after 0",
    ]
    assert (found.name, found.size_bytes.tolist()) == ("x", [8, 0])


REFUSED = [
    ([[send(comm_dst="one")], [recv()]], "x.0.et: node 0 (node 0): not a whole number: 'comm_dst'; a send needs it"),
    (
        [[node(0, SEND, comm_dst=1, comm_sise=8, comm_tag=0)], [recv()]],
        "no attribute 'comm_size'; a send needs it; did you mean 'comm_sise'?",
    ),
    ([[send(comm_dst=0)], [recv()]], "comm_dst is 0; expected another rank of 0 to 1"),
    ([[send(comm_dst=2)], [recv()]], "comm_dst is 2; expected another rank of 0 to 1"),
    ([[send(comm_src=1)], [recv()]], "comm_src is 1; expected 0, whose trace it is in"),
    ([[send(comm_size=0)], [recv()]], "comm_size is 0; expected bytes, at least 1"),
    (
        [[send(comm_tag=3)], [recv()]],
        "x.1.et: node 0 (node 0): a recv from rank 0 with tag 0 meets no send; rank 0 has 1 such sends, of tags 3",
    ),
    ([[send(), node(0, COMP)], [recv()]], "another node of this rank has the id 0"),
    ([[send(), node(1, COMP, (7,))], [recv()]], "waits for node 7, which is not in the trace of rank 0"),
    (
        [[send(), node(1, 2)], [recv()]],
        "node 1 (node 1): a MEM_LOAD_NODE; expected COMP_NODE, COMM_SEND_NODE, COMM_RECV_NODE",
    ),
    ([[send(), node(1, -2)], [recv()]], "node 1 (node 1): a node of type -2; expected COMP_NODE, COMM_SEND_NODE"),
    ([[send(), node(1, COLLECTIVE)], [recv()]], "collectives without comm_type and comm_size"),
    (
        [[send(), node(1, COLLECTIVE, comm_type=9, comm_size=4)], [recv()]],
        "asks for barrier of 4 B among 1 ranks (node 1) and leaves open how",
    ),
]


@pytest.mark.parametrize(("ranks", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_program_is_refused_by_its_node(ranks, message, tmp_path):
    with pytest.raises(InputError) as refused:
        formats.load(write(tmp_path, *ranks))
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "x.0.et: it is empty"),
        (b"\x80\x80\x80\x80\x80\x80\x01", "byte 6: no length of a message"),
        (b"\x80", "byte 1: no length of a message"),
        (b"\x09abc", "byte 1: a message of 9 bytes where 3 are left"),
        (b"\x02\xff\xff", "byte 1: no GlobalMetadata of Chakra"),
        (b"\x00\x02\xff\xff", "byte 2: no Node of Chakra"),
    ],
)
def test_what_is_no_trace_is_refused_by_its_byte(data, message, tmp_path):
    (tmp_path / "x.0.et").write_bytes(data)
    with pytest.raises(InputError, match=message):
        formats.load(tmp_path / "x.et")


def test_every_rank_has_its_trace(tmp_path):
    with pytest.raises(InputError, match=r"no trace x\.0\.et; expected one for every rank: x\.0\.et, x\.1\.et, …"):
        formats.load(tmp_path / "x.et")
    write(tmp_path, [send()], [recv()], [])
    (tmp_path / "x.1.et").unlink()
    with pytest.raises(InputError, match=r"no trace x\.1\.et; expected one for every rank, 0 to 2"):
        formats.load(tmp_path / "x.0.et")
    with pytest.raises(InputError, match=r"no trace x\.0\.et"):
        formats.load(tmp_path / "nowhere" / "x.et")


def test_nodes_and_attributes_must_say_the_same(tmp_path):
    rows = [Operation("reduce", 0, 1, 0), Operation("copy", 1, 0, 0, after=(0,))]
    path = tmp_path / "x.et"
    formats.dump(Schedule.of(2, 1, rows), path, vector=Vector(2))
    assert [file.name for file in formats.files(path)] == ["x.0.et", "x.1.et"]
    metadata, nodes = read(tmp_path / "x.1.et")
    whole = (tmp_path / "x.1.et").read_bytes()
    for change in (lambda: nodes[1].data_deps.pop(), lambda: nodes.pop()):
        change()
        (tmp_path / "x.1.et").write_bytes(packed([metadata, *nodes]))
        with pytest.raises(InputError, match=r"operation 1 is nowhere|not as the attributes of simcomm say"):
            formats.load(path)
    twice = (tmp_path / "x.0.et").read_bytes()
    (tmp_path / "x.1.et").write_bytes(twice)
    with pytest.raises(InputError, match="is there twice"):
        formats.load(path)
    (tmp_path / "x.1.et").write_bytes(whole)
    for third in (whole, packed([message_class("GlobalMetadata")()])):
        (tmp_path / "x.2.et").write_bytes(third)
        with pytest.raises(InputError, match="traces of 3 ranks; their attributes say 2"):
            formats.load(path)
    for rank in (1, 2):
        (tmp_path / f"x.{rank}.et").unlink()
    with pytest.raises(InputError, match="traces of 1 ranks; their attributes say 2"):
        formats.load(path)


def test_traces_of_more_ranks_are_not_left_beside_new_ones(tmp_path):
    """They would be read as one schedule; nor are they taken away, as nobody knows whose they are."""
    of_three, of_two = (Schedule.of(ranks, 1, [Operation("copy", 0, 1, 0)]) for ranks in (3, 2))
    formats.dump(of_three, tmp_path / "x.et", vector=Vector(1))
    before = (tmp_path / "x.0.et").read_bytes()
    with pytest.raises(InputError, match=r"x\.2\.et is there, .*; expected ranks 0 to 1 only, or another name"):
        formats.dump(of_two, tmp_path / "x.et", vector=Vector(1))
    assert (tmp_path / "x.0.et").read_bytes() == before
    (tmp_path / "x.2.et").unlink()
    formats.dump(of_two, tmp_path / "x.et", vector=Vector(1))
    assert formats.load(tmp_path / "x.et").workers == 2


def test_an_attribute_of_ours_of_another_type_says_nothing(tmp_path):
    formats.dump(Schedule.of(2, 1, [Operation("compute", 0, 0, 0)]), tmp_path / "x.et", vector=Vector(1))
    metadata, nodes = read(tmp_path / "x.0.et")
    (more,) = [attr for attr in metadata.attr if attr.name == "simcomm_more"]
    for change in (lambda: setattr(more, "int64_val", 3), lambda: more.double_list.values.append(3)):
        change()
        (tmp_path / "x.0.et").write_bytes(packed([metadata, *nodes]))
        with pytest.raises(InputError, match="operation 0 is nowhere"):
            formats.load(tmp_path / "x.et")


def test_times_become_microseconds_and_idle_ranks_have_a_node(tmp_path):
    schedule = Schedule.of(2, 1, [Operation("compute", 0, 0, 0, 1, 2.4e-6)])
    formats.dump(schedule, tmp_path / "x.et", vector=Vector(1))
    assert read(tmp_path / "x.0.et")[1][0].duration_micros == 2
    (idle,) = read(tmp_path / "x.1.et")[1]
    assert (idle.name, NODE_TYPES[idle.type], idle.duration_micros) == ("idle", "COMP_NODE", 0)
    assert formats.load(tmp_path / "x.et").schedule.same_as(schedule)


def test_what_chakra_needs(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="Chakra has bytes and not chunks"):
        formats.dump(Schedule.of(2, 1, [Operation("copy", 0, 1, 0)]), tmp_path / "x.et")
    from simcomm.formats import chakra_proto

    def missing(name: str) -> None:
        raise ImportError(name)

    (tmp_path / "x.0.et").write_bytes(b"\x00")
    for made in (chakra_proto._pool, chakra_proto.message_class):
        made.cache_clear()
    monkeypatch.setattr(chakra_proto, "import_module", missing)
    with pytest.raises(InputError, match=r"expected pip install 'simcomm\[chakra\]'"):
        formats.load(tmp_path / "x.et")
    with pytest.raises(InputError, match=r"expected pip install 'simcomm\[chakra\]'"):
        formats.dump(Schedule.of(2, 1, [Operation("copy", 0, 1, 0)]), tmp_path / "y.et", vector=Vector(1))


def test_two_schedules_that_differ_are_not_the_same():
    one = Schedule.of(2, 1, [Operation("copy", 0, 1, 0)])
    assert not one.same_as(Schedule.of(2, 1, [Operation("reduce", 0, 1, 0)]))
    assert not one.same_as(Schedule.of(3, 1, [Operation("copy", 0, 1, 0)]))


def test_a_share_is_said_of_what_is_gathered(tmp_path):
    gather = node(0, COLLECTIVE, comm_type=2, comm_size=100)
    (one,) = requests(Path(write(tmp_path, [gather], [gather])))
    assert (one.operation, one.size_bytes, one.vector_bytes) == ("all_gather", 100, 200)
