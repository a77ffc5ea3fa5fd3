"""Every screen of the reports opens, with data and grouped in every offered way."""

from lxml import etree
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from .common import MarketplaceCase

MODELS = (
    "marketplace.sync.health",
    "marketplace.sync.measure",
    "marketplace.exposure",
    "marketplace.alert",
    "marketplace.alert.rule",
)
#: Lists that are read on a phone, too, where most of their columns are off the screen.
ON_A_PHONE = (
    "marketplace_listing_action",
    "marketplace_order_action",
    "marketplace_order_to_fix_action",
    "marketplace_shipment_action",
    "marketplace_shipment_to_fix_action",
    "marketplace_reconciliation_line_action",
    "marketplace_alert_action",
)


@tagged("post_install", "-at_install")
class TestReportingScreens(MarketplaceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.listing = cls.make_listing(cls.make_product(stock=5), published_qty=9)
        push = cls.env["marketplace.push"].create(
            {"account_id": cls.account.id, "idempotency_key": "k", "state": "done"}
        )
        cls.env["marketplace.push.line"].create({"push_id": push.id, "sku": "S"})
        cls.rule = cls.env["marketplace.alert.rule"].create(
            {"name": "R", "kind": "lag"}
        )
        cls.env["marketplace.alert"].create(
            {"rule_id": cls.rule.id, "account_id": cls.account.id}
        )
        cls.env.flush_all()

    def test_every_filter_and_group_by_works(self):
        for name in MODELS:
            model = self.env[name]
            arch = etree.fromstring(model.get_view(view_type="search")["arch"])
            for item in arch.iter("filter"):
                with self.subTest(model=name, filter=item.get("name")):
                    if item.get("domain"):
                        model.search(safe_eval(item.get("domain")))
                    group = safe_eval(item.get("context") or "{}").get("group_by")
                    if group:
                        self.assertTrue(model.formatted_read_group([], [group], []))

    def test_a_phone_gets_cards_that_a_user_may_read(self):
        """The web client takes the cards on a small screen when there are any."""
        user = self.env["res.users"].create(
            {
                "name": "Phone",
                "login": "phone",
                "group_ids": [
                    Command.link(
                        self.env.ref("marketplace_sync.marketplace_sync_group_user").id
                    )
                ],
            }
        )
        for name in ON_A_PHONE:
            with self.subTest(action=name):
                action = self.env.ref(f"marketplace_sync.{name}")
                self.assertIn("kanban", action.view_mode.split(",")[1:])
                model = self.env[action.res_model].with_user(user)
                card = etree.fromstring(model.get_view(view_type="kanban")["arch"])
                names = {node.get("name") for node in card.iter("field")}
                self.assertGreater(len(names), 3)
                model.web_search_read([], {field: {} for field in names})

    def test_every_measure_can_be_asked_for(self):
        for name in MODELS[:3]:
            model = self.env[name]
            measures = [
                f"{field.name}:{field.aggregator}"
                for field in model._fields.values()
                if field.type in ("float", "integer", "monetary")
                and field.aggregator
                and field.name != "id"
            ]
            self.assertGreater(len(measures), 5)
            by = "account_id" if "account_id" in model._fields else "categ_id"
            groups = model.formatted_read_group([], [by], measures)
            self.assertTrue(groups, name)

    def test_the_lists_columns_can_be_exported(self):
        for name in MODELS[:4]:
            model = self.env[name]
            arch = etree.fromstring(model.get_view(view_type="list")["arch"])
            columns = [field.get("name") for field in arch.findall("./field")]
            rows = model.search([], limit=3).export_data(columns)["datas"]
            self.assertTrue(rows, name)
            self.assertEqual(len(rows[0]), len(columns))
