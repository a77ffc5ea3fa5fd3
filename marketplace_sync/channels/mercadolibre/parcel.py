"""A shipment, as ``GET /shipments/{id}`` (``x-format-new``) shows it to the seller."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..orders import OrderAddress
from . import const
from .values import known, moment, money, part


@dataclass(frozen=True)
class Parcel:
    """A forward shipment.

    :param body: its JSON
    :param orders: ids of *our* orders that travel in it, () when nobody asked
    :param is_shared: it carries another seller's orders too
    """

    body: Mapping
    orders: tuple = ()
    is_shared: bool = False

    @property
    def id(self):
        return str(self.body.get("id") or "")

    @property
    def mode(self):
        return part(self.body, "logistic", "mode") or ""

    @property
    def logistic_type(self):
        return part(self.body, "logistic", "type") or ""

    @property
    def is_full(self):
        """Mercado Libre ships it from its own warehouse."""
        return self.logistic_type == const.FULL

    @property
    def status(self):
        return self.body.get("status") or ""

    @property
    def substatus(self):
        return self.body.get("substatus") or ""

    @property
    def has_left(self):
        return self.status in const.LEFT

    @property
    def cost(self):
        """What the buyer pays for shipping, for all orders in the parcel."""
        return money(part(self.body, "lead_time", "cost") or 0)

    @property
    def node(self):
        """``network_node_id`` of the depot that ships, "" when it is not told."""
        origin = part(self.body, "origin")
        node = part(origin, "shipping_address", "node", "node_id") or ""
        return str(node or part(origin, "node") or "")

    @property
    def site_id(self):
        return part(self.body, "source", "site_id") or ""

    @property
    def created_at(self):
        return moment(self.body.get("date_created"))

    @property
    def updated_at(self):
        return moment(self.body.get("last_updated"))

    @property
    def receiver_id(self):
        return part(self.body, "destination", "receiver_id") or None

    @property
    def receiver_name(self):
        return known(part(self.body, "destination", "receiver_name"))

    @property
    def receiver_phone(self):
        """Only told for ME1."""
        return known(part(self.body, "destination", "receiver_phone"))

    @property
    def tracking_number(self):
        return str(self.body.get("tracking_number") or "")

    @property
    def bears_cost(self):
        """Return the one order of ours that the shipping cost is told with."""
        return min(self.orders, key=int, default="")

    def address(self):
        """Return where it goes, as far as it is told; None when it is hidden."""
        place = part(self.body, "destination", "shipping_address")
        street = known(part(place, "street_name"))
        number = known(part(place, "street_number"))
        line = " ".join(filter(None, (street, number)))
        line = line if street else known(part(place, "address_line"))
        if not (line or known(part(place, "zip_code"))):
            return None
        notes = (part(place, "neighborhood", "name"), part(place, "comment"))
        return OrderAddress(
            name=self.receiver_name,
            street=line,
            street2=", ".join(filter(None, map(known, notes))),
            city=known(part(place, "city", "name")),
            zip=known(part(place, "zip_code")),
            state_code=state_code(part(place, "state", "id")),
            country_code=known(part(place, "country", "id")),
            phone=self.receiver_phone,
        )


def state_code(text):
    """Return ``SP`` of ``BR-SP``."""
    return known(text).rpartition("-")[2]


def from_rows(body, rows, seller_id):
    """Return a shipment with the orders that ``GET /shipments/{id}/orders`` names.

    Its ids are texts; one shipment may hold several packs, and several sellers' sales
    [gerenciamento-de-envios, 07/08/2026].
    """
    rows = [row for row in rows if isinstance(row, dict) and row.get("order_id")]
    ours = [str(r["order_id"]) for r in rows if str(r.get("seller_id")) == seller_id]
    ours = tuple(order_id for order_id in ours if order_id.isdigit())
    return Parcel(body, ours, is_shared=len(ours) < len(rows))
