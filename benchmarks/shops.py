"""Accounts on simulated channels, with products and listings, for what is sent."""

from odoo import Command
from odoo.tools import SQL

from simulator.accounts import CREDENTIALS, SITES

STOCK = 50


def make_products(env, count):
    """Make products with :data:`STOCK` units each; return them."""
    template = env["product.product"].create
    products = template(
        [
            {"name": f"P{n}", "default_code": sku(n), "is_storable": True}
            for n in range(count)
        ]
    )
    location = env["stock.warehouse"].search([], limit=1).lot_stock_id
    env.flush_all()
    env.cr.execute(
        SQL(
            """INSERT INTO stock_quant (product_id, location_id, company_id, quantity,
                                        reserved_quantity, in_date)
               SELECT unnest(%s), %s, %s, %s, 0, now()""",
            products.ids,
            location.id,
            env.company.id,
            STOCK,
        )
    )
    return products


def sku(number):
    return f"S{number:05}"


def make_account(env, channel, url, products):
    """Make a live account whose one site lists ``products``; commits."""
    account = env["marketplace.account"].create(
        {
            "name": channel,
            "channel": channel,
            "is_test": True,
            "api_url": url,
            **CREDENTIALS[channel],
        }
    )
    warehouse = env["stock.warehouse"].search([], limit=1)
    site = env["marketplace.site"].create(
        {
            "account_id": account.id,
            "name": channel,
            "code": SITES[channel],
            "warehouse_ids": [Command.set(warehouse.ids)],
        }
    )
    with account._adapter_session() as adapter:  # as matching does
        known = {listing.sku: listing for listing in adapter.fetch_listings()}
    quiet = env["marketplace.listing"].with_context(tracking_disable=True)
    quiet.create(
        [
            {
                "site_id": site.id,
                "sku": product.default_code,
                "product_id": product.id,
                "external_ref": known[product.default_code].external_ref,
                "channel_data": dict(known[product.default_code].data),
            }
            for product in products
        ]
    )
    account.action_go_live()
    env.cr.commit()
    return account


def seed(simulator, channel, numbers, **more):
    """Put the listings on a channel's shelf."""
    code = SITES[channel]
    simulator.seed(
        channel,
        {
            "sites": [{"code": code} if channel == "shopify" else code],
            "listings": [
                {
                    "sku": sku(number),
                    "site": code,
                    "quantity": 1,
                    "price": 9,
                    **(more.get("listing", dict)(number) if "listing" in more else {}),
                }
                for number in numbers
            ],
            **more.get("settings", {}),
        },
    )
