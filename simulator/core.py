"""What every simulated channel shares: request, response, shelf, and the house.

A channel (``amazon.py``, ``shopify.py``, ``mercadolibre.py``) is a
:class:`ChannelSimulator`: it knows its protocol and nothing of sockets. The
:class:`Simulator` holds the channels, acts out faults and keeps the log;
``server.py`` puts it on a port.
"""

import importlib
import json
import sys
import threading
import time
import traceback
from dataclasses import asdict, dataclass, field

from . import faults
from .delivery import Courier, Manner
from .journal import Journal

#: name → (module, class); a module that does not exist yet is left out.
CHANNELS = {
    "amazon": ("simulator.amazon", "AmazonSimulator"),
    "shopify": ("simulator.shopify", "ShopifySimulator"),
    "mercadolibre": ("simulator.mercadolibre", "MercadoLibreSimulator"),
}

Fault = faults.Fault


@dataclass
class Request:
    """One call of a channel's API.

    :param path: without the channel's prefix, not url-decoded, no query
    :param query: decoded, every name with all its values
    :param headers: names in lower case
    :param base_url: where the caller reaches this channel,
        ``http://127.0.0.1:8099/amazon``; upload addresses are built from it
    :param fault: a fault that the channel itself has to act out
    """

    method: str
    path: str
    query: dict = field(default_factory=dict)
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    base_url: str = ""
    fault: Fault | None = None

    def json(self):
        """Return the parsed body, None when it is empty or not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass
class Response:
    """An answer; a dict or list is sent as JSON, text and bytes as they are."""

    status: int = 200
    body: object = None
    headers: dict = field(default_factory=dict)


@dataclass
class ShelfRow:
    """What a buyer sees of one SKU at one site, now.

    :param fulfilment: ``merchant``, or ``channel`` when the channel ships it
    :param status: the channel's own word, as a person reads it
    :param updated_at: when the quantity last changed, epoch seconds
    :param note: anything that explains the number ("not stocked here")
    :param endless: buyers may buy more than is shown
    """

    channel: str
    site: str
    site_name: str
    sku: str
    title: str = ""
    quantity: int | None = None
    fulfilment: str = "merchant"
    status: str = ""
    updated_at: float = 0.0
    note: str = ""
    lead_time_days: int | None = None
    endless: bool = False


class ChannelSimulator:
    """One marketplace. Subclasses keep their state in JSON types.

    ``handle`` is called by several threads at once and under no lock.
    """

    #: value of ``marketplace.account.channel`` and prefix of the address
    name = ""
    #: how the page calls it
    title = ""
    #: operations that change a quantity, fnmatch patterns joined by ``|``
    update_operations = "*"
    #: False (``--no-rate-limits``): the channel's own quotas are not enforced
    enforce_limits = True
    #: what people do with orders, a :class:`~.desk.Desk`; None = the channel has none
    desk = None
    #: how what happens now is told; changed under the lock for the time of one event
    manner = Manner()

    def __init__(self, clock=time.time):
        self.clock = clock
        self.lock = threading.RLock()
        self.reset()

    def reset(self):
        """Forget everything; the default credentials are accepted again."""

    def seed(self, spec):
        """Add or replace listings, sites and credentials."""
        raise NotImplementedError(f"{type(self).__name__} must implement seed")

    def operation(self, request):
        """Return the name of the called operation, for faults and the log."""
        return f"{request.method} {request.path}"

    def handle(self, request):
        """Answer one call."""
        raise NotImplementedError(f"{type(self).__name__} must implement handle")

    def shelf(self):
        """Return what buyers see, a list of :class:`ShelfRow`."""
        return []

    def set_quantity(self, site, sku, quantity):
        """Edit a quantity as a person does on the channel's own pages.

        :raises LookupError: no such listing
        :raises ValueError: the channel does not let a person do that
        """
        raise NotImplementedError(f"{type(self).__name__} must implement set_quantity")

    def deliveries(self):
        """Return callables that deliver one due notification each."""
        return []

    def wake_courier(self):
        """Say that something is to be delivered; the courier puts itself here."""

    def error_body(self, status):
        """Return the body (or a whole :class:`Response`) of an error ``status``."""
        return {"error": status}

    def dump(self):
        """Return the state, JSON types only."""
        return {}

    def load(self, state):
        """Take over a state that ``dump`` returned."""


class Simulator:
    """All channels of one process, with their faults and their log."""

    def __init__(self, channels=None, clock=time.time, enforce_limits=True):
        self.channels = make_channels(channels, clock)
        self.clock = clock
        self.faults = faults.FaultBook()
        self.journal = Journal(clock=clock)
        self.stopping = threading.Event()
        #: called without arguments after anything that may have changed a state
        self.on_change = lambda: None
        for channel in self.channels.values():
            channel.enforce_limits = enforce_limits
        #: works while a server serves; tests deliver by hand
        self.courier = Courier(list(self.channels.values()), lambda: self.on_change())

    def call(self, name, request):
        """Answer a call of channel ``name``; :data:`faults.RESET` drops the line."""
        channel = self.channels[name]
        started = time.perf_counter()
        operation, fault, answer = "?", None, faults.RESET
        try:
            operation = channel.operation(request)
            fault = self.faults.take(name, operation, request, channel)
            answer = faults.answer(fault, channel, request, self.stopping.wait)
            return answer
        except Exception:
            answer = internal_error(f"{name} {operation}")
            return answer
        finally:
            self.journal.add(
                name, operation, request, answer, time.perf_counter() - started, fault
            )
            if request.method not in ("GET", "HEAD"):
                self.on_change()

    def reset(self, name=None):
        """Empty one channel, or all; their faults and log too."""
        for channel in self._chosen(name):
            with channel.lock:
                channel.reset()
            self.faults.clear(channel.name)
            self.journal.clear(channel.name)
        self.on_change()

    def seed(self, name, spec):
        """Seed one channel."""
        channel = self.channels[name]
        with channel.lock:
            channel.seed(spec)
        self.on_change()

    def set_quantity(self, name, site, sku, quantity):
        """Edit a quantity on a channel as a person would."""
        channel = self.channels[name]
        with channel.lock:
            channel.set_quantity(site, sku, quantity)
        self.on_change()

    def desk(self, name):
        """Return where people buy on a channel.

        :raises LookupError: nobody can buy there
        """
        if self.channels[name].desk is None:
            raise LookupError(f"{name} has no orders")
        return self.channels[name].desk

    def trade(self, name, verb, *values, manner=None):
        """Let somebody do something with an order; ``manner``: how it is told."""
        desk, channel = self.desk(name), self.channels[name]
        with channel.lock:
            channel.manner = manner or Manner()
            try:
                return getattr(desk, verb)(*values)
            finally:
                channel.manner = Manner()
                self.on_change()

    def shelf(self, name=None):
        """Return the shelf of one channel, or of all, as plain dicts."""
        rows = []
        for channel in self._chosen(name):
            with channel.lock:
                rows += [asdict(row) for row in channel.shelf()]
        return rows

    def _chosen(self, name):
        return [self.channels[name]] if name else list(self.channels.values())


def make_channels(wanted=None, clock=time.time):
    """Return ``{name: ChannelSimulator}``.

    :param wanted: names, ready-made ChannelSimulators, or None for all there are
    """
    channels = {}
    for item in CHANNELS if wanted is None else wanted:
        channel = item
        if isinstance(item, str):
            channel = _make_channel(item, clock, optional=wanted is None)
        if channel is not None:
            channels[channel.name] = channel
    return channels


def _make_channel(name, clock, optional):
    module_name, class_name = CHANNELS[name]
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if optional and error.name == module_name:
            return None
        raise
    return getattr(module, class_name)(clock=clock)


def internal_error(where):
    """Print the traceback of a bug and return the 500 that the caller gets."""
    print(f"simulator: a bug while answering {where}", file=sys.stderr)
    traceback.print_exc(file=sys.stderr)
    error = sys.exc_info()[1]
    text = f"bug in the simulator: {type(error).__name__}: {error}"
    return Response(500, {"error": "simulator_bug", "message": text})
