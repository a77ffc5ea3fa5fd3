"""Values of ``carrierCode`` that Amazon names.

Seller Central, *Shipping Confirmation Template*, field "carrier-code (CarrierCode field
in API)" (sellercentral.amazon.sg/gp/help/external/641, seen 2026-11-21). Marketplaces
differ and drop carriers; one that is refused is said at the shipment, and a mapping
of the account corrects it. A carrier that is not here goes as "Other" with its name.
Left out: names that are also common words (GO!, OSM, Target, Streamlite, Blue Package).
"""

CARRIERS = (
    "USPS",
    "UPS",
    "UPSMI",
    "FedEx",
    "DHL",
    "DHL Global Mail",
    "Fastway",
    "UPS Mail Innovations",
    "Lasership",
    "Royal Mail",
    "FedEx SmartPost",
    "OnTrac",
    "Newgistics",
    "Canada Post",
    "City Link",
    "GLS",
    "Hermes Logistik Gruppe",
    "Parcelforce",
    "TNT",
    "SagawaExpress",
    "NipponExpress",
    "YamatoTransport",
    "Ninjavan",
    "Qxpress",
    "Singapore Post",
    "4PX",
    "Yanwen",
    "Aramex",
    "China Post",
    "DHL eCommerce",
    "SF Express",
)
