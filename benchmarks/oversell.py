"""6. The same buyers, seven ways of telling the channels: who sells what is not there?

A discrete-event simulation with a seeded clock of its own; no Odoo, no network. Each
week has 60 products in four velocities on three channels, Poisson buyers, and a
flash sale on Shopify (an hour with 60 times the buyers, every third product). Stock
covers between half and 1.3 of what is expected to be asked for, so that most products
run low within the week; every second product gets a third of its stock later.

What is compared, on the same buyers and the same lost notifications:

(a) every 15 minutes all orders are read and *on hand* is sent for every listing. On
    hand falls when goods leave; the carrier comes once a day.
(b) every 15 minutes free stock, which is on hand less everything promised; as it is,
    and less 5 units.
(c) ours: the addon's own engine (quantity, buffer, state, sold) with the buffers that
    a new account gets. A notification arrives after a second on average, one in a
    hundred never: then the sale is found when orders are read, every 5 minutes.
    Amazon's wait in a queue that is looked into once a minute. Three times more:
    without Amazon's queue (its sales are only read, and the newest two minutes are not
    in its search), with a buffer of one unit, and without any.

Assumptions, in nobody's favour unless said:

- a channel lowers its own counter when it sells, and a number that lands replaces the
  counter whatever was sold since it was computed. (Shopify's compare-and-set, which
  ours uses, would refuse such a number; that is left out, against ours.)
- numbers a second: Amazon 5 (published), Shopify 250 in one call, Mercado Libre 2 (our
  own starting figure; none is published). Answers take half a second. Amazon shows an
  accepted number a minute later; no figure is published.
- (a) and (b) read the orders and send in one go, without delay between the two, and
  all their calls succeed: kinder than life.
- velocity is known exactly. Nobody cancels; an oversold order stays open and is
  served first when goods arrive. A refused buyer is gone; real ones come back, or go
  to another shelf.
- "left unsold" is, of each product, what lies in the warehouse at the end, as far as
  buyers had been sent away. A little of it is nobody's fault: the goods came after
  the buyers.
- outages, rate-limit errors and crashes are not simulated; other benchmarks and tests
  are for those.
"""

from pathlib import Path

from .figures import Figure
from .oversell_chart import draw
from .oversell_policies import FullPush, Ours, buffer
from .oversell_world import DAY, HOUR, Channel, Flash, Market, Sort, Tally, World
from .oversell_world import make_week as _make_week

SECTION = "Oversold: the same {weeks} weeks of buyers under seven policies"
CHART = Path(__file__).resolve().parents[1] / "docs" / "images" / "oversell.svg"
WEEKS = 10
MARKET = Market(
    channels=(
        Channel("Amazon", 0.5, 5, shown=60.0, looks=60.0, blind=120.0, confirms=True),
        Channel("Shopify", 0.3, 250),
        Channel("Mercado Libre", 0.2, 2),
    ),
    sorts=(
        Sort("slow", 30, 2),
        Sort("medium", 20, 20),
        Sort("fast", 8, 80),
        Sort("hot", 2, 400),
    ),
    flash=Flash("Shopify", 3 * DAY + 12 * HOUR, HOUR, 60, 3),
)


def policies():
    """Return a fresh policy of each kind; the letters are those of the text above."""
    return [
        FullPush("(a) on hand, every 15 min", on_hand=True),
        FullPush("(b) free, every 15 min"),
        FullPush("(b) free − 5, every 15 min", kept_back=5),
        Ours("(c) ours, as shipped"),
        Ours("(c) ours, Amazon without queue", queue=False),
        Ours("(c) ours, buffer of 1", [buffer.BufferLine(units=1)]),
        Ours("(c) ours, no buffer", []),
    ]


def simulate(market=MARKET, weeks=WEEKS):
    """Return ``{policy's name: Tally}``, all weeks added up."""
    total = {}
    for seed in range(weeks):
        week = _make_week(market, seed)
        for policy in policies():
            tally = World(week).run(policy)
            total[policy.name] = total.get(policy.name, Tally()) + tally
    return total


def run(quick=False):
    weeks = 3 if quick else WEEKS
    total = simulate(weeks=weeks)
    if not quick:
        CHART.write_text(draw(total, weeks), encoding="utf-8")
    section = SECTION.format(weeks=weeks)
    found = (figures_of(name, tally, section) for name, tally in total.items())
    return [figure for figures in found for figure in figures]


def figures_of(name, tally, section):
    """Return the lines of one policy: units per 10,000 asked for, and numbers sent."""
    note = (
        f"{tally.oversold:,} oversold and {tally.leftover:,} left of {tally.asked:,} "
        f"asked for; {tally.sold:,} sold"
    )
    for words, value, unit, more in (
        ("oversold", per_10_000(tally, "oversold"), "of 10,000", note),
        ("left unsold", per_10_000(tally, "leftover"), "of 10,000", ""),
        ("numbers sent", tally.pushes, "", ""),
    ):
        yield Figure(f"{name}: {words}", value, unit, note=more, section=section)


def per_10_000(tally, name):
    """Return units per 10,000 that were asked for."""
    return round(getattr(tally, name) * 10_000 / max(1, tally.asked), 1)
