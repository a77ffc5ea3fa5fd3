"""Shared case of the tests that push: one account on the memory channel."""

from contextlib import contextmanager
from unittest.mock import patch

from odoo.tests.common import TransactionCase

from ..engine import backoff
from .memory_channel import Shelf, memory_adapter


class PushCase(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.warehouse = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.env.company.id)], limit=1
        )
        cls.account = cls.env["marketplace.account"].create(
            {
                "name": "Memory",
                "channel": "shopify",
                "buffer_policy_id": False,
            }
        )
        cls.site = cls._make_site("M1")
        cls.shelf = Shelf()

    @classmethod
    def _make_site(cls, code, account=None):
        return cls.env["marketplace.site"].create(
            {
                "account_id": (account or cls.account).id,
                "name": code,
                "code": code,
                "warehouse_ids": cls.warehouse.ids,
            }
        )

    def setUp(self):
        super().setUp()
        self.adapter_class = memory_adapter(self.shelf)
        self.shelf.__init__()
        patcher = patch.object(
            type(self.env["marketplace.account"]),
            "_get_adapter_class",
            lambda account: self.adapter_class,
        )
        patcher.start()
        self.addCleanup(patcher.stop)
        # Retries are tested by their times, not by waiting for them.
        for patched in (
            patch("random.random", return_value=0.5),
            patch.object(backoff, "BASE_SECONDS", 600.0),
        ):
            patched.start()
            self.addCleanup(patched.stop)
        # Secrets: any refresh token will do.
        self.env["marketplace.credential"]._write_secrets(
            self.account.id, {"shopify_access_token": "token-of-the-test"}
        )
        tokens = patch.object(self.adapter_class, "request_token", lambda adapter: None)
        tokens.start()
        self.addCleanup(tokens.stop)

    def make_product(self, sku, stock=0, **values):
        product = self.env["product.product"].create(
            {"name": sku, "default_code": sku, "is_storable": True, **values}
        )
        if stock:
            self.move_stock(product, stock)
        return product

    def move_stock(self, product, quantity):
        self.env["stock.quant"]._update_available_quantity(
            product, self.warehouse.lot_stock_id, quantity
        )

    def make_listing(self, sku, stock=10, shown=0, site=None, **values):
        """A listing of a new product with ``stock``; the channel shows ``shown``."""
        site = site or self.site
        if "product_id" not in values:
            values["product_id"] = self.make_product(sku, stock).id
        if shown is not None:
            self.shelf.quantities[site.code, sku] = shown
        return self.env["marketplace.listing"].create(
            {"site_id": site.id, "sku": sku, **values}
        )

    def go_live(self):
        self.account.action_go_live()

    @contextmanager
    def crons(self):
        """Give an environment in which scheduled actions commit and roll back, inside
        the test's own transaction."""
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            yield self.env(cr=cr)
        self.env.invalidate_all()

    def run_cron(self, account=None):
        """Run what the account's scheduled action runs."""
        with self.crons() as env:
            (account or self.account).with_env(env)._cron_push()

    def refresh(self):
        """Commit the stock changes of the test, so to speak, and refresh."""
        self.env.cr.precommit.run()
        with self.crons() as env:
            env["marketplace.listing"]._cron_refresh()

    def change_stock(self, listing, quantity):
        self.move_stock(listing.product_id, quantity)
        self.refresh()

    def due(self, listings):
        """Let the waiting time of postponed listings and of the account pass."""
        listings.write({"next_attempt_at": False})
        self.account.retry_at = False
