"""Two workers on one purchase: the second waits for the first, and makes nothing."""

from contextlib import contextmanager
from datetime import datetime

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import tagged
from odoo.tests.common import BaseCase
from odoo.tools import config, mute_logger
from psycopg2 import errors

from .order_case import told_order


@tagged("post_install", "-at_install")
class TestTwoWorkers(BaseCase):
    """With transactions that really commit; what they leave is taken away."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(config["db_name"][0])
        with self.cursor() as env:
            account = env["marketplace.account"].create(
                {"name": "Workers", "channel": "shopify", "buffer_policy_id": False}
            )
            self.account_id = account.id
            for number in "12":
                account._store_order(
                    told_order(number, [("NOTHING", 1)], group="workers")
                )
        self.addCleanup(self.clean)

    @contextmanager
    def cursor(self):
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def clean(self):
        with self.cursor() as env:
            account = env["marketplace.account"].browse(self.account_id)
            env["marketplace.order"].search([("account_id", "=", account.id)]).unlink()
            account.unlink()

    def orders(self, env):
        return env["marketplace.order"].search(
            [("account_id", "=", self.account_id)], order="id"
        )

    def test_a_purchase_is_locked_as_a_whole(self):
        with self.cursor() as one, self.cursor() as two:
            self.orders(one)[0]._lock_purchase()
            two.cr.execute("SET LOCAL lock_timeout = '100ms'")
            with mute_logger("odoo.sql_db"), self.assertRaises(errors.LockNotAvailable):
                self.orders(two)[1]._lock_purchase()
            two.cr.rollback()

    def test_the_second_worker_collides_instead_of_doing_it_again(self):
        with self.cursor() as one, self.cursor() as two:
            theirs = self.orders(two)[1]
            self.assertTrue(theirs.needs_sync)  # its snapshot is taken here
            self.orders(one)[0]._sync_safely()
            one.cr.commit()
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(errors.SerializationFailure),
            ):
                theirs._sync_safely()
            two.cr.rollback()
            two.invalidate_all()
            theirs._sync_safely()
            self.assertFalse(theirs.needs_sync, "the first did it for both")
            self.assertEqual(theirs.state, "to_fix")

    def test_what_was_read_before_a_call_to_the_channel_collides_with_nothing(self):
        """The push wrote the account while its orders were being fetched."""
        with self.cursor() as one, self.cursor() as two:
            pushing = one["marketplace.account"].browse(self.account_id)
            reading = two["marketplace.account"].browse(self.account_id)
            self.assertFalse(reading.last_push_at)  # its snapshot is taken here
            pushing.last_push_at = "2026-11-21 08:00:00"
            one.cr.commit()
            seen = []

            def note():
                seen.append(reading.last_push_at)
                reading.last_order_sync_at = "2026-11-21 08:00:01"

            # An error in the log of the database would fail this test.
            reading._in_transaction(note)
            self.assertEqual(seen, [datetime(2026, 11, 21, 8)])

    def test_what_was_written_before_is_not_lost(self):
        with self.cursor() as env:
            account = env["marketplace.account"].browse(self.account_id)
            account.name = "Renamed"
            account._in_transaction(lambda: None)
        with self.cursor() as env:
            account = env["marketplace.account"].browse(self.account_id)
            self.assertEqual(account.name, "Renamed")
