"""Two workers on one purchase: the second waits for the first, and makes nothing."""

from contextlib import contextmanager

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
