"""Whole units only, each told once, whatever the parcels look like."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from marketplace_sync.engine.parcel import complete_sets, newly_whole, number_of

QUANTITIES = st.fractions(0, 30, max_denominator=10)


@given(st.lists(QUANTITIES, max_size=8), st.integers(1, 12))
def test_over_all_parcels_exactly_the_whole_units_are_told(parcels, per_listing):
    left, told = Fraction(0), 0
    for quantity in parcels:
        left += quantity
        told += newly_whole(left, per_listing, told)
        assert told == left // per_listing


@given(QUANTITIES, st.integers(1, 12), st.integers(0, 50))
def test_what_was_told_is_never_taken_back(left, per_listing, told):
    assert newly_whole(left, per_listing, told) >= 0


def test_a_pack_of_six_is_told_with_its_second_half():
    assert [newly_whole(3, 6, 0), newly_whole(6, 6, 0)] == [0, 1]


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 5), min_size=1),
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 30)),
)
def test_so_many_kits_have_left_as_their_scarcest_part_allows(needed, left):
    kits = int(complete_sets(left, needed))
    assert all(left.get(part, 0) >= kits * units for part, units in needed.items())
    assert any(left.get(p, 0) < (kits + 1) * units for p, units in needed.items())


def test_a_kit_without_parts_never_leaves():
    assert complete_sets({"a": 5}, {}) == 0


def test_every_parcel_has_its_own_number_and_one_number_is_for_all():
    assert [number_of(i, ["A", "B"]) for i in range(3)] == ["A", "B", "B"]
    assert [number_of(i, ["A"]) for i in range(2)] == ["A", "A"]
    assert number_of(0, []) == ""
