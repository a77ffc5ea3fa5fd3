"""``/_control/…`` for tests and scripts, and the way to the page.

Everything that changes something wants a JSON content type (or the header
``X-Simulator``): a form on somebody's web page cannot send that to us.
"""

import json

from . import page
from .control_orders import OrderRoutes
from .core import Response
from .faults import Fault
from .server_names import is_loopback_host


class ControlAndPage:
    """Answers every call that belongs to no channel.

    :param odoo: a :class:`~.odoo.OdooWatch`, None = the page shows no Odoo
    """

    def __init__(self, simulator, odoo=None):
        self.simulator = simulator
        self.odoo = odoo
        self.routes = {
            ("GET", "/"): self._page,
            ("GET", "/_page/data"): self._page_data,
            ("GET", "/_control/shelf"): self._shelf,
            ("GET", "/_control/log"): self._log,
            ("DELETE", "/_control/log"): self._clear_log,
            ("GET", "/_control/faults"): self._faults,
            ("POST", "/_control/faults"): self._add_fault,
            ("DELETE", "/_control/faults"): self._clear_faults,
            ("POST", "/_control/reset"): self._reset,
            ("POST", "/_control/seed"): self._seed,
            ("POST", "/_control/quantity"): self._quantity,
            **OrderRoutes(simulator, self._known, self._channel).routes(),
        }

    def __call__(self, method, path, query, headers, body):
        """Answer one call."""
        act = self.routes.get(("GET" if method == "HEAD" else method, path))
        if not is_loopback_host(headers.get("host", "")):
            return refusal(403, "this page is for this machine only")
        if act is None:
            return self._unknown(method, path)
        if method not in ("GET", "HEAD") and not may_change(headers):
            return refusal(403, "send Content-Type: application/json")
        try:
            return act(query, parse(body))
        except LookupError as error:
            return refusal(404, str(error.args[0] if error.args else error))
        except (TypeError, ValueError, OverflowError) as error:
            return refusal(400, str(error))

    def _unknown(self, method, path):
        allowed = [m for m, known in self.routes if known == path]
        if allowed:
            return refusal(405, f"{path} takes {' or '.join(allowed)}")
        names = ", ".join(f"/{name}" for name in self.simulator.channels)
        return refusal(404, f"nothing at {path}; the channels are at {names}")

    # --- the page ---
    def _page(self, query, spec):
        return page.document()

    def _page_data(self, query, spec):
        wanted = one(query, "q") or ""
        return Response(200, page.data(self.simulator, self.odoo, wanted), NO_STORE)

    # --- what is ---
    def _shelf(self, query, spec):
        return Response(200, {"rows": self.simulator.shelf(self._channel(query))})

    def _log(self, query, spec):
        journal, channel = self.simulator.journal, self._channel(query)
        since, after, last = (number(query, n) for n in ("since", "after", "last"))
        entries = journal.read(channel, since, after, int(last or 0))
        return Response(200, {"entries": entries, "counts": journal.counts(channel)})

    def _faults(self, query, spec):
        return Response(200, {"faults": self.simulator.faults.listed()})

    # --- what changes ---
    def _clear_log(self, query, spec):
        self.simulator.journal.clear(self._channel(query))
        return Response(200, {"ok": True})

    def _add_fault(self, query, spec):
        if spec.get("channel", "*") != "*":
            self._known(spec["channel"])
        fault = self.simulator.faults.add(Fault.from_spec(spec))
        return Response(201, {"id": fault.id})

    def _clear_faults(self, query, spec):
        self.simulator.faults.clear(self._channel(query))
        return Response(200, {"ok": True})

    def _reset(self, query, spec):
        name = spec.get("channel")
        self.simulator.reset(self._known(name) if name else None)
        return Response(200, {"ok": True})

    def _seed(self, query, spec):
        spec = dict(spec)
        name = self._known(spec.pop("channel", None))
        self.simulator.seed(name, spec)
        return Response(200, {"ok": True})

    def _quantity(self, query, spec):
        name = self._known(spec.get("channel"))
        quantity = spec.get("quantity")
        if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 0:
            raise ValueError("the quantity must be a whole number, 0 or more")
        site, sku = spec.get("site"), spec.get("sku")
        try:
            self.simulator.set_quantity(name, site, sku, quantity)
        except KeyError:
            raise LookupError(f"{name} has no {sku!r} at {site!r}") from None
        return Response(200, {"ok": True})

    def _channel(self, query):
        name = one(query, "channel")
        return self._known(name) if name else None

    def _known(self, name):
        if not isinstance(name, str) or name not in self.simulator.channels:
            raise LookupError(f"no channel is called {name!r}")
        return name


NO_STORE = {"Cache-Control": "no-store"}


def refusal(status, message):
    """Return an error in words."""
    return Response(status, {"error": message})


def may_change(headers):
    """Tell whether a call that changes something comes from a script or our page."""
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return content_type == "application/json" or "x-simulator" in headers


def parse(body):
    """Return the JSON object in a body, {} when empty.

    :raises ValueError: something else
    """
    if not body:
        return {}
    try:
        spec = json.loads(body)
    except ValueError as error:
        raise ValueError(f"the body is not JSON: {error}") from error
    if not isinstance(spec, dict):
        raise ValueError("the body must be a JSON object")
    return spec


def one(query, name):
    """Return the first value of a query parameter, else None."""
    return next(iter(query.get(name, ())), None)


def number(query, name):
    """Return a query parameter as a number, None when absent.

    :raises ValueError: not a number
    """
    value = one(query, name)
    try:
        return float(value) if value else None
    except ValueError:
        raise ValueError(f"{name} must be a number") from None
