"""How calls reach Amazon: tokens, errors, credentials, and no global state."""

import os
import subprocess
import sys
import unittest
from pathlib import Path
from unittest import mock

from marketplace_sync.channels.amazon import auth, operations
from marketplace_sync.channels.amazon.transport import error_of
from marketplace_sync.channels.base import AdapterConfig, Token
from marketplace_sync.channels.errors import (
    AuthenticationError,
    ChannelBlockedError,
    ChannelUnreachable,
    RejectedError,
    RetryableError,
)
from marketplace_sync.channels.http import Answer
from marketplace_sync.tests.pure.amazon_case import CANADA, GERMANY, US, AmazonCase

ROOT = Path(__file__).resolve().parents[3]


class TestTokens(AmazonCase, unittest.TestCase):
    def test_one_token_serves_many_calls(self):
        adapter = self.make_adapter()
        for _call in range(3):
            self.read(adapter, self.known_ref())
        self.assertEqual(len(self.tokens.issued), 1)

    def test_a_token_about_to_expire_is_replaced_before_it_is_refused(self):
        adapter = self.make_adapter()
        self.read(adapter, self.known_ref())
        self.clock.sleep(3600 - 30)
        self.tokens.current = None  # what a provider that looks at the time does
        self.read(adapter, self.known_ref())
        self.assertEqual(len(self.tokens.issued), 2)
        self.assertEqual(self.tokens.refused, [])

    def test_amazons_own_403_for_an_expired_token_is_cured(self):
        adapter = self.make_adapter()
        self.read(adapter, self.known_ref())
        self.simulator.expire_tokens()
        self.read(adapter, self.known_ref())
        self.assertEqual(self.tokens.refused, self.tokens.issued[:1])

    def test_a_provider_that_has_no_other_token_blocks_the_account(self):
        adapter = self.make_adapter()
        adapter.transport._tokens = lambda refused=None: Token("Atza|old")
        with self.assertRaises(AuthenticationError):
            self.read(adapter, self.known_ref())

    def test_the_token_ends_when_amazon_says(self):
        token = self.make_adapter().request_token()
        self.assertEqual(token.expires_at, self.clock() + 3600)
        self.assertIsNone(token.refresh_token)

    def test_two_accounts_never_share_a_token(self):
        self.read(self.make_adapter(), self.known_ref())
        first = self.tokens.issued
        self.read(self.make_adapter(), self.known_ref())
        self.assertNotEqual(first, self.tokens.issued)


class TestLogin(AmazonCase, unittest.TestCase):
    def refuse(self, status, body):
        self.fault("lwaToken", "status", status=status, body=body)
        with self.assertRaises(Exception) as caught:
            self.make_adapter().request_token()
        return caught.exception

    def test_each_refusal_says_what_to_do(self):
        cases = {
            "invalid_client": "client secret",
            "invalid_grant": "Authorise the application again",
            "unauthorized_client": "another application",
            "something_new": "refuses the account's credentials",
        }
        for code, words in cases.items():
            with self.subTest(code):
                error = self.refuse(400, {"error": code, "error_description": "?"})
                self.assertIsInstance(error, AuthenticationError)
                self.assertIn(words, error.message)
                self.assertEqual(error.code, code)

    def test_amazons_own_trouble_blames_no_credential(self):
        for status, body in (
            (400, {"error": "temporarily_unavailable"}),
            (500, {"error": "server_error"}),
            (403, "<html>Forbidden</html>"),
            (200, {"no": "token"}),
            (200, ["nonsense"]),
        ):
            with self.subTest(status=status, body=body):
                self.assertIsInstance(self.refuse(status, body), RetryableError)

    def test_what_is_missing_is_named_and_nothing_is_sent(self):
        with self.assertRaisesRegex(AuthenticationError, "client ID, refresh token"):
            auth.check_credentials({"seller_id": "A", "client_secret": "s"})

    def test_a_missing_seller_id_is_named_before_a_push(self):
        adapter = self.make_adapter(credentials={"seller_id": ""})
        with self.assertRaisesRegex(AuthenticationError, "seller ID"):
            adapter.check_connection()
        self.assertEqual(self.running.log("amazon"), [])


class TestErrors(AmazonCase, unittest.TestCase):
    def failure(self, status, body):
        self.fault("getListingsItem", "status", status=status, body=body, times=2)
        try:
            self.make_adapter().transport.call(
                "getListingsItem", "A1SIMULATOR", "A", marketplaceIds=[US]
            )
        except Exception as error:
            return error
        finally:
            self.running.clear_faults()
        raise AssertionError("nothing was raised")

    def test_every_status_from_300_on_raises_its_family(self):
        errors = {"errors": [{"code": "X", "message": "Words."}]}
        families = {
            301: RetryableError,
            400: RejectedError,
            401: AuthenticationError,
            403: ChannelBlockedError,
            404: RejectedError,
            413: RejectedError,
            415: RejectedError,
            429: RetryableError,
            500: RetryableError,
            502: RetryableError,
            503: RetryableError,
            504: RetryableError,
        }
        for status, family in families.items():
            with self.subTest(status):
                self.assertIsInstance(self.failure(status, errors), family)

    def test_answers_without_amazons_json_are_some_gateways_word(self):
        for status in (301, 400, 403, 404, 413, 429, 500, 502, 503):
            for body in (None, "<html>?</html>"):
                if status == 404:
                    continue
                with self.subTest(status=status, body=body):
                    self.assertIsInstance(self.failure(status, body), RetryableError)

    def test_a_success_that_is_no_json_object_is_unreachable(self):
        for body in (None, "<html>?</html>", [], "7"):
            with self.subTest(body=body):
                self.assertIsInstance(self.failure(200, body), ChannelUnreachable)

    def test_amazons_words_code_and_request_id_are_kept(self):
        errors = {"errors": [{"code": "X", "message": "Words.", "details": "More."}]}
        error = self.failure(400, errors)
        self.assertEqual(error.code, "X")
        self.assertIn("Words. More.", error.message)

    def test_a_message_without_errors_is_read_too(self):
        answer = Answer(403, {"message": "Forbidden"})
        self.assertEqual(error_of(answer), ("403", "Forbidden"))

    def test_a_token_in_amazons_words_is_not_repeated(self):
        words = "You sent Atzr|simulator as amzn1.oa2-cs.v1.simulator"
        error = self.failure(400, {"errors": [{"code": "X", "message": words}]})
        self.assertNotIn("simulator ", error.message)
        self.assertIn("***", error.message)

    def test_odd_error_bodies_break_nothing(self):
        for body in ({"errors": []}, {"errors": "x"}, {"errors": [None]}, [1], {}):
            with self.subTest(body=body):
                self.assertIsInstance(self.failure(503, body), ChannelUnreachable)


class TestConnection(AmazonCase, unittest.TestCase):
    def test_sites_are_the_sellers_marketplaces(self):
        self.seed(sites=[US, {"code": CANADA, "participating": False}])
        report = self.make_adapter().check_connection()
        self.assertEqual(report.account_name, "Simulated Store")
        sites = {site.code: site.active for site in report.sites}
        self.assertEqual(sites, {US: True, CANADA: False})

    def test_listings_set_to_inactive_are_a_warning_of_the_site(self):
        self.seed(sites=[{"code": US, "suspended": True}])
        (site,) = self.make_adapter().check_connection().sites
        self.assertIn("inactive", site.warnings[0])

    def test_a_missing_role_is_named(self):
        for roles, role in ((["sellers"], "Product Listing"), ([], "Finance and")):
            with self.subTest(role):
                self.seed(roles=roles)
                report = self.make_adapter().check_connection()
                self.assertIn(role, report.missing[0])

    def test_a_wrong_seller_id_is_missing_something(self):
        adapter = self.make_adapter(credentials={"seller_id": "A1OTHER"})
        self.assertIn("seller ID", adapter.check_connection().missing[0])

    def test_a_site_where_the_seller_is_not_is_a_warning(self):
        self.sites = (US, CANADA)
        self.assertIn(CANADA, self.make_adapter().check_connection().warnings[0])

    def test_a_seller_without_marketplace_here_is_told(self):
        self.seed(sites=[{"code": US, "participating": False}])
        self.assertIn(
            "no marketplace", self.make_adapter().check_connection().missing[0]
        )

    def test_a_rate_limit_is_not_taken_for_a_missing_role(self):
        for operation in ("getMarketplaceParticipations", "searchListingsItems"):
            self.fault(operation, "429")
            with self.assertRaises(RetryableError):
                self.make_adapter().check_connection()


class TestLibrary(unittest.TestCase):
    def sent(self, operation, *args, **kwargs):
        calls = []
        operations.Operations(lambda *call: calls.append(call)).call(
            operation, *args, **kwargs
        )
        return calls[0]

    def test_the_operations_we_use_exist_in_the_library(self):
        for method in operations.METHODS.values():
            self.assertTrue(callable(getattr(operations.Operations, method)), method)

    def test_skus_are_quoted_whole(self):
        _name, method, path, _body = self.sent(
            "getListingsItem", "A1", "A/B #1é", marketplaceIds=[US]
        )
        self.assertEqual(method, "GET")
        self.assertEqual(
            path,
            f"/listings/2021-08-01/items/A1/A%2FB%20%231%C3%A9?marketplaceIds={US}",
        )

    def test_lists_travel_as_csv_and_only_what_was_asked(self):
        path = self.sent(
            "searchListingsItems", "A1", marketplaceIds=[US], identifiers=["a b", "ñ"]
        )[2]
        self.assertTrue(path.endswith(f"marketplaceIds={US}&identifiers=a%20b,%C3%B1"))

    def test_bodies_hold_nothing_of_the_librarys_own(self):
        body = self.sent("createFeedDocument", None, "application/json")[3]
        self.assertEqual(body, {"contentType": "application/json"})
        body = self.sent("createFeed", "F", "doc", marketplaceIds=[US])[3]
        self.assertEqual(sorted(body), sorted(BODY_OF_FEED))

    def test_the_environment_cannot_choose_host_marketplace_or_account(self):
        environment = {
            "SP_API_DEFAULT_MARKETPLACE": "DE",
            "AWS_ENV": "SANDBOX",
            "SP_API_REFRESH_TOKEN": "Atzr|environment",
            "LWA_APP_ID": "environment",
            "LWA_CLIENT_SECRET": "environment",
        }
        with mock.patch.dict(os.environ, environment):
            from marketplace_sync.channels.amazon import AmazonAdapter

            adapter = AmazonAdapter(AdapterConfig(credentials={}, sites=(GERMANY,)))
            self.assertEqual(
                adapter.transport.endpoint, "https://sellingpartnerapi-eu.amazon.com"
            )
            with self.assertRaises(AuthenticationError):
                adapter.request_token()

    def test_values_that_the_library_does_not_know_do_not_stop_the_import(self):
        code = (
            "import os, sys, types; sys.path.insert(0, sys.argv[1]);"
            "stub = types.ModuleType('marketplace_sync');"
            "stub.__path__ = [sys.argv[1] + '/marketplace_sync'];"
            "sys.modules['marketplace_sync'] = stub;"
            "import marketplace_sync.channels.amazon;"
            "print(os.environ['AWS_ENV'])"
        )
        environment = {**os.environ, "AWS_ENV": "dev"}
        environment["SP_API_DEFAULT_MARKETPLACE"] = "MARS"
        done = subprocess.run(
            [sys.executable, "-c", code, str(ROOT)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.assertEqual((done.stdout.strip(), done.stderr), ("dev", ""))


BODY_OF_FEED = ["feedType", "inputFeedDocumentId", "marketplaceIds"]
