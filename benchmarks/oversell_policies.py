"""Who tells the channels what, and when: the usual connectors, and ours."""

import ast
import importlib.util
import math
import re
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

ADDON = Path(__file__).resolve().parents[1] / "marketplace_sync"
POLICY_DATA = ADDON / "data" / "marketplace_buffer_policy_data.xml"


def load_engine(folder=ADDON / "engine", name="oversell_engine"):
    """Return the addon's engine, without the Odoo that the addon itself needs."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            name, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    parts = ("buffer", "quantity", "sold", "state")
    return [importlib.import_module(f"{name}.{part}") for part in parts]


buffer, quantity, sold, state = load_engine()


def shipped_policy(path=POLICY_DATA):
    """Return the buffer lines that a new account gets, from the addon's own data."""
    found = re.findall(r"Command\.create\((\{.*?\})\)", path.read_text())
    lines = [ast.literal_eval(text) for text in found]
    return [
        buffer.BufferLine(
            line["max_interval_minutes"],
            line["velocity_min"],
            line["velocity_max"],
            line["units"],
            line["percent"],
        )
        for line in lines
    ]


class Policy:
    """What all have in common.

    :attr:`known`: units of each product that Odoo knows to be promised
    """

    name = ""

    def begin(self, world):
        """Take over a warehouse whose channels show what this policy would show."""
        self.world = world
        self.channels = world.week.market.channels
        self.known = [0] * len(world.week.stock)
        for product, shelf in enumerate(world.shown):
            for channel in range(len(shelf)):
                shelf[channel] = self.number(product)

    def number(self, product):
        """Return what every channel should show now."""
        raise NotImplementedError(f"{type(self).__name__} must implement number")

    def learns_at(self, buyer):
        """Return when Odoo hears of a sale."""
        raise NotImplementedError(f"{type(self).__name__} must implement learns_at")

    def told(self, buyer, units):
        """Odoo hears of a sale."""
        self.known[buyer.product] += units

    def changed(self, product):
        """The warehouse received something."""

    def shipped(self):
        """The carrier has taken what was promised."""


class FullPush(Policy):
    """Every ``every`` seconds: read the orders, then send every number to everybody."""

    every = 900.0

    def __init__(self, name, kept_back=0, on_hand=False):
        self.name = name
        self.kept_back = kept_back
        self.on_hand = on_hand

    def begin(self, world):
        super().begin(world)
        world.at(self.every, self._push)

    def learns_at(self, buyer):
        seen = buyer.at + self.channels[buyer.channel].blind
        return math.ceil(seen / self.every) * self.every

    def number(self, product):
        world = self.world
        if self.on_hand:
            return max(0, world.received[product] - world.shipped[product])
        return max(0, world.received[product] - self.known[product] - self.kept_back)

    def _push(self):
        now = self.world.now
        for product in range(len(self.known)):
            units = self.number(product)
            for number, channel in enumerate(self.channels):
                seconds = (product + 1) / channel.rows_per_second
                seconds += channel.answer + channel.shown
                self.world.at(now + seconds, self.world.land, product, number, units)
                self.world.tally.pushes += 1
        self.world.at(now + self.every, self._push)


class Row:
    """One listing of ours."""

    __slots__ = ("published", "at", "sellable", "state", "unsure", "since", "busy")

    def __init__(self, units):
        self.published = self.sellable = units
        self.at = -math.inf
        self.state, self.unsure, self.busy, self.since = "synced", False, False, 0.0


class Ours(Policy):
    """The addon's engine: told by notifications, sends what changed, decreases first.

    :param lines: of the buffer policy; None = those that a new account gets
    :param queue: what waits in queues is fetched; else those channels' sales are only
        read, every few minutes
    """

    #: From the news to the new numbers, as measured by ``latency`` (seconds).
    refresh = 0.3
    #: A number that was only acknowledged is read after so long.
    settling = 900.0

    def __init__(self, name, lines=None, queue=True):
        self.name = name
        self.queue = queue
        self.policy_lines = shipped_policy() if lines is None else lines

    def begin(self, world):
        days = buffer.VELOCITY_DAYS
        self.lines = [
            buffer.matching_line(
                self.policy_lines, 15, buffer.daily_velocity(velocity * days)
            )
            or buffer.NO_BUFFER
            for velocity in world.week.market.velocities
        ]
        super().begin(world)
        self.rows = [[Row(units) for units in shelf] for shelf in world.shown]
        self.waiting = [set() for _channel in self.channels]
        self.pumping = [False] * len(self.channels)

    def learns_at(self, buyer):
        channel = self.channels[buyer.channel]
        if buyer.told is None or (channel.looks and not self.queue):
            every = self.world.week.market.reading
            return math.ceil((buyer.at + channel.blind) / every) * every
        told = buyer.at + buyer.told
        return (
            math.ceil(told / channel.looks) * channel.looks if channel.looks else told
        )

    def number(self, product):
        world = self.world
        gone = world.shipped[product]
        terms = quantity.Terms(
            source="stock",
            available=world.received[product] - gone,
            committed=self.known[product] - gone,
            buffer=self.lines[product],
        )
        return quantity.compute(terms).sellable

    def told(self, buyer, units):
        super().told(buyer, units)
        row = self.rows[buyer.product][buyer.channel]
        if row.at > -math.inf:
            shown = sold.after_sale(row.published, when(row.at), units, when(buyer.at))
        else:
            shown = sold.Shown(max(0, row.published - units), True)
        row.published = shown.quantity
        # sent a moment ago or only acknowledged: the channel may show either number
        row.unsure |= not shown.is_certain or row.state == "submitted" or row.busy
        self.changed(buyer.product)

    def changed(self, product):
        self.world.at(self.world.now + self.refresh, self._refresh, product)

    def shipped(self):
        for product in range(len(self.rows)):
            self.changed(product)

    def _refresh(self, product):
        units = self.number(product)
        for channel, row in enumerate(self.rows[product]):
            row.sellable = units
            known = not row.unsure
            before = row.state
            row.state = state.after_refresh(before, units, row.published, known)
            if row.state == "pending" and before != "pending":
                row.since = self.world.now
            self._queue(product, channel)

    # --- sending ------------------------------------------------------------------
    def _queue(self, product, channel):
        row = self.rows[product][channel]
        if row.state != "pending" or row.busy:
            self.waiting[channel].discard(product)
            return
        self.waiting[channel].add(product)
        if not self.pumping[channel]:
            self.pumping[channel] = True
            self.world.at(self.world.now, self._pump, channel)

    def _pump(self, channel):
        """Send one row; the next when the channel's limit lets us."""
        waiting = self.waiting[channel]
        if not waiting:
            self.pumping[channel] = False
            return
        product = min(waiting, key=lambda p: urgency(p, self.rows[p][channel]))
        waiting.discard(product)
        self._send(product, channel)
        pause = 1 / self.channels[channel].rows_per_second
        self.world.at(self.world.now + pause, self._pump, channel)

    def _send(self, product, channel):
        row, place, now = self.rows[product][channel], self.channels[channel], self.now
        row.busy, row.unsure = True, False
        self.world.tally.pushes += 1
        answered = now + place.answer
        self.world.at(answered, self._answered, product, channel, row.sellable)
        seen = (product, channel, row.sellable)
        self.world.at(answered + place.shown, self.world.land, *seen)

    @property
    def now(self):
        return self.world.now

    def _answered(self, product, channel, sent):
        row, place = self.rows[product][channel], self.channels[channel]
        row.busy, row.published, row.at = False, sent, self.now
        outcome = "submitted" if place.confirms else "accepted"
        row.state = state.after_push(outcome, sent, row.sellable)
        if row.unsure:
            row.state = "pending"
        if row.state == "submitted":
            self.world.at(self.now + self.settling, self._read, product, channel, sent)
        self._queue(product, channel)

    def _read(self, product, channel, sent):
        """Confirm a number that was only acknowledged, unless it is another by now."""
        row = self.rows[product][channel]
        if row.state != "submitted" or row.published != sent:
            return
        row.published = self.world.shown[product][channel]
        row.state = "synced" if row.published == row.sellable else "pending"
        self._queue(product, channel)


def urgency(product, row):
    """Return what sorts zeros first, then decreases, then the longest waiting."""
    return row.sellable > 0, row.sellable >= row.published, row.since, product


def when(seconds):
    """Return a moment of the simulated week as the engine takes it."""
    return datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)
