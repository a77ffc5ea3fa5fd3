"""8. 1,000 orders of 3 lines, from the channel's telling to confirmed sale orders.

In one process, without a network: ``_store_orders`` stores what a page of a channel
tells, ``_sync_orders`` makes the sale orders; both commit as the scheduled action does.
Queries are those of the cursor. The first hundred fill caches, so that the second is
what the last is compared with.
"""

import importlib
import time
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from . import databases, session, shops
from .figures import Figure

SECTION = "1,000 orders of 3 lines imported"
ORDERS, LINES, PRODUCTS = 1_000, 3, 300
PORTION = 50  # a page of Shopify's
HUNDRED = 100


def run(quick=False):
    count = 300 if quick else ORDERS
    database = databases.make("orders_import")
    with session.environment(database) as env:
        account = prepare(env)
        env.cr.commit()
        stored, made = measure(account, count)
        check(account, count)
    return [
        *figures_of("told → stored and promised", stored),
        *figures_of("stored → confirmed sale order", made),
    ]


def prepare(env):
    """An account that calls nobody, with products and listings."""
    products = shops.make_products(env, PRODUCTS)
    env.cr.execute("UPDATE stock_quant SET quantity = 100000 WHERE quantity = 50")
    credentials = shops.CREDENTIALS["shopify"]
    account = env["marketplace.account"].create(
        {"name": "Shop", "channel": "shopify", "is_test": True, **credentials}
    )
    account.api_url = "http://127.0.0.1:9/none"
    account.write({"state": "connected", "order_start_at": "2026-01-01 00:00:00"})
    site = env["marketplace.site"].create(
        {
            "account_id": account.id,
            "name": "Shop",
            "code": shops.SITES["shopify"],
            "warehouse_ids": env["stock.warehouse"].search([], limit=1).ids,
        }
    )
    env["marketplace.listing"].with_context(tracking_disable=True).create(
        [
            {"site_id": site.id, "sku": p.default_code, "product_id": p.id}
            for p in products
        ]
    )
    env["marketplace.listing"]._cron_refresh_all()
    return account


def measure(account, count):
    """Return seconds and queries of each portion: of storing, and of importing."""
    stored, made = [], []
    for first in range(0, count, PORTION):
        tellings = [telling(first + number) for number in range(PORTION)]
        with session.measured(account.env.cr) as result:
            account._in_transaction(
                lambda t=tellings: account._store_orders(t) and None
            )
        stored.append(result)
        account.env.invalidate_all()
        with session.measured(account.env.cr) as result:
            account._sync_orders(time.monotonic() + 3600)
        made.append(result)
        account.env.invalidate_all()
    return stored, made


def telling(number):
    """Return one order as Shopify's adapter would tell it."""
    told = importlib.import_module("odoo.addons.marketplace_sync.channels.orders")
    placed = datetime(2026, 11, 1, tzinfo=timezone.utc) + timedelta(minutes=number)
    lines = [
        told.OrderLine(
            external_id=f"L{number}-{line}",
            sku=shops.sku((number * 7 + line * 101) % PRODUCTS),
            quantity=Decimal(1 + line),
            unit_price=Decimal("9.90"),
            site_code=shops.SITES["shopify"],
        )
        for line in range(LINES)
    ]
    total = sum(line.quantity * line.unit_price for line in lines)
    return told.ChannelOrder(
        external_id=f"gid://shopify/Order/{number}",
        name=f"#{number}",
        status="open",
        placed_at=placed,
        updated_at=placed,
        currency="USD",
        lines=lines,
        total=total,
        site_code=shops.SITES["shopify"],
        buyer=told.OrderBuyer(key=f"B{number}", name=f"Buyer {number}"),
        shipping_address=told.OrderAddress(
            name=f"Buyer {number}",
            street=f"{number} Road",
            city="Town",
            zip="12345",
            country_code="US",
        ),
    )


def check(account, count):
    """What was measured is what was wanted: one confirmed sale order for each.

    :raises RuntimeError: it is not
    """
    sales = account.order_ids.sale_order_id.filtered(lambda sale: sale.state == "sale")
    if len(sales) != count:
        problems = set(account.order_ids.mapped("problem"))
        raise RuntimeError(f"{len(sales)} sale orders of {count}: {problems}")


def figures_of(name, portions):
    count = PORTION * len(portions)
    seconds = sum(portion.seconds for portion in portions)
    queries = sum(portion.queries for portion in portions)
    each = HUNDRED // PORTION
    first, second, last = portions[:each], portions[each : 2 * each], portions[-each:]

    def cost(part):
        return sum(portion.seconds for portion in part) / HUNDRED * 1000

    def asked(part):
        return sum(portion.queries for portion in part) / HUNDRED

    yield Figure(f"{name}, a second", count / seconds, "orders", section=SECTION)
    yield Figure(
        f"{name}, queries",
        queries / count,
        "an order",
        note=f"{asked(first):.1f} in the first hundred, {asked(last):.1f} in the last",
        section=SECTION,
    )
    yield Figure(
        f"{name}, last hundred : second hundred",
        cost(last) / cost(second),
        "×",
        1.3,
        note=f"{cost(first):.1f} ms an order in the first hundred, {cost(second):.1f} "
        f"in the second, {cost(last):.1f} in the last",
        section=SECTION,
    )
