"""Extents that share a record: in order, and never behind more blocks than a reader holds."""

from hypothesis import given
from hypothesis import strategies as st

from compressor.archive.schema import MAX_FRESH, MAX_PAGE
from compressor.engine.pending import Extents

BLOCK = 1000


@given(st.lists(st.tuples(st.integers(0, BLOCK), st.integers(1, 3)), max_size=60))
def test_all_come_in_order_and_no_more_wait_than_a_block(
    pieces: list[tuple[int, int]],
) -> None:
    records: list[list[tuple[int, int, int]]] = []
    waiting, taken, most = 0, [], []

    def write(spans):
        nonlocal waiting
        records.append(spans)
        waiting = 0

    extents = Extents(write, BLOCK)
    for number, (size, count) in enumerate(pieces):
        extents.wait(size)
        waiting += size
        most.append(waiting)
        spans = [(number, start, 1) for start in range(count)]
        extents.add(spans)
        taken += spans
    extents.flush()

    assert [span for record in records for span in record] == taken
    assert max(most, default=0) <= BLOCK
    assert all(records)


def test_blocks_without_a_byte_to_count_are_bounded_too() -> None:
    records: list[int] = []
    extents = Extents(lambda spans: records.append(len(spans)), BLOCK)
    for number in range(2 * MAX_PAGE):
        extents.wait(0)
        extents.add([(number, 0, 1)])
    extents.flush()

    assert records == [MAX_PAGE, MAX_PAGE]
    assert MAX_PAGE <= MAX_FRESH


def test_a_long_list_is_cut_where_a_record_is_full() -> None:
    records: list[int] = []
    extents = Extents(lambda spans: records.append(len(spans)), BLOCK)
    extents.wait(10)
    extents.add([(1, start, 1) for start in range(2 * MAX_PAGE + 5)])
    extents.flush()

    assert records == [MAX_PAGE, MAX_PAGE, 5]
