"""What an account of the addon is given so that the simulator lets it in.

The names of the fields are the addon's (a name of the channel's credential behind the
channel's own); the values are those that each channel accepts after a reset.
"""

from .amazon_const import CREDENTIALS as AMAZON
from .amazon_const import DEFAULT_SITE
from .mercadolibre_shop import CREDENTIALS as MERCADOLIBRE
from .shopify_shop import CREDENTIALS as SHOPIFY

#: One place of each channel where a quantity is shown.
SITES = {
    "amazon": DEFAULT_SITE,
    "shopify": "gid://shopify/Location/1",
    "mercadolibre": "MLM",
}
#: What a seller types in; Mercado Libre's access token is fetched with the rest.
TYPED = {
    "amazon": (AMAZON, ("seller_id", "client_id", "client_secret", "refresh_token")),
    "shopify": (SHOPIFY, ("shop", "access_token", "client_secret")),
    "mercadolibre": (
        MERCADOLIBRE,
        ("user_id", "client_id", "client_secret", "refresh_token"),
    ),
}
#: ``{channel: {field of the account: value}}``
CREDENTIALS = {
    channel: {f"{channel}_{name}": accepted[name] for name in names}
    for channel, (accepted, names) in TYPED.items()
}
