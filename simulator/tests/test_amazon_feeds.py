"""The simulated Amazon: feeds, reports, tokens and rates."""

from urllib.parse import urlsplit

from .amazon_client import SELLER, US, AmazonSimulatorCase, feed_of


class TestFeeds(AmazonSimulatorCase):
    def status(self, feed_id):
        return self.feed_state(feed_id)["processingStatus"]

    def test_a_feed_is_applied_when_it_has_been_processed(self):
        self.seed({"sku": "A", "quantity": 5})
        feed_id = self.feed({"A": 7})
        self.assertEqual(self.status(feed_id), "IN_PROGRESS")
        self.assertEqual(self.quantity("A"), 5)
        self.now += 2
        self.assertEqual(self.status(feed_id), "DONE")
        self.assertEqual(self.quantity("A"), 7)

    def test_the_report_reads_back_what_was_asked_for(self):
        self.seed({"sku": "A", "quantity": 5})
        feed_id = self.feed({"A": 7, "TYPO": 7})
        self.now += 2
        report = self.feed_report(feed_id)
        self.assertEqual(report["summary"]["messagesAccepted"], 2)
        self.assertEqual([item["sku"] for item in report["items"]], ["A"])
        self.assertEqual(
            report["items"][0]["fulfillmentAvailability"][0]["quantity"], 7
        )

    def test_without_included_data_the_report_only_says_accepted(self):
        self.seed({"sku": "A", "quantity": 5})
        feed_id = self.feed({"A": 7}, included=())
        self.now += 2
        self.assertEqual(self.feed_report(feed_id)["items"], [])

    def test_feeds_wait_for_the_one_before(self):
        self.seed({"sku": "A", "quantity": 5})
        self.feed({"A": 7})
        second = self.feed({"A": 8})
        self.assertEqual(self.status(second), "IN_QUEUE")
        self.now += 3
        self.assertEqual((self.status(second), self.quantity("A")), ("IN_PROGRESS", 7))
        self.now += 1
        self.assertEqual((self.status(second), self.quantity("A")), ("DONE", 8))

    def test_a_stuck_feed_blocks_every_later_one_until_released(self):
        self.seed({"sku": "A", "quantity": 5})
        stuck = self.feed({"A": 7}, fault={"kind": "stuck"})
        second = self.feed({"A": 8})
        self.now += 1800
        self.assertEqual(self.status(stuck), "IN_PROGRESS")
        self.assertEqual(self.status(second), "IN_QUEUE")
        self.amazon.release_feeds()
        self.assertEqual(self.status(second), "DONE")
        self.assertEqual(self.quantity("A"), 8)

    def test_a_queued_feed_overwrites_a_newer_patch(self):
        self.seed({"sku": "A", "quantity": 5})
        self.feed({"A": 7})
        self.patch("A", quantity=0)
        self.now += 1
        self.assertEqual(self.quantity("A"), 0)
        self.now += 1
        self.assertEqual(self.quantity("A"), 7)

    def test_a_patch_after_the_feed_was_processed_wins(self):
        self.seed({"sku": "A", "quantity": 5})
        self.feed({"A": 7})
        self.now += 5
        self.patch("A", quantity=0)
        self.now += 5
        self.assertEqual(self.quantity("A"), 0)

    def test_faults_end_feeds_as_amazon_does(self):
        self.seed({"sku": "A", "quantity": 5})
        for kind, status in (("fatal", "FATAL"), ("cancelled", "CANCELLED")):
            feed_id = self.feed({"A": 7}, fault={"kind": kind})
            self.now += 3
            self.assertEqual(self.status(feed_id), status)
            self.assertEqual(self.quantity("A"), 5)

    def test_what_is_no_feed_is_fatal(self):
        twice = feed_of({"A": 1, "B": 2})
        twice["messages"][1]["messageId"] = 1
        for text in ("not json", "{}", '{"header":{},"messages":[]}', str(twice)):
            with self.subTest(text[:20]):
                feed_id = self.feed({}, text=text)
                self.now += 3
                self.assertEqual(self.status(feed_id), "FATAL")

    def test_a_bad_message_is_refused_alone(self):
        self.seed({"sku": "A", "quantity": 5}, {"sku": "B", "quantity": 5})
        feed_id = self.feed({"A": -1, "B": 7})
        self.now += 2
        report = self.feed_report(feed_id)
        self.assertEqual([issue["sku"] for issue in report["issues"]], ["A"])
        self.assertEqual((self.quantity("A"), self.quantity("B")), (5, 7))

    def test_the_fault_invalid_refuses_the_skus_it_names(self):
        self.seed({"sku": "A", "quantity": 5}, {"sku": "B", "quantity": 5})
        feed_id = self.feed({"A": 7, "B": 7}, fault={"kind": "invalid", "skus": ["A"]})
        self.now += 2
        self.assertEqual(self.feed_report(feed_id)["summary"]["messagesInvalid"], 1)

    def test_a_feed_takes_one_marketplace_of_the_seller(self):
        for sites in ([], [US, "A2EUQ1WTGCTBG2"], ["A1PA6795UKMFR9"]):
            body = {"feedType": "JSON_LISTINGS_FEED", "marketplaceIds": sites}
            body["inputFeedDocumentId"] = "1"
            answer = self.call("POST", "/feeds/2021-06-30/feeds", body)
            self.assertEqual(answer.status, 400)

    def test_a_waiting_feed_can_be_cancelled(self):
        self.feed({"A": 7})
        second = self.feed({"A": 8})
        path = f"/feeds/2021-06-30/feeds/{second}"
        self.assertEqual(self.call("DELETE", path).status, 200)
        self.assertEqual(self.status(second), "CANCELLED")
        self.assertEqual(self.call("DELETE", path).status, 400)

    def test_an_upload_needs_the_announced_type_within_five_minutes(self):
        body = {"contentType": "application/json"}
        url = self.call("POST", "/feeds/2021-06-30/documents", body).body["url"]
        self.assertEqual(self.upload(url, b"{}", "text/plain").status, 403)
        self.assertEqual(self.upload(url, b"{}").status, 200)
        self.now += 301
        self.assertEqual(self.upload(url, b"{}").status, 403)

    def test_a_token_at_a_presigned_address_is_noted(self):
        body = {"contentType": "application/json"}
        url = self.call("POST", "/feeds/2021-06-30/documents", body).body["url"]
        self.call("PUT", urlsplit(url).path.removeprefix("/amazon"), b"{}")
        self.assertEqual(self.amazon.leaked_tokens, [self.token])


class TestReports(AmazonSimulatorCase):
    def report(self, site=US, fault=None, options=None):
        body = {"reportType": "GET_MERCHANT_LISTINGS_ALL_DATA"}
        body |= {"marketplaceIds": [site], "reportOptions": options or {}}
        path = "/reports/2021-06-30/reports"
        report_id = self.call("POST", path, body, fault=fault).body["reportId"]
        self.now += 1
        return self.call("GET", f"{path}/{report_id}").body

    def lines(self, report):
        path = f"/reports/2021-06-30/documents/{report['reportDocumentId']}"
        text = self.download(self.call("GET", path).body).decode()
        return [line.split("\t") for line in text.splitlines()]

    def test_a_report_lists_the_site_and_who_ships(self):
        self.seed({"sku": "A"}, {"sku": "FBA", "fulfilment": "channel"})
        headers, *rows = self.lines(self.report())
        sku, channel = (
            headers.index("seller-sku"),
            headers.index("fulfillment-channel"),
        )
        found = {row[sku]: row[channel] for row in rows}
        self.assertEqual(found, {"A": "DEFAULT", "FBA": "AMAZON_NA"})

    def test_headers_are_localized_unless_asked_otherwise(self):
        self.seed(sites=["A1PA6795UKMFR9"])
        headers = self.lines(self.report("A1PA6795UKMFR9"))[0]
        self.assertNotIn("seller-sku", headers)
        english = {"preferredReportDocumentLocale": "en_US"}
        headers = self.lines(self.report("A1PA6795UKMFR9", options=english))[0]
        self.assertIn("seller-sku", headers)

    def test_faults_end_reports_as_amazon_does(self):
        for kind, status in (
            ("fatal", "FATAL"),
            ("cancelled", "CANCELLED"),
            ("stuck", "IN_PROGRESS"),
        ):
            report = self.report(fault={"kind": kind})
            self.assertEqual(report["processingStatus"], status)


class TestAccess(AmazonSimulatorCase):
    def test_login_refuses_in_oauths_words(self):
        for name, status, code in (
            ("client_id", 401, "invalid_client"),
            ("client_secret", 401, "invalid_client"),
            ("refresh_token", 400, "invalid_grant"),
        ):
            answer = self.login(**{name: "other"})
            self.assertEqual((answer.status, answer.body["error"]), (status, code))
        answer = self.login(grant_type="password")
        self.assertEqual(answer.body["error"], "unsupported_grant_type")

    def test_a_token_lives_an_hour_and_then_is_a_403(self):
        self.seed({"sku": "A"})
        self.now += 3599
        self.assertEqual(self.get("A").status, 200)
        self.now += 2
        answer = self.get("A")
        self.assertEqual(answer.status, 403)
        self.assertIn("expired", answer.body["errors"][0]["details"])

    def test_no_token_no_answer(self):
        path = "/sellers/v1/marketplaceParticipations"
        self.assertEqual(self.call("GET", path, headers={}).status, 403)

    def test_an_unquoted_sku_and_another_seller_are_denied(self):
        self.seed({"sku": "A/B"})
        base = "/listings/2021-08-01/items"
        for path in (f"{base}/{SELLER}/A/B", f"{base}/OTHER/A"):
            answer = self.call("GET", path, marketplaceIds=US)
            self.assertEqual(answer.status, 403)

    def test_roles_can_be_missing(self):
        self.seed({"sku": "A"}, roles=["sellers"])
        self.assertEqual(self.get("A").status, 403)
        path = "/sellers/v1/marketplaceParticipations"
        self.assertEqual(self.call("GET", path).status, 200)


class TestRates(AmazonSimulatorCase):
    def setUp(self):
        super().setUp()
        self.seed({"sku": "A"}, rate_limits=True)

    def statuses(self, number):
        return [self.get("A").status for _call in range(number)]

    def test_the_burst_is_served_and_then_the_rate(self):
        self.assertEqual(self.statuses(7), [200] * 5 + [429] * 2)
        self.now += 1
        self.assertEqual(self.statuses(6), [200] * 5 + [429])

    def test_a_caller_at_exactly_the_rate_is_never_refused(self):
        self.statuses(5)
        for wait in (0.15, 0.25, 0.2, 0.15, 0.25) * 10:
            self.now += wait
            self.assertEqual(self.get("A").status, 200)

    def test_a_refusal_has_amazons_words_and_no_rate(self):
        self.statuses(5)
        answer = self.get("A")
        self.assertEqual(answer.body["errors"][0]["code"], "QuotaExceeded")
        self.assertIn("x-amzn-RequestId", answer.headers)
        self.assertNotIn("x-amzn-RateLimit-Limit", answer.headers)

    def test_operations_have_buckets_of_their_own(self):
        self.statuses(6)
        self.assertEqual(self.patch("A", quantity=1).status, 200)

    def test_limits_can_be_switched_off(self):
        self.seed(rate_limits=False)
        self.assertEqual(set(self.statuses(20)), {200})
        self.seed(rate_limits=True)
        self.amazon.enforce_limits = False
        self.assertEqual(set(self.statuses(20)), {200})

    def test_five_listing_feeds_in_five_minutes(self):
        document = self.call(
            "POST", "/feeds/2021-06-30/documents", {"contentType": "x"}
        ).body["feedDocumentId"]
        body = {"feedType": "JSON_LISTINGS_FEED", "marketplaceIds": [US]}
        body["inputFeedDocumentId"] = document
        statuses = [
            self.call("POST", "/feeds/2021-06-30/feeds", body).status for _ in range(6)
        ]
        self.assertEqual(statuses, [202] * 5 + [429])
