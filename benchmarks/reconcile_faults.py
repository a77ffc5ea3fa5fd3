"""What goes wrong between Odoo and a channel, each thing many times.

Every function spoils some listings of one account and says what must be found.
"""

from odoo.tools import SQL

from .shops import SITES, STOCK, sku

CANADA = "A2EUQ1WTGCTBG2"


def seed_faults(env, simulator, accounts, count):
    """Spoil ``count`` listings for each cause; return {"channel site sku": cause}."""
    scene = Scene(env, simulator, accounts, count)
    plan = {
        "amazon": (
            ("rejected_push", scene.refuse),
            ("stale_feed", scene.overwrite_late),
            ("fulfilled_by_channel", scene.take_over),
            ("unknown_sku", scene.delete_on_channel),
            ("pool_disagrees", scene.disagree),
        ),
        "shopify": (
            ("never_published", scene.never_send),
            ("wrong_location", scene.unstock),
            ("keeps_selling", scene.keep_selling),
            ("kit_overstated", scene.bundle),
            ("not_listed_here", scene.add_stranger),
        ),
        "mercadolibre": (
            ("changed_on_channel", scene.raise_number),
            ("channel_sale", scene.lower_number),
            ("rounding", scene.show_pieces),
        ),
    }
    expected = {}
    for channel, causes in plan.items():
        for place, (cause, spoil) in enumerate(causes):
            skus = [sku(place * count + n) for n in range(count)]
            keys = spoil(channel, skus) or [(SITES[channel], s) for s in skus]
            expected |= {f"{channel} {site} {s}": cause for site, s in keys}
    env.flush_all()
    return expected


class Scene:
    """Spoils listings in the database and on the shelf."""

    def __init__(self, env, simulator, accounts, count):
        self.env = env
        self.simulator = simulator
        self.accounts = accounts
        self.count = count

    def show(self, channel, skus, quantity):
        for name in skus:
            self.simulator.channels[channel].set_quantity(
                SITES[channel], name, quantity
            )

    def seed(self, channel, skus, **row):
        place = {"site": SITES[channel], "price": 9, "quantity": STOCK}
        rows = [{"sku": name, **place, **row} for name in skus]
        self.simulator.seed(channel, {"listings": rows})

    def update(self, channel, skus, assignments):
        self.env.cr.execute(
            SQL(
                "UPDATE marketplace_listing SET %s WHERE account_id = %s "
                "AND sku = ANY(%s)",
                SQL(assignments),
                self.accounts[channel].id,
                list(skus),
            )
        )
        self.env.invalidate_all()

    def sent(self, channel, skus, quantity, outcome, minutes_ago, ended_ago):
        """Note a submission that holds these listings."""
        account = self.accounts[channel]
        self.env.cr.execute(
            SQL(
                """INSERT INTO marketplace_push
                          (account_id, company_id, state, idempotency_key, started_at,
                           finished_at)
                   VALUES (%s, %s, 'done', 'bench',
                           now() AT TIME ZONE 'UTC' - make_interval(mins => %s),
                           now() AT TIME ZONE 'UTC' - make_interval(mins => %s))
                   RETURNING id""",
                account.id,
                account.company_id.id,
                minutes_ago,
                ended_ago,
            )
        )
        ((push_id,),) = self.env.cr.fetchall()
        self.env.cr.execute(
            SQL(
                """INSERT INTO marketplace_push_line
                          (push_id, listing_id, sku, qty, outcome)
                   SELECT %s, id, sku, %s, %s FROM marketplace_listing
                    WHERE account_id = %s AND sku = ANY(%s)""",
                push_id,
                quantity,
                outcome,
                account.id,
                list(skus),
            )
        )

    # --- what we did, or did not do ---------------------------------------------------
    def never_send(self, channel, skus):
        self.update(channel, skus, "sync_state = 'failed', published_qty = 3")
        self.show(channel, skus, 3)

    def refuse(self, channel, skus):
        self.update(channel, skus, "sync_state = 'failed', published_qty = 3")
        self.sent(channel, skus, STOCK, "rejected", 60, 60)
        self.show(channel, skus, 3)

    def overwrite_late(self, channel, skus):
        self.sent(channel, skus, 37, "accepted", 120, 30)
        self.sent(channel, skus, STOCK, "accepted", 60, 60)
        self.show(channel, skus, 37)

    # --- what happened there ----------------------------------------------------------
    def raise_number(self, channel, skus):
        self.show(channel, skus, 80)

    def lower_number(self, channel, skus):
        self.show(channel, skus, 45)

    def show_pieces(self, channel, skus):
        packs = STOCK // 6
        numbers = "units_per_listing = 6, sellable_qty = {0}, own_qty = {0}, "
        numbers += "published_qty = {0}"
        self.update(channel, skus, numbers.format(packs))

    def take_over(self, channel, skus):
        self.seed(channel, skus, fulfilment="channel")

    def delete_on_channel(self, channel, skus):
        for name in skus:
            del self.simulator.channels[channel].state["listings"][name]

    def unstock(self, channel, skus):
        self.seed(channel, skus, active=False)

    def keep_selling(self, channel, skus):
        half = len(skus) // 2
        self.seed(channel, skus[:half], tracked=False)
        self.seed(channel, skus[half:], policy="CONTINUE")

    def bundle(self, channel, skus):
        self.seed(channel, skus, bundle=True, quantity=STOCK + 10)

    def add_stranger(self, channel, skus):
        strangers = [f"X{name}" for name in skus]
        self.seed(channel, strangers)
        return [(SITES[channel], name) for name in strangers]

    def disagree(self, channel, skus):
        """Half as many SKUs, each on two sites with numbers of their own."""
        skus = skus[: len(skus) // 2]
        account = self.accounts[channel]
        site = self.env["marketplace.site"].create(
            {"account_id": account.id, "name": "Canada", "code": CANADA}
        )
        products = self.env["product.product"].search([("default_code", "in", skus)])
        quiet = self.env["marketplace.listing"].with_context(tracking_disable=True)
        listings = quiet.create(
            [
                {
                    "site_id": site.id,
                    "sku": product.default_code,
                    "product_id": product.id,
                    "qty_source": "manual",
                    "qty": 5,
                }
                for product in products
            ]
        )
        listings._refresh()
        self.seed(channel, skus, sites=[SITES[channel], CANADA], quantity=5)
        self.update(
            channel,
            skus,
            "sync_state = 'synced', published_qty = 5, pending_since = NULL, "
            "published_at = now() AT TIME ZONE 'UTC' - interval '1 hour'",
        )
        return [(code, name) for name in skus for code in (SITES[channel], CANADA)]
