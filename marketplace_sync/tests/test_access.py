"""Who may do what: User and Manager, and everybody only in their own companies."""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import MarketplaceCase

MANAGER = "marketplace_sync.marketplace_sync_group_manager"
USER = "marketplace_sync.marketplace_sync_group_user"
#: Rights of (nobody in particular, stock user, User, Manager), as letters of
#: Read, Write, Create, Delete.
RIGHTS = {
    "marketplace.account": ("", "r", "r", "rwcd"),
    "marketplace.site": ("", "r", "r", "rwcd"),
    "marketplace.listing": ("", "r", "rwc", "rwcd"),
    "marketplace.buffer.policy": ("", "", "r", "rwcd"),
    "marketplace.buffer.policy.line": ("", "", "r", "rwcd"),
    "marketplace.push": ("", "", "r", "r"),
    "marketplace.push.line": ("", "", "r", "r"),
    "marketplace.channel.stock": ("", "r", "r", "r"),
    "marketplace.stock.review": ("", "", "rw", "rw"),
    "marketplace.return": ("", "r", "rw", "rw"),
    "marketplace.return.line": ("", "r", "rw", "rw"),
    "marketplace.order": ("", "r", "rw", "rwcd"),
    "marketplace.order.line": ("", "r", "rw", "rwcd"),
    "marketplace.tax.map": ("", "", "r", "rwcd"),
    "marketplace.buyer": ("", "", "r", "rwcd"),
    "marketplace.shipment": ("", "r", "rw", "rw"),
    "marketplace.shipment.line": ("", "r", "r", "r"),
    "marketplace.carrier.map": ("", "", "r", "rwcd"),
    "marketplace.capacity": ("", "", "r", "rwcd"),
    "marketplace.capacity.line": ("", "", "r", "rwcd"),
    "marketplace.event": ("", "", "r", "r"),
    "marketplace.webhook.counter": ("", "", "", "r"),
    "marketplace.alert": ("", "", "r", "r"),
    "marketplace.alert.rule": ("", "", "r", "rwcd"),
    "marketplace.sync.health": ("", "", "r", "r"),
    "marketplace.sync.measure": ("", "", "r", "r"),
    "marketplace.exposure": ("", "", "r", "r"),
    "marketplace.health.sample": ("", "", "", ""),
    "marketplace.call.count": ("", "", "", ""),
    "marketplace.reconciliation": ("", "", "r", "r"),
    "marketplace.reconciliation.line": ("", "", "r", "r"),
    "marketplace.credential": ("", "", "", ""),
    "marketplace.stock.change": ("", "", "", ""),
    "marketplace.rate.limit": ("", "", "", ""),
}
LETTERS = {"read": "r", "write": "w", "create": "c", "unlink": "d"}


class AccessCase(MarketplaceCase):
    @classmethod
    def make_user(cls, login, *groups, **values):
        ids = [cls.env.ref(group).id for group in groups]
        return cls.env["res.users"].create(
            {
                "name": login,
                "login": f"access-{login}",
                "group_ids": [Command.set(ids)],
                **values,
            }
        )

    def our_models(self):
        """Return the stored models of the addon."""
        names = self.env["ir.model"].search([("model", "=like", "marketplace.%")])
        models = [self.env[name] for name in names.mapped("model")]
        return [m for m in models if not m._abstract and not m._transient]


@tagged("post_install", "-at_install")
class TestRights(AccessCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = (
            cls.make_user("nobody", "base.group_user"),
            cls.make_user("picker", "stock.group_stock_user"),
            cls.make_user("user", USER),
            cls.make_user("manager", MANAGER),
        )

    def test_every_model_is_in_the_table(self):
        self.assertLessEqual({model._name for model in self.our_models()}, set(RIGHTS))

    def test_the_rights_are_the_table(self):
        for name, row in RIGHTS.items():
            for user, expected in zip(self.users, row, strict=True):
                model = self.env[name].with_user(user)
                found = "".join(
                    letter
                    for operation, letter in LETTERS.items()
                    if model.has_access(operation)
                )
                with self.subTest(model=name, user=user.name):
                    self.assertEqual(found, expected)

    def test_portal_users_and_visitors_have_no_rights(self):
        portal = self.make_user("portal", "base.group_portal")
        for user in (portal, self.env.ref("base.public_user")):
            for name in RIGHTS:
                model = self.env[name].with_user(user)
                for operation in LETTERS:
                    with self.subTest(model=name, user=user.name):
                        self.assertFalse(model.has_access(operation))

    def test_a_manager_is_a_user(self):
        self.assertTrue(self.users[3].has_group(USER))
        self.assertFalse(self.users[2].has_group(MANAGER))
        self.assertTrue(self.env.ref("base.user_admin").has_group(MANAGER))

    def test_a_user_pushes_pauses_and_retries(self):
        self.account.action_go_live()
        listing = self.make_listing(self.make_product(stock=5))
        listing.write(
            {"sync_state": "synced", "published_at": "2026-01-01", "published_qty": 5}
        )
        mine = listing.with_user(self.users[2])
        mine.action_push()
        self.assertEqual(listing.sync_state, "pending")
        mine.action_pause()
        self.assertEqual(listing.sync_state, "paused")
        mine.action_resume()
        self.assertEqual(listing.sync_state, "unverified")
        listing.write({"sync_state": "failed", "channel_qty_at": "2026-01-01"})
        mine.action_retry()
        self.assertEqual(listing.sync_state, "pending")
        mine.action_stop_selling()
        self.assertEqual(listing.sellable_qty, 0)
        mine.action_verify()
        self.account.with_user(self.users[2]).action_sync_now()

    def test_a_user_sees_why_a_number_is_what_it_is(self):
        policy = self.make_policy({"units": 2})
        self.site.buffer_policy_id = policy
        listing = self.make_listing(self.make_product(stock=5))
        mine = listing.with_user(self.users[2])
        self.assertIn(self.warehouse.name, mine.explanation)

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.orm.models")
    def test_a_user_configures_nothing(self):
        account = self.account.with_user(self.users[2])
        for action in ("action_go_live", "action_resume"):
            account.sudo().state = "draft" if action == "action_go_live" else "paused"
            with self.subTest(action=action), self.assertRaises(AccessError):
                getattr(account, action)()
        for record, values in (
            (self.site, {"share_percent": 50}),
            (self.account, {"buffer_policy_id": False}),
            (self.make_policy({"units": 1}).line_ids, {"units": 0}),
        ):
            with self.subTest(model=record._name), self.assertRaises(AccessError):
                record.with_user(self.users[2]).write(values)

    def test_a_manager_configures_without_being_an_administrator(self):
        """No rights on scheduled actions or settings are needed."""
        account = (
            self.env["marketplace.account"]
            .with_user(self.users[3])
            .create({"name": "Mine", "channel": "shopify", "shopify_shop": "fake"})
        )
        self.assertTrue(account.sudo().cron_id)
        account.action_go_live()
        account.action_pause()
        account.unlink()

    def test_a_connected_account_is_not_deleted(self):
        self.account.action_go_live()
        with self.assertRaises(UserError):
            self.account.unlink()
        cron = self.account.cron_id
        self.account.action_pause()
        self.account.unlink()
        self.assertFalse(cron.exists())

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.orm.models")
    def test_a_picker_sees_listings_of_a_product_but_changes_none(self):
        listing = self.make_listing(self.make_product(stock=5))
        theirs = listing.with_user(self.users[1])
        self.assertEqual(theirs.sellable_qty, 5)
        self.assertEqual(theirs.product_id.marketplace_listing_count, 1)
        with self.assertRaises(AccessError):
            theirs.sku = "X"

    def test_somebody_without_rights_opens_a_product(self):
        product = self.make_product(stock=5)
        self.make_listing(product)
        product.with_user(self.users[0]).read(["name"])


@tagged("post_install", "-at_install")
class TestCompanies(AccessCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["res.company"].create({"name": "Another company"})
        cls.env.user.company_ids |= cls.other
        cls.theirs = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.other.id)]
        )
        cls.their_account = cls.make_account(company_id=cls.other.id, user_id=False)
        cls.their_site = cls.make_site(cls.theirs, cls.their_account)
        cls.product = cls.make_product(stock=5)
        cls.put(cls.product, 9, cls.theirs.lot_stock_id)
        cls.their_listing = cls.make_listing(cls.product, cls.their_site)
        cls.my_listing = cls.make_listing(cls.product)
        cls.manager = cls.make_user("manager-of-one", MANAGER)

    def records_of(self, account, site, listing, company):
        push = self.env["marketplace.push"].create(
            {"account_id": account.id, "idempotency_key": "fake", "row_count": 1}
        )
        line = self.env["marketplace.push.line"].create(
            {"push_id": push.id, "listing_id": listing.id, "sku": "X"}
        )
        order = self.env["marketplace.order"].create(
            {
                "account_id": account.id,
                "external_id": "1",
                "name": "1",
                "placed_at": "2026-11-20 12:00:00",
                "line_ids": [Command.create({"external_id": "1", "sku": "X"})],
            }
        )
        policy = self.make_policy({"units": 1}, company_id=company.id)
        mine = [account, site, listing, push, line, order, order.line_ids]
        return [*mine, policy, policy.line_ids]

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.orm.models")
    def test_records_of_another_company_are_neither_found_nor_read_nor_written(self):
        theirs = self.records_of(
            self.their_account, self.their_site, self.their_listing, self.other
        )
        mine = self.records_of(self.account, self.site, self.my_listing, self.company)
        for record in theirs:
            seen = record.with_user(self.manager)
            with self.subTest(model=record._name):
                self.assertFalse(seen.search([("id", "=", record.id)]))
                with self.assertRaises(AccessError):
                    seen.read(["display_name"])
                if seen.browse().has_access("write"):
                    with self.assertRaises(AccessError):
                        seen.write({})
        for record in mine:
            with self.subTest(model=record._name):
                self.assertTrue(
                    record.with_user(self.manager).search([("id", "=", record.id)])
                )

    def test_every_model_with_a_company_has_a_rule_for_it(self):
        with_company = [
            model._name for model in self.our_models() if "company_id" in model._fields
        ]
        self.assertIn("marketplace.push.line", with_company)
        for name in (*with_company, "marketplace.buffer.policy.line"):
            rules = self.env["ir.rule"].search(
                [("model_id.model", "=", name), ("groups", "=", False)]
            )
            with self.subTest(model=name):
                self.assertTrue(
                    any("company_ids" in (rule.domain_force or "") for rule in rules)
                )

    def test_a_policy_without_a_company_is_everybodys(self):
        shipped = self.env.ref("marketplace_sync.marketplace_buffer_policy_velocity")
        self.assertFalse(shipped.company_id)
        self.assertEqual(len(shipped.with_user(self.manager).line_ids), 5)

    def test_numbers_of_two_companies_do_not_mix(self):
        self.assertEqual((self.my_listing.qty, self.their_listing.qty), (5, 9))

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.orm.models")
    def test_no_action_reaches_another_companys_records(self):
        listing = self.their_listing.with_user(self.manager)
        account = self.their_account.with_user(self.manager)
        before = self.their_listing.read(["sync_state", "is_stopped", "sellable_qty"])
        for records, names in (
            (
                listing,
                (
                    "action_push",
                    "action_retry",
                    "action_pause",
                    "action_resume",
                    "action_stop_selling",
                    "action_verify",
                    "action_explain",
                ),
            ),
            (
                account,
                (
                    "action_go_live",
                    "action_pause",
                    "action_resume",
                    "action_sync_now",
                    "action_test_connection",
                ),
            ),
        ):
            for name in names:
                self.env.invalidate_all()
                with self.subTest(action=name), self.assertRaises(AccessError):
                    getattr(records, name)()
        after = self.their_listing.read(["sync_state", "is_stopped", "sellable_qty"])
        self.assertEqual(before, after)

    def test_nothing_of_another_company_is_linked(self):
        policy = self.make_policy({"units": 1}, company_id=self.other.id)
        their_product = self.make_product(company_id=self.other.id)
        for record, values in (
            (self.site, {"warehouse_ids": [Command.set(self.theirs.ids)]}),
            (self.site, {"buffer_policy_id": policy.id}),
            (self.account, {"buffer_policy_id": policy.id}),
            (self.my_listing, {"buffer_policy_id": policy.id}),
            (self.my_listing, {"product_id": their_product.id}),
        ):
            with self.subTest(values=values), self.assertRaises(UserError):
                record.write(values)

    def test_an_account_with_sites_does_not_change_its_company(self):
        with self.assertRaises(UserError):
            self.account.company_id = self.other

    def test_a_user_of_both_companies_works_in_both(self):
        both = self.make_user(
            "manager-of-two",
            MANAGER,
            company_ids=[Command.set((self.company | self.other).ids)],
            company_id=self.company.id,
        )
        Listing = self.env["marketplace.listing"].with_user(both)
        everything = (self.company | self.other).ids
        found = Listing.with_context(allowed_company_ids=everything).search([])
        self.assertLessEqual(self.my_listing | self.their_listing, found)
        here = Listing.with_context(allowed_company_ids=self.company.ids)
        self.assertNotIn(self.their_listing, here.search([]))
