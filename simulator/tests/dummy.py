"""A marketplace of forty lines, for the tests of the core."""

from urllib.parse import unquote

from simulator.core import ChannelSimulator, Response, ShelfRow


class DummySimulator(ChannelSimulator):
    """``GET``/``PUT /stock/<sku>``, under the name of a real channel."""

    name = "amazon"
    title = "Dummy"
    update_operations = "put*"

    def reset(self):
        self.listings = {}
        self.handled = 0
        self.faults_seen = []

    def seed(self, spec):
        for listing in spec.get("listings", []):
            self.listings[listing["sku"]] = {"quantity": 0, **listing}

    def operation(self, request):
        return f"{request.method.lower()}Stock"

    def handle(self, request):
        with self.lock:
            self.handled += 1
            if request.fault:
                self.faults_seen.append(request.fault)
            if request.path == "/bug":
                raise RuntimeError("on purpose")
            listing = self.listings.get(unquote(request.path.rpartition("/")[2]))
            if listing is None:
                return Response(404, {"code": "unknown"})
            if request.method == "PUT" and not request.fault:
                listing["quantity"] = request.json()["quantity"]
                listing["updated_at"] = self.clock()
            return Response(200, dict(listing), {"X-Request-Id": "r1"})

    def shelf(self):
        return [
            ShelfRow(
                self.name,
                row.get("site", "US"),
                row.get("site_name", "United States"),
                sku,
                row.get("title", ""),
                row["quantity"],
                row.get("fulfilment", "merchant"),
                row.get("status", "active"),
                row.get("updated_at", 0.0),
            )
            for sku, row in self.listings.items()
        ]

    def set_quantity(self, site, sku, quantity):
        if self.listings[sku].get("fulfilment") == "channel":
            raise ValueError("the channel counts this stock itself")
        self.listings[sku].update(quantity=quantity, updated_at=self.clock())

    def error_body(self, status):
        return {"errors": [{"code": "QuotaExceeded"}]}

    def dump(self):
        return {"listings": self.listings}

    def load(self, state):
        self.listings = dict(state["listings"])


class OtherDummySimulator(DummySimulator):
    """A second channel, to see that the first is left alone."""

    name = "shopify"
