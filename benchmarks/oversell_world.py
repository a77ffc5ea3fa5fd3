"""A simulated week: buyers, a warehouse, and what the channels show. No clock is read.

The world is the same for every policy: same buyers at the same moments, same lost
notifications. Time is in seconds from the start. Units are whole.
"""

import heapq
import itertools
import random
from dataclasses import dataclass, field

HOUR, DAY = 3_600.0, 86_400.0
#: The carrier comes once a day; until then goods are on hand, though promised.
PICKUP = 17 * HOUR


@dataclass(frozen=True)
class Channel:
    """How a channel sells, tells, and takes numbers. Times in seconds.

    :param share: part of all buyers
    :param rows_per_second: numbers that it takes
    :param answer: from sending a number to its answer
    :param shown: from its answer until buyers see the number
    :param notice: mean time until a notification of a sale has arrived
    :param lost: part of the notifications that never arrive
    :param looks: notifications wait in a queue that is looked into so often; 0 = they
        come to us
    :param blind: youngest sales that reading orders does not show yet
    :param confirms: it only acknowledges; a read confirms the number later
    """

    name: str
    share: float
    rows_per_second: float
    answer: float = 0.5
    shown: float = 0.0
    notice: float = 1.0
    lost: float = 0.01
    looks: float = 0.0
    blind: float = 0.0
    confirms: bool = False


@dataclass(frozen=True)
class Sort:
    """Products of one velocity (units a day, over all channels)."""

    name: str
    products: int
    velocity: float


@dataclass(frozen=True)
class Flash:
    """A flash sale: ``times`` as many buyers on one channel, for every n-th product."""

    channel: str
    begins: float
    lasts: float
    times: float
    every: int


@dataclass(frozen=True)
class Market:
    """What is simulated.

    :param cover: least and most stock of a product, in parts of what is expected to
        be asked for; every second product gets a third of it later
    """

    channels: tuple
    sorts: tuple
    flash: Flash | None
    days: float = 7.0
    cover: tuple = (0.5, 1.3)
    reading: float = 300.0

    @property
    def velocities(self):
        return [sort.velocity for sort in self.sorts for _n in range(sort.products)]


@dataclass(frozen=True)
class Buyer:
    """Somebody wants units. ``told`` is the delay of the notification, None = lost."""

    at: float
    product: int
    channel: int
    units: int
    told: float | None


@dataclass(frozen=True)
class Week:
    """Everything that happens whatever the policy."""

    market: Market
    stock: tuple
    receipts: tuple
    buyers: tuple


def make_week(market, seed):
    """Return the week of a seed: the same seed, the same week."""
    dice = random.Random(seed)
    stock, receipts = [], []
    for product, velocity in enumerate(market.velocities):
        units = round(velocity * market.days * dice.uniform(*market.cover))
        later = units // 3 if product % 2 else 0
        stock.append(units - later)
        if later:
            at = dice.uniform(0.2, 0.8) * market.days * DAY
            receipts.append((at, product, later))
    buyers = [
        buyer
        for product, velocity in enumerate(market.velocities)
        for channel in range(len(market.channels))
        for buyer in _buyers(market, product, velocity, channel, dice)
    ]
    buyers.sort(key=lambda buyer: (buyer.at, buyer.product, buyer.channel))
    return Week(market, tuple(stock), tuple(receipts), tuple(buyers))


def _buyers(market, product, velocity, channel, dice):
    """Yield Poisson arrivals; most want one unit, a few two or three (mean 1.3)."""
    place, flash = market.channels[channel], market.flash
    rate = velocity * place.share / 1.3 / DAY
    yield from _poisson(place, product, channel, rate, 0, market.days * DAY, dice)
    if flash and place.name == flash.channel and product % flash.every == 0:
        more = rate * (flash.times - 1)
        ends = flash.begins + flash.lasts
        yield from _poisson(place, product, channel, more, flash.begins, ends, dice)


def _poisson(place, product, channel, rate, begins, ends, dice):
    at = begins
    while rate > 0:
        at += dice.expovariate(rate)
        if at >= ends:
            return
        units = dice.choices((1, 2, 3), (0.8, 0.1, 0.1))[0]
        delay = dice.expovariate(1 / place.notice) if place.notice else 0.0
        told = None if dice.random() < place.lost else delay
        yield Buyer(at, product, channel, units, told)


@dataclass
class Tally:
    """What came of a week, in units unless said otherwise.

    :param missed: refused while so many lay in the warehouse, promised to nobody
    :param oversold: sold when nothing was left to promise
    :param leftover: at the end in the warehouse though buyers had been sent away
    :param pushes: numbers sent to channels
    """

    asked: int = 0
    sold: int = 0
    refused: int = 0
    missed: int = 0
    oversold: int = 0
    received: int = 0
    shipped: int = 0
    left: int = 0
    leftover: int = 0
    pushes: int = 0

    def __add__(self, other):
        names = self.__dataclass_fields__
        return Tally(**{n: getattr(self, n) + getattr(other, n) for n in names})


#: Of things that happen at one moment: first what is learned, then what is done.
LEARN, DO = 0, 1


@dataclass
class World:
    """Runs a week under one policy; see :mod:`.oversell_policies`."""

    week: Week
    now: float = 0.0
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self):
        count, channels = len(self.week.stock), len(self.week.market.channels)
        self.received = list(self.week.stock)
        self.promised = [0] * count
        self.shipped = [0] * count
        self.refused = [0] * count
        self.shown = [[0] * channels for _product in range(count)]
        self._events, self._serial = [], itertools.count()

    def at(self, when, act, *values, order=DO):
        """Let ``act`` happen at a moment."""
        heapq.heappush(self._events, (when, order, next(self._serial), act, values))

    def run(self, policy):
        """Return the tally of the week."""
        self.policy = policy
        for receipt in self.week.receipts:
            self.at(receipt[0], self._receive, *receipt[1:], order=LEARN)
        for buyer in self.week.buyers:
            self.at(buyer.at, self._buy, buyer)
        end = self.week.market.days * DAY
        for day in range(int(self.week.market.days)):
            self.at(day * DAY + PICKUP, self._ship)
        policy.begin(self)
        while self._events and self._events[0][0] <= end:
            self.now, _order, _serial, act, values = heapq.heappop(self._events)
            act(*values)
        return self._close()

    def land(self, product, channel, quantity):
        """A number that was sent is what buyers see now, whatever was sold since."""
        self.shown[product][channel] = quantity

    # --- what happens -------------------------------------------------------------
    def _buy(self, buyer):
        product, tally = buyer.product, self.tally
        shelf = self.shown[product]
        units = min(buyer.units, max(0, shelf[buyer.channel]))
        idle = max(0, self.received[product] - self.promised[product])
        tally.asked += buyer.units
        tally.sold += units
        tally.refused += buyer.units - units
        tally.missed += min(buyer.units - units, max(0, idle - units))
        tally.oversold += max(0, units - idle)
        self.refused[product] += buyer.units - units
        if units:
            shelf[buyer.channel] -= units  # the channel lowers its own counter
            self.promised[product] += units
            known = self.policy.learns_at(buyer)
            self.at(known, self.policy.told, buyer, units, order=LEARN)

    def _receive(self, product, units):
        self.received[product] += units
        self.policy.changed(product)

    def _ship(self):
        for product, known in enumerate(self.policy.known):
            self.shipped[product] = min(self.received[product], known)
        self.policy.shipped()

    def _close(self):
        tally = self.tally
        for product, received in enumerate(self.received):
            left = max(0, received - self.promised[product])
            tally.received += received
            tally.shipped += min(received, self.promised[product])
            tally.left += left
            tally.leftover += min(left, self.refused[product])
        return tally
