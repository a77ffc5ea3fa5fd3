"""The four writes of a quantity, and what became of each.

A 200 is not believed: the number in the answer is compared, since a write to a
``warehouse_management`` account "can answer 200 and change nothing"
[stock-multiwarehouse, 08/05/2026].
"""

from dataclasses import dataclass

from . import const, words
from .client import address, json_object

#: Statuses that are about one row; the others are about the account or the channel.
ROW_STATUSES = (400, 403, 404, 405, 406, 409, 410, 412, 413, 415, 422)


@dataclass(frozen=True)
class Outcome:
    """What became of one counter; see :class:`~..base.PushResult`."""

    outcome: str
    error: str = ""
    code: str = ""
    request_id: str = ""
    channel_qty: int | None = None


class Writer:
    """Writes with one :class:`~.reader.Reader`'s client.

    :param seller_tags: what we believe the seller's tags to be
    :param sleep, random: injected, so that tests neither wait nor guess
    """

    def __init__(self, reader, seller_tags, sleep, random):
        self.reader = reader
        self.client = reader.client
        self.seller_tags = seller_tags
        self.sleep = sleep
        self.random = random
        self._moved = None
        self._account_works = False

    # --- items -----------------------------------------------------------------------
    def item(self, item_id, quantity):
        """Set an item's quantity; the channel copies it to its user product."""
        answer = self._put_item(item_id, {"available_quantity": quantity})
        if answer.status >= 300:
            return self._refused(answer, f"listing {item_id}")
        shown = json_object(answer).get("available_quantity")
        return self._verdict(shown, quantity, answer)

    def variations(self, item_id, wanted):
        """Set quantities of variations; return ``{variation id: Outcome}``.

        All ids are sent, those that the item has at this moment: a variation whose id
        is not sent is deleted, with its history [variaciones, 30/12/2025]. Written
        even when the read shows the number already: that read may be older than our
        last write.

        :param wanted: ``{variation id: quantity}``
        """
        current, answer = self.reader.item(item_id, accept=ROW_STATUSES)
        if current is None:
            return dict.fromkeys(wanted, self._refused(answer, f"listing {item_id}"))
        ids = [v["id"] for v in current.get("variations") or []]
        gone = {key for key in wanted if key not in map(str, ids)}
        outcomes = dict.fromkeys(gone, variation_gone(item_id))
        if len(gone) < len(wanted):
            outcomes.update(self._put_variations(item_id, ids, wanted, gone))
        return outcomes

    def _put_variations(self, item_id, ids, wanted, gone):
        body = {"variations": [variation_body(i, wanted) for i in ids]}
        answer = self._put_item(item_id, body)
        keys = [key for key in wanted if key not in gone]
        if answer.status >= 300:
            return dict.fromkeys(keys, self._refused(answer, f"listing {item_id}"))
        shown = {
            str(v.get("id")): v.get("available_quantity")
            for v in json_object(answer).get("variations") or []
        }
        return {key: self._verdict(shown.get(key), wanted[key], answer) for key in keys}

    def _put_item(self, item_id, body):
        path = address(const.ITEM, item_id=item_id)
        answer = self.client.put("put_item", path, body, accept=ROW_STATUSES)
        if answer.status == 409:
            self._pause(const.ITEM_LOCK_PAUSE)
            answer = self.client.put("put_item", path, body, accept=ROW_STATUSES)
        return answer

    # --- user products, behind x-version ---------------------------------------------
    def selling_address(self, user_product_id, quantity):
        """Set the Flex share beside Full: 204, asynchronous, a read must confirm.

        Written even when the read shows the number already: an earlier write may
        still be under way.
        """

        answer, failed = self._locked(
            user_product_id, const.SELLING_ADDRESS, lambda _: {"quantity": quantity}
        )
        if failed:
            return failed
        if answer.status != 204:
            json_object(answer)
        return Outcome("submitted", request_id=answer.request_id)

    def depots(self, user_product_id, wanted, nodes):
        """Set quantities in depots; return ``{store id: Outcome}``.

        All depots are sent, ours changed, the others as read a moment ago: whether the
        list replaces the whole set is not documented, and a sale in between changes
        ``x-version``.

        :param wanted: ``{store id: quantity}``
        :param nodes: ``{store id: network_node_id}`` of the account's depots
        """

        def plan(stock):
            held = {s: stock.quantity(const.SELLER_WAREHOUSE, s) for s in wanted}
            places = stock.of_type(const.SELLER_WAREHOUSE)
            return (
                None
                if held == wanted
                else {"locations": depot_bodies(places, wanted, nodes)}
            )

        answer, failed = self._locked(user_product_id, const.SELLER_WAREHOUSE, plan)
        if failed:
            return dict.fromkeys(wanted, failed)
        if answer is None:  # it shows all of it already
            return {s: Outcome("accepted", channel_qty=q) for s, q in wanted.items()}
        shown = depot_quantities(json_object(answer).get("locations"))
        return {s: self._verdict(shown.get(s), q, answer) for s, q in wanted.items()}

    def _locked(self, user_product_id, location_type, plan):
        """Read, compute, write with the version read; again when it has changed.

        :param plan: ``Stock → body``, None when there is nothing to change
        :return: ``(answer, None)`` when written, ``(None, None)`` when nothing had to
            be, ``(None, Outcome)`` when it failed
        """
        path = address(
            const.STOCK_OF_TYPE,
            user_product_id=user_product_id,
            location_type=location_type,
        )
        for attempt in range(const.LOCK_ATTEMPTS):
            if attempt:
                self._pause(const.LOCK_PAUSE)
            stock = self.reader.stock(user_product_id)
            if stock is None:
                return None, never_initialised()
            body = plan(stock)
            if body is None:
                return None, None
            answer = self._put_stock(path, body, stock.version)
            if answer.status != 409:
                break
        if answer.status >= 300:
            return None, self._refused(answer, f"user product {user_product_id}")
        return answer, None

    def _put_stock(self, path, body, version):
        headers = {"x-version": version}
        return self.client.put(
            "put_stock", path, body, headers=headers, accept=ROW_STATUSES
        )

    # --- judging ---------------------------------------------------------------------
    def _verdict(self, shown, wanted, answer):
        """Compare what the answer shows with what was asked for."""
        request_id = answer.request_id
        if shown is None:
            return Outcome("submitted", request_id=request_id)
        if shown == wanted:
            return Outcome("accepted", request_id=request_id, channel_qty=shown)
        if self._seller_moved():
            return Outcome("rejected", words.MODE_CHANGED, "mode_changed", request_id)
        text = f"Mercado Libre answered “done” and still shows {shown}, not {wanted}."
        return Outcome("retry", text, "no_op", request_id, shown)

    def _refused(self, answer, what):
        """Return the outcome of an answer in :data:`ROW_STATUSES`."""
        request_id = answer.request_id
        if answer.status == 409:
            text = f"Somebody else changes the stock of {what} at this moment."
            return Outcome("retry", text, "conflict", request_id)
        if answer.status == 403:
            return self._forbidden(answer, what)
        text = words.haystack(answer)
        if "stock-locations not found" in text:
            return never_initialised(request_id)
        if answer.status in (404, 410):
            text = f"Mercado Libre does not know {what} (any more)."
            return Outcome("rejected", text, "unknown_sku", request_id)
        code, text = words.refusal(answer)
        return Outcome("rejected", text, code, request_id)

    def _forbidden(self, answer, what):
        """A 403 is about this row only when the account itself still works."""
        if words.account_refusal(answer):
            self.client.raise_error("put_item", answer)
        if not self._account_works:
            self.reader.user()
            self._account_works = True
        text = f"Mercado Libre forbids changing {what}: is it this seller's?"
        return Outcome("rejected", text, "forbidden", answer.request_id)

    def _seller_moved(self):
        """Tell whether the seller has got depots since we last asked; asks once."""
        if self._moved is None:
            tags = self.reader.user().get("tags") or ()
            self._moved = (
                const.WAREHOUSE_MANAGEMENT in tags
                and const.WAREHOUSE_MANAGEMENT not in self.seller_tags
            )
        return self._moved

    def _pause(self, bounds):
        shortest, longest = bounds
        self.sleep(shortest + (longest - shortest) * self.random())


def variation_body(variation_id, wanted):
    """Return one variation's part of a write, with a quantity only where it changes."""
    quantity = wanted.get(str(variation_id))
    body = {"id": variation_id}
    return body if quantity is None else {**body, "available_quantity": quantity}


def depot_bodies(places, wanted, nodes):
    """Return all depots, as read but for the wanted quantities."""
    bodies = {
        str(place.get("store_id")): {
            "store_id": place.get("store_id"),
            "network_node_id": place.get("network_node_id"),
            "quantity": place.get("quantity") or 0,
        }
        for place in places
    }
    for store, quantity in wanted.items():
        new = {"store_id": store, "network_node_id": nodes.get(store)}
        bodies[store] = {**(bodies.get(store) or new), "quantity": quantity}
    return list(bodies.values())


def depot_quantities(places):
    """Return ``{store id: quantity}`` of the depots that an answer names."""
    return {
        str(place.get("store_id")): place.get("quantity")
        for place in places or ()
        if place.get("type", const.SELLER_WAREHOUSE) == const.SELLER_WAREHOUSE
    }


def variation_gone(item_id):
    """Return the outcome for a variation that the item has no more."""
    text = f"Listing {item_id} no longer has this variation; match the products again."
    return Outcome("rejected", text, "unknown_sku")


def never_initialised(request_id=""):
    """Return the outcome for a user product without a stock record."""
    return Outcome("rejected", words.NEVER_INITIALISED, "not_initialised", request_id)
