"""The demo's kit, and a product that is built from parts.

The gift box is sold on Shopify; its mug and its candles also by themselves, on every
channel. Gift cartons run out first: 45 of them make 45 boxes, however many mugs there
are. Of the side table two stand in the warehouse, and parts for seven more.
"""

from odoo import Command

SHOP = "gid://shopify/Location/1"

#: sku, name, stock in the first / second warehouse, price, further product values
PARTS = [
    ("CARTON", "Gift carton", 45, 0, 1, {}),
    ("OAK-TOP", "Table top, oak", 7, 0, 40, {}),
    ("OAK-LEG", "Table leg, oak", 30, 0, 9, {}),
    ("SIDE-TABLE", "Side table", 2, 0, 119, {}),
]
#: Shown by the shop before Odoo speaks: more than there is.
SHELF = [
    {"sku": "GIFT-BOX", "title": "Gift box: mug and two candles", "price": 29},
    {"sku": "SIDE-TABLE", "title": "Side table", "price": 119},
]


def build(scenario, accounts, products):
    """Make products, bills and listings, where manufacturing is installed.

    :param scenario: the demo that this is a part of
    :param accounts: channel → account
    :param products: sku → product
    """
    env = scenario.env
    if "add_buildable" not in env["marketplace.listing"]._fields:
        return
    parts = {row[0]: scenario._product(*row) for row in PARTS}
    box, card = env["product.product"].create(
        [
            {"name": "Gift box", "default_code": "GIFT-BOX", "list_price": 29},
            {"name": "Greeting card", "default_code": "CARD", "list_price": 2},
        ]
    )
    mug, candle = products["MUG"], products["CANDLE"]
    _bill(env, box, "phantom", (mug, 1), (candle, 2), (parts["CARTON"], 1), (card, 1))
    table = parts["SIDE-TABLE"]
    _bill(env, table, "normal", (parts["OAK-TOP"], 1), (parts["OAK-LEG"], 4))
    site = accounts["shopify"].site_ids.filtered(lambda one: one.code == SHOP)
    env["marketplace.listing"].create(
        [
            {"site_id": site.id, "sku": "GIFT-BOX", "product_id": box.id},
            {
                "site_id": site.id,
                "sku": "SIDE-TABLE",
                "product_id": table.id,
                "add_buildable": True,
            },
        ]
    )
    shelf = [{**row, "site": SHOP, "quantity": 60} for row in SHELF]
    scenario._seed("shopify", listings=shelf)


def _bill(env, product, kind, *lines):
    return env["mrp.bom"].create(
        {
            "product_tmpl_id": product.product_tmpl_id.id,
            "product_uom_id": product.uom_id.id,
            "type": kind,
            "bom_line_ids": [
                Command.create({"product_id": part.id, "product_qty": quantity})
                for part, quantity in lines
            ],
        }
    )
