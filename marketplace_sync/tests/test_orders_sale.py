"""A channel order becomes the sale order that a person would have made."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import mute_logger, tagged
from odoo.tests.common import RecordCapturer
from psycopg2 import IntegrityError

from ..channels.orders import OrderAddress, OrderBuyer, WebhookEvent
from .order_case import NOON, later, told_line, told_order
from .sale_case import ADDRESS, BUYER, SaleCase

LOGGER = "odoo.addons.marketplace_sync.models.marketplace_order_sale"


@tagged("post_install", "-at_install")
class TestOrderBecomesSale(SaleCase):
    def test_an_order_becomes_a_confirmed_sale_order_with_its_delivery(self):
        self.make_listing("CUP", stock=10)
        order = self.imported(lines=[("CUP", 3)], buyer=BUYER, shipping_address=ADDRESS)
        sale = order.sale_order_id
        self.assertEqual((order.state, order.problem), ("imported", False))
        self.assertEqual((sale.state, sale.amount_total), ("sale", 30))
        self.assertEqual(self.rows(sale), [("CUP", 3, 30, 30)])
        self.assertEqual(sale.client_order_ref, "#1001")
        self.assertIn("#1001", sale.origin)
        self.assertEqual(sale.warehouse_id, self.warehouse)
        self.assertEqual(sale.date_order, NOON.replace(tzinfo=None))
        self.assertEqual(sale.source_id.name, "Shopify")
        self.assertEqual(sale.picking_ids.move_ids.product_uom_qty, 3)
        self.assertEqual(sale.order_line.marketplace_order_line_id, order.line_ids)

    def test_the_account_says_how_sale_orders_are_made(self):
        team = self.env["crm.team"].create({"name": "Channels"})
        term = self.env["account.payment.term"].create({"name": "Prepaid"})
        self.account.write(
            {
                "team_id": team.id,
                "salesperson_id": self.responsible.id,
                "payment_term_id": term.id,
                "confirm_orders": False,
            }
        )
        self.make_listing("CUP", stock=10)
        ship_by = datetime(2026, 11, 23, 17, tzinfo=timezone.utc)
        sale = self.imported(lines=[("CUP", 1)], ship_by=ship_by).sale_order_id
        self.assertEqual(sale.state, "draft")
        self.assertEqual(sale.team_id, team)
        self.assertEqual(sale.user_id, self.responsible)
        self.assertEqual(sale.payment_term_id, term)
        self.assertEqual(sale.commitment_date, datetime(2026, 11, 23, 17))

    def test_no_salesperson_is_nobody_not_the_robot(self):
        self.make_listing("CUP", stock=10)
        self.assertFalse(self.imported(lines=[("CUP", 1)]).sale_order_id.user_id)

    def test_a_quotation_that_a_person_confirms_takes_the_units_over(self):
        self.account.confirm_orders = False
        listing = self.make_listing("CUP", stock=10)
        order = self.imported(lines=[("CUP", 3)])
        self.refresh()
        self.assertEqual(listing.sellable_qty, 7)
        order.sale_order_id.action_confirm()
        self.refresh()
        self.assertEqual(listing.sellable_qty, 7)
        self.assertEqual(
            self.env["marketplace.stock"]._read_promised(listing.product_id.ids), {}
        )

    def test_a_pending_order_waits_and_is_made_when_it_is_paid(self):
        self.make_listing("CUP", stock=10)
        told = told_order(lines=[("CUP", 3)], status="pending", total=None)
        order = self.imported(told)
        self.assertEqual((order.state, order.sale_order_id.id), ("new", False))
        self.imported(later(told, status="open", total=told.lines[0].unit_price * 3))
        self.assertEqual(order.sale_order_id.state, "sale")

    def test_an_order_cancelled_before_it_was_imported_is_no_sale(self):
        self.make_listing("CUP", stock=10)
        order = self.imported(lines=[("CUP", 3)], status="cancelled")
        self.assertEqual((order.state, order.sale_order_id.id), ("cancelled", False))

    def test_a_second_run_makes_no_second_sale_order(self):
        self.make_listing("CUP", stock=10)
        order = self.imported(lines=[("CUP", 3)])
        sale = order.sale_order_id
        order.needs_sync = True
        self.sync()
        order.action_retry()
        self.assertEqual(order.sale_order_id, sale)
        self.assertEqual(
            self.env["sale.order"].search_count([("client_order_ref", "=", "#1001")]), 1
        )

    def test_the_database_refuses_a_second_sale_order_of_one_purchase(self):
        self.make_listing("CUP", stock=10)
        sale = self.imported(lines=[("CUP", 3)]).sale_order_id
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.env["sale.order"].create(
                {
                    "partner_id": sale.partner_id.id,
                    "marketplace_key": sale.marketplace_key,
                }
            )
            self.env.flush_all()

    def test_a_copy_of_the_sale_order_is_no_marketplace_order(self):
        self.make_listing("CUP", stock=10)
        copy = self.imported(lines=[("CUP", 3)]).sale_order_id.copy()
        self.assertFalse(copy.marketplace_key)
        self.assertFalse(copy.marketplace_order_ids)
        self.assertFalse(copy.order_line.marketplace_order_line_id)

    def test_an_order_that_our_own_code_stumbles_over_stops_no_other(self):
        self.make_listing("CUP", stock=10)
        one = self.store(told_order("1", [("CUP", 1)]))
        two = self.store(told_order("2", [("CUP", 1)]))
        create = type(self.env["marketplace.order"])._create_sale

        def stumble(orders):
            if orders.external_id == "1":
                raise ZeroDivisionError("division by zero")
            return create(orders)

        with (
            patch.object(type(one), "_create_sale", stumble),
            self.assertLogs(LOGGER, "ERROR") as logs,
        ):
            self.sync()
        self.assertEqual((one.state, two.state), ("to_fix", "imported"))
        self.assertIn("division by zero", one.problem)
        self.assertIn("Traceback", logs.output[0])
        one.action_retry()
        self.assertEqual(one.state, "imported")

    # === PARTNERS ===

    def test_a_buyer_is_found_again_by_the_channels_id_not_by_name(self):
        self.make_listing("CUP", stock=10)
        one = self.imported(told_order("1", [("CUP", 1)], buyer=BUYER))
        same = replace(BUYER, name="A. King", phone="+1 202 555 0111")
        two = self.imported(told_order("2", [("CUP", 1)], buyer=same))
        namesake = replace(BUYER, key="buyer-2")
        three = self.imported(told_order("3", [("CUP", 1)], buyer=namesake))
        partners = [o.sale_order_id.partner_id for o in (one, two, three)]
        self.assertEqual(partners[0], partners[1])
        self.assertNotEqual(partners[0], partners[2])
        self.assertEqual(partners[0].name, "Ada Lovelace", "a person may have typed it")
        self.assertEqual(partners[0].email, "ada@example.com")
        self.assertTrue(partners[0].phone)

    def test_without_an_id_of_the_buyer_each_order_has_its_own_contact(self):
        self.make_listing("CUP", stock=10)
        buyer = OrderBuyer(name="Ada Lovelace", email="x@marketplace.example")
        one = self.imported(told_order("1", [("CUP", 1)], buyer=buyer))
        two = self.imported(told_order("2", [("CUP", 1)], buyer=buyer))
        self.assertNotEqual(one.sale_order_id.partner_id, two.sale_order_id.partner_id)

    def test_the_delivery_address_is_a_contact_of_the_buyers_and_used_again(self):
        self.make_listing("CUP", stock=10)
        sales = []
        for number in "12":
            order = told_order(
                number, [("CUP", 1)], buyer=BUYER, shipping_address=ADDRESS
            )
            sales.append(self.imported(order).sale_order_id)
        other = replace(
            ADDRESS, street="1 Elsewhere", country_code="XX", state_code="Q"
        )
        order = told_order("3", [("CUP", 1)], buyer=BUYER, shipping_address=other)
        third = self.imported(order).sale_order_id
        place = sales[0].partner_shipping_id
        self.assertEqual(place, sales[1].partner_shipping_id)
        self.assertEqual(
            (place.parent_id, place.type), (sales[0].partner_id, "delivery")
        )
        self.assertEqual(
            (place.country_id.code, place.state_id.code, place.city, place.zip),
            ("US", "CA", "San Francisco", "94105"),
        )
        self.assertNotEqual(third.partner_shipping_id, place)
        self.assertEqual(
            third.partner_shipping_id.city, "San Francisco, Q, XX", "nothing is lost"
        )

    def test_an_order_without_name_and_address_is_imported_and_flagged(self):
        self.make_listing("CUP", stock=10)
        order = self.imported(
            lines=[("CUP", 1)],
            shipping_address=OrderAddress(country_code="US"),
            is_withheld=True,
        )
        sale = order.sale_order_id
        self.assertEqual((sale.state, order.is_withheld), ("sale", True))
        self.assertEqual(sale.partner_id, sale.partner_shipping_id)
        self.assertIn("#1001", sale.partner_id.name)

    # === WAREHOUSE ===

    def make_far(self, *skus, stock=10):
        far = self.env["stock.warehouse"].create({"name": "Far", "code": "FAR"})
        for sku in skus:
            product = self.env["product.product"].search([("default_code", "=", sku)])
            self.env["stock.quant"]._update_available_quantity(
                product, far.lot_stock_id, stock
            )
        return far

    def test_it_ships_from_the_warehouse_that_has_all_of_it(self):
        self.make_listing("CUP", stock=10)
        self.make_listing("POT", stock=1)
        far = self.make_far("CUP", "POT")
        self.site.warehouse_ids |= far
        one = self.imported(told_order("1", [("CUP", 1), ("POT", 2)]))
        two = self.imported(told_order("2", [("CUP", 1), ("POT", 1)]))
        none = self.imported(told_order("3", [("CUP", 1), ("POT", 99)]))
        self.assertEqual(one.sale_order_id.warehouse_id, far)
        self.assertEqual(two.sale_order_id.warehouse_id, self.site.warehouse_ids[0])
        self.assertEqual(none.sale_order_id.warehouse_id, self.site.warehouse_ids[0])

    def test_a_line_that_the_channel_gives_to_another_place_ships_from_there(self):
        self.make_listing("CUP", stock=10)
        self.make_listing("POT", stock=10)
        far = self.make_far("POT")
        self._make_site("M2").warehouse_ids = far
        lines = [told_line("CUP"), told_line("POT", site_code="M2")]
        sale = self.imported(lines=lines).sale_order_id
        self.assertEqual(sale.warehouse_id, self.warehouse)
        self.assertEqual(
            sale.picking_ids.picking_type_id.warehouse_id, self.warehouse | far
        )

    def test_a_site_without_warehouse_is_said(self):
        self.make_listing("CUP", stock=10)
        self.site.warehouse_ids = False
        order = self.imported(lines=[("CUP", 1)])
        self.assertEqual(order.state, "to_fix")
        self.assertIn("no warehouse", order.problem)

    # === COMPANIES ===

    def make_company_b(self):
        """Return an account of another company, its site and its warehouse."""
        company = self.env["res.company"].create({"name": "Company B"})
        self.env.user.company_ids |= company
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", company.id)], limit=1
        )
        account = self.env["marketplace.account"].create(
            {
                "name": "B",
                "channel": "shopify",
                "company_id": company.id,
                "buffer_policy_id": False,
                "order_start_at": datetime(2026, 11, 1),
            }
        )
        site = self.env["marketplace.site"].create(
            {
                "account_id": account.id,
                "name": "M1",
                "code": "M1",
                "warehouse_ids": warehouse.ids,
            }
        )
        return account, site, warehouse

    def test_the_order_of_another_company_is_its_own(self):
        account, site, warehouse = self.make_company_b()
        company = account.company_id
        self.make_listing("CUP", stock=10, site=site)
        order = self.store(
            told_order(lines=[("CUP", 1)], buyer=BUYER, shipping_address=ADDRESS),
            account,
        )
        self.sync(account)
        sale = order.sale_order_id
        self.assertEqual(order.problem, False)
        self.assertEqual(sale.company_id, company)
        self.assertEqual(sale.partner_id.company_id, company)
        self.assertEqual(sale.warehouse_id, warehouse)
        self.assertEqual(sale.picking_ids.company_id, company)
        stranger = self.env["res.users"].create(
            {
                "name": "Stranger",
                "login": "order-stranger",
                "group_ids": [
                    Command.link(
                        self.env.ref(
                            "marketplace_sync.marketplace_sync_group_manager"
                        ).id
                    )
                ],
            }
        )
        for model in ("marketplace.order", "marketplace.buyer", "marketplace.tax.map"):
            self.env["marketplace.tax.map"].create({"account_id": account.id})
            seen = self.env[model].with_user(stranger).search([])
            self.assertNotIn(company, seen.company_id, model)
            self.env["marketplace.tax.map"].search([]).unlink()

    # === WHO COMES FIRST ===

    def test_a_sale_order_waits_for_notifications_that_wait_but_never_for_ever(self):
        self.make_listing("CUP", stock=50)
        orders = [
            self.store(told_order(number, [("CUP", 1)], shipping_address=ADDRESS))
            for number in ("1", "2", "3")
        ]
        told = WebhookEvent("d1", "orders/create", "order", external_id="4")
        self.env["marketplace.event"]._store(self.account, told, {}, b"{}")
        with RecordCapturer(self.env["ir.cron.trigger"].sudo(), []) as captured:
            self.sync()
        self.assertEqual([one.needs_sync for one in orders], [False, True, True])
        self.assertIn(self.account.order_cron_id, captured.records.cron_id)
        self.sync()
        self.assertEqual([one.needs_sync for one in orders], [False, False, True])
        self.env["marketplace.event"].search([]).state = "done"
        self.sync()
        self.assertFalse(orders[2].needs_sync)

    # === COST ===

    def test_the_hundredth_order_costs_what_the_second_did(self):
        self.make_listing("CUP", stock=1000)
        counts = []
        for number in range(12):
            order = told_order(
                str(number),
                [("CUP", 1)],
                buyer=replace(BUYER, key=f"k{number}"),
                shipping_address=ADDRESS,
                placed_at=NOON + timedelta(minutes=number),
            )
            record = self.store(order)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            record._sync_safely()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(record.state, "imported")
        self.assertLessEqual(counts[-1], counts[1] + 3, counts)
