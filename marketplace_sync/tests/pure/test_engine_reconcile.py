"""What a reading of one listing means: one sentence per rule, one cause per finding."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from marketplace_sync.engine.reconcile import (
    Facts,
    Sent,
    Tolerance,
    judge,
)
from marketplace_sync.engine.reconcile_cause import (
    CAUSES,
    NOT_LISTED_HERE,
    REMEDIES,
    is_repaired_by_sending,
    remedy_of,
)
from marketplace_sync.engine.reconcile_severity import oversold, severity_of

#: In step: Odoo can ship 20, 20 were sent an hour ago and 20 are shown.
IN_STEP = Facts(
    shown=20,
    expected=20,
    published=20,
    available=20.0,
    age=3600.0,
    settling=60.0,
    sent=(Sent(20, "accepted", 100, 101),),
)


def cause(tolerance=None, **changes):
    """Return the cause found, None for none, "again" for a second look."""
    verdict = judge(IN_STEP._replace(**changes), *([tolerance] if tolerance else []))
    if verdict.look_again:
        return "again"
    return verdict.finding and verdict.finding.cause


def level(**changes):
    return judge(IN_STEP._replace(**changes)).finding.severity.level


# --- nothing to say ---------------------------------------------------------------
def test_what_agrees_is_no_finding():
    assert cause() is None


def test_a_channel_that_does_not_say_a_number_is_no_finding():
    assert cause(shown=None) is None


def test_a_listing_without_a_number_of_its_own_is_not_compared():
    assert cause(shown=3, expected=0, block="no_warehouse") is None


# --- tolerance --------------------------------------------------------------------
def test_by_default_one_unit_is_too_much():
    assert cause(shown=21) == "changed_on_channel"


@pytest.mark.parametrize(
    ("percent", "units", "shown", "expected_cause"),
    [
        (5, 1, 21, None),  # 1 of 20 is 5 %
        (4, 1, 21, "changed_on_channel"),
        (5, 0, 21, "changed_on_channel"),
        (50, 2, 22, None),
        (50, 2, 23, "changed_on_channel"),
        (5, 10, 22, "changed_on_channel"),
    ],
)
def test_of_percent_and_units_the_stricter_one_counts(
    percent, units, shown, expected_cause
):
    assert cause(Tolerance(percent, units), shown=shown) == expected_cause


def test_odoo_0_and_the_channel_above_is_always_a_finding_and_the_most_severe():
    wide = Tolerance(1000, 1000)
    facts = {"expected": 0, "published": 0, "available": 0.0, "shown": 1}
    assert cause(wide, **facts) == "changed_on_channel"
    assert level(**facts) == "4_critical"
    assert cause(wide, **facts, state="paused") == "never_published"


def test_made_to_order_shown_as_0_is_always_a_finding_and_the_most_severe():
    facts = {"source": "mto", "expected": 999, "published": 999, "shown": 0}
    assert cause(Tolerance(1000, 1000), **facts) == "channel_sale"
    assert cause(orders_read=True, **facts) == "changed_on_channel"
    assert level(**facts) == "4_critical"


# --- settling ---------------------------------------------------------------------
@pytest.mark.parametrize("state", ["pending", "submitted", "unverified"])
def test_a_number_on_its_way_wants_a_second_look(state):
    assert cause(shown=25, state=state) == "again"
    assert cause(shown=25, state=state, is_second_look=True) not in ("again", None)


def test_a_number_that_nobody_knows_whether_it_arrived_wants_a_second_look():
    assert cause(shown=25, is_uncertain=True) == "again"


def test_a_write_younger_than_the_settling_time_wants_a_second_look():
    assert cause(shown=25, age=59.0) == "again"
    assert cause(shown=25, age=60.0) == "changed_on_channel"
    assert cause(shown=25, age=59.0, is_second_look=True) == "changed_on_channel"


def test_even_0_waits_for_the_second_look():
    facts = {"expected": 0, "shown": 4, "state": "pending", "available": 0.0}
    assert cause(**facts) == "again"
    assert level(**facts, is_second_look=True) == "4_critical"


def test_what_agrees_needs_no_second_look():
    assert cause(state="pending", age=1.0) is None


# --- causes -----------------------------------------------------------------------
@pytest.mark.parametrize("code", ["unknown_sku", "duplicate_sku"])
def test_a_sku_that_the_channel_does_not_know(code):
    assert cause(shown=None, problems={code}, state="failed") == "unknown_sku"


@pytest.mark.parametrize("code", ["inactive_level", "multi_location", "not_writable"])
def test_a_quantity_in_a_place_that_sells_nothing(code):
    assert cause(problems={code}, state="failed") == "wrong_location"


@pytest.mark.parametrize("code", ["continue_selling", "untracked"])
def test_a_listing_that_keeps_selling_at_zero(code):
    assert cause(problems={code}, state="failed") == "keeps_selling"
    assert level(problems={code}) == "3_high"
    assert level(problems={code}, expected=0, shown=0) == "4_critical"


def test_a_listing_that_the_channel_has_taken_over():
    facts = {"problems": {"fulfilled_by_channel"}, "state": "paused"}
    assert cause(**facts) == "fulfilled_by_channel"
    assert cause(**facts, was_ours=False) is None
    assert level(**facts) == "1_low"


def test_a_number_that_was_never_sent():
    assert cause(shown=3, published=3, sent=(), state="failed") == "never_published"
    assert cause(shown=3, published=3) == "never_published"


def test_a_number_that_the_channel_refused():
    sent = (Sent(20, "rejected", 100, 101),)
    assert cause(shown=3, published=3, sent=sent, state="failed") == "rejected_push"


def test_a_number_that_somebody_raised():
    assert cause(shown=30) == "changed_on_channel"


def test_fewer_than_published_is_probably_a_sale_until_the_orders_were_read():
    assert cause(shown=18) == "channel_sale"
    assert cause(shown=18, orders_read=True) == "changed_on_channel"


def test_where_orders_are_read_they_may_explain_it_before_the_second_look():
    assert cause(shown=18, reads_orders=True) == "again"
    assert cause(shown=22, reads_orders=True) == "changed_on_channel"


def test_a_slow_feed_that_overwrote_a_newer_number():
    newer = Sent(20, "accepted", 100, 101)
    assert cause(shown=9, sent=(newer, Sent(9, "accepted", 50, 120))) == "stale_feed"
    assert cause(shown=9, sent=(newer, Sent(9, "accepted", 50, None))) == "stale_feed"
    ended_before = (newer, Sent(9, "accepted", 50, 60))
    assert cause(shown=9, sent=ended_before) == "channel_sale"


def test_pieces_shown_instead_of_packs():
    facts = {"units": 6, "expected": 3, "published": 3, "available": 20.0}
    assert cause(shown=20, **facts) == "rounding"
    assert cause(shown=24, **facts) == "changed_on_channel"


def test_rounded_up_instead_of_down():
    assert cause(shown=21, exact=20.5) == "rounding"
    assert cause(shown=21, exact=20.0) == "changed_on_channel"
    assert cause(shown=22, exact=20.5) == "changed_on_channel"


def test_more_kits_than_can_be_assembled():
    assert cause(shown=30, is_kit=True) == "kit_overstated"
    assert cause(shown=18, is_kit=True) == "channel_sale"
    assert cause(shown=30, problems={"bundle"}, state="failed") == "kit_overstated"
    assert cause(shown=18, problems={"bundle"}, state="failed") is None


def test_members_of_a_pool_that_disagree():
    assert cause(pool=(20, 45)) == "pool_disagrees"
    assert cause(pool=(20, 20)) is None
    assert level(pool=(20, 45)) == "1_low"
    assert cause(pool=(0, 999), block="guarded") == "pool_disagrees"


def test_a_difference_on_the_channel_says_more_than_a_pool_that_disagrees():
    assert cause(shown=30, pool=(20, 45)) == "changed_on_channel"


def test_a_paused_listing_is_left_alone():
    assert cause(shown=30, state="paused") is None


# --- numbers ----------------------------------------------------------------------
def test_delta_and_variance_are_what_the_channel_shows_too_much():
    finding = judge(IN_STEP._replace(shown=25)).finding
    assert (finding.delta, finding.variance) == (5, 25.0)
    finding = judge(IN_STEP._replace(shown=3, expected=0)).finding
    assert (finding.delta, finding.variance) == (3, 300.0)


def test_severity_is_what_can_be_oversold_times_its_price():
    severity = judge(IN_STEP._replace(shown=30, price=12.5)).finding.severity
    assert (severity.units, severity.amount) == (10, 125.0)
    assert judge(IN_STEP._replace(shown=30)).finding.severity.amount is None


def test_units_that_are_only_held_back_can_be_shipped():
    """A buffer of 5: 25 lie there, 20 may be shown, 24 are."""
    assert oversold(24, 20, 25.0, 1, "stock") == 0
    assert oversold(27, 20, 25.0, 1, "stock") == 2
    assert oversold(5, 3, 25.0, 6, "stock") == 1
    assert oversold(27, 20, 25.0, 1, "manual") == 7


def test_a_listing_of_the_channel_that_nobody_knows_here():
    assert severity_of(NOT_LISTED_HERE, 4, 0, 0.0, 1, None, "stock")[:2] == (
        "2_medium",
        4,
    )
    assert severity_of(NOT_LISTED_HERE, 0, 0, 0.0, 1, None, "stock").level == "1_low"


def test_after_a_sale_nothing_is_sent_that_would_put_it_back():
    assert not is_repaired_by_sending("channel_sale")
    assert is_repaired_by_sending("changed_on_channel")
    assert set(REMEDIES) == set(CAUSES)


def test_what_helps_a_listing_that_stands_still_is_to_put_it_right():
    assert remedy_of("changed_on_channel", "synced") == "push"
    assert remedy_of("never_published", "paused") == "odoo"
    assert remedy_of("kit_overstated", "failed", ["bundle"]) == "channel"
    assert remedy_of("channel_sale", "synced") == "wait"


# --- whatever the facts -----------------------------------------------------------
NUMBER = st.integers(0, 500)
ANY = st.builds(
    Facts,
    shown=st.none() | NUMBER,
    expected=NUMBER,
    published=NUMBER,
    available=st.floats(-100, 1000),
    exact=st.none() | st.floats(0, 500),
    source=st.sampled_from(("stock", "mto", "manual")),
    problems=st.frozensets(
        st.sampled_from(("unknown_sku", "bundle", "untracked", "not_active"))
    ),
    state=st.sampled_from(("synced", "pending", "submitted", "failed", "paused")),
    block=st.just(""),
    is_uncertain=st.booleans(),
    was_ours=st.just(True),
    age=st.none() | st.floats(0, 5000),
    settling=st.sampled_from((0.0, 60.0, 900.0)),
    is_second_look=st.booleans(),
    sent=st.lists(
        st.builds(Sent, NUMBER, st.just("accepted"), st.integers(0, 9)), max_size=3
    ).map(tuple),
    orders_read=st.booleans(),
    pool=st.lists(NUMBER, max_size=3).map(tuple),
    is_kit=st.booleans(),
    units=st.integers(1, 12),
    price=st.none() | st.floats(0, 1000),
)
TOLERANCES = st.builds(Tolerance, st.floats(0, 200), st.integers(0, 50))


@given(ANY, TOLERANCES)
def test_a_second_look_always_decides(facts, tolerance):
    assert not judge(facts._replace(is_second_look=True), tolerance).look_again


@given(ANY, TOLERANCES)
@example(IN_STEP._replace(expected=0, shown=1, state="paused"), Tolerance(200, 50))
def test_nothing_left_and_something_shown_never_passes(facts, tolerance):
    facts = facts._replace(expected=0, shown=max(1, facts.shown or 1))
    verdict = judge(facts._replace(is_second_look=True), tolerance)
    assert verdict.finding


@given(ANY)
def test_equal_numbers_are_never_a_difference(facts):
    facts = facts._replace(shown=facts.expected, problems=frozenset())
    finding = judge(facts).finding
    assert finding is None or finding.cause == "pool_disagrees"


@given(ANY, TOLERANCES)
def test_a_finding_is_complete(facts, tolerance):
    finding = judge(facts, tolerance).finding
    if finding is None:
        return
    assert finding.cause in CAUSES
    assert finding.severity.units >= 0
    if facts.shown is not None:
        assert finding.delta == facts.shown - facts.expected
    if facts.price is not None:
        assert finding.severity.amount == finding.severity.units * facts.price


@given(NUMBER, NUMBER, TOLERANCES)
def test_a_wider_tolerance_never_finds_more(shown, expected, tolerance):
    wider = Tolerance(tolerance.percent * 2, tolerance.units + 1)
    assert not tolerance.allows(expected, shown) or wider.allows(expected, shown)
