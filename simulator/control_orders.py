"""``/_control/…`` for orders and notifications: what the page's buttons do.

Bodies are JSON objects with ``channel``. Those that let something happen to an order
take ``delivery`` (``normal``, ``twice``, ``late`` with ``seconds``, ``held`` until the
next notification was delivered, ``never``): how Odoo is told of it.
"""

from dataclasses import asdict

from .core import Response
from .delivery import Manner

#: What may be done to an order by its id alone.
VERBS = ("cancel", "refund", "pay", "ship", "request_cancellation")
#: Rounds of one ``/_control/deliver``: what was held comes after what it waited for.
ROUNDS = 10


class OrderRoutes:
    """Handlers, each ``(query, spec) → Response``.

    :param simulator: the :class:`~.core.Simulator`
    :param known: checks the name of a channel
    :param chosen: returns the channel that a query names, or None
    """

    def __init__(self, simulator, known, chosen):
        self.simulator = simulator
        self.known = known
        self.chosen = chosen

    def routes(self):
        """Return ``{(method, path): handler}``."""
        found = {
            ("GET", "/_control/orders"): self._orders,
            ("GET", "/_control/notifications"): self._notifications,
            ("POST", "/_control/buy"): self._buy,
            ("POST", "/_control/edit"): self._edit,
            ("POST", "/_control/return_goods"): self._return,
            ("POST", "/_control/deliver"): self._deliver,
            ("POST", "/_control/deliver_again"): self._again,
            ("POST", "/_control/subscribe"): self._subscribe,
        }
        for verb in VERBS:
            found["POST", f"/_control/{verb}"] = self._verb(verb)
        return found

    # --- what is ---
    def _orders(self, query, spec):
        rows = []
        for name in self._with_desk(query):
            with self.simulator.channels[name].lock:
                rows += [asdict(row) for row in self.simulator.desk(name).rows()]
        return Response(200, {"orders": rows})

    def _notifications(self, query, spec):
        rows = []
        for name in self._with_desk(query):
            with self.simulator.channels[name].lock:
                told = self.simulator.desk(name).notifications()
            rows += [{"channel": name, **row} for row in told]
        return Response(200, {"notifications": rows})

    def _with_desk(self, query):
        name = self.chosen(query)
        channels = self.simulator.channels
        return [n for n in ([name] if name else channels) if channels[n].desk]

    # --- orders ---
    def _buy(self, query, spec):
        name, quantity = self.known(spec.get("channel")), spec.get("quantity", 1)
        pending = spec.get("pending", False)
        if not isinstance(pending, bool):
            raise ValueError("pending must be true or false")
        values = (text(spec, "site", None), text(spec, "sku"), quantity, pending)
        return self._trade(name, "buy", values, spec, 201)

    def _edit(self, query, spec):
        name = self.known(spec.get("channel"))
        values = (text(spec, "order"), text(spec, "sku"), spec.get("quantity"))
        return self._trade(name, "edit", values, spec)

    def _return(self, query, spec):
        """Goods come back to the channel: ``sku``, ``quantity``, and in words
        ``disposition``, ``reason``, ``status``, ``comments``."""
        name, order = self.known(spec.get("channel")), text(spec, "order")
        words = ("sku", "disposition", "reason", "status", "comments")
        details = {word: text(spec, word) for word in words if word in spec}
        if "quantity" in spec:
            details["quantity"] = spec["quantity"]
        desk = self.simulator.desk(name)
        with self.simulator.channels[name].lock:
            desk.return_goods(order, **details)
            row = desk.row(order)
        self.simulator.on_change()
        return Response(200, {"order": asdict(row)})

    def _verb(self, verb):
        def act(query, spec):
            name = self.known(spec.get("channel"))
            return self._trade(name, verb, (text(spec, "order"),), spec)

        return act

    def _trade(self, name, verb, values, spec, status=200):
        manner = Manner.from_spec(spec)
        made = self.simulator.trade(name, verb, *values, manner=manner)
        with self.simulator.channels[name].lock:
            row = self.simulator.desk(name).row(made or values[0])
        return Response(status, {"order": asdict(row)})

    # --- notifications ---
    def _deliver(self, query, spec):
        """Deliver what is due, at once and while the caller waits."""
        desk = self.simulator.desk(self.known(spec.get("channel")))
        statuses = []
        for _round in range(ROUNDS):
            more = desk.deliver()
            statuses += more
            if not more:
                break
        self.simulator.on_change()
        return Response(200, {"statuses": statuses})

    def _again(self, query, spec):
        desk = self.simulator.desk(self.known(spec.get("channel")))
        status = desk.again(text(spec, "id"))
        self.simulator.on_change()
        return Response(200, {"status": status})

    def _subscribe(self, query, spec):
        name = self.known(spec.get("channel"))
        self.simulator.trade(name, "subscribe", text(spec, "callback"))
        return Response(200, {"ok": True})


def text(spec, name, *default):
    """Return a text of a body.

    :raises ValueError: it is none
    """
    value = spec.get(name, *default)
    if not isinstance(value, str) and not (default and value == default[0]):
        raise ValueError(f"{name} must be a text")
    return value
