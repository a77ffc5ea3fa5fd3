"""4. API calls for 10,000 changed listings, counted by the simulator.

The limits of the channels and our own are lifted: only calls are counted, from the
change of every listing's number until the channel has taken the last one (Amazon:
until the feed's report is read). The reads before a listing's first push are done
before counting begins.
"""

from odoo import fields

from simulator import testing

from . import databases, session, shops
from .figures import Figure

SECTION = "API calls for 10,000 changed listings"
#: Two items of Mercado Libre share one user product, and its counter.
ITEMS_PER_USER_PRODUCT = 2
BOUNDS = {"shopify": 80, "amazon": 12}


def run(quick=False):
    count = 2_000 if quick else 10_000
    database = databases.make("api_calls")
    found = []
    with testing.running(enforce_limits=False) as simulator:
        with session.environment(database) as env:
            products = shops.make_products(env, count)
            for channel in shops.SITES:
                fill(simulator, channel, count)
                account = shops.make_account(
                    env, channel, simulator.url(channel), products
                )
                calls = count_calls(env, simulator, account)
                found += figures_of(simulator, channel, calls, count)
    return found


def fill(simulator, channel, count):
    def user_product(number):
        return {"user_product_id": f"MLMU{number // ITEMS_PER_USER_PRODUCT}"}

    more = {"settings": {"feed_seconds": 0, "latency": 0}}
    if channel == "mercadolibre":
        more["listing"] = user_product
    shops.seed(simulator, channel, range(count), **more)


def count_calls(env, simulator, account):
    """Change every number of an account that is up to date; return calls by name."""
    account._get_adapter_class().limits = {}
    account._cron_orders()  # until orders have been read, no number rises
    settle(env, account)
    env.cr.execute("UPDATE stock_quant SET quantity = quantity + 7")
    env.cr.commit()
    simulator.clear_log(account.channel)
    account.listing_ids._refresh()
    env.cr.commit()
    settle(env, account)
    return simulator.counts(account.channel)


def settle(env, account):
    """Run the account's scheduled action until nothing waits to be sent or polled.

    Confirming acknowledged rows by a read is not waited for: it comes later, and a
    feed that is read needs none.
    """
    for _run in range(200):
        account._cron_push()
        env.invalidate_all()
        open_pushes = env["marketplace.push"].search([("state", "=", "submitted")])
        open_pushes.next_poll_at = fields.Datetime.now()
        waiting = env["marketplace.listing"].search_count(
            [
                ("account_id", "=", account.id),
                ("sync_state", "in", ("pending", "unverified")),
            ],
            limit=1,
        )
        env.cr.commit()
        if not waiting and not open_pushes:
            return
    raise RuntimeError(f"{account.channel} does not settle: {account.last_failure}")


def figures_of(simulator, channel, calls, count):
    shown = {row["quantity"] for row in simulator.shelf(channel)}
    if len(shown) != 1 or shown == {1}:
        raise RuntimeError(f"{channel} shows {sorted(shown)[:5]} …: not all were sent")
    words = ", ".join(f"{n} {name}" for name, n in sorted(calls.items()))
    if channel == "mercadolibre":
        pools = count // ITEMS_PER_USER_PRODUCT
        writes = sum(n for name, n in calls.items() if name.startswith("put"))
        yield Figure(
            f"Mercado Libre, writes per user product ({pools:,})",
            writes / pools,
            "",
            1,
            note=words,
            section=SECTION,
        )
        return
    yield Figure(
        f"{channel.capitalize()}, {count:,} listings",
        sum(calls.values()),
        "calls",
        BOUNDS[channel],
        note=words,
        section=SECTION,
    )
