"""The counter of the simulated Amazon."""

from .amazon_const import MARKETPLACES
from .amazon_order_view import order_total, status_of, units_left
from .amazon_returns import units_out
from .desk import Desk, OrderRow

#: When something can still be cancelled.
OPEN = ("PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED")


class AmazonDesk(Desk):
    """Buyers on Amazon, and the seller's people in Seller Central."""

    actions = (
        "cancel",
        "refund",
        "edit",
        "pay",
        "request_cancellation",
        "ship",
        "return_goods",
    )
    may_be_pending = True

    def sell(self, site, sku, quantity, pending):
        return self.channel.sell(sku, quantity, site, pending=pending)

    def do_edit(self, order_id, sku, quantity):
        order = self.channel.order(order_id)
        if all(item["sku"] != sku for item in order["items"]):
            raise ValueError(f"order {order_id} has no {sku!r}")
        self.channel.edit_order(order_id, {sku: quantity})

    # --- looking --------------------------------------------------------------
    def ids(self):
        return list(self.channel.state["orders"])

    def row(self, order_id):
        order = self.channel.order(order_id)
        status = status_of(order)
        site = order["site"]
        asked = any(item["request"] for item in order["items"])
        total = order_total(order, self.channel.tax_settings())
        return OrderRow(
            channel="amazon",
            id=order["id"],
            name=order["id"],
            site=site,
            status=status.lower().replace("_", " "),
            placed_at=order["created_at"],
            updated_at=order["updated_at"],
            buyer=order["buyer"]["name"],
            total=f"{total:.2f}",
            currency=MARKETPLACES[site][2],
            lines=[_line(item) for item in order["items"]],
            shipments=[_parcel(one) for one in order["packages"].values()],
            cancelled=status == "CANCELLED",
            refunded=order["refunded"],
            note=self._note(order, asked),
            actions=self._actions(order, status, asked),
        )

    def _note(self, order, asked):
        by_amazon = order["fulfilled_by"] == "AMAZON"
        notes = ["Amazon ships it (FBA)" if by_amazon else ""]
        notes.append("the buyer asks to cancel" if asked else "")
        back = sum(item.get("returned", 0) for item in order["items"])
        notes.append(f"{back} came back" if back else "")
        return " · ".join(filter(None, notes))

    def _actions(self, order, status, asked):
        actions = ["pay"] if status == "PENDING" else []
        if status in OPEN:
            actions.append("cancel")
            actions += ["edit"] if sum(map(units_left, order["items"])) > 1 else []
            actions += [] if asked or status == "PENDING" else ["request_cancellation"]
        can_be_paid_back = status not in ("PENDING", "CANCELLED")
        can_be_paid_back = can_be_paid_back and not order["refunded"]
        actions += ["refund"] if can_be_paid_back else []
        return actions + self._amazons_own(order, status)

    def _amazons_own(self, order, status):
        """Return what happens to orders that Amazon ships itself."""
        if order["fulfilled_by"] != "AMAZON":
            return []
        actions = ["ship"] if status in OPEN[1:] else []
        with_buyer = any(units_out(item) > 0 for item in order["items"])
        return actions + (["return_goods"] if with_buyer else [])

    # --- what was told --------------------------------------------------------
    def ledger(self):
        return self.channel.ledger

    def receiver(self):
        waiting = len(self.channel.state["queue"])
        return f"The seller's queue (SQS): {waiting or 'no'} messages wait in it."

    def again(self, key):
        """Put it into the queue once more; nobody answers a queue."""
        self.channel.notify_again(key)

    def deliver(self):
        """A queue is read, nothing is delivered."""
        return []


def _line(item):
    return {
        "sku": item["sku"],
        "title": item["title"],
        "quantity": item["quantity"] - item["cancelled"],
        "shipped": item["shipped"],
    }


def _parcel(one):
    return {
        "tracking": one["tracking"],
        "carrier": one["carrier"],
        "status": "shipped",
        "url": "",
    }
