"""Matching products, and the preview of the first push."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..channels.base import ChannelListing, Problem
from ..channels.errors import AuthenticationError, ChannelUnreachable, TakesLong
from .push_case import PushCase


class MatchCase(PushCase):
    def found(self, *listings):
        """Let the channel have these listings, and nothing else."""
        self.patch(self.adapter_class, "fetch_listings", lambda _self: iter(listings))

    def there(self, sku, site="M1", **values):
        return ChannelListing(sku=sku, site_code=site, **values)

    def match(self, *listings):
        if listings:
            self.found(*listings)
        action = self.account.action_match_products()
        self.assertEqual(action["res_model"], "marketplace.listing.match")
        return self.env[action["res_model"]].browse(action["res_id"])

    def line(self, listing):
        return self.match(listing).line_ids


@tagged("post_install", "-at_install")
class TestMatching(MatchCase):
    def test_sku_equal_to_the_internal_reference_matches_and_is_ticked(self):
        product = self.make_product("A-1")
        line = self.line(self.there("A-1", title="Title", quantity=4))
        self.assertEqual(line.status, "matched")
        self.assertEqual(line.product_id, product)
        self.assertTrue(line.is_selected)
        self.assertEqual((line.title, line.quantity), ("Title", 4))

    def test_internal_reference_goes_before_barcode(self):
        by_code = self.make_product("4006381333931")
        self.make_product("OTHER", barcode="4006381333931")
        self.assertEqual(self.line(self.there("4006381333931")).product_id, by_code)

    def test_sku_that_is_a_barcode_matches(self):
        product = self.make_product("OTHER", barcode="4006381333931")
        self.assertEqual(self.line(self.there("4006381333931")).product_id, product)

    def test_barcode_of_the_channel_matches(self):
        product = self.make_product("OTHER", barcode="4006381333931")
        line = self.line(self.there("THEIRS", barcode="4006381333931"))
        self.assertEqual(line.product_id, product)

    def test_another_spelling_is_named_but_not_matched(self):
        self.make_product("Mug-Red")
        for sku in ("MUG-RED", "mug-red"):
            line = self.line(self.there(sku))
            self.assertEqual(line.status, "person")
            self.assertFalse(line.product_id)
            self.assertIn("capital letters", line.reason)
            self.assertIn("Mug-Red", line.reason)

    def test_why_nothing_matched_is_said(self):
        self.make_product("TWICE")
        self.make_product("TWICE")
        self.make_product("OLD", active=False)
        reasons = {
            "NONE": "No product",
            "TWICE": "2 products",
            "OLD": "archived",
        }
        match = self.match(*map(self.there, reasons))
        self.assertEqual(match.person_count, 3)
        for line in match.person_line_ids:
            self.assertFalse(line.product_id)
            self.assertFalse(line.is_selected)
            self.assertIn(reasons[line.sku], line.reason)

    def test_archived_namesake_does_not_hinder(self):
        self.make_product("A-1", active=False)
        product = self.make_product("A-1")
        self.assertEqual(self.line(self.there("A-1")).product_id, product)

    def test_product_of_another_company_does_not_match(self):
        company = self.env["res.company"].create({"name": "Another company"})
        self.make_product("A-1", company_id=company.id)
        self.assertEqual(self.line(self.there("A-1")).status, "person")

    def test_unknown_site_cannot_be_created(self):
        self.make_product("A-1")
        line = self.line(self.there("A-1", site="M9"))
        self.assertFalse(line.is_possible)
        self.assertIn("M9", line.reason)

    def test_listing_without_usable_sku_cannot_be_created(self):
        for sku in ("", " A-1", "A\t1", "X" * 256):
            line = self.line(self.there(sku))
            self.assertEqual(line.status, "person")
            self.assertFalse(line.is_possible)

    def test_two_listings_of_one_sku_need_a_person(self):
        self.make_product("A-1")
        match = self.match(
            self.there("A-1", external_ref="1"), self.there("A-1", external_ref="2")
        )
        self.assertEqual(match.person_count, 2)
        match.line_ids.is_selected = True
        with self.assertRaisesRegex(UserError, "ticked twice"):
            match.action_create_listings()
        match.line_ids[0].is_selected = False
        match.action_create_listings()
        self.assertEqual(self.account.listing_ids.external_ref, "2")

    def test_listings_that_share_a_counter_are_one(self):
        self.make_product("A-1")
        match = self.match(
            self.there("A-1", pool_key="p"), self.there("A-1", pool_key="p")
        )
        self.assertEqual((match.matched_count, match.nothing_count), (1, 1))

    def test_listing_that_the_channel_ships_is_not_ticked(self):
        product = self.make_product("FBA")
        line = self.line(self.there("FBA", fulfilment="channel"))
        self.assertEqual((line.status, line.product_id), ("channel", product))
        self.assertFalse(line.is_selected)
        line.is_selected = True
        line.match_id.action_create_listings()
        self.assertEqual(self.account.listing_ids.sync_state, "paused")

    def test_listing_that_must_not_be_pushed_needs_a_person(self):
        product = self.make_product("A-1")
        problem = Problem("untracked", "The shop does not count it.")
        line = self.line(self.there("A-1", problems=[problem]))
        self.assertEqual((line.status, line.product_id), ("person", product))
        self.assertIn("does not count it", line.reason)
        self.assertFalse(line.is_selected)

    def test_variant_that_is_not_stocked_at_a_location_needs_nothing(self):
        self.make_product("A-1")
        problem = Problem("inactive_level", "Not stocked here.")
        line = self.line(self.there("A-1", problems=[problem]))
        self.assertEqual((line.status, line.is_possible), ("nothing", False))

    def test_matching_asks_the_database_as_often_for_many_as_for_few(self):
        skus = [f"S-{number}" for number in range(200)]
        for sku in skus:
            self.make_product(sku)
        self.match(self.there("S-1"))

        def queries(listings):
            self.found(*listings)
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            self.account.action_match_products()
            self.env.flush_all()
            return self.env.cr.sql_log_count - start

        few = queries([self.there(sku) for sku in skus[:20]])
        many = queries([self.there(sku) for sku in skus])
        # Rows are inserted by the hundred.
        self.assertLessEqual(many, few + 4)


@tagged("post_install", "-at_install")
class TestCreatingListings(MatchCase):
    def test_nothing_is_created_without_a_click(self):
        self.make_product("A-1")
        self.match(self.there("A-1"))
        self.assertFalse(self.account.listing_ids)

    def test_created_listing_knows_what_the_channel_told(self):
        product = self.make_product("A-1", 5)
        self.match(
            self.there(
                "A-1",
                external_ref="gid-1",
                pool_key="p-1",
                title="Title",
                url="https://shop.example/a-1",
                data={"unit": 7},
            )
        ).action_create_listings()
        listing = self.account.listing_ids
        self.assertRecordValues(
            listing,
            [
                {
                    "sku": "A-1",
                    "site_id": self.site.id,
                    "product_id": product.id,
                    "external_ref": "gid-1",
                    "pool_key": "p-1",
                    "title": "Title",
                    "channel_url": "https://shop.example/a-1",
                    "channel_data": {"unit": 7},
                    "qty": 5,
                    "sync_state": "unverified",
                }
            ],
        )

    def test_created_listing_is_read_before_it_is_pushed(self):
        self.make_product("A-1", 5)
        self.shelf.quantities["M1", "A-1"] = 3
        self.go_live()
        self.match(self.there("A-1")).action_create_listings()
        self.run_cron()
        self.assertEqual(self.shelf.reads, 1)
        self.assertEqual(self.shelf.sent(), [("A-1", 5)])

    def test_matching_again_finds_what_is_linked(self):
        self.make_product("A-1")
        self.match(self.there("A-1")).action_create_listings()
        match = self.match()
        self.assertEqual((match.nothing_count, match.matched_count), (1, 0))
        with self.assertRaisesRegex(UserError, "Nothing to create"):
            match.action_create_listings()

    def test_archived_listing_is_not_created_twice(self):
        self.make_product("A-1")
        self.match(self.there("A-1")).action_create_listings()
        self.account.listing_ids.active = False
        line = self.line(self.there("A-1"))
        self.assertEqual(line.status, "nothing")
        self.assertIn("archived", line.reason)

    def test_listing_made_by_somebody_else_meanwhile_is_not_made_twice(self):
        self.make_product("A-1")
        match = self.match(self.there("A-1"))
        self.make_listing("A-1")
        match.action_create_listings()
        self.assertEqual(len(self.account.listing_ids), 1)

    def test_listing_without_product_gets_its_product(self):
        listing = self.make_listing("A-1", product_id=False)
        product = self.make_product("A-1")
        match = self.match(self.there("A-1"))
        self.assertEqual(match.matched_count, 1)
        match.action_create_listings()
        self.assertEqual(listing.product_id, product)
        self.assertEqual(self.account.listing_ids, listing)

    def test_person_chooses_the_product_by_hand(self):
        product = self.make_product("OURS")
        line = self.line(self.there("THEIRS"))
        line.product_id = product
        line._onchange_product_id()
        self.assertTrue(line.is_selected)
        line.match_id.action_create_listings()
        self.assertEqual(self.account.listing_ids.product_id, product)

    def test_line_that_is_not_possible_is_left_out(self):
        product = self.make_product("A-1")
        match = self.match(
            self.there("A-1"), self.there("A-1", site="M9"), self.there("A\t1")
        )
        match.line_ids.write({"product_id": product.id, "is_selected": True})
        match.action_create_listings()
        self.assertEqual(self.account.listing_ids.site_id, self.site)


@tagged("post_install", "-at_install")
class TestMatchingRefused(MatchCase):
    def test_account_without_site_is_told_to_test_the_connection(self):
        self.site.unlink()
        with self.assertRaisesRegex(UserError, "Test connection"):
            self.account.action_match_products()

    def test_fault_of_the_channel_is_told_in_words(self):
        def broken(_self):
            raise AuthenticationError("The token was revoked.")

        self.patch(self.adapter_class, "fetch_listings", broken)
        with self.assertRaisesRegex(UserError, "Memory refuses us: The token was"):
            self.account.action_match_products()


@tagged("post_install", "-at_install")
class TestMatchingInTheBackground(MatchCase):
    def setUp(self):
        super().setUp()
        self.tries = []
        self.is_ready = False

        def fetch(adapter):
            self.tries.append(dict(adapter.config.data))
            if not self.is_ready:
                raise TakesLong("Being prepared.", remember={"report": 7})
            yield self.there("A-1")

        self.patch(self.adapter_class, "fetch_listings", fetch)
        self.make_product("A-1")

    def read_in_background(self):
        with self.crons() as env:
            env["marketplace.listing.match"]._cron_read()

    def test_catalogue_that_takes_long_is_read_in_the_background(self):
        match = self.match()
        self.assertEqual((match.state, match.total_count), ("reading", 0))
        self.is_ready = True
        self.read_in_background()
        self.assertEqual((match.state, match.matched_count), ("ready", 1))
        self.assertEqual(self.tries[1]["report"], 7, "it goes on, not anew")

    def test_asking_again_meanwhile_reads_nothing_twice(self):
        match = self.match()
        self.assertEqual(self.match(), match)
        self.assertEqual(len(self.tries), 1)

    def test_what_was_read_is_offered_until_it_is_used(self):
        match = self.match()
        self.is_ready = True
        self.read_in_background()
        self.assertEqual(self.match(), match)
        match.action_create_listings()
        self.assertNotEqual(self.match(), match)
        self.assertEqual(len(self.tries), 3)

    def test_person_may_read_again(self):
        match = self.match()
        self.is_ready = True
        self.read_in_background()
        action = match.action_read_again()
        self.assertNotEqual(action["res_id"], match.id)

    def test_another_person_is_not_shown_it(self):
        match = self.match()
        other = self.env.ref("base.user_admin")
        found = match.with_user(other)._get_background_match(self.account)
        self.assertFalse(found)

    def test_background_comes_back_until_it_is_too_long(self):
        match = self.match()
        self.read_in_background()
        self.assertEqual(match.state, "reading")
        self.env.cr.execute(
            "UPDATE marketplace_listing_match SET create_date = create_date - %s",
            [timedelta(hours=2)],
        )
        self.read_in_background()
        self.assertEqual(match.state, "ready")
        self.assertIn("Being prepared", match.error)


@tagged("post_install", "-at_install")
class TestPreview(MatchCase):
    def preview(self):
        action = self.account.action_preview_push()
        self.assertEqual(action["res_model"], "marketplace.account.preview")
        return self.env[action["res_model"]].browse(action["res_id"])

    def test_zeros_and_big_drops_come_first(self):
        self.make_listing("RISE", 10, shown=1)
        self.make_listing("FALL", 10, shown=12)
        self.make_listing("BIG-FALL", 10, shown=90)
        self.make_listing("ZERO", 0, shown=3)
        self.make_listing("BIG-ZERO", 0, shown=30)
        self.make_listing("STAY", 10, shown=10)
        preview = self.preview()
        self.assertEqual(
            preview.change_line_ids.mapped("sku"),
            ["BIG-ZERO", "ZERO", "BIG-FALL", "FALL", "RISE"],
        )
        self.assertRecordValues(
            preview,
            [
                {
                    "zero_count": 2,
                    "fall_count": 2,
                    "rise_count": 1,
                    "stay_count": 1,
                    "not_sent_count": 0,
                }
            ],
        )
        first = preview.change_line_ids[0]
        self.assertEqual((first.old_qty, first.new_qty), (30, 0))

    def test_preview_sends_nothing(self):
        self.make_listing("A-1", 10, shown=1)
        self.preview()
        self.run_cron()
        self.assertEqual(self.shelf.calls, [])
        self.assertEqual(self.account.state, "draft")

    def test_what_cannot_be_sent_is_told_with_the_reason(self):
        self.make_listing("GONE", 10, shown=None)
        self.make_listing("NOTHING", product_id=False)
        self.shelf.fulfilled.add("FBA")
        self.shelf.problems["FBA"] = [Problem("fulfilled_by_channel", "Ships itself.")]
        self.make_listing("FBA", 10)
        self.make_listing("PAUSED", 10).action_pause()
        lines = self.preview().not_sent_line_ids
        reasons = {line.sku: line.reason for line in lines}
        self.assertIn("no SKU GONE", reasons["GONE"])
        self.assertIn("No product", reasons["NOTHING"])
        self.assertIn("ships it", reasons["FBA"])
        self.assertIn("Paused", reasons["PAUSED"])

    def test_number_that_the_channel_does_not_tell_is_said_to_be_set(self):
        self.make_listing("A-1", 10, shown=None)
        self.shelf.quantities["M1", "A-1"] = None
        preview = self.preview()
        self.assertEqual(preview.unknown_count, 1)
        self.assertFalse(preview.line_ids.is_old_known)

    def test_many_zeros_raise_the_alarm(self):
        self.make_listing("Z-1", 0, shown=3)
        self.make_listing("Z-2", 0, shown=3)
        self.make_listing("STAY", 10, shown=10)
        self.assertTrue(self.preview().is_alarming)
        self.make_listing("S-2", 10, shown=10)
        self.make_listing("S-3", 10, shown=10)
        self.assertFalse(self.preview().is_alarming)

    def test_go_live_connects_and_what_was_shown_is_sent(self):
        self.make_listing("A-1", 10, shown=1)
        self.preview().action_go_live()
        self.assertEqual(self.account.state, "connected")
        self.run_cron()
        self.assertEqual(self.shelf.sent(), [("A-1", 10)])

    def test_reading_stops_when_a_person_has_waited_long_enough(self):
        self.make_listing("A-1", 10, shown=1)
        path = "odoo.addons.marketplace_sync.wizards.marketplace_account_preview"
        with patch(f"{path}.PATIENCE", -1):
            preview = self.preview()
        self.assertEqual((preview.unread_count, preview.not_sent_count), (1, 1))
        self.assertEqual(self.shelf.reads, 0)

    def test_account_without_listing_is_told_to_match(self):
        with self.assertRaisesRegex(UserError, "Match products"):
            self.account.action_preview_push()

    def test_fault_of_the_channel_is_told_in_words(self):
        self.make_listing("A-1", 10, shown=1)

        def broken(_self, refs):
            raise ChannelUnreachable("No answer.")

        self.patch(self.adapter_class, "fetch_stock", broken)
        with self.assertRaisesRegex(UserError, "Memory: No answer"):
            self.account.action_preview_push()


@tagged("post_install", "-at_install")
class TestMismatch(PushCase):
    def mismatches(self):
        found = self.env["marketplace.listing"].search([("is_mismatch", "=", True)])
        self.assertEqual(found, found.filtered("is_mismatch"), "search and field agree")
        rest = self.env["marketplace.listing"].search([("is_mismatch", "=", False)])
        self.assertFalse(rest.filtered("is_mismatch"))
        return found

    def test_unread_listing_is_no_mismatch(self):
        self.make_listing("A-1")
        self.assertFalse(self.mismatches())

    def test_published_number_that_is_not_sellable_is_a_mismatch(self):
        listing = self.make_listing("A-1", 10, shown=1)
        self.run_cron()
        self.assertEqual(self.mismatches(), listing)
        self.go_live()
        self.run_cron()
        self.assertFalse(self.mismatches())

    def test_channel_that_shows_another_number_since_is_a_mismatch(self):
        listing = self.make_listing("A-1", 10, shown=10)
        self.run_cron()
        self.assertFalse(self.mismatches())
        listing.write(
            {
                "channel_qty": 4,
                "channel_qty_at": fields.Datetime.now() + timedelta(minutes=1),
            }
        )
        self.assertEqual(self.mismatches(), listing)

    def test_read_from_before_the_push_is_no_mismatch(self):
        listing = self.make_listing("A-1", 10, shown=10)
        self.run_cron()
        listing.write(
            {
                "channel_qty": 4,
                "channel_qty_at": fields.Datetime.now() - timedelta(minutes=1),
            }
        )
        self.assertFalse(self.mismatches())


@tagged("post_install", "-at_install")
class TestImport(PushCase):
    def load(self, columns, *rows):
        result = self.env["marketplace.listing"].load(columns, [list(r) for r in rows])
        self.assertFalse(result["messages"])
        return self.env["marketplace.listing"].browse(result["ids"])

    def test_listings_are_imported_by_names_and_references(self):
        stocked = self.make_product("P-1", 7)
        made = self.make_product("P-2")
        listings = self.load(
            ["sku", "site_id", "product_id", "qty_source", "units_per_listing"],
            ("S-1", "M1", "P-1", "stock", "2"),
            ("S-2", "Memory / M1", "P-2", "Made to order", "1"),
        )
        self.assertEqual(listings.product_id, stocked | made)
        self.assertEqual(listings.account_id, self.account)
        self.assertEqual(listings.mapped("sellable_qty"), [3, 999])
        self.assertEqual(set(listings.mapped("sync_state")), {"unverified"})

    def test_site_is_found_with_its_account_when_names_repeat(self):
        other = self.account.copy({"name": "Other", "channel": "shopify"})
        site = self._make_site("M1", other)
        listing = self.load(["sku", "site_id"], ("S-1", "Other / M1"))
        self.assertEqual(listing.site_id, site)

    def test_typed_quantity_is_imported(self):
        self.make_product("P-1")
        listing = self.load(
            ["sku", "site_id", "product_id", "qty_source", "qty"],
            ("S-1", "M1", "P-1", "manual", "25"),
        )
        self.assertEqual(listing.sellable_qty, 25)

    def test_file_goes_through_odoos_import_screen(self):
        self.make_product("P-1", 7)
        importer = self.env["base_import.import"].create(
            {
                "res_model": "marketplace.listing",
                "file": b"SKU,Site,Product\nS 1,M1,P-1\n",
                "file_type": "text/csv",
                "file_name": "listings.csv",
            }
        )
        options = {"quoting": '"', "separator": ",", "has_headers": True}
        preview = importer.parse_preview(options)
        self.assertEqual(
            [preview["matches"][column] for column in range(3)],
            [["sku"], ["site_id"], ["product_id"]],
        )
        result = importer.execute_import(
            ["sku", "site_id", "product_id"], ["sku", "site", "product"], options
        )
        self.assertFalse(result["messages"])
        self.assertEqual(self.account.listing_ids.sku, "S 1")


@tagged("post_install", "-at_install")
class TestRetryAfterTheFirstRead(PushCase):
    def test_listing_that_failed_its_first_read_is_read_again_before_any_push(self):
        listing = self.make_listing("A-1", 10, shown=None)
        self.go_live()
        for action in ("action_retry", "action_push"):
            self.run_cron()
            self.assertEqual(listing.sync_state, "failed")
            getattr(listing, action)()
            self.assertEqual(listing.sync_state, "unverified")
        self.run_cron()
        self.assertEqual(self.shelf.calls, [], "nothing goes to an unknown SKU")
        self.shelf.quantities["M1", "A-1"] = 2
        listing.action_retry()
        self.run_cron()
        self.assertEqual(self.shelf.sent(), [("A-1", 10)])
