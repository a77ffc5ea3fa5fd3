"""Which screens show what to whom."""

from lxml import etree
from odoo.fields import Command
from odoo.tests import Form, tagged

from .push_case import PushCase

USER = "marketplace_sync.marketplace_sync_group_user"
MANAGER = "marketplace_sync.marketplace_sync_group_manager"
CREDENTIALS = {
    "amazon_client_id",
    "amazon_client_secret",
    "amazon_refresh_token",
    "shopify_client_id",
    "shopify_client_secret",
    "shopify_access_token",
    "mercadolibre_client_id",
    "mercadolibre_client_secret",
    "mercadolibre_access_token",
    "mercadolibre_refresh_token",
    "api_url",
    "is_test",
}


@tagged("post_install", "-at_install")
class TestScreensByGroup(PushCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls.make_user("screens-user", USER)
        cls.manager = cls.make_user("screens-manager", MANAGER)
        cls.picker = cls.make_user("screens-picker", "stock.group_stock_user")

    @classmethod
    def make_user(cls, login, *groups):
        ids = [cls.env.ref(group).id for group in ("base.group_user", *groups)]
        return cls.env["res.users"].create(
            {"name": login, "login": login, "group_ids": [Command.set(ids)]}
        )

    def arch(self, user, model, kind):
        view = self.env[model].with_user(user).get_view(view_type=kind)
        return etree.fromstring(view["arch"])

    def buttons(self, user, model, kind="form"):
        return {b.get("name") for b in self.arch(user, model, kind).iter("button")}

    def menus(self, user):
        """Return the names of the app's menus that a user can reach."""
        menus = self.env["ir.ui.menu"].with_user(user).load_menus(False)
        root = self.env.ref("marketplace_sync.marketplace_sync_menu").id
        found, queue = set(), [root] if root in menus["root"]["children"] else []
        while queue:
            menu = menus[queue.pop()]
            found.add(menu["name"])
            queue += menu["children"]
        return found

    def a_pushed_listing(self):
        listing = self.make_listing("A-1", 10, shown=1)
        self.go_live()
        self.run_cron()
        self.assertTrue(listing.push_line_ids)
        return listing

    def test_user_sees_the_app_without_its_configuration(self):
        self.assertEqual(
            self.menus(self.user),
            {
                "Marketplace",
                "Stock at the Channel",
                "Reviews",
                "Returns",
                "Overview",
                "Listings",
                "Orders",
                "Orders to Fix",
                "Shipments",
                "Shipments to Fix",
                "Events",
                "Sent",
                "Pushes",
                "Sent Quantities",
                "Reporting",
                "Sync Health",
                "Sync Speed",
                "Exposure",
                "Alerts",
                "Reconciliation",
                "Comparisons",
            },
        )
        self.assertLessEqual({"Sites", "Buffer Policies"}, self.menus(self.manager))

    def test_stock_user_does_not_see_the_app(self):
        self.assertEqual(self.menus(self.picker), set())

    def test_only_a_manager_sees_credentials(self):
        for user, expected in ((self.user, set()), (self.manager, CREDENTIALS)):
            arch = self.arch(user, "marketplace.account", "form")
            fields = {field.get("name") for field in arch.iter("field")}
            self.assertEqual(fields & CREDENTIALS, expected)

    def test_every_secret_is_typed_unseen(self):
        arch = self.arch(self.manager, "marketplace.account", "form")
        for name in self.account._get_secret_fields():
            for field in arch.iterfind(f".//field[@name='{name}']"):
                self.assertEqual(field.get("password"), "True", name)
        shown = {field.get("name") for field in arch.iter("field")}
        self.assertLessEqual(set(self.account._get_secret_fields()), shown)

    def test_user_pushes_but_does_not_connect(self):
        buttons = self.buttons(self.user, "marketplace.account")
        self.assertIn("action_sync_now", buttons)
        self.assertTrue(
            buttons.isdisjoint(
                {
                    "action_test_connection",
                    "action_preview_push",
                    "action_pause",
                    "action_resume",
                }
            )
        )
        self.account.with_user(self.user).action_sync_now()

    def test_stock_user_reads_a_listing_and_changes_nothing(self):
        buttons = self.buttons(self.picker, "marketplace.listing")
        self.assertIn("action_explain", buttons)
        self.assertTrue(buttons.isdisjoint({"action_push", "action_stop_selling"}))

    def test_every_screen_opens_for_everyone_who_may_see_it(self):
        listing = self.a_pushed_listing()
        records = (
            listing,
            self.account,
            listing.push_line_ids[0],
            listing.push_line_ids.push_id,
        )
        for user in (self.user, self.manager):
            for record in records:
                with self.subTest(user=user.login, model=record._name):
                    self.open_form(record.with_user(user))
                    self.open_list(record.with_user(user))
        for record in (self.site, self.account.buffer_policy_id.create({"name": "P"})):
            self.open_form(record.with_user(self.manager))
            self.open_list(record.with_user(self.manager))
        self.open_form(listing.with_user(self.picker))
        self.open_list(listing.with_user(self.picker))

    def open_form(self, record):
        self.env.invalidate_all()
        with Form(record) as form:
            self.assertEqual(form.id, record.id)

    def open_list(self, record):
        self.env.invalidate_all()
        view = record.get_view(view_type="list")
        fields = etree.fromstring(view["arch"]).iter("field")
        spec = {field.get("name"): {} for field in fields}
        found = record.web_search_read([("id", "=", record.id)], spec)
        self.assertEqual(found["length"], 1)

    def test_number_is_explained_to_everyone_who_sees_the_listing(self):
        listing = self.a_pushed_listing()
        for user in (self.user, self.picker):
            explanation = listing.with_user(user).explanation
            self.assertIn("Sellable", explanation)

    def test_product_form_leads_to_its_listings(self):
        listing = self.make_listing("A-1")
        product = listing.product_id.with_user(self.picker)
        self.assertEqual(product.marketplace_listing_count, 1)
        self.assertEqual(product.product_tmpl_id.marketplace_listing_count, 1)
        action = product.product_tmpl_id.action_open_marketplace_listings()
        found = self.env["marketplace.listing"].search(action["domain"])
        self.assertEqual(found, listing)
        for model in ("product.product", "product.template"):
            self.assertIn(
                "action_open_marketplace_listings", self.buttons(self.picker, model)
            )

    def test_user_matches_and_creates_listings(self):
        self.make_product("A-1", 4)
        self.shelf.quantities["M1", "A-1"] = 1
        action = self.account.with_user(self.user).action_match_products()
        match = self.env[action["res_model"]].browse(action["res_id"])
        match.with_user(self.user).action_create_listings()
        self.assertEqual(self.account.listing_ids.sellable_qty, 4)
