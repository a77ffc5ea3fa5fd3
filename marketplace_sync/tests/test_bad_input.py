"""What people and channels get wrong: a clear message at the record concerned,
nothing lost, the neighbours served."""

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from .common import MarketplaceCase

HOSTILE_SKUS = (
    "A/B",
    "A B  C",
    "A,B;C",
    'A"B',
    "A'B",
    "A\\B",
    "100%_done",
    "Größe-ß",
    "ключ-42",
    "箱/6個",
    "🍾-6",
    "\u00e9",  # é as one character
    "e\u0301",  # é with a combining accent: another SKU to a channel
    "<b>bold</b>",
    "'; DROP TABLE stock_quant; --",
    "%s %(x)s {0} $1",
    "=HYPERLINK(1)",
    "../../etc/passwd",
    "0",
    "X" * 40,
    "Y" * 255,
)


@tagged("post_install", "-at_install")
class TestSku(MarketplaceCase):
    def test_a_sku_is_kept_byte_by_byte(self):
        product = self.make_product(stock=5)
        for sku in HOSTILE_SKUS:
            with self.subTest(sku=sku):
                listing = self.make_listing(product, sku=sku)
                self.put(product, 1)
                self.refresh()
                self.env.invalidate_all()
                self.assertEqual(listing.sku, sku)
                self.assertEqual(listing.sellable_qty, product.free_qty)
                self.assertEqual(
                    self.env["marketplace.listing"].search([("sku", "=", sku)]), listing
                )
                self.assertTrue(listing.display_name and listing.explanation)

    def test_a_hostile_sku_of_a_pooled_channel_shares_its_counter(self):
        account = self.make_account("amazon")
        first, second = (self.make_site(self.warehouse, account) for _n in range(2))
        product = self.make_product(stock=5)
        for sku in HOSTILE_SKUS:
            with self.subTest(sku=sku):
                one = self.make_listing(product, first, sku=sku)
                two = self.make_listing(
                    product, second, sku=sku, qty_source="manual", qty=2
                )
                self.assertEqual((one.pool_key, one.sellable_qty), (sku, 2))
                self.assertEqual(one.pool_member_ids, two)

    def test_upper_and_lower_case_are_different_skus(self):
        product = self.make_product(stock=5)
        self.make_listing(product, sku="abc")
        self.make_listing(product, sku="ABC")

    @mute_logger("odoo.sql_db")
    def test_what_no_channel_has_as_a_sku_is_refused_in_words(self):
        product = self.make_product(stock=5)
        for sku in (" A", "A ", "A\tB", "A\nB", "A\u200bB", "A\x07B", "\u202eA"):
            with self.subTest(sku=sku), self.assertRaises(ValidationError) as caught:
                self.make_listing(product, sku=sku)
            self.assertIn("SKU", str(caught.exception))

    def test_a_sku_longer_than_any_channels_is_refused_not_cut(self):
        """Cut, it would be another listing's."""
        with self.assertRaises(ValidationError) as caught:
            self.make_listing(self.make_product(), sku="Z" * 256)
        self.assertIn("255", str(caught.exception))

    @mute_logger("odoo.sql_db")
    def test_an_empty_sku_is_refused(self):
        for sku, error in (("", ValidationError), (False, IntegrityError)):
            with self.subTest(sku=sku), self.assertRaises(error):
                with self.env.cr.savepoint():
                    self.make_listing(self.make_product(), sku=sku)

    @mute_logger("odoo.sql_db")
    def test_one_sku_twice_on_a_site_is_refused_in_words(self):
        product = self.make_product(stock=5)
        first = self.make_listing(product, sku="TWICE")
        with self.assertRaises(IntegrityError) as caught, self.env.cr.savepoint():
            self.make_listing(self.make_product(), sku="TWICE")
        words = self.env["marketplace.listing"]._sql_error_to_message(caught.exception)
        self.assertIn("already", words)
        self.assertEqual(first.sellable_qty, 5)

    def test_one_sku_on_two_sites_is_usual(self):
        product = self.make_product(stock=5)
        self.make_listing(product, sku="BOTH")
        self.make_listing(product, self.make_site(self.warehouse), sku="BOTH")

    def test_one_product_may_have_several_skus_on_a_site(self):
        product = self.make_product(stock=12)
        single = self.make_listing(product, sku="ONE")
        pack = self.make_listing(product, sku="SIX", units_per_listing=6)
        self.assertEqual((single.sellable_qty, pack.sellable_qty), (12, 2))

    def test_a_corrected_sku_is_looked_up_again(self):
        listing = self.make_listing(
            self.make_product(stock=5), sku="WRONG", external_ref="gid://fake/1"
        )
        listing.write({"sync_state": "failed", "last_error": "unknown SKU"})
        listing.sku = "RIGHT"
        self.assertEqual(listing.sync_state, "unverified")
        self.assertFalse(listing.external_ref or listing.last_error)


@tagged("post_install", "-at_install")
class TestIncomplete(MarketplaceCase):
    """What is missing is said at the listing; its neighbours get their numbers."""

    def setUp(self):
        super().setUp()
        self.neighbour = self.make_listing(self.make_product(stock=5))

    def assertBlocked(self, listing, code, word):
        self.assertEqual(listing.block_code, code)
        self.assertEqual(listing.sync_state, "failed")
        self.assertIn(word, listing.last_error)

    def assertNeighbourServed(self, quantity):
        self.put(self.neighbour.product_id, 1)
        self.refresh()
        self.assertEqual(self.neighbour.sellable_qty, quantity)

    def test_a_site_without_warehouses_shows_nothing_and_says_so(self):
        site = self.make_site(self.env["stock.warehouse"])
        product = self.make_product(stock=5)
        listing = self.make_listing(product, site)
        self.assertBlocked(listing, "no_warehouse", "warehouse")
        self.assertNeighbourServed(6)
        site.warehouse_ids = self.warehouse
        self.assertFalse(listing.block_code or listing.last_error)
        self.assertEqual((listing.sync_state, listing.sellable_qty), ("unverified", 5))

    def test_a_site_that_loses_its_warehouses_keeps_what_it_shows(self):
        """Nobody said that there is no stock; nobody knows. A computed 0 would end
        every listing of the site."""
        self.neighbour.write(
            {"sync_state": "synced", "published_at": "2026-01-01", "published_qty": 5}
        )
        self.site.warehouse_ids = False
        self.assertBlocked(self.neighbour, "no_warehouse", "warehouse")
        self.assertEqual(self.neighbour.sellable_qty, 5)

    def test_a_site_whose_only_warehouse_is_archived_says_so(self):
        warehouse = self.make_warehouse()
        site = self.make_site(warehouse)
        listing = self.make_listing(self.make_product(), site)
        warehouse.active = False
        listing._refresh()
        self.assertBlocked(listing, "no_warehouse", "warehouse")

    def test_a_listing_without_a_product_says_so(self):
        listing = self.make_listing(self.env["product.product"], sku="NOBODY")
        self.assertBlocked(listing, "no_product", "product")
        self.assertNeighbourServed(6)
        listing.product_id = self.make_product(stock=3)
        self.assertFalse(listing.block_code or listing.last_error)
        self.assertEqual((listing.sync_state, listing.sellable_qty), ("unverified", 3))

    def test_a_typed_quantity_needs_a_product_too(self):
        listing = self.make_listing(
            self.env["product.product"], sku="NOBODY", qty_source="manual", qty=4
        )
        self.assertBlocked(listing, "no_product", "product")

    def test_a_listing_whose_product_was_deleted_says_so(self):
        product = self.make_product()
        listing = self.make_listing(product)
        product.unlink()
        self.env.invalidate_all()
        self.env["marketplace.listing"].search([])._refresh()
        self.assertBlocked(listing, "no_product", "product")

    def test_an_archived_product_is_no_longer_sold(self):
        product = self.neighbour.product_id
        product.active = False
        self.assertNumbers(self.neighbour, 5, 0, 0)
        self.assertFalse(self.neighbour.block_code)
        product.active = True
        self.assertNumbers(self.neighbour, 5, 0, 5)

    def test_an_archived_template_is_no_longer_sold(self):
        self.neighbour.product_id.product_tmpl_id.active = False
        self.assertNumbers(self.neighbour, 5, 0, 0)

    def test_a_product_without_a_listing_is_nobodys_concern(self):
        product = self.make_product(stock=5)
        self.put(product, 3)
        self.assertNeighbourServed(6)
        self.assertEqual(product.marketplace_listing_count, 0)
        self.assertFalse(product.marketplace_listing_ids)

    def test_a_product_without_a_listing_is_deleted_as_ever(self):
        self.make_product().unlink()
        self.refresh()

    def test_a_service_has_no_stock(self):
        service = self.make_product(type="service", is_storable=False)
        self.assertEqual(self.make_listing(service).sellable_qty, 0)

    def test_a_site_of_another_account_is_refused_in_words(self):
        with self.assertRaises(ValidationError) as caught:
            self.neighbour.account_id = self.make_account()
        self.assertIn("not a site of", str(caught.exception))

    def test_a_site_with_listings_does_not_change_its_account(self):
        """They would be sent to one account's sites with another's credentials."""
        with self.assertRaises(ValidationError):
            self.site.account_id = self.make_account()
        self.neighbour.active = False
        with self.assertRaises(ValidationError):
            self.site.account_id = self.make_account()
        empty = self.make_site(self.warehouse)
        empty.account_id = self.make_account()

    def test_a_listing_that_moves_to_another_site_gets_its_number(self):
        second = self.make_warehouse()
        self.put(self.neighbour.product_id, 2, second.lot_stock_id)
        account = self.make_account()
        self.neighbour.site_id = self.make_site(second, account)
        self.assertEqual(self.neighbour.account_id, account)
        self.assertEqual(self.neighbour.sellable_qty, 2)
        self.assertEqual(self.neighbour.sync_state, "unverified")

    @mute_logger("odoo.sql_db")
    def test_a_site_code_twice_in_an_account_is_refused(self):
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.make_site(self.warehouse, code=self.site.code)
        self.make_site(self.warehouse, self.make_account(), code=self.site.code)


@tagged("post_install", "-at_install")
class TestPersonsWill(MarketplaceCase):
    """What a person has paused stays paused, whatever is computed meanwhile."""

    def setUp(self):
        super().setUp()
        self.listing = self.make_listing(self.make_product(stock=5))
        self.listing.write(
            {"sync_state": "synced", "published_at": "2026-01-01", "published_qty": 5}
        )

    def test_a_paused_listing_is_computed_but_not_sent(self):
        self.listing.action_pause()
        self.put(self.listing.product_id, 3)
        self.assertNumbers(self.listing, 8, 0, 8)
        self.assertEqual(self.listing.sync_state, "paused")

    def test_a_pause_survives_that_the_site_had_no_warehouse_for_a_while(self):
        self.listing.action_pause()
        self.site.warehouse_ids = False
        self.assertEqual(self.listing.sync_state, "paused")
        self.site.warehouse_ids = self.warehouse
        self.assertEqual(self.listing.sync_state, "paused")
        self.assertEqual(self.listing.sellable_qty, 5)
        self.assertFalse(self.listing.block_code)

    def test_a_pause_of_a_listing_that_cannot_be_computed_survives(self):
        self.site.warehouse_ids = False
        self.assertEqual(self.listing.sync_state, "failed")
        self.listing.action_pause()
        self.site.warehouse_ids = self.warehouse
        self.assertEqual(self.listing.sync_state, "paused")

    def test_resuming_what_cannot_be_computed_says_why_again(self):
        self.site.warehouse_ids = False
        self.listing.action_pause()
        self.listing.action_resume()
        self.assertEqual(self.listing.sync_state, "failed")
        self.assertIn("warehouse", self.listing.last_error)

    def test_what_the_channel_ships_is_never_failed_for_want_of_our_stock(self):
        """Its quantity is not ours to publish: nothing is missing."""
        fulfilled = self.make_listing(
            self.env["product.product"], sku="FBA", fulfilment="channel"
        )
        self.assertEqual(fulfilled.sync_state, "paused")
        fulfilled._refresh()
        self.assertEqual(fulfilled.sync_state, "paused")

    def test_what_the_channel_refused_stays_refused_when_stock_moves(self):
        self.listing.write({"sync_state": "failed", "last_error": "unknown SKU"})
        self.put(self.listing.product_id, 3)
        self.assertNumbers(self.listing, 8, 0, 8)
        self.assertEqual(self.listing.sync_state, "failed")
        self.assertEqual(self.listing.last_error, "unknown SKU")


@tagged("post_install", "-at_install")
class TestImport(MarketplaceCase):
    """Odoo's own CSV import."""

    def load(self, *rows):
        self.env["product.product"].search([]).flush_recordset()
        return self.env["marketplace.listing"].load(
            ["site_id/.id", "product_id", "sku", "units_per_listing"], list(rows)
        )

    def test_listings_are_imported_with_their_numbers(self):
        self.make_product(stock=24, default_code="IMPORTED")
        site = str(self.site.id)
        answer = self.load(
            [site, "IMPORTED", "IMP-1", "1"], [site, "IMPORTED", "IMP/6", "6"]
        )
        self.assertFalse(answer["messages"])
        listings = self.env["marketplace.listing"].browse(answer["ids"])
        self.assertEqual(listings.mapped("sellable_qty"), [24, 4])
        self.assertEqual(set(listings.mapped("sync_state")), {"unverified"})

    @mute_logger("odoo.sql_db")
    def test_a_wrong_row_is_named_and_nothing_half_imported(self):
        self.make_product(stock=24, default_code="IMPORTED")
        site = str(self.site.id)
        for wrong in (
            [site, "IMPORTED", " SPACE", "1"],
            [site, "NO SUCH PRODUCT", "IMP-2", "1"],
            [site, "IMPORTED", "IMP-1", "1"],
            [site, "IMPORTED", "IMP-2", "0"],
            [site, "IMPORTED", "IMP-2", "many"],
        ):
            with self.subTest(row=wrong):
                answer = self.load([site, "IMPORTED", "IMP-1", "1"], wrong)
                self.assertFalse(answer["ids"])
                message = answer["messages"][0]
                self.assertEqual(message["type"], "error")
                self.assertTrue(message["message"])
                found = self.env["marketplace.listing"].search(
                    [("sku", "=like", "IMP%")]
                )
                self.assertFalse(found)
