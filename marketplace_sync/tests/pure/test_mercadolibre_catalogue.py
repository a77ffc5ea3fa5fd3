"""Reading every listing of a seller for reconciliation, and going on with a scroll."""

from marketplace_sync.tests.pure.mercadolibre_case import MercadoLibreCase


class TestCatalogue(MercadoLibreCase):
    def setUp(self):
        super().setUp()
        rows = [
            {"sku": f"S{number}", "title": "x", "quantity": number, "price": 9}
            for number in range(230)
        ]
        self.channel.seed({"sites": ["MLM"], "listings": rows})

    def test_every_listing_is_read_with_its_number(self):
        pages = list(self.make_adapter().fetch_catalogue())
        found = {x.sku: x.quantity for page in pages for x in page.listings}
        self.assertEqual(found, {f"S{number}": number for number in range(230)})

    def test_a_scroll_is_gone_on_with_in_another_process(self):
        first = next(iter(self.make_adapter().fetch_catalogue()))
        rest = list(self.make_adapter().fetch_catalogue(first.cursor))
        found = [x.sku for page in (first, *rest) for x in page.listings]
        self.assertEqual(len(found), 230)
        self.assertEqual(len(set(found)), 230)

    def test_a_scroll_that_has_died_is_begun_again(self):
        first = next(iter(self.make_adapter().fetch_catalogue()))
        self.clock.sleep(600)
        rest = list(self.make_adapter().fetch_catalogue(first.cursor))
        found = {x.sku for page in rest for x in page.listings}
        self.assertEqual(len(found), 230)
