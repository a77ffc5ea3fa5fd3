"""A channel's carrier is guessed from a name only when it is clearly meant."""

import pytest

from marketplace_sync.channels.amazon.adapter import AmazonAdapter
from marketplace_sync.channels.amazon.carriers import CARRIERS as AMAZON
from marketplace_sync.channels.carriers import guess_carrier
from marketplace_sync.channels.mercadolibre.adapter import MercadoLibreAdapter
from marketplace_sync.channels.shopify.adapter import ShopifyAdapter
from marketplace_sync.channels.shopify.carriers import CARRIERS as SHOPIFY


@pytest.mark.parametrize(
    ("name", "amazon", "shopify"),
    [
        ("UPS Standard", "UPS", "UPS"),
        ("fedex international economy", "FedEx", "FedEx"),
        ("DHL Express Worldwide", "DHL", "DHL Express"),
        ("DHL eCommerce", "DHL eCommerce", "DHL eCommerce"),
        ("Royal Mail 48", "Royal Mail", "Royal Mail"),
        ("SEUR 24", "", "SEUR"),
        ("Free delivery", "", ""),
        ("Speedy delivery", "", ""),
        ("Amazon orders", "", ""),
        ("Groups", "", ""),
        ("", "", ""),
    ],
)
def test_the_name_says_the_carrier(name, amazon, shopify):
    assert guess_carrier(AMAZON, name) == amazon
    assert guess_carrier(SHOPIFY, name) == shopify


def test_the_more_telling_name_goes_first():
    assert guess_carrier(AMAZON, "ups rest", "DHL parcel") == "UPS"
    assert guess_carrier(AMAZON, "sendcloud", "DHL parcel") == "DHL"


@pytest.mark.parametrize("carriers", [AMAZON, SHOPIFY])
def test_the_lists_are_written_as_the_channels_write_them(carriers):
    assert len(set(carriers)) == len(carriers)
    assert all(name == name.strip() and name for name in carriers)


def test_who_waits_for_a_tracking_number_by_default():
    assert AmazonAdapter.waits_for_tracking == "always"
    assert ShopifyAdapter.waits_for_tracking == "carrier"
    assert MercadoLibreAdapter.waits_for_tracking == "never"
