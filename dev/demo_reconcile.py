"""One finding of each cause, for the Reconciliation report of the demo.

The account is brought in step with its shelf first; then things happen that happen:
somebody edits a quantity on the channel, a feed comes late, a listing changes sides.
"""

import functools
import time
from datetime import timedelta

from odoo import fields
from odoo.addons.marketplace_sync.models.tools import retry_on_conflict

US, CA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"
SHOP = "gid://shopify/Location/1"
MX = "MLM"
#: Turns of an account's scheduled action until its shelf shows what it must.
TURNS = 40

#: sku, name, stock, price, channel, site, values of the listing
LISTED = [
    ("TRAY", "Serving tray", 12, 34, "shopify", SHOP, {}),
    ("CLOCK", "Wall clock", 26, 45, "amazon", US, {}),
    ("PILLOW", "Linen pillow", 40, 29, "shopify", SHOP, {}),
    ("BOTTLE", "Steel bottle", 55, 22, "mercadolibre", MX, {}),
    ("TOWEL", "Bath towel", 60, 18, "amazon", US, {}),
    ("MIRROR", "Round mirror", 17, 89, "shopify", SHOP, {}),
    ("STOOL", "Bar stool", 24, 75, "amazon", US, {}),
    ("GIFT BOX", "Gift box: mug and beans", 20, 31, "shopify", SHOP, {}),
    ("SOAP-3PACK", "Olive soap, pack of 3", 66, 4, "mercadolibre", MX, {"units": 3}),
    ("VASE", "Glass vase", 30, 26, "amazon", US, {}),
]
#: On a shelf, and in nobody's list.
STRANGER = {"sku": "OLD-LAMP", "title": "Desk lamp, last year's", "quantity": 3}


def hold(accounts):
    """Keep the server's own workers away until the scene is set."""
    for account in accounts.values():
        crons = account.sudo().cron_id | account.sudo().order_cron_id
        crons.active = False


def arrange(scenario, accounts):
    """Make the listings, bring them in step, let things happen, compare."""
    scene = Scene(scenario, accounts)
    scene.fill()
    scene.bring_in_step()
    scene.let_things_happen()
    scene.compare()
    scene.let_go()


class Scene:
    """The ten listings and what happens to them."""

    def __init__(self, scenario, accounts):
        self.scenario = scenario
        # as the scheduled actions, which are nobody's
        self.env = scenario.env(su=True)
        self.accounts = {name: x.sudo() for name, x in accounts.items()}
        self.listings = {}

    def fill(self):
        for sku, name, stock, price, channel, site_code, more in LISTED:
            product = self.scenario._product(sku, name, stock, 0, price, {})
            self._on_shelf(channel, sku, site_code, title=name, price=price)
            self.listings[sku] = self._listing(channel, site_code, product, more)
        # Canada counts the same units by hand: one counter, two opinions
        self._on_shelf("amazon", "VASE", [US, CA], title="Glass vase", price=26)
        vase = self.listings["VASE"].product_id
        self._listing("amazon", CA, vase, {"qty_source": "manual", "qty": 8})
        self.env.cr.commit()

    def _listing(self, channel, code, product, more):
        site = self.accounts[channel].site_ids.filtered(lambda s: s.code == code)
        values = {name: value for name, value in more.items() if name != "units"}
        return self.env["marketplace.listing"].create(
            {
                "site_id": site.id,
                "sku": product.default_code,
                "product_id": product.id,
                "units_per_listing": more.get("units", 1),
                **values,
            }
        )

    def _on_shelf(self, channel, sku, site, **row):
        place = {"sites": site} if isinstance(site, list) else {"site": site}
        row = {"sku": sku, "quantity": 1, **place, **row}
        self.scenario._seed(channel, listings=[row])

    def bring_in_step(self):
        """Run the accounts' scheduled actions until the shelves show what they must."""
        for account in self.accounts.values():
            for _turn in range(TURNS):
                self._commit(self._forget_waits, account)
                account._cron_orders()  # nothing rises on a stale order book
                account._cron_push()
                self.env.invalidate_all()
                if not self._waits(account):
                    break
                time.sleep(0.5)  # a feed is being worked off
        self._let_time_pass()

    def _waits(self, account):
        moving = ("unverified", "pending", "submitted")
        return account.listing_ids.filtered(lambda x: x.sync_state in moving)

    def _forget_waits(self, account):
        account.retry_at = False
        account.listing_ids.write({"next_attempt_at": False})
        self.env["marketplace.push"].search(
            [("account_id", "=", account.id), ("state", "=", "submitted")]
        ).next_poll_at = fields.Datetime.now()

    def _commit(self, function, *args):
        """Run and commit; again when the server's refresh was in the way."""
        return retry_on_conflict(self.env, functools.partial(function, *args))

    def _let_time_pass(self):
        self._commit(self._an_hour_later)

    def _an_hour_later(self):
        """An hour later, so to speak: nothing is settling any more."""
        hour = fields.Datetime.now() - timedelta(hours=1)
        for account in self.accounts.values():
            known = account.listing_ids.filtered("published_at")
            known.write({"published_at": hour})
            known.filtered(lambda x: x.sync_state == "submitted").write(
                {"sync_state": "synced", "next_attempt_at": False}
            )

    # --- what happens -----------------------------------------------------------------
    def let_things_happen(self):
        self._pause_and_sell_out()
        self._refuse()
        self._edit("shopify", SHOP, "PILLOW", +25)
        self._edit("mercadolibre", MX, "BOTTLE", -4)
        self._commit(self._feed_comes_late)
        self._on_shelf("shopify", "MIRROR", SHOP, quantity=17, active=False)
        self._on_shelf("amazon", "STOOL", US, fulfilment="channel", quantity=6)
        self._on_shelf("shopify", "GIFT BOX", SHOP, quantity=45, bundle=True)
        self._pieces_instead_of_packs()
        self.scenario._seed("shopify", listings=[{**STRANGER, "site": SHOP}])

    def _shown(self, sku):
        return self.listings[sku].published_qty

    def _edit(self, channel, site, sku, change):
        """A person edits the quantity on the channel's own page."""
        quantity = max(0, self._shown(sku) + change)
        self._set(channel, site, sku, quantity)

    def _set(self, channel, site, sku, quantity):
        content = {"channel": channel, "site": site, "sku": sku, "quantity": quantity}
        self.scenario._control("quantity", content)

    def _pieces_instead_of_packs(self):
        self._set("mercadolibre", MX, "SOAP-3PACK", self._shown("SOAP-3PACK") * 3)

    def _pause_and_sell_out(self):
        """Paused for the photographer, forgotten, and sold out meanwhile."""
        listing = self.listings["TRAY"]
        self._commit(listing.action_pause)
        self._take_out(listing.product_id, 12)

    def _refuse(self):
        """Amazon calls the next quantity invalid."""
        listing = self.listings["CLOCK"]
        fault = {"channel": "amazon", "operation": "patchListingsItem"}
        self.scenario._control(
            "faults", {**fault, "kind": "invalid", "skus": ["CLOCK"]}
        )
        self._take_out(listing.product_id, 9)
        account = self.accounts["amazon"]
        account._cron_push()
        self.env.invalidate_all()
        self._let_time_pass()

    def _take_out(self, product, quantity):
        place = self.scenario.first.lot_stock_id
        take_out = self.env["stock.quant"]._update_available_quantity
        self._commit(take_out, product, place, -quantity)
        self._commit(product.marketplace_listing_ids._refresh)

    def _feed_comes_late(self):
        """An older submission, still being worked off when the latest one was sent."""
        listing = self.listings["TOWEL"]
        earlier = self._shown("TOWEL") + 18
        latest = self.env["marketplace.push.line"].search(
            [("listing_id", "=", listing.id)], order="id desc", limit=1
        )
        push = self.env["marketplace.push"].create(
            {
                "account_id": listing.account_id.id,
                "idempotency_key": "a feed that came late",
                "state": "done",
                "started_at": latest.push_id.started_at - timedelta(minutes=50),
                "finished_at": latest.push_id.started_at + timedelta(minutes=20),
                "row_count": 1,
                "accepted_count": 1,
            }
        )
        line = self.env["marketplace.push.line"].create(
            {
                "push_id": push.id,
                "listing_id": listing.id,
                "sku": "TOWEL",
                "site_id": listing.site_id.id,
                "old_qty": 1,
                "qty": earlier,
                "outcome": "accepted",
                "breakdown": latest.breakdown,
            }
        )
        # the latest number stays the latest
        latest.copy({"push_id": latest.push_id.id})
        latest.listing_id = False
        self._set("amazon", US, "TOWEL", line.qty)

    # --- the run ----------------------------------------------------------------------
    def compare(self):
        """Compare every account, as the daily run does."""
        runs = self.env["marketplace.reconciliation"]
        for account in self.accounts.values():
            runs |= runs._request(account, trigger="daily")
        self.env.cr.commit()
        for _turn in range(3):
            for run in runs.filtered(lambda run: run.state in ("waiting", "running")):
                self._commit(run.write, {"resume_at": False})
                run.account_id._cron_push()
                self.env.invalidate_all()

    def let_go(self):
        """From here on the server's workers look after the accounts."""
        for account in self.accounts.values():
            crons = account.cron_id | account.order_cron_id
            self._commit(crons.write, {"active": True})
            self._commit(account._wake)
            self._commit(account._wake_orders)
