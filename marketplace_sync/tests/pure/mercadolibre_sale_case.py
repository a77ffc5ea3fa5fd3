"""A buyer buys on the simulated Mercado Libre; the adapter reads and tells."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal

from marketplace_sync.channels.orders import Shipment
from marketplace_sync.tests.pure.mercadolibre_case import MercadoLibreCase


class SaleCase(MercadoLibreCase):
    """One listing, "A", with ten units at 100."""

    def setUp(self):
        super().setUp()
        self.seed({"sku": "A", "quantity": 10}, {"sku": "B", "quantity": 10})
        self.adapter = self.make_adapter(data={"tags": ["normal"]})

    @property
    def now(self):
        return datetime.fromtimestamp(self.clock(), timezone.utc)

    def pass_time(self, **delta):
        self.clock.now += timedelta(**delta).total_seconds()

    def sell(self, sku="A", quantity=1, site=None, **buyer):
        return self.channel.sell(sku, quantity, site, **buyer)

    def order(self, order_id, adapter=None):
        return (adapter or self.adapter).fetch_order(order_id)

    def sold(self, *args, **kwargs):
        """Sell and read: what the adapter says of it."""
        return self.order(self.sell(*args, **kwargs))

    def body(self, order_id):
        """Return an order's JSON on the channel, to be changed in place."""
        return self.channel.sales.all[str(order_id)]

    def parcel(self, order_id):
        """Return the JSON of an order's shipment on the channel."""
        number = self.body(order_id)["shipping"]["id"]
        return self.channel.parcels.all[str(number)]["body"]

    def swept(self, adapter=None, **since):
        """Read incrementally; return ``(orders, watermark)``."""
        since = self.now - timedelta(**(since or {"hours": 1}))
        pages = list((adapter or self.adapter).fetch_orders(since))
        self.assertTrue(all(page.watermark is None for page in pages[:-1]))
        orders = [order for page in pages for order in page.orders]
        return orders, pages[-1].watermark

    def ids(self, **since):
        return [order.external_id for order in self.swept(**since)[0]]

    def sums_up(self, order):
        """Return what lines and charges come to."""
        lines = sum(
            line.unit_price * line.quantity - line.discount for line in order.lines
        )
        return lines + sum((c.amount for c in order.charges), Decimal(0))

    def confirm(self, order_id, **changes):
        """Tell that an order's goods have left."""
        fields = {
            "order_id": order_id,
            "package_ref": "1",
            "lines": (("MLM1", Decimal(1)),),
            "shipped_at": self.now,
            "carrier_name": "Estafeta",
            "tracking_number": "T-1",
            "tracking_url": "https://carrier.example/T-1",
        }
        return self.adapter.confirm_shipment(Shipment(**{**fields, **changes}))
