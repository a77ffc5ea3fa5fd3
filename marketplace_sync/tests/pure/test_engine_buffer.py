"""The safety buffer: the shipped table, its boundaries, and what it hides."""

import ast
import math
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace_sync.engine import buffer
from marketplace_sync.engine.buffer import (
    NO_BUFFER,
    BufferLine,
    daily_velocity,
    hidden_units,
    matching_line,
)

ADDON = Path(buffer.__file__).parent.parent


def shipped_lines():
    """Return the lines of the policy that a new account gets, from the data file."""
    path = ADDON / "data/marketplace_buffer_policy_data.xml"
    field = ElementTree.parse(path).find(".//field[@name='line_ids']")
    names = {
        "max_interval_minutes": "max_interval",
        "velocity_min": "velocity_min",
        "velocity_max": "velocity_max",
        "units": "units",
        "percent": "percent",
    }
    calls = ast.parse(field.get("eval").strip(), mode="eval").body.elts
    values = [ast.literal_eval(call.args[0]) for call in calls]
    return [BufferLine(**{names[k]: v for k, v in line.items()}) for line in values]


SHIPPED = shipped_lines()

#: DESIGN §2: interval, units sold a day, units, percent.
TABLE = [
    (15, 0, 3, 5),
    (15, 9.99, 3, 5),
    (15, 10, 8, 8),
    (15, 30, 8, 8),
    (15, 50, 8, 8),
    (15, 50.01, 15, 10),
    (15, 5000, 15, 10),
    (1, 0, 3, 5),
    (16, 0, 0, 15),
    (16, 500, 0, 15),
    (60, 0, 0, 15),
    (60, 10, 0, 15),
    (60, 500, 0, 15),
    (61, 0, 0, 15),
    (1440, 500, 0, 15),
]


@pytest.mark.parametrize(("interval", "velocity", "units", "percent"), TABLE)
def test_the_shipped_policy_is_the_table_of_the_design(
    interval, velocity, units, percent
):
    line = matching_line(SHIPPED, interval, velocity)
    assert (line.units, line.percent) == (units, percent)


@given(st.integers(1, 100_000), st.floats(min_value=0, max_value=1e7))
def test_the_shipped_policy_has_no_gap(interval, sold):
    assert matching_line(SHIPPED, interval, daily_velocity(sold)) is not None


@given(st.integers(1, 15), st.floats(min_value=0, max_value=1e6))
def test_the_shipped_lines_for_a_velocity_do_not_overlap(interval, sold):
    velocity = daily_velocity(sold)
    fitting = [
        line
        for line in SHIPPED
        if line.max_interval == 15 and matching_line([line], interval, velocity)
    ]
    assert len(fitting) == 1


@pytest.mark.parametrize(
    ("sold", "units"),
    [(0, 3), (279, 3), (280, 8), (1400, 8), (1401, 15)],
)
def test_units_sold_in_28_days_choose_the_line(sold, units):
    """280 in 28 days are 10 a day, 1,400 are 50."""
    assert matching_line(SHIPPED, 15, daily_velocity(sold)).units == units


def test_the_narrowest_interval_wins_whatever_the_order_of_the_lines():
    narrow, wide, any_interval = (
        BufferLine(15, units=1),
        BufferLine(60, units=2),
        BufferLine(0, units=3),
    )
    for lines in ([any_interval, wide, narrow], [wide, narrow, any_interval]):
        assert [matching_line(lines, i, 0).units for i in (15, 16, 60, 61)] == [
            1,
            2,
            2,
            3,
        ]


def test_a_velocity_range_includes_both_its_ends():
    line = BufferLine(velocity_min=10, velocity_max=50, units=8)
    velocities = (9.99, 10, 50, 50.01)
    found = [matching_line([line], 15, velocity) for velocity in velocities]
    assert found == [None, line, line, None]


def test_no_line_for_it_is_no_line():
    assert matching_line([], 15, 3) is None
    assert matching_line([BufferLine(15)], 16, 3) is None


def test_velocity_is_a_daily_mean_over_28_days_to_two_decimals():
    assert daily_velocity(28) == 1
    assert daily_velocity(100) == 3.57
    assert daily_velocity(7, days=7) == 1


def test_more_returned_than_sold_is_no_negative_velocity():
    assert daily_velocity(-56) == 0


# === WHAT IS HIDDEN ===


@pytest.mark.parametrize(
    ("units", "percent", "effective", "hidden"),
    [
        (3, 5, 0, 3),
        (3, 5, 10, 3),
        (3, 5, 60, 3),
        (3, 5, 61, 4),
        (8, 8, 100, 8),
        (8, 8, 101, 9),
        (15, 10, 150, 15),
        (15, 10, 151, 16),
        (0, 15, 1, 1),
        (0, 15, 100, 15),
        (0, 0, 1000, 0),
        (0, 100, 7, 7),
    ],
)
def test_hidden_are_units_or_percent_whichever_is_more(
    units, percent, effective, hidden
):
    assert hidden_units(BufferLine(units=units, percent=percent), effective) == hidden


def test_seven_percent_of_a_hundred_hide_seven():
    """In floats 0.07 × 100 is 7.000000000000001, and its ceiling 8."""
    assert math.ceil(0.07 * 100) == 8
    assert hidden_units(BufferLine(percent=7), 100) == 7
    assert hidden_units(BufferLine(percent=14), 100) == 14
    assert hidden_units(BufferLine(percent=55), 100) == 55


@given(st.integers(0, 10_000), st.integers(0, 10_000_000))
def test_the_percentage_is_rounded_up_exactly(hundredths, effective):
    exact = math.ceil(Decimal(hundredths) / 10_000 * effective)
    assert hidden_units(BufferLine(percent=hundredths / 100), effective) == exact


def test_no_policy_hides_nothing():
    assert hidden_units(NO_BUFFER, 1000) == 0


def test_nothing_effective_has_no_negative_percentage():
    assert hidden_units(BufferLine(percent=50), -10) == 0
