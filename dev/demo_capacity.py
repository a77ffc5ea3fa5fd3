"""The demo's workshop: 12 a week, 2 weeks of lead time, 8 in production, so 16 belts
can be promised, or 10 satchels that take as much work as one belt and a half."""

from odoo import Command

US, SHOP = "ATVPDKIKX0DER", "gid://shopify/Location/1"

#: sku, name, stock in the first / second warehouse, price, further product values
MADE = [
    ("BELT", "Leather belt, made by us", 0, 0, 49, {}),
    ("SATCHEL", "Leather satchel, made by us", 0, 0, 189, {}),
]
#: sku, channel, site
LISTED = [
    ("BELT", "shopify", SHOP),
    ("BELT", "amazon", US),
    ("SATCHEL", "shopify", SHOP),
]


def build(scenario, accounts):
    """Make products, the capacity, an order in production and the listings.

    :param scenario: the demo that this is a part of
    :param accounts: channel → account
    """
    env = scenario.env
    products = {row[0]: scenario._product(*row) for row in MADE}
    titles = {row[0]: row[1] for row in MADE}
    for product in products.values():
        product.sale_delay = 14
    env["marketplace.capacity"].create(
        {
            "name": "Leather workshop",
            "units_per_week": 12,
            "lead_time_weeks": 2,
            "line_ids": [
                Command.create({"product_id": products["BELT"].id, "weight": 1}),
                Command.create({"product_id": products["SATCHEL"].id, "weight": 1.5}),
            ],
        }
    )
    order = env["sale.order"].create(
        {
            "partner_id": env["res.partner"].create({"name": "A shop in town"}).id,
            "warehouse_id": scenario.first.id,
            "order_line": [
                Command.create(
                    {"product_id": products["BELT"].id, "product_uom_qty": 8}
                )
            ],
        }
    )
    order.action_confirm()
    for sku, channel, code in LISTED:
        site = accounts[channel].site_ids.filtered(lambda one, c=code: one.code == c)
        env["marketplace.listing"].create(
            {
                "site_id": site.id,
                "sku": sku,
                "product_id": products[sku].id,
                "qty_source": "capacity",
            }
        )
        row = {"sku": sku, "title": titles[sku], "site": code, "quantity": 0}
        scenario._seed(channel, listings=[{**row, "price": 49}])
