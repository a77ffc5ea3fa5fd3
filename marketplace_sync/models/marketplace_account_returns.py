"""Reading returns, and what an account does with them."""

import functools
import hashlib
import logging
import time
from dataclasses import replace

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..channels.errors import RejectedError
from .marketplace_order_store import naive
from .tools import is_conflict

_logger = logging.getLogger(__name__)

#: Orders asked for their returns in one run.
BATCH = 50
#: Seconds of one run that this may take.
SLICE_SECONDS = 15.0


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    draft_returns = fields.Boolean(
        "Draft Return Deliveries",
        help="A return on the channel drafts a return delivery of its sale order. A "
        "person receives it, always.",
    )
    return_location_id = fields.Many2one(
        "stock.location",
        "Returned Goods Go To",
        check_company=True,
        domain="[('usage', '=', 'internal')]",
        ondelete="restrict",
        help="Where returns are received. Never for sale: a person moves what is good "
        "into stock.",
    )
    return_ids = fields.One2many("marketplace.return", "account_id", "Returns")

    @api.constrains("draft_returns", "return_location_id")
    def _check_return_location(self):
        for account in self:
            if account.draft_returns and not account.return_location_id:
                raise ValidationError(
                    self.env._(
                        "Choose where returned goods go before they are drafted."
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        accounts = super().create(vals_list)
        accounts.return_location_id._marketplace_exclude()
        return accounts

    def write(self, vals):
        result = super().write(vals)
        if vals.get("return_location_id"):
            self.return_location_id._marketplace_exclude()
        return result

    # === STORING ===

    def _store_return(self, told):
        """Create or update the record of one return; return it."""
        self.ensure_one()
        Return = self.env["marketplace.return"].sudo()
        found = Return.search(
            [("account_id", "=", self.id), ("external_id", "=", told.external_id)]
        )
        updated_at = naive(told.updated_at)
        if found and found.updated_at and updated_at and updated_at < found.updated_at:
            return found
        values = self._get_return_values(told)
        if found and found.fingerprint == values["fingerprint"]:
            return found  # lists overlap: most of what they tell is known
        if found:
            found.write(values)
        else:
            found = Return.create(values)
        self._store_return_lines(found, told)
        found._link_order()
        if self.draft_returns:
            found._draft_delivery()
        return found

    def _get_return_values(self, told):
        same = repr(replace(told, request_id="")).encode()
        return {
            "fingerprint": hashlib.sha256(same).hexdigest(),
            "account_id": self.id,
            "external_id": told.external_id,
            "order_ref": told.order_id,
            "kind": told.kind,
            "status": told.status,
            "told": told.told or False,
            "reason": told.reason or False,
            "disposition": told.disposition or False,
            "comments": told.comments or False,
            "place": told.place or False,
            "goes_to_channel": told.goes_to_channel,
            "opened_at": naive(told.opened_at) or fields.Datetime.now(),
            "updated_at": naive(told.updated_at),
        }

    @api.model
    def _store_return_lines(self, found, told):
        """Bring the lines in line; those of a drafted delivery stay as drafted."""
        if found.picking_ids:
            return
        found.line_ids.unlink()
        self.env["marketplace.return.line"].sudo().create(
            [
                {
                    "return_id": found.id,
                    "line_ref": line.external_id or False,
                    "sku": line.sku or False,
                    "external_ref": line.external_ref or False,
                    "quantity": float(line.quantity),
                    "comes_back": line.comes_back,
                }
                for line in told.lines
            ]
        )

    # === READING ===

    def _fetch_returns(self, adapter, external_id):
        """Read what a notification of kind ``return`` named, and store it in a
        transaction of its own; return the records.

        :param external_id: an order (Shopify) or a claim (Mercado Libre)
        :raises ChannelError: the channel does not tell
        """
        told = list(adapter.fetch_returns(external_id))
        return self._in_transaction(functools.partial(self._store_returns, told))

    def _store_returns(self, told):
        found = self.env["marketplace.return"]
        for one in told:
            found |= self._store_return_safely(one)
        return found

    def _store_return_safely(self, told):
        """Store one return; one that cannot be stored stops no other.

        :return: its record; empty when it could not be stored
        """
        try:
            with self.env.cr.savepoint():
                return self._store_return(told)
        except Exception as error:
            if is_conflict(error):
                raise  # a collision: everything once more
            _logger.exception(
                "Account %s: return %s not stored", self.id, told.external_id
            )
            return self.env["marketplace.return"]

    def _run_orders(self):
        result = super()._run_orders()
        if self.state in ("connected", "paused") and not self.order_retry_at:
            self._guarded(self._read_order_returns)
        return result

    def _read_order_returns(self):
        """Ask for the returns of orders that have shipped and changed since.

        Only where the channel tells returns by order; others announce theirs.
        """
        adapter_class = self._get_adapter_class()
        if not adapter_class.supports("fetch_returns") or (
            not adapter_class.tells_returns_by_order
        ):
            return
        stop = time.monotonic() + SLICE_SECONDS
        with self._adapter_session() as adapter:
            for order in self._select_orders_to_ask():
                asked_at = order.updated_at
                self._ask_for_returns(adapter, order)
                self._in_transaction(
                    functools.partial(order.write, {"returns_asked_at": asked_at})
                )
                if time.monotonic() > stop:
                    self._in_transaction(self._wake_orders)
                    break
            self._in_transaction(functools.partial(self._save_rate_state, adapter))

    def _ask_for_returns(self, adapter, order):
        """Read an order's returns; one that the channel forgot stops no other."""
        try:
            self._fetch_returns(adapter, order.external_id)
        except RejectedError as error:
            _logger.info("Order %s has no returns: %s", order.external_id, error)

    def _get_event_handlers(self):
        return {**super()._get_event_handlers(), "return": self._read_return_of_events}

    def _read_return_of_events(self, adapter, events):
        """A notification of a return or claim: read it, and settle its events."""
        if not adapter.supports("fetch_returns") or not events[0].external_id:
            return self._ignored(self.env._("The channel does not tell returns."))
        found = self._fetch_returns(adapter, events[0].external_id)
        if not found:
            return self._ignored(self.env._("No goods of an order came back."))
        return {"state": "done", "order_id": found[:1].order_id.id}

    def _select_orders_to_ask(self):
        orders = self.env["marketplace.order"].search(
            [
                ("account_id", "=", self.id),
                ("state", "!=", "ignored"),
                ("returns_need_asking", "=", True),
            ],
            order="updated_at, id",
            limit=BATCH,
        )
        return orders


class MarketplaceOrder(models.Model):
    _inherit = "marketplace.order"

    return_ids = fields.One2many("marketplace.return", "order_id", "Returns")
    return_count = fields.Integer(compute="_compute_return_count")
    returns_asked_at = fields.Datetime(readonly=True, copy=False)
    returns_need_asking = fields.Boolean(
        compute="_compute_returns_need_asking", store=True, index=True
    )

    @api.depends("return_ids")
    def _compute_return_count(self):
        for order in self:
            order.return_count = len(order.return_ids)

    @api.depends("updated_at", "returns_asked_at", "line_ids.shipped_quantity")
    def _compute_returns_need_asking(self):
        """Only what has left can come back; a return changes its order."""
        for order in self:
            has_left = any(line.shipped_quantity > 0 for line in order.line_ids)
            order.returns_need_asking = has_left and (
                not order.returns_asked_at or order.returns_asked_at < order.updated_at
            )

    def action_open_returns(self):
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "marketplace_sync.marketplace_return_action"
            ),
            "domain": [("order_id", "=", self.id)],
        }

    @api.model_create_multi
    def create(self, vals_list):
        """A return may have been told before its order."""
        orders = super().create(vals_list)
        waiting = (
            self.env["marketplace.return"]
            .sudo()
            .search(
                [
                    ("order_id", "=", False),
                    ("account_id", "in", orders.account_id.ids),
                    ("order_ref", "in", orders.mapped("external_id")),
                ]
            )
        )
        waiting._link_order()
        return orders

    def _store_lines(self, told):
        """A return that waited for its order waits for its lines, too."""
        result = super()._store_lines(told)
        self.return_ids.sudo().line_ids._link_lines()
        return result
