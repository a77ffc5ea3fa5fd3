"""The simulated Amazon: what buyers send back to its warehouses, and its report."""

from simulator.amazon_returns import RETURN_COLUMNS, RETURNS_REPORT

from .amazon_client import US, AmazonSimulatorCase

DAY = 86_400


class TestReturns(AmazonSimulatorCase):
    def sold(self, quantity=2, fulfilment="channel"):
        self.seed({"sku": "A", "quantity": 9, "fulfilment": fulfilment})
        order = self.amazon.sell("A", quantity, US)
        self.amazon.ship_order(order)
        return order

    def test_sellable_units_are_back_on_the_shelf_and_others_are_not(self):
        order = self.sold(2)
        self.amazon.return_goods(order)
        self.assertEqual(self.shelf("A").quantity, 8)
        self.amazon.return_goods(order, disposition="Defective")
        self.assertEqual(self.shelf("A").quantity, 8)
        self.assertEqual(self.amazon.listing("A")["fba"], {"defectiveQuantity": 1})

    def test_no_more_comes_back_than_was_sent(self):
        order = self.sold(1)
        self.amazon.return_goods(order)
        with self.assertRaises(ValueError):
            self.amazon.return_goods(order)

    def test_what_the_seller_ships_comes_back_to_him(self):
        with self.assertRaises(ValueError):
            self.amazon.return_goods(self.sold(fulfilment="merchant"))

    def test_what_has_not_left_does_not_come_back(self):
        self.seed({"sku": "A", "quantity": 9, "fulfilment": "channel"})
        with self.assertRaises(ValueError):
            self.amazon.return_goods(self.amazon.sell("A", 1, US))

    def test_a_disposition_that_amazon_does_not_know(self):
        with self.assertRaises(ValueError):
            self.amazon.return_goods(self.sold(), disposition="Fine")

    # --- the report ---
    def report(self, since=-DAY, until=None, **options):
        body = {"reportType": RETURNS_REPORT, "marketplaceIds": [US]}
        body["dataStartTime"] = self.iso(since)
        if until is not None:
            body["dataEndTime"] = self.iso(until)
        path = "/reports/2021-06-30/reports"
        answer = self.call("POST", path, {**body, **options})
        if answer.status != 202:
            return answer
        self.now += 1
        return self.call("GET", f"{path}/{answer.body['reportId']}").body

    def iso(self, seconds):
        from simulator.amazon_dates import iso

        return iso(self.now + seconds)

    def lines(self, report):
        path = f"/reports/2021-06-30/documents/{report['reportDocumentId']}"
        text = self.download(self.call("GET", path).body).decode()
        return [line.split("\t") for line in text.splitlines()]

    def test_the_report_has_amazons_columns(self):
        order = self.sold()
        plate = self.amazon.return_goods(order, comments="Too big")
        headers, row = self.lines(self.report())
        self.assertEqual(tuple(headers), RETURN_COLUMNS)
        found = dict(zip(headers, row, strict=True))
        self.assertEqual(found["order-id"], order)
        self.assertEqual(found["license-plate-number"], plate)
        self.assertEqual(found["customer-comments"], "Too big")

    def test_there_is_no_report_of_nothing(self):
        self.assertEqual(self.report()["processingStatus"], "CANCELLED")
        self.amazon.return_goods(self.sold())
        self.now += 3 * DAY
        self.token = self.login().body["access_token"]
        self.assertEqual(self.report()["processingStatus"], "CANCELLED")
        self.assertEqual(self.report(-5 * DAY)["processingStatus"], "DONE")
        ended = self.report(-5 * DAY, -4 * DAY)
        self.assertEqual(ended["processingStatus"], "CANCELLED")

    def test_a_period_in_the_future_is_refused(self):
        self.assertEqual(self.report(until=DAY).status, 400)
        self.assertEqual(self.report(dataEndTime="tomorrow").status, 400)

    def test_columns_can_drift_and_rows_be_anything(self):
        self.amazon.seed(
            {
                "fba_returns": [{"order-id": "", "quantity": "many"}],
                "returns_renamed": {"sku": "msku", "asin": ""},
                "returns_added": ["refund"],
            }
        )
        headers, row = self.lines(self.report())
        self.assertIn("msku", headers)
        self.assertNotIn("asin", headers)
        self.assertEqual((headers[-1], row[-1]), ("refund", "?"))

    def test_returns_survive_a_restart(self):
        self.amazon.return_goods(self.sold())
        state = self.amazon.dump()
        self.amazon.load(state)
        self.assertEqual(self.report()["processingStatus"], "DONE")
