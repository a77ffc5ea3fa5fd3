"""Corrections of the channel's location: proposed from counts, decided by a person."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .channel_stock_case import ChannelStockCase

USER = "marketplace_sync.marketplace_sync_group_user"


class ReviewCase(ChannelStockCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.amazon = cls.env["stock.location"].create(
            {"name": "Amazon's warehouses", "usage": "internal"}
        )
        cls.account.channel_location_id = cls.amazon

    def setUp(self):
        super().setUp()
        self.listing = self.make_held()
        self.product = self.listing.product_id

    def put(self, quantity, product=None):
        self.env["stock.quant"]._update_available_quantity(
            product or self.product, self.amazon, quantity
        )

    def recorded(self, product=None):
        return self.env["stock.quant"]._get_available_quantity(
            product or self.product, self.amazon
        )

    def two_days(self, before, after, listing=None):
        """Count on two days; return the reviews."""
        listing = listing or self.listing
        self.hold(listing, **before)
        self.count(listing)
        with self.days_later(1):
            self.hold(listing, **after)
            self.count(listing)
        return self.reviews(listing)

    def reviews(self, listing=None):
        return self.env["marketplace.stock.review"].search(
            [("listing_id", "=", (listing or self.listing).id)]
        )

    def summary(self, reviews):
        return {review.kind: review.qty for review in reviews}


@tagged("post_install", "-at_install")
class TestProposals(ReviewCase):
    def test_units_fit_for_sale_again_are_proposed_with_their_evidence(self):
        (review,) = self.two_days(
            {"fulfillable": 10, "defective": 3}, {"fulfillable": 12, "defective": 1}
        )
        self.assertEqual((review.kind, review.qty), ("restored", 2))
        self.assertEqual((review.location_id, review.state), (self.amazon, "proposed"))
        table = str(review.evidence_table)
        self.assertIn("defectiveQuantity", table)
        self.assertIn("+2", table)
        self.assertIn("-2", table)

    def test_lost_and_found(self):
        (lost,) = self.two_days(
            {"fulfillable": 10, "lost": 0}, {"fulfillable": 7, "lost": 3}
        )
        self.assertEqual((lost.kind, lost.qty), ("lost", -3))
        with self.days_later(2):
            self.hold(self.listing, fulfillable=9, lost=1)
            self.count(self.listing)
        self.assertEqual(self.summary(self.reviews()), {"lost": -3, "found": 2})

    def test_sales_receipts_and_customers_returns_are_no_difference(self):
        for before, after in (
            ({"fulfillable": 10}, {"fulfillable": 6}),
            ({"fulfillable": 10, "inbound": 5}, {"fulfillable": 15, "inbound": 0}),
            ({"fulfillable": 10}, {"fulfillable": 9, "customer_damaged": 1}),
            ({"fulfillable": 10}, {"fulfillable": 4, "reserved": 6}),
        ):
            with self.subTest(after=after):
                self.assertFalse(self.two_days(before, after))

    def test_a_pack_counts_its_units(self):
        self.listing.units_per_listing = 6
        (review,) = self.two_days({"fulfillable": 9}, {"fulfillable": 7, "lost": 2})
        self.assertEqual(review.qty, -12)

    def test_a_later_read_of_the_day_corrects_or_withdraws_a_proposal(self):
        (review,) = self.two_days({"fulfillable": 9}, {"fulfillable": 7, "lost": 2})
        with self.days_later(1):
            self.hold(self.listing, fulfillable=6, lost=3)
            self.count(self.listing)
            self.assertEqual(review.qty, -3)
            self.hold(self.listing, fulfillable=9)
            self.count(self.listing)
        self.assertFalse(review.exists())

    def test_what_was_decided_is_not_proposed_again(self):
        (review,) = self.two_days({"fulfillable": 9}, {"fulfillable": 7, "lost": 2})
        review.action_refuse()
        with self.days_later(1):
            self.hold(self.listing, fulfillable=6, lost=3)
            self.count(self.listing)
        self.assertEqual(self.reviews(), review)
        self.assertEqual(review.qty, -2)

    def test_one_pool_on_two_sites_is_proposed_once(self):
        north = self._make_site("M2")
        twin = self.make_held(site=north, product_id=self.product.id)
        self.shelf.held_ids["FBA"] = "X001"
        for day, counts in enumerate(
            ({"fulfillable": 9}, {"fulfillable": 7, "lost": 2})
        ):
            with self.days_later(day):
                self.hold(self.listing, **counts)
                self.count(self.listing | twin)
        self.assertEqual(len(self.reviews() | self.reviews(twin)), 1)

    def test_a_bucket_that_vanished_is_no_loss(self):
        self.hold(self.listing, fulfillable=9, researching=1)
        self.count(self.listing)
        with self.days_later(1):
            self.shelf.held["FBA"] = {
                "renamed": (9, "other"),
                "lost": (4, "unfulfillable"),
            }
            self.count(self.listing)
        self.assertFalse(self.reviews())

    def test_without_a_location_nothing_is_proposed(self):
        self.account.channel_location_id = False
        self.assertFalse(
            self.two_days({"fulfillable": 9}, {"fulfillable": 7, "lost": 2})
        )


@tagged("post_install", "-at_install")
class TestDecisions(ReviewCase):
    def lost(self, units=2, listing=None):
        return self.two_days(
            {"fulfillable": 9}, {"fulfillable": 9 - units, "lost": units}, listing
        )

    def test_approval_adjusts_the_inventory_as_odoo_does_and_is_logged(self):
        self.put(20)
        review = self.lost()
        review.action_approve()
        self.assertEqual(self.recorded(), 18)
        self.assertEqual(review.state, "approved")
        self.assertTrue(review.move_ids.is_inventory)
        self.assertEqual(review.move_ids.state, "done")
        self.assertEqual(review.decided_by_id, self.env.user)
        self.assertIn("Approved", str(review.message_ids.mapped("body")))

    def test_a_person_may_correct_the_number_first(self):
        self.put(20)
        review = self.lost()
        review.qty = -1
        review.action_approve()
        self.assertEqual((self.recorded(), review.proposed_qty), (19, -2))

    def test_refusing_leaves_the_stock_and_is_logged(self):
        self.put(20)
        review = self.lost()
        review.action_refuse()
        self.assertEqual((self.recorded(), review.state), (20, "refused"))
        self.assertIn("Refused", str(review.message_ids.mapped("body")))
        review.action_approve()  # too late
        self.assertEqual(self.recorded(), 20)

    def test_a_decision_stays(self):
        self.put(20)
        review = self.lost()
        review.action_approve()
        review.action_approve()
        self.assertEqual(self.recorded(), 18)
        with self.assertRaises(UserError):
            review.qty = 5
        with self.assertRaises(UserError):
            review.unlink()

    def test_more_than_is_recorded_is_not_taken(self):
        self.put(1)
        review = self.lost()
        with self.assertRaises(UserError) as caught:
            review.action_approve()
        self.assertIn("Only 1", str(caught.exception))
        self.assertEqual((self.recorded(), review.state), (1, "proposed"))

    def test_in_bulk_one_that_cannot_be_done_hinders_none(self):
        self.put(20)
        other = self.make_held("POOR")
        reviews = self.lost() | self.lost(listing=other)
        reviews.action_approve()
        self.assertEqual(self.recorded(), 18)
        poor = reviews.filtered(lambda review: review.listing_id == other)
        self.assertEqual(poor.state, "proposed")
        self.assertIn("Only 0", poor.problem)

    def tracked(self, tracking="lot", *lots):
        """Let the product be tracked and lie in these lots; return the lots."""
        self.product.tracking = tracking
        made = self.env["stock.lot"].create(
            [{"name": name, "product_id": self.product.id} for name, _n in lots]
        )
        for lot, (_name, quantity) in zip(made, lots, strict=True):
            self.env["stock.quant"]._update_available_quantity(
                self.product, self.amazon, quantity, lot_id=lot
            )
        return made

    def in_lot(self, lot):
        return self.env["stock.quant"]._get_available_quantity(
            self.product, self.amazon, lot_id=lot, strict=True
        )

    def test_tracked_goods_wait_for_the_lot_that_a_person_names(self):
        old, new = self.tracked("lot", ("OLD", 12), ("NEW", 8))
        review = self.lost()
        self.assertEqual(review.recorded_qty, 20)
        with self.assertRaisesRegex(UserError, "Choose the one"):
            review.action_approve()
        self.assertEqual(review.state, "proposed")
        review.lot_id = new
        self.assertEqual(review.recorded_qty, 8)
        review.action_approve()
        self.assertEqual((self.in_lot(old), self.in_lot(new)), (12, 6))
        self.assertEqual(review.move_ids.move_line_ids.lot_id, new)

    def test_a_lot_has_not_less_than_nothing(self):
        (lot,) = self.tracked("lot", ("SMALL", 1))
        review = self.lost()
        review.lot_id = lot
        with self.assertRaisesRegex(UserError, "Only 1"):
            review.action_approve()

    def test_a_lot_of_another_product_is_refused(self):
        self.tracked()
        other = self.make_product("OTHER", tracking="lot")
        review = self.lost()
        review.lot_id = self.env["stock.lot"].create(
            {"name": "L", "product_id": other.id}
        )
        with self.assertRaisesRegex(UserError, "is no lot of"):
            review.action_approve()

    def test_goods_without_lots_take_none(self):
        self.put(20)
        review = self.lost()
        self.product.tracking = "lot"
        review.lot_id = self.env["stock.lot"].create(
            {"name": "L", "product_id": self.product.id}
        )
        self.product.tracking = "none"
        with self.assertRaisesRegex(UserError, "clear the lot"):
            review.action_approve()

    def test_a_serial_number_is_one_unit(self):
        (number,) = self.tracked("serial", ("S1", 1))
        review = self.lost()
        review.lot_id = number
        with self.assertRaisesRegex(UserError, "one unit"):
            review.action_approve()
        review.qty = -1
        review.action_approve()
        self.assertEqual((review.state, self.in_lot(number)), ("approved", 0))

    def test_the_lot_of_a_decision_stays(self):
        (lot, other) = self.tracked("lot", ("A", 9), ("B", 9))
        review = self.lost()
        review.lot_id = lot
        review.action_approve()
        with self.assertRaises(UserError):
            review.lot_id = other

    def test_in_bulk_those_without_a_lot_wait(self):
        self.tracked("lot", ("A", 20))
        plain = self.make_held("PLAIN")
        self.put(20, plain.product_id)
        reviews = self.lost() | self.lost(listing=plain)
        reviews.action_approve()
        states = {one.listing_id.sku: one.state for one in reviews}
        self.assertEqual(states, {"FBA": "proposed", "PLAIN": "approved"})
        problem = reviews.filtered(lambda one: one.state == "proposed").problem
        self.assertIn("lot or serial", problem)

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_it_takes_the_rights_of_both_trades(self):
        self.put(20)
        review = self.lost()
        user = new_test_user(self.env, "review-user", USER)
        with self.assertRaises(UserError):
            review.with_user(user).action_approve()
        picker = new_test_user(self.env, "review-picker", "stock.group_stock_user")
        with self.assertRaises(AccessError):
            review.with_user(picker).action_approve()
        self.assertEqual(self.recorded(), 20)
        both = new_test_user(self.env, "review-both", f"{USER},stock.group_stock_user")
        review.with_user(both).action_approve()
        self.assertEqual(self.recorded(), 18)

    def test_nothing_moves_before_a_person_decides(self):
        self.put(20)
        moves = self.env["stock.move"].search_count([])
        self.lost()
        self.assertEqual(self.recorded(), 20)
        self.assertEqual(self.env["stock.move"].search_count([]), moves)

    def test_a_review_for_another_companys_location_is_not_possible(self):
        other = self.env["res.company"].create({"name": "Another company"})
        theirs = self.env["stock.warehouse"].search([("company_id", "=", other.id)])
        with self.assertRaises(UserError):
            self.account.channel_location_id = theirs.lot_stock_id
