"""From an adapter's ``ChannelOrder`` to a ``marketplace.order``.

One order is always told whole, so the order of events does not matter: what was
cancelled before it was ever seen arrives cancelled, an update before its creation is
the creation. The newer telling wins.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass, replace
from datetime import timezone

from odoo import api, models

from ..channels.orders import ChannelOrder
from ..engine.sold import after_sale

#: As ``repr`` writes them: NUL, and half of a character of two.
UNSTORABLE = re.compile(r"\\x00|\\ud[89a-f]")


def storable(told):
    """Return a telling without what JSON can spell and PostgreSQL can not hold: one
    buyer's name must not keep an order out."""
    return _cleaned(told) if UNSTORABLE.search(repr(told)) else told


def _cleaned(value):
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if is_dataclass(value):
        names = [field.name for field in fields(value)]
        cleaned = {name: _cleaned(getattr(value, name)) for name in names}
        return replace(value, **cleaned)
    if isinstance(value, Mapping):
        return {_cleaned(key): _cleaned(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(one) for one in value]
    return value


def naive(moment):
    """Return a moment as Odoo stores it: UTC without a zone, whole seconds kept."""
    if moment is None:
        return False
    if moment.tzinfo:
        moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
    return moment.replace(microsecond=0)


def as_json(value):
    """Return dataclasses, decimals and moments as JSON types; money keeps its cents."""
    return json.loads(json.dumps(value, default=str))


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    def _store_order(self, told: ChannelOrder):
        """Create or update the record of one order; return it.

        An older telling than the one we have changes nothing. An order from before the
        account's start is not stored: the empty recordset comes back.
        """
        self.ensure_one()
        told = storable(told)
        Order = self.env["marketplace.order"].sudo()
        order = Order.search(
            [("account_id", "=", self.id), ("external_id", "=", told.external_id)]
        )
        if order and order.updated_at and naive(told.updated_at) < order.updated_at:
            return order
        if not order and self._is_before_start(told):
            return order
        quiet = Order.with_context(marketplace_defer_demand=True)
        values = quiet._get_told_values(self, told)
        if order:
            order = order.with_env(quiet.env)
            order.write(values)
        else:
            values["correlation_id"] = self.env["marketplace.stock.change"]._new_id()
            order = quiet.create(values)
        sold, unclear = order._store_lines(told)
        order._decide_state()
        order._follow_counter(sold, unclear)
        order = order.with_env(Order.env)
        order.line_ids._demand_changed()
        return order

    def _store_orders(self, tellings):
        """Store several orders, and compute what they promise once for all of them.

        One that cannot be stored is said, and stops no other.

        :return: an order (or an empty recordset) for each telling
        """
        quiet = self.with_context(marketplace_defer_demand=True)
        stored = [quiet._store_order_safely(told) for told in tellings]
        loud = self.env["marketplace.order"].sudo()
        stored = [order.with_env(loud.env) for order in stored]
        loud.union(*stored).line_ids._demand_changed()
        return stored

    def _is_before_start(self, told):
        return bool(self.order_start_at) and naive(told.placed_at) < self.order_start_at

    def _find_site(self, code):
        """Return the site that a channel's code names; the only one when it names
        none; empty when it cannot be told."""
        self.ensure_one()
        sites = self.sudo().with_context(active_test=False).site_ids
        if code:
            return sites.filtered(lambda site: site.code == code)[:1]
        return sites if len(sites) == 1 else sites.browse()


class MarketplaceOrder(models.Model):
    _inherit = "marketplace.order"

    @api.model
    def _get_told_values(self, account, told):
        """Return the fields of an order as the channel tells it."""
        return {
            "account_id": account.id,
            "external_id": told.external_id,
            "name": told.name or told.external_id,
            "group_key": told.group or False,
            "site_id": account._find_site(told.site_code).id,
            "status": told.status,
            "placed_at": naive(told.placed_at),
            "updated_at": naive(told.updated_at),
            "told_at": naive(told.told_at),
            "ship_by": naive(told.ship_by),
            "currency_code": told.currency,
            "total": float(told.total or 0),
            "is_total_known": told.total is not None,
            "prices_include_tax": told.prices_include_tax,
            "is_foreign": told.is_foreign,
            "is_held": told.is_held,
            "hold_reason": told.hold_reason or False,
            "cancel_requested": told.cancel_requested,
            "cancel_reason": told.cancel_reason or False,
            "is_withheld": told.is_withheld,
            "channel_url": told.url or False,
            "details": as_json(
                {
                    "buyer": asdict(told.buyer),
                    "address": told.shipping_address and asdict(told.shipping_address),
                    "charges": [asdict(charge) for charge in told.charges],
                }
            ),
            "channel_data": as_json(dict(told.data)),
            "raw": as_json(told.raw),
            "request_id": told.request_id or False,
            "needs_sync": True,
        }

    def _store_lines(self, told):
        """Bring the lines in line with what the channel tells.

        :return: new sales as [(line, listing units)], and the lines whose quantity
            changed otherwise: there the channel's counter may show anything
        """
        known = {line.external_id: line for line in self.line_ids}
        sold, unclear = [], self.env["marketplace.order.line"]
        for row in told.lines:
            values = self._get_line_values(row)
            line = known.pop(row.external_id, None)
            if line is None:
                line = self.line_ids.create({"order_id": self.id, **values})
                if line.quantity:
                    sold.append((line, line.quantity))
                continue
            if line.listing_id:  # what was found, or chosen by a person, is kept
                del values["listing_id"]
            if line.quantity != values["quantity"]:
                unclear |= line
            line.write(values)
        for line in known.values():  # an edit took it out of the order
            if line.quantity:
                unclear |= line
                line.quantity = 0
        return sold, unclear

    def _get_line_values(self, row):
        site = self.account_id._find_site(row.site_code) or self.site_id
        listing = self._find_listing(row, site)
        return {
            "external_id": row.external_id,
            "sku": row.sku,
            "title": row.title or False,
            "external_ref": row.external_ref or False,
            "site_id": (site or listing.site_id).id,
            "listing_id": listing.id,
            "quantity": float(max(0, row.quantity)),
            "shipped_quantity": float(row.shipped_quantity),
            "unit_price": float(row.unit_price or 0),
            "discount": float(row.discount),
            "taxes": as_json([asdict(tax) for tax in row.taxes]),
            "fulfilled_by_channel": row.fulfilled_by_channel,
            "channel_data": as_json(
                {**row.data, "is_price_known": row.unit_price is not None}
            ),
        }

    def _find_listing(self, row, site):
        """Return the listing that was sold: of its site if there is one, by SKU, else
        by the channel's own id."""
        Listing = self.env["marketplace.listing"].with_context(active_test=False)
        domain = [("account_id", "=", self.account_id.id)]
        found = Listing.search([*domain, ("sku", "=", row.sku)]) if row.sku else Listing
        if not found and row.external_ref:
            found = Listing.search([*domain, ("external_ref", "=", row.external_ref)])
        found = found.sorted(lambda one: (one.site_id != site, not one.active, one.id))
        if len(found.product_id) > 1 and found[0].site_id != site:
            return Listing  # several products under one SKU, and no site to tell which
        return found[:1]

    def _decide_state(self):
        """Say what is to become of the order before a sale order is thought of."""
        self.ensure_one()
        ours = any(not line.fulfilled_by_channel for line in self.line_ids)
        state, is_demand = self.state, True
        if self.is_foreign or not ours:
            state, is_demand = "ignored", False
        elif self.status == "cancelled":
            is_demand = False
            state = state if self.sale_order_id else "cancelled"
        elif state in ("ignored", "cancelled") and not self.sale_order_id:
            state = "new"  # it was cancelled, or the channel's to ship, and is not now
        self.write(
            {
                "state": state,
                "is_demand": is_demand,
                "problem": False if state in ("ignored", "cancelled") else self.problem,
                "needs_sync": state != "ignored",
            }
        )

    # === THE CHANNEL'S OWN COUNTER ===

    def _follow_counter(self, sold, unclear):
        """Let ``published_qty`` follow what the channel did to its own counter.

        It lowers it when it sells; what it does when an order is edited or cancelled
        differs from channel to channel, so such a number is told again.
        """
        for line, units in sold:
            if self.status == "cancelled":
                unclear |= line
            elif not line.fulfilled_by_channel:
                line.listing_id._sold_on_channel(int(units), self.placed_at)
        unclear.listing_id._counter_group()._set_uncertain()


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    def _counter_group(self):
        """Return these listings and all that share a physical counter with them."""
        groups = self
        for listing in self.filtered("pool_key"):
            groups |= self.search(
                [
                    ("account_id", "=", listing.account_id.id),
                    ("pool_key", "=", listing.pool_key),
                ]
            )
        return groups

    def _sold_on_channel(self, units, placed_at):
        """The channel sold listing units from this listing's counter."""
        for listing in self._counter_group():
            if not listing.published_at or listing.fulfilment != "merchant":
                continue
            shown = after_sale(
                listing.published_qty, listing.published_at, units, placed_at
            )
            listing.published_qty = shown.quantity
            if not shown.is_certain or listing.sync_state == "submitted":
                listing._set_uncertain()
