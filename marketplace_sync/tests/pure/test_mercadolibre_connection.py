"""Tokens, the connection check, and what errors say."""

import os
import unittest
from pathlib import Path

import pytest

from marketplace_sync.channels.errors import (
    AuthenticationError,
    ChannelBlockedError,
    ChannelError,
    ChannelUnreachable,
    RateLimited,
    RejectedError,
)
from marketplace_sync.channels.http import Answer
from marketplace_sync.channels.mercadolibre import MercadoLibreAdapter, const, words
from marketplace_sync.channels.mercadolibre.items import entries_of
from marketplace_sync.tests.pure.mercadolibre_case import MercadoLibreCase
from simulator.mercadolibre_errors import ACCESS_DENIED, POLICY_AGENT

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = Path(
    os.environ.get("MARKETPLACE_API_SCHEMAS") or ROOT.parent / "shared" / "apis"
).joinpath("mercadolibre", "samples")


class TestTokens(MercadoLibreCase):
    def test_the_new_refresh_token_is_handed_back(self):
        before = self.channel.state["auth"]["refresh_token"]
        token = self.adapter.request_token()
        self.assertNotEqual(token.refresh_token, before)
        self.assertEqual(
            token.refresh_token, self.channel.state["auth"]["refresh_token"]
        )

    def test_the_lifetime_in_the_answer_counts(self):
        token = self.adapter.request_token()
        self.assertEqual(token.expires_at, self.clock() + 10_800)

    def test_a_used_refresh_token_asks_for_a_new_authorisation(self):
        used = self.channel.state["auth"]["refresh_token"]
        self.adapter.request_token()
        with self.assertRaises(AuthenticationError) as caught:
            self.make_adapter(refresh_token=used).request_token()
        self.assertEqual(caught.exception.code, "invalid_grant")
        self.assertIn("authorise", caught.exception.message)
        self.assertNotIn(used, str(caught.exception))

    def test_one_adapter_can_refresh_again_with_what_it_was_given(self):
        self.adapter.request_token()
        self.assertTrue(self.adapter.request_token().access_token)

    def test_one_request_per_token(self):
        self.adapter.request_token()
        self.assertEqual(len(self.wire.sent), 1)

    def test_too_many_token_requests_wait(self):
        for kind in ("429", "429_text", "429_empty"):
            with self.subTest(kind):
                self.fault("oauthToken", kind)
                with self.assertRaises(RateLimited):
                    self.make_adapter().request_token()

    def test_secrets_travel_in_the_body_and_the_token_in_the_header(self):
        self.seed({"sku": "A"})
        self.push_one(self.known(), 7)
        for call in self.calls():
            self.assertFalse({"access_token", "client_secret"} & set(call.query))
            if call.path != "/oauth/token":
                self.assertTrue(call.headers["authorization"].startswith("Bearer "))
        (token_call,) = self.calls("oauthToken")
        self.assertNotIn("authorization", token_call.headers)

    def test_an_expired_token_is_replaced_once(self):
        self.seed({"sku": "A"})
        self.push_one(self.known(), 6)
        self.clock.sleep(10_801)
        self.assertEqual(self.push_one(self.known(), 7).outcome, "accepted")
        self.assertEqual(len(self.tokens.issued), 2)


class TestRateLimits(MercadoLibreCase):
    def test_a_429_in_any_spelling_is_a_rate_limit(self):
        self.seed({"sku": "A"})
        kinds = ("429", "429_text", "429_quota", "429_fulfillment", "429_empty")
        for kind in kinds:
            with self.subTest(kind), self.assertRaises(RateLimited):
                self.fault("bulkItems", kind)
                self.read(self.known(), adapter=self.make_adapter())

    def test_a_refused_operation_is_asked_at_half_its_rate(self):
        self.seed({"sku": "A"})
        self.fault("bulkItems", "429")
        with self.assertRaises(RateLimited):
            self.read(self.known())
        bucket = self.adapter.limiter.buckets["get_items"]
        published = const.LIMITS["get_items"].rate
        self.assertEqual(bucket.rate(self.clock()), published / 2)

    def test_a_quota_of_the_application_slows_every_operation(self):
        self.seed({"sku": "A"})
        self.fault("bulkItems", "429_quota")
        with self.assertRaises(RateLimited):
            self.read(self.known())
        bucket = self.adapter.limiter.buckets[const.APPLICATION]
        self.assertLess(bucket.rate(self.clock()), const.LIMITS[const.APPLICATION].rate)

    def test_every_operation_has_a_limit(self):
        self.seed({"sku": "A"}, {"sku": "V", "item_id": "MLM9", "variation_id": 1})
        list(self.adapter.fetch_listings())
        self.push((self.known("A"), 1), (self.known("V"), 2))
        self.adapter.check_connection()
        calls = self.adapter.limiter.calls
        self.assertLessEqual(set(calls), set(const.LIMITS))
        self.assertEqual(calls[const.APPLICATION], len(self.wire.sent))


class TestConnection(MercadoLibreCase):
    def test_a_seller_without_depots_has_its_country_as_site(self):
        report = self.adapter.check_connection()
        self.assertEqual([site.code for site in report.sites], ["MLM"])
        self.assertEqual(report.account_name, "TIENDA DE PRUEBA")
        self.assertEqual(report.data["site_id"], "MLM")
        self.assertIn("user_product_seller", report.data["tags"])
        self.assertEqual(report.missing, ())

    def test_a_seller_with_depots_has_the_depots_as_sites(self):
        depots = [{"code": str(n), "name": f"Depot {n}"} for n in range(200, 330)]
        depots[0]["status"] = "inactive"
        self.seed(sites=depots)
        report = self.adapter.check_connection()
        self.assertEqual(len(report.sites), 130)
        self.assertFalse(report.sites[0].active)
        self.assertEqual(report.sites[1].name, "Depot 201")
        self.assertEqual(report.data["depots"]["201"], "MLP201")

    def test_depots_that_are_needed_but_not_there_are_warned_about(self):
        self.shop.seller["tags"].append("warehouse_management")
        self.assertIn("depots", self.adapter.check_connection().warnings[0])

    def test_a_missing_permission_is_said_in_words(self):
        for operation in ("getUser", "searchItems"):
            with self.subTest(operation):
                self.fault(operation, "status", status=403, body=POLICY_AGENT)
                report = self.make_adapter().check_connection()
                self.assertIn("functional permissions", report.missing[0])

    def test_a_token_of_another_seller_is_said_in_words(self):
        self.fault("searchItems", "status", status=403, body=ACCESS_DENIED)
        self.assertIn("another seller", self.adapter.check_connection().missing[0])

    def test_a_missing_seller_id_is_named(self):
        with self.assertRaises(AuthenticationError) as caught:
            self.make_adapter(user_id="").check_connection()
        self.assertIn("user id", caught.exception.message)
        self.assertFalse(self.wire.sent)

    def test_a_country_without_site_id_is_recognised(self):
        original = self.channel._about_seller

        def without_site(operation, user, query):
            response = original(operation, user, query)
            response.body.pop("site_id", None)
            return response

        self.channel._about_seller = without_site
        self.assertEqual(self.adapter.check_connection().data["site_id"], "MLM")


class TestErrors(MercadoLibreCase):
    def raised(self, **fault):
        self.seed({"sku": "A"})
        self.fault("bulkItems", "status", **fault)
        with self.assertRaises(ChannelError) as caught:
            self.read(self.known(), adapter=self.make_adapter())
        return caught.exception

    def test_the_status_decides_the_family_whatever_the_body(self):
        families = {
            403: ChannelBlockedError,
            404: RejectedError,
            429: RateLimited,
            500: ChannelUnreachable,
            502: ChannelUnreachable,
        }
        for status, family in families.items():
            for body in (None, "oops", {"message": "x"}, [1], {"cause": {"code": "c"}}):
                with self.subTest(status=status, body=body):
                    self.assertIsInstance(self.raised(status=status, body=body), family)

    def test_a_token_that_the_channel_repeats_is_not_repeated_by_us(self):
        secret = "APP_USR-123-fake-456"
        error = self.raised(status=404, body={"message": f"bad token {secret}"})
        self.assertNotIn(secret, str(error))

    def test_what_the_channel_does_not_offer_is_declared(self):
        self.assertFalse(MercadoLibreAdapter.supports("poll_push"))
        self.assertTrue(MercadoLibreAdapter.supports("fetch_stock"))


def sample(name):
    """Return the response of a sample beside the facts."""
    if not SAMPLES.is_dir():
        pytest.skip(f"no samples of Mercado Libre at {SAMPLES}")
    import json

    return json.loads((SAMPLES / f"{name}.json").read_text())["response"]


def answer(name):
    response = sample(name)
    return Answer(response["status"], response["body"], response["headers"])


REFUSALS = {
    "error_400_available_quantity_not_modifiable": "mode_changed",
    "error_400_single_warehouse_multi_node": "single_warehouse",
    "error_400_single_warehouse_selling_address": "mode_changed",
    "error_400_store_not_stock_location": "not_stock_location",
}


@pytest.mark.parametrize(("name", "code"), REFUSALS.items())
def test_documented_refusals_are_recognised(name, code):
    assert words.refusal(answer(name))[0] == code


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("error_403_policy_agent", words.PERMISSIONS),
        ("error_403_invalid_scopes", words.SCOPES),
        ("error_403_access_denied", None),
    ],
)
def test_documented_403_answers_are_told_apart(name, text):
    assert words.account_refusal(answer(name)) == text


def test_documented_items_are_understood():
    plain = entries_of(sample("item_user_product_model")["body"])
    assert [(e.external_ref, e.quantity) for e in plain] == [("MLM2061397137", 8)]
    assert plain[0].counter("item") == "MLMU367467963"
    legacy = entries_of(sample("item_with_variations_legacy")["body"])
    assert legacy[0].external_ref == "MLA658778048:15092589430"
    assert legacy[0].barcode == "7792931000015"


if __name__ == "__main__":
    unittest.main()
