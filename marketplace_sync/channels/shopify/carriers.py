"""Tracking companies that Shopify knows, "exactly as written" there: for these it makes
the link of the tracking number itself. Any other name is shown as it is.

Source: ``FulfillmentTrackingInfo.company``, Admin API schema 2026-10. Left out: names
that are also common words (Amazon, Bonds, Bring, DX, Eagle, First Line, Speedy).
"""

#: Shown in shops of every country.
EVERYWHERE = """
4PX | AGS | Amazon Logistics UK | An Post | Anjun Logistics | APC | Asendia USA
Australia Post | Bonshaw | BPost | BPost International | Canada Post | Canpar
CDL Last Mile | China Post | Chronopost | Chukou1 | Colissimo | Comingle | Coordinadora
Correios | Correos | CTT | CTT Express | Cyprus Post | Delnext | Deutsche Post
DHL eCommerce | DHL eCommerce Asia | DHL Express | DPD | DPD Local | DPD UK
DTD Express | Estes | Evri | FedEx | First Global Logistics | FSC | Fulfilla | GLS
Iceland Post | IDEX | Israel Post | Japan Post (EN) | Japan Post (JA)
La Poste Colissimo | Lasership | Latvia Post | Lietuvos Paštas | Logisters
Lone Star Overnight | M3 Logistics | Meteor Space | Mondial Relay | New Zealand Post
NinjaVan | OnTrac | Packeta | Pago Logistics | Pitney Bowes | Portal PostNord
Poste Italiane | PostNL | PostNord DK | PostNord NO | PostNord SE | Purolator | Qxpress
Qyun Express | Royal Mail | Sagawa (EN) | Sagawa (JA) | Sendle | SF Express
SFC Fulfillment | ShipBob | SHREE NANDAN COURIER | Singapore Post | Southwest Air Cargo
StarTrack | Swiss Post | TForce Final Mile | Tinghao | TNT | Toll IPEC
United Delivery Service | UPS | USPS | Venipak | Whistl | WMYC | Xpedigo | XPO Logistics
Yamato (EN) | Yamato (JA) | YiFan Express | YunExpress
"""
#: Shown in shops of some countries.
SOMEWHERE = """
Aramex Australia | TNT Australia | Hunter Express | Couriers Please | Allied Express
Direct Couriers | Northline | GO Logistics | Österreichische Post | Intelcom | BoxKnight
Loomis | WanbExpress | Zásilkovna | Deutsche Post (DE) | Deutsche Post (EN) | DHL
Swiship | Hermes | SEUR | Colis Privé | Parcelforce | Yodel | DHL Parcel | Tuffnells
ACS Courier | Fastway | DPD Ireland | DTDC | India Post | Delhivery | Gati KWE
Professional Couriers | XpressBees | Ecom Express | Ekart | Shadowfax | Bluedart | BRT
GLS Italy | Inpost | PTT | Yurtiçi Kargo | Aras Kargo | Sürat Kargo
Alliance Air Freight | Pilot Freight | LSO | Old Dominion | Pandion | R+L Carriers
Skynet
"""
CARRIERS = tuple(
    name.strip()
    for line in (EVERYWHERE + SOMEWHERE).splitlines()
    for name in line.split("|")
    if name.strip()
)
