"""The screens of orders open for everybody who may see them."""

from ast import literal_eval

from lxml import etree
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .order_case import told_line, told_order
from .sale_case import ADDRESS, BUYER, SaleCase, told_tax

USER = "marketplace_sync.marketplace_sync_group_user"
SALESPERSON = "sales_team.group_sale_salesman_all_leads"


@tagged("post_install", "-at_install")
class TestOrderScreens(SaleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            name: cls.env["res.users"].create(
                {
                    "name": name,
                    "login": f"order-{name}",
                    "group_ids": [Command.link(cls.env.ref(group).id)],
                }
            )
            for name, group in (
                ("user", USER),
                ("salesperson", SALESPERSON),
                ("picker", "stock.group_stock_user"),
            )
        }

    def an_order(self, *skus):
        self.make_listing("CUP", stock=10)
        self.make_tax(21)
        taxes = [told_tax("2.10", 21), told_tax("0.80", 8, collected_by_channel=True)]
        lines = [told_line("CUP", taxes=taxes), *(told_line(sku) for sku in skus)]
        total = sum(line.unit_price for line in lines)
        told = told_order(
            lines=lines,
            buyer=BUYER,
            shipping_address=ADDRESS,
            total=total + told_tax("2.90").amount,
        )
        return self.imported(told)

    def read_form(self, record, user):
        """Read what a form shows, as the web client does."""
        mine = record.with_user(user)
        arch = etree.fromstring(mine.get_view(view_type="form")["arch"])
        spec = {}
        for node in arch.iter("field"):
            inside = [n for n in node.iterancestors("field")]
            if inside:
                parent = spec.setdefault(inside[0].get("name"), {"fields": {}})
                parent.setdefault("fields", {})[node.get("name")] = {}
            else:
                spec.setdefault(node.get("name"), {})
        return mine.web_read(spec)[0]

    def test_everybody_who_sees_orders_can_open_one(self):
        order = self.an_order()
        for name, user in self.users.items():
            with self.subTest(name):
                seen = self.read_form(order, user)
                self.assertEqual(seen["state"], "imported")
                self.assertIn("Ada Lovelace", seen["address_summary"])
                self.assertIn("collected by the channel", seen["charge_summary"])
                self.assertIn("21 %", seen["charge_summary"])

    def test_a_salesperson_sees_where_a_sale_order_comes_from(self):
        order = self.an_order()
        sale = order.sale_order_id.with_user(self.users["salesperson"])
        self.assertEqual(sale.marketplace_order_count, 1)
        self.assertEqual(sale.marketplace_channel_name, "Shopify")
        self.assertEqual(sale.action_open_marketplace_orders()["res_id"], order.id)
        self.assertFalse(sale.marketplace_warning)
        found = self.env["sale.order"].search([("marketplace_order_ids", "!=", False)])
        self.assertIn(order.sale_order_id, found)

    def test_a_user_mends_orders_without_rights_on_sales(self):
        order = self.an_order("WHAT")
        mine = order.with_user(self.users["user"])
        self.assertEqual(mine.state, "to_fix")
        mine.line_ids[1].product_id = self.make_product("POT", 3)
        mine.action_retry()
        self.assertEqual(order.state, "imported")

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.orm.models")
    def test_who_only_looks_changes_nothing(self):
        order = self.an_order("WHAT")
        for name in ("salesperson", "picker"):
            theirs = order.with_user(self.users[name])
            for action in (
                "action_retry",
                "action_release",
                "action_dismiss",
                "action_undismiss",
                "action_accept_difference",
                "action_cancel_there",
                "action_read_again",
            ):
                with self.subTest(name, action=action), self.assertRaises(AccessError):
                    getattr(theirs, action)()

    def test_to_fix_shows_what_waits_and_nothing_else(self):
        waiting = self.an_order("WHAT")
        done = self.imported(told_order("2", [("CUP", 1)]))
        action = self.env.ref("marketplace_sync.marketplace_order_to_fix_action")
        found = self.env["marketplace.order"].search(literal_eval(action.domain))
        self.assertIn(waiting, found)
        self.assertNotIn(done, found)

    def test_every_filter_of_the_orders_can_be_used(self):
        view = self.env["marketplace.order"].get_view(view_type="search")
        for node in etree.fromstring(view["arch"]).iter("filter"):
            domain = node.get("domain")
            if domain:
                with self.subTest(node.get("name")):
                    self.env["marketplace.order"].search(literal_eval(domain))

    def test_the_account_warns_when_its_orders_were_not_read_lately(self):
        self.account.order_start_at = False
        self.go_live()
        self.env.invalidate_all()
        self.assertTrue(self.account.is_order_book_stale)
        self.run_orders()
        self.assertFalse(self.account.is_order_book_stale)
