"""An order and its shipment, from JSON to the contract's ChannelOrder.

One order is one item or variation, n units; a cart is several orders with one
``pack_id`` [gestion-packs, 29/12/2025]. The total is the page's own formula
``total_amount + taxes.amount + lead_time.cost`` [gerenciamento-de-vendas, 07/08/2026]:
discounts are in ``unit_price`` already. A coupon is no part of that formula: it is
kept in ``data``, and who pays for it stands in ``/orders/{id}/discounts`` only.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from ..orders import ChannelOrder, OrderBuyer, OrderCharge, OrderLine
from . import const
from .items import counter_of, join_ref
from .values import CENT, moment, money, part

PENDING = ("confirmed", "payment_required", "payment_in_process", "partially_paid")
CANCELLED = ("cancelled", "invalid")
#: In these states goods still have to be sent, as far as the status says.
TO_SHIP = ("paid", "partially_refunded")

FRAUD_TEXT = (
    "Mercado Libre sees a risk of fraud in this sale: do not ship it; cancel it there."
)
REFUNDED_TEXT = (
    "Part of the payment was given back on Mercado Libre: look there what is still to "
    "be shipped."
)
UNFULFILLED_TEXT = (
    "Mercado Libre marks this sale as not fulfilled, which may mean that the buyer "
    "has the money back: look there before shipping."
)
SUSPECT_TEXT = "Mercado Libre is reviewing this sale's shipment: do not ship it yet."
LOST_PARCEL_TEXT = (
    "The shipment of this sale was cancelled on Mercado Libre, the sale was not: look "
    "there whether delivery is agreed otherwise or the sale is to be cancelled."
)
UNREADABLE_TEXT = (
    "Mercado Libre does not show the shipment of this sale. It may be one that its own "
    "warehouse (Full) sends: look there before shipping."
)
NO_LINES_TEXT = "Mercado Libre told this sale without its lines: look at it there."
SHARED_TEXT = (
    "The buyer pays shipping for one parcel with other sellers' goods; Mercado Libre "
    "does not tell which part of it is this sale's."
)
CURRENCY_TEXT = (
    "The taxes of this sale are in another currency ({taxes}) than the sale ({order})."
)
DIFFERENCE_TEXT = (
    "The lines come to {lines}, but Mercado Libre says {total}: look there which "
    "price or discount is missing."
)


@dataclass(frozen=True)
class Account:
    """What translating needs to know of the account.

    :param stores: ``{network_node_id: store id}`` of its depots
    :param now: the moment of reading, UTC
    """

    stores: dict
    now: object


def to_order(body, parcel, account):
    """Return the contract's order.

    Never fails: what is missing is left out and holds the order, so that one strange
    sale does not stop the reading of all others.

    :param parcel: its :class:`~.parcel.Parcel`, None when there is none (yet)
    """
    sale = Sale(body, parcel, account)
    held = sale.status not in ("cancelled", "shipped") and sale.holds()
    held = [*(held or ()), *sale.money_holds()]
    return ChannelOrder(
        external_id=str(body["id"]),
        name=str(body.get("pack_id") or body["id"]),
        status=sale.status,
        placed_at=sale.placed_at,
        updated_at=sale.updated_at,
        currency=sale.currency,
        lines=sale.lines(),
        charges=sale.charges(),
        # The buyer pays unit_price × quantity: whatever tax there is is inside.
        prices_include_tax=True,
        total=sale.total(),
        group=str(body.get("pack_id") or ""),
        site_code=sale.site_code,
        buyer=sale.buyer(),
        shipping_address=sale.address,
        is_held=bool(held),
        hold_reason=" ".join(held),
        cancel_requested=body.get("status") == "pending_cancel",
        cancel_reason=sale.cancel_reason(),
        is_withheld=sale.is_withheld(),
        raw={"order": body, "shipment": parcel.body if parcel else None},
        data=sale.data(),
    )


class Sale:
    """One order and its shipment, question by question."""

    def __init__(self, body, parcel, account):
        self.body = body
        self.parcel = parcel
        self.account = account
        self.tags = set(body.get("tags") or ())
        self.currency = body.get("currency_id") or ""
        rows = body.get("order_items") or ()
        self.rows = [row for row in rows if isinstance(row, dict)]
        self.placed_at = moment(body.get("date_created")) or account.now
        self.address = parcel.address() if parcel else None
        self.status = self._status()

    # --- moments ---------------------------------------------------------------------
    @property
    def updated_at(self):
        """The latest of what the order and its shipment say of themselves.

        ``date_last_updated`` is in search results only.
        """
        told = [
            moment(self.body.get("date_last_updated")),
            moment(self.body.get("last_updated")),
            self.parcel.updated_at if self.parcel else None,
        ]
        return max([when for when in told if when], default=self.placed_at)

    @property
    def site_code(self):
        """The country's site: in the order's context, or in the item's id."""
        site = part(self.body, "context", "site")
        items = [str(part(row, "item", "id") or "")[:3] for row in self.rows]
        return site or next(iter(items), "")

    # --- status ----------------------------------------------------------------------
    def _status(self):
        status = self.body.get("status")
        if status in CANCELLED:
            return "cancelled"
        if "delivered" in self.tags or (self.parcel and self.parcel.has_left):
            return "shipped"
        if status in TO_SHIP and not self.awaits_shipment:
            return "open"
        return "pending"

    @property
    def awaits_shipment(self):
        """Tell whether the shipment, hence who ships (Full?), is not known *yet*.

        Shipments are made some time after their sale. Without waiting, a sale that
        Mercado Libre's own warehouse sends would be sent from ours, too.
        """
        since = moment(self.body.get("date_closed")) or self.placed_at
        grace = timedelta(seconds=const.SHIPMENT_GRACE_SECONDS)
        return self.parcel is None and self.account.now - since < grace

    def holds(self):
        """Return why a person must look before this is shipped, in words."""
        status, parcel = self.body.get("status"), self.parcel
        reviewed = parcel and parcel.substatus in ("under_review", "fraudulent")
        unreadable = parcel is None and part(self.body, "shipping", "id")
        known = (*TO_SHIP, *PENDING, "pending_cancel")
        found = {
            FRAUD_TEXT: const.FRAUD in self.tags,
            REFUNDED_TEXT: status == "partially_refunded",
            UNFULFILLED_TEXT: status == "paid" and const.UNFULFILLED in self.tags,
            SUSPECT_TEXT: reviewed,
            LOST_PARCEL_TEXT: parcel and parcel.status == "cancelled",
            UNREADABLE_TEXT: unreadable and not self.awaits_shipment,
            NO_LINES_TEXT: not self.rows,
            f"Mercado Libre calls this sale “{status}”.": status not in known,
        }
        return [text for text, is_so in found.items() if is_so]

    def cancel_reason(self):
        """Return who cancelled and why, as far as it is told."""
        detail = part(self.body, "cancel_detail")
        words = (part(detail, "description") or part(detail, "code"),)
        by = part(detail, "requested_by")
        return " ".join(str(w) for w in (*words, f"({by})" if by else "") if w)

    # --- money -----------------------------------------------------------------------
    @property
    def lines_total(self):
        prices = ((self._price(row) or 0) * self._quantity(row) for row in self.rows)
        return sum(prices, Decimal(0))

    @property
    def difference(self):
        """What ``total_amount`` is more than the lines; not 0 is not normal."""
        total = money(self.body.get("total_amount"))
        return Decimal(0) if total is None else total - self.lines_total

    @property
    def is_rounding(self):
        """Tell whether the difference is at most a cent for every unit."""
        units = sum(self._quantity(row) for row in self.rows)
        return abs(self.difference) <= CENT * units

    @property
    def taxes(self):
        return money(part(self.body, "taxes", "amount") or 0) or Decimal(0)

    @property
    def foreign_taxes(self):
        """Return the currency of taxes that would have to be converted, else ""."""
        currency = part(self.body, "taxes", "currency_id") or self.currency
        return currency if self.taxes and currency != self.currency else ""

    @property
    def shipping(self):
        """What the buyer pays for shipping, in this order.

        Of the orders in one parcel the first (lowest id) bears its cost.
        """
        if self.parcel is None or self.parcel.is_shared:
            return Decimal(0)
        bearer = self.parcel.bears_cost or str(self.body["id"])
        mine = bearer == str(self.body["id"])
        return self.parcel.cost if mine else Decimal(0)

    def money_holds(self):
        """Return why the money does not add up, in words."""
        if self.status == "cancelled":
            return []
        found = []
        if not self.is_rounding:
            total = self.body.get("total_amount")
            found.append(DIFFERENCE_TEXT.format(lines=self.lines_total, total=total))
        if self.foreign_taxes:
            names = {"taxes": self.foreign_taxes, "order": self.currency}
            found.append(CURRENCY_TEXT.format(**names))
        if self.parcel and self.parcel.is_shared and self.parcel.cost:
            found.append(SHARED_TEXT)
        return found

    def total(self):
        """Return the page's formula; None where a part of it is not known."""
        amount = money(self.body.get("total_amount"))
        shared = self.parcel and self.parcel.is_shared and self.parcel.cost
        if amount is None or self.foreign_taxes or shared:
            return None
        return amount + self.taxes + self.shipping

    def charges(self):
        """Return what is paid beside the lines."""
        taxes = Decimal(0) if self.foreign_taxes else self.taxes
        rounding = self.difference if self.is_rounding else Decimal(0)
        found = (
            OrderCharge("shipping", self.shipping, "Shipping"),
            OrderCharge("fee", taxes, "Taxes added by Mercado Libre"),
            OrderCharge("rounding", rounding, "Rounding"),
        )
        return tuple(charge for charge in found if charge.amount)

    # --- lines -----------------------------------------------------------------------
    def lines(self):
        """Return the lines; usually one."""
        found, seen = [], set()
        for row in self.rows:
            line = self._line(row, seen)
            seen.add(line.external_id)
            found.append(line)
        return tuple(found)

    def _line(self, row, seen):
        item, quantity = row.get("item") or {}, self._quantity(row)
        ref = join_ref(str(item.get("id") or ""), str(item.get("variation_id") or ""))
        store = self._store(row)
        user_product = item.get("user_product_id") or ""
        mode = const.SELLER_WAREHOUSE if store else ""
        return OrderLine(
            external_id=ref if ref not in seen else f"{ref}#{len(seen) + 1}",
            sku=item.get("seller_sku") or "",
            quantity=quantity,
            unit_price=self._price(row),
            title=item.get("title") or "",
            external_ref=ref,
            pool_key=counter_of(user_product, "", mode, store) if user_product else "",
            site_code=store or ("" if self.account.stores else self.site_code),
            shipped_quantity=quantity if self.status == "shipped" else Decimal(0),
            fulfilled_by_channel=bool(self.parcel and self.parcel.is_full),
            data={
                "item_id": str(item.get("id") or ""),
                "variation_id": str(item.get("variation_id") or ""),
                "user_product_id": user_product,
            },
        )

    def _store(self, row):
        """Return the depot that must ship, "" when it is not told or Full ships.

        The order's line says it, else the shipment's origin.
        """
        if self.parcel and self.parcel.is_full:
            return ""
        told = {
            str(place["store_id"])
            for place in row.get("stock") or ()
            if isinstance(place, dict) and place.get("store_id")
        }
        if len(told) == 1:
            return told.pop()
        return self.account.stores.get(self.parcel.node, "") if self.parcel else ""

    @staticmethod
    def _quantity(row):
        return Decimal(str(row.get("quantity") or 0))

    @staticmethod
    def _price(row):
        return money(row.get("unit_price"))

    # --- people ----------------------------------------------------------------------
    def buyer(self):
        """Orders tell the buyer's id only; the name is the receiver's."""
        told = part(self.body, "buyer")
        name = " ".join(
            str(told[n]) for n in ("first_name", "last_name") if told.get(n)
        )
        parcel = self.parcel
        return OrderBuyer(
            key=str(told.get("id") or ""),
            name=name or (parcel.receiver_name if parcel else ""),
            phone=parcel.receiver_phone if parcel else "",
        )

    def is_withheld(self):
        """Tell whether a parcel of ours has no address or name: hidden until paid."""
        if self.parcel and self.parcel.is_full:
            return False
        return self.address is None or not self.buyer().name

    # --- memory ----------------------------------------------------------------------
    def data(self):
        """Return what a later call wants to know, JSON types only."""
        parcel = self.parcel
        return {
            "pack_id": str(self.body.get("pack_id") or ""),
            "site_id": self.site_code,
            "status": self.body.get("status"),
            "tags": sorted(self.tags),
            "shipment_id": parcel.id if parcel else "",
            "mode": parcel.mode if parcel else "",
            "logistic_type": parcel.logistic_type if parcel else "",
            "shipment_status": parcel.status if parcel else "",
            "substatus": parcel.substatus if parcel else "",
            "tracking_number": parcel.tracking_number if parcel else "",
            "shipping_in_order": parcel.bears_cost if parcel else "",
            "awaits_shipment": self.awaits_shipment,
            "coupon": str(money(part(self.body, "coupon", "amount") or 0)),
            "missing": self.body.get("missing") or "",
        }
