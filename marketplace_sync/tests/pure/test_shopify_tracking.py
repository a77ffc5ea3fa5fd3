"""Parcels that share a tracking number, and numbers that change, at Shopify."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from marketplace_sync.channels.errors import ChannelUnreachable
from marketplace_sync.channels.shopify.carriers import CARRIERS
from marketplace_sync.tests.pure.test_shopify_shipments import ShipmentCase

ROOT = Path(__file__).resolve().parents[3]
SCHEMAS = Path(os.environ.get("MARKETPLACE_API_SCHEMAS") or ROOT.parent / "shared/apis")
OFFICIAL = SCHEMAS / "shopify" / "admin_2026-10_pruned.graphql"


class TestSharedNumbers(ShipmentCase):
    def test_a_second_parcel_under_one_number_is_told(self):
        order = self.order(3)
        self.assertEqual(self.confirm(self.parcel(order, 1)).outcome, "accepted")
        second = self.parcel(order, 2, told_before=Decimal(1))
        self.assertEqual(self.confirm(second).outcome, "accepted")
        self.assertEqual(self.sent(), [("T1", 1), ("T1", 2)])

    def test_its_repetition_is_known_all_the_same(self):
        order = self.order(4)
        self.confirm(self.parcel(order, 1))
        second = self.parcel(order, 1, told_before=Decimal(1))
        self.confirm(second)
        self.assertEqual(self.confirm(second).outcome, "already")
        self.assertEqual(len(self.sent()), 2)

    def test_a_lost_answer_is_not_taken_for_the_parcel_before(self):
        order = self.order(3)
        self.confirm(self.parcel(order, 1))
        self.fault("fulfillmentCreate", "reset")
        second = self.parcel(order, 2, told_before=Decimal(1))
        with self.assertRaises(ChannelUnreachable):
            self.confirm(second)
        self.assertEqual(self.confirm(second).outcome, "accepted")
        self.assertEqual(self.sent(), [("T1", 1), ("T1", 2)])

    def test_two_parcels_of_as_many_units_without_a_number_are_told(self):
        order = self.order(2)
        self.confirm(self.parcel(order, 1, number=""))
        second = self.parcel(order, 1, number="", told_before=Decimal(1))
        self.assertEqual(self.confirm(second).outcome, "accepted")

    def test_without_a_number_an_unaccounted_parcel_is_left_to_a_person(self):
        order = self.order(2)
        parcel = self.parcel(order, 1, number="")
        self.confirm(parcel)
        self.assertEqual(self.confirm(parcel).code, "DOUBTFUL")


class TestCorrecting(ShipmentCase):
    def correct(self, external_id, **values):
        order = self.order()
        gid = self.confirm(self.parcel(order, number="WRONG")).external_id
        parcel = self.parcel(order, number="RIGHT", **values)
        return self.adapter().correct_shipment(parcel, external_id or gid)

    def test_a_number_that_changes_replaces_the_old_one(self):
        self.assertEqual(self.correct("").outcome, "accepted")
        self.assertEqual(self.sent(), [("RIGHT", 2)])

    def test_a_parcel_that_is_not_there_is_a_refusal_in_words(self):
        for wrong in ("gid://shopify/Fulfillment/404", "x"):
            result = self.correct(wrong)
            self.assertEqual(result.outcome, "rejected")
            self.assertTrue(result.error)


def test_the_list_of_carriers_is_the_official_one():
    if not OFFICIAL.exists():
        pytest.skip(f"no official schema at MARKETPLACE_API_SCHEMAS ({OFFICIAL})")
    text = " ".join(OFFICIAL.read_text(encoding="utf-8").split())
    assert [name for name in CARRIERS if name not in text] == []
