"""A buyer buys on each simulated marketplace; the sale order costs what he paid."""

import time
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..models import marketplace_account_order_pages
from . import test_channels


class SaleOnChannel(test_channels.ChannelCase):
    """The same sale on every channel; the mixin's tests run in its subclasses."""

    currency = "USD"

    def setUp(self):
        super().setUp()
        self.account.write(
            {
                "read_orders": True,
                "order_start_at": fields.Datetime.subtract(
                    fields.Datetime.now(), days=1
                ),
            }
        )
        currency = (
            self.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "=", self.currency)])
        )
        currency.active = True
        if currency != self.env.company.currency_id:
            self.env["res.currency.rate"].create(
                {"currency_id": currency.id, "name": "2026-01-01", "rate": 18.5}
            )
        self.seed(["A", "B"], quantity=20)
        self.make_listings(["A", "B"], stock=20)
        self.channel_now = self.simulator.channels[self.channel]

    def sold(self, **buyer):
        """Let a buyer buy three A; return the record of the order.

        Read by its id, as a notification has it done: Amazon lists an order minutes
        later.
        """
        order_id = str(self.channel_now.sell("A", 3, **buyer))
        with self.account._adapter_session() as adapter:
            order = self.account._store_order(adapter.fetch_order(order_id))
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.account.with_env(self.env(cr=cr))._sync_orders(float("inf"))
        self.env.invalidate_all()
        return order


class SharedSaleTests:
    allow_inherited_tests_method = True

    def test_what_a_buyer_pays_is_what_the_sale_order_comes_to(self):
        order = self.sold()
        self.assertEqual((order.problem, order.state), (False, "imported"))
        sale = order.sale_order_id
        self.assertTrue(order.is_total_known)
        self.assertAlmostEqual(sale.amount_total, order.total)
        self.assertEqual(sale.currency_id.name, self.currency)
        self.assertEqual(sale.picking_ids.move_ids.product_uom_qty, 3)
        self.assertTrue(sale.partner_shipping_id)

    def test_a_buyer_who_cancels_before_it_ships_costs_nothing(self):
        order = self.sold()
        self.channel_now.cancel_order(order.external_id)
        order.action_read_again()
        self.assertEqual(order.sale_order_id.state, "cancel")
        self.assertEqual(order.state, "cancelled")


@tagged("post_install", "-at_install")
class TestSaleOnShopify(SharedSaleTests, SaleOnChannel):
    currency = "EUR"
    channel = test_channels.TestShopify.channel
    site_code = test_channels.TestShopify.site_code
    credentials = test_channels.TestShopify.credentials

    def setUp(self):
        super().setUp()
        self.env["account.tax"].create(
            {
                "name": "The simulated shop's VAT",
                "amount": 19,
                "amount_type": "percent",
                "type_tax_use": "sale",
            }
        )

    def calls_of_a_read(self):
        """Read what changed; return the calls that it took."""
        self.account.last_order_sync_at = False
        self.env.flush_all()
        before = len(self.simulator.log(self.channel))
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            account = self.account.with_env(self.env(cr=cr))
            with account._adapter_session() as adapter:
                account._read_orders(adapter)
        self.env.invalidate_all()
        calls = self.simulator.log(self.channel)[before:]
        return [call["operation"] for call in calls if call["operation"] != "token"]

    def test_a_read_costs_what_is_news(self):
        ids = [self.channel_now.sell("A") for _sale in range(3)]
        with patch.object(marketplace_account_order_pages, "SAME_SECOND", 0):
            self.assertEqual(self.calls_of_a_read(), ["orders", "nodes"])
            self.assertEqual(self.calls_of_a_read(), ["orders"])
            self.addCleanup(setattr, self.channel_now, "clock", self.channel_now.clock)
            self.channel_now.clock = lambda: time.time() + 60
            self.channel_now.cancel_order(ids[1])
            self.assertEqual(self.calls_of_a_read(), ["orders", "nodes"])
        orders = self.account.order_ids.sorted("external_id")
        self.assertEqual(orders.mapped("external_id"), ids)
        self.assertEqual(orders.mapped("status"), ["open", "cancelled", "open"])
        self.assertTrue(all(orders.mapped("told_at")))


@tagged("post_install", "-at_install")
class TestSaleOnAmazon(SharedSaleTests, SaleOnChannel):
    channel = test_channels.TestAmazon.channel
    site_code = test_channels.TestAmazon.site_code
    credentials = test_channels.TestAmazon.credentials
    site_spec = test_channels.TestAmazon.site_spec


@tagged("post_install", "-at_install")
class TestSaleOnMercadoLibre(SharedSaleTests, SaleOnChannel):
    channel = test_channels.TestMercadoLibre.channel
    site_code = test_channels.TestMercadoLibre.site_code
    credentials = test_channels.TestMercadoLibre.credentials
    currency = "MXN"
