"""The simulated Amazon and the account that these tests use."""

import json

from marketplace_sync.channels.amazon import AmazonAdapter
from marketplace_sync.channels.base import ListingRef, StockLevel

from .channel_case import ChannelCase

US, CANADA, GERMANY = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1PA6795UKMFR9"
EXPIRED = {
    "code": "Unauthorized",
    "message": "Access to requested resource is denied.",
    "details": "The access token you provided has expired.",
}


class AmazonCase(ChannelCase):
    channel = "amazon"
    adapter_class = AmazonAdapter
    credentials = {
        "seller_id": "A1SIMULATOR",
        "client_id": "amzn1.application-oa2-client.simulator",
        "client_secret": "amzn1.oa2-cs.v1.simulator",
        "refresh_token": "Atzr|simulator",
    }
    wrong_credentials = {"refresh_token": "Atzr|withdrawn", "client_secret": "no"}
    sites = (US,)
    operations = {
        "token": "lwaToken",
        "write": "patchListingsItem",
        "read": "searchListingsItems|getListingsItem",
    }
    # an expired token is a 403 here (#4122)
    expired_token = {"kind": "status", "status": 403, "body": {"errors": [EXPIRED]}}
    acknowledges_unknown = True

    def known_ref(self, sku="CONTRACT-1", quantity=5, site=US, data=None, **listing):
        listing = {"sku": sku, "site": site, "quantity": quantity, **listing}
        self.seed(listings=[listing])
        return ListingRef(f"key of {sku}", sku, site_code=site, data=data or {})

    def seed(self, **spec):
        self.running.seed("amazon", spec)

    def fault(self, operation, kind, **kwargs):
        self.running.fault("amazon", operation, kind, **kwargs)

    def calls(self):
        """Return the names of the calls so far, tokens aside."""
        names = [entry["operation"] for entry in self.running.log("amazon")]
        return [name for name in names if name != "lwaToken"]

    def listing(self, sku):
        """Return the simulator's own record of a SKU, as it is now."""
        self.simulator.advance()
        return self.simulator.listing(sku)

    def record(self):
        """Return a list to which every later request of the adapter is appended."""
        requests, handle = [], self.simulator.handle

        def recording(request):
            requests.append(request)
            return handle(request)

        self.simulator.handle = recording
        return requests

    def push_levels(self, adapter, *levels):
        return {result.key: result for result in adapter.push_stock(levels, "key")}


def level(ref, quantity, lead_time_days=None):
    return StockLevel(ref, quantity, lead_time_days)


def body_of(request):
    return json.loads(request.body)
