"""3. Validating a picking of 50 moves: what does noticing stock changes cost?

Two databases, made from the same template, one with the addon and one without; both
are served by this process, and take turns. Timed is ``button_validate`` with its
commit; the picking is confirmed and reserved before. With the addon, every product
has listings on two channels. No scheduled action runs meanwhile.
"""

import statistics

from . import databases, session
from .figures import Figure, spread

MOVES = 50
SECTION = "Validating a picking of 50 moves"
STOCK = 1_000_000


def run(quick=False):
    turns = 9 if quick else 60
    shops = {name: Shop(name, name == "with") for name in ("without", "with")}
    times = {(name, what): [] for name in shops for what in ("reserve", "validate")}
    try:
        for turn in range(-3, turns):
            order = list(shops) if turn % 2 else list(shops)[::-1]
            for name in order:
                reserve, validate = shops[name].deliver()
                if turn >= 0:
                    times[name, "reserve"].append(reserve)
                    times[name, "validate"].append(validate)
    finally:
        for shop in shops.values():
            shop.close()
    return [
        figure_of("validate", times, 5),
        figure_of("confirm and reserve", times, None, "reserve"),
    ]


class Shop:
    """One database with 50 products in stock."""

    def __init__(self, name, addon):
        self.session = session.environment(databases.make(f"picking_{name}", addon))
        self.env = self.session.__enter__()
        self.warehouse = self.env["stock.warehouse"].search([], limit=1)
        self.products = self.env["product.product"].create(
            [
                {"name": f"Bench {n}", "default_code": f"B{n}", "is_storable": True}
                for n in range(MOVES)
            ]
        )
        self.fill()
        if addon:
            self.list_products()
        self.env.cr.commit()

    def close(self):
        self.session.__exit__(None, None, None)

    def fill(self):
        for product in self.products:
            self.env["stock.quant"]._update_available_quantity(
                product, self.warehouse.lot_stock_id, STOCK
            )

    def list_products(self):
        for channel in ("amazon", "shopify"):
            account = self.env["marketplace.account"].create(
                {"name": channel, "channel": channel}
            )
            site = self.env["marketplace.site"].create(
                {
                    "name": channel,
                    "code": channel,
                    "account_id": account.id,
                    "warehouse_ids": self.warehouse.ids,
                }
            )
            self.env["marketplace.listing"].create(
                [
                    {
                        "sku": product.default_code,
                        "product_id": product.id,
                        "site_id": site.id,
                    }
                    for product in self.products
                ]
            )

    def deliver(self):
        """Return the seconds that reserving and validating took."""
        picking = self.make_picking()
        self.start_clean()
        with session.measured(self.env.cr) as reserve:
            picking.action_confirm()
            picking.action_assign()
            self.env.cr.commit()
        self.start_clean()
        with session.measured(self.env.cr) as validate:
            picking.button_validate()
            self.env.cr.commit()
        if picking.state != "done":
            raise AssertionError(f"the picking is {picking.state}, not done")
        return reserve.seconds, validate.seconds

    def make_picking(self):
        kind = self.warehouse.out_type_id
        customers = self.env.ref("stock.stock_location_customers")
        places = {
            "location_id": self.warehouse.lot_stock_id.id,
            "location_dest_id": customers.id,
        }
        picking = self.env["stock.picking"].create(
            {"picking_type_id": kind.id, **places}
        )
        self.env["stock.move"].create(
            [
                {
                    "product_id": product.id,
                    "product_uom_qty": 2,
                    "picking_id": picking.id,
                    **places,
                }
                for product in self.products
            ]
        )
        self.env.cr.commit()
        return picking

    def start_clean(self):
        """Each part is a request of its own: nothing in the cache."""
        self.env.transaction.reset()
        self.env.transaction.clear()


def figure_of(name, times, bound, what="validate"):
    without, with_addon = times["without", what], times["with", what]
    more = statistics.median(with_addon) / statistics.median(without) - 1
    pairs = [ours / theirs for ours, theirs in zip(with_addon, without, strict=True)]
    quartiles = [100 * (q - 1) for q in statistics.quantiles(pairs, n=4)]
    return Figure(
        f"{name}: more time with the addon",
        100 * more,
        "%",
        bound,
        note=f"with {spread(with_addon)}, without {spread(without)}; "
        f"{len(pairs)} turns, middle half of the pairs "
        f"{quartiles[0]:+.1f} … {quartiles[2]:+.1f} %",
        section=SECTION,
    )
