"""What a person does with an order."""

import functools
import time

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..channels.errors import ChannelError, RetryableError, UnknownListing

#: More orders than this are left to the scheduled action when a person retries.
RETRY_NOW = 40


class MarketplaceOrder(models.Model):
    _inherit = "marketplace.order"

    cancel_wanted_at = fields.Datetime(
        readonly=True, copy=False, help="When a person asked to cancel it there."
    )
    cancel_message = fields.Char(readonly=True, copy=False)
    can_cancel_there = fields.Boolean(related="account_id.can_cancel_orders")
    is_stopped = fields.Boolean(compute="_compute_is_stopped")
    sale_state = fields.Selection(
        related="sale_order_id.state", string="Sale Status", tracking=False
    )
    delivery_count = fields.Integer(related="sale_order_id.delivery_count")
    charge_summary = fields.Html(compute="_compute_summaries", sanitize=False)
    buyer_name = fields.Char("Buyer", compute="_compute_summaries")
    address_summary = fields.Text("Ships To", compute="_compute_summaries")

    def _compute_is_stopped(self):
        for order in self:
            order.is_stopped = order._is_stopped() and not order.sale_order_id

    def _compute_summaries(self):
        for order in self:
            buyer, address = order._get_told_person()
            order.buyer_name = buyer.get("name") or address.get("name")
            town = [address.get("zip"), address.get("city"), address.get("state_code")]
            parts = [
                address.get("company"),
                address.get("name"),
                address.get("street"),
                address.get("street2"),
                " ".join(filter(None, town)),
                address.get("country_code"),
            ]
            order.address_summary = "\n".join(filter(None, parts))
            order.charge_summary = self.env["ir.qweb"]._render(
                "marketplace_sync.marketplace_order_charges",
                {"order": order, "rows": order._get_summary_rows()},
            )

    def _get_summary_rows(self):
        """Return charges and taxes as (label, note, amount) for people."""
        rows, currency = [], self.currency_id
        charges = (self.details or {}).get("charges") or []
        for charge in charges:
            rows.append((charge["title"] or charge["kind"], "", charge["amount"]))
        sums = {}
        for part in (*self.line_ids.mapped("taxes"), *(c["taxes"] for c in charges)):
            for tax in part or ():
                key = (tax["title"], tax["rate"], tax["collected_by_channel"])
                sums[key] = sums.get(key, 0) + float(tax["amount"])
        for (title, rate, collected), amount in sums.items():
            label = f"{title} {float(rate):g} %" if rate is not None else title
            note = []
            if self.prices_include_tax:
                note.append(self.env._("inside the prices"))
            if collected:
                note.append(self.env._("collected by the channel"))
            rows.append((label, ", ".join(note), amount))
        return [
            (label, note, currency.format(float(amount)) if currency else amount)
            for label, note, amount in rows
        ]

    # === TO FIX ===

    def action_retry(self):
        """Try these orders again: at once when they are few."""
        self.check_access("write")
        orders = self.filtered(lambda o: o.state in ("to_fix", "new")).sudo()
        orders.needs_sync = True
        for order in orders[:RETRY_NOW]:
            order._sync_safely()
        if orders[RETRY_NOW:]:
            orders.account_id._wake_orders()
        return self._report(orders[:RETRY_NOW], orders[RETRY_NOW:])

    def _report(self, tried, later):
        waiting = tried.filtered(lambda o: o.state == "to_fix")
        if len(tried) == 1 and not later and waiting:
            message = waiting.problem
        else:
            done = self.env._("%s done.", len(tried) - len(waiting))
            parts = [done] if len(tried) > len(waiting) else []
            if waiting:
                parts.append(self.env._("%s still wait.", len(waiting)))
            if later:
                parts.append(self.env._("%s follow in a moment.", len(later)))
            message = " ".join(parts) or self.env._("Nothing to retry.")
        return self._notify(message, "warning" if waiting else "success")

    def _notify(self, message, kind="info"):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_release(self):
        """A person has looked at what the channel holds: it may be shipped."""
        self.check_access("write")
        for order in self.filtered(lambda o: o._is_stopped()).sudo():
            order.released_reason = order.hold_reason or "-"
            order.message_post(
                body=self.env._(
                    "%(user)s released it: %(reason)s",
                    user=self.env.user.name,
                    reason=order.hold_reason or "",
                )
            )
        return self.action_retry()

    def action_accept_difference(self):
        """A person accepts that the parts do not add up to the channel's total."""
        self.check_access("write")
        for order in self.sudo().filtered("difference"):
            order.is_difference_accepted = True
            order.message_post(
                body=self.env._(
                    "%(user)s accepted a difference of %(amount)s; a line of the sale "
                    "order makes up for it.",
                    user=self.env.user.name,
                    amount=order.currency_id.format(order.difference),
                )
            )
        return self.action_retry()

    def action_read_again(self):
        """Ask the channel for this order as it is now."""
        self.ensure_one()
        self.check_access("write")
        account = self.account_id.sudo()
        try:
            with account._adapter_session() as adapter:
                told = adapter.fetch_order(self.external_id)
        except UnknownListing:
            account._store_gone(self.external_id)
            self.sudo()._sync_safely()
            return self._notify(self.env._("The channel has no such order."), "warning")
        except ChannelError as error:
            raise UserError(account._words_of(error)) from error
        account._store_order(told)
        self.sudo().needs_sync = self.state != "ignored"
        self.sudo()._sync_safely()
        if self.state == "to_fix":
            return self._notify(self.problem, "warning")
        return self._notify(self.env._("Read."), "success")

    def action_dismiss(self):
        """A person decides that it is not to be shipped: its units are free again."""
        self.check_access("write")
        for order in self.sudo():
            if order.sale_order_id.state in ("draft", "sent", "sale"):
                raise UserError(
                    self.env._(
                        "%(order)s has the sale order %(sale)s: cancel that first.",
                        order=order.name,
                        sale=order.sale_order_id.name,
                    )
                )
            order.write(
                {
                    "is_dismissed": True,
                    "is_demand": False,
                    "needs_sync": False,
                    "state": "ignored",
                    "problem": False,
                }
            )
            order.message_post(
                body=self.env._(
                    "%s decided: not to be shipped. Its units are promised no more.",
                    self.env.user.name,
                )
            )

    def action_undismiss(self):
        """It is to be shipped after all; where its sale order was cancelled, by a new
        one."""
        self.check_access("write")
        for order in self.sudo():
            group = order._lock_purchase()
            if group.sale_order_id.filtered(lambda sale: sale.state != "cancel"):
                continue
            group.sale_order_id.marketplace_key = False
            open_orders = group.filtered(lambda o: o.status != "cancelled")
            open_orders.write({"sale_order_id": False, "applied_rows": False})
            order.write({"is_dismissed": False, "state": "new"})
            order._decide_state()
            order.message_post(
                body=self.env._("%s: to be shipped after all.", self.env.user.name)
            )
        return self.action_retry()

    # === CANCELLING THERE ===

    def action_cancel_there(self):
        """Have the order cancelled on the channel; done by the account's action."""
        self.check_access("write")
        for order in self.sudo():
            if order.can_cancel_there and order.status in ("pending", "open"):
                order.cancel_wanted_at = fields.Datetime.now()
                order.cancel_message = self.env._("Asking the channel…")
        self.account_id._wake_orders()
        return self._notify(self.env._("The channel is asked to cancel it."))

    def _cancel_there(self, adapter):
        """Ask the channel, outside of any person's transaction."""
        self.ensure_one()
        account = self.account_id
        try:
            result = adapter.cancel_order(self.external_id, self.cancel_reason or "")
        except RetryableError:
            raise  # the account rests, then it is asked again
        except ChannelError as error:
            note = functools.partial(self._note_cancel, "rejected", str(error))
        else:
            note = functools.partial(self._note_cancel, result.outcome, result.error)
        account._in_transaction(note)

    def _note_cancel(self, outcome, error):
        if outcome == "retry":
            self.cancel_message = error
            return
        words = {
            "accepted": self.env._("The channel takes the cancellation on."),
            "already": self.env._("It was cancelled on the channel already."),
        }
        refused = self.env._("The channel refuses to cancel it: %s", error)
        message = words.get(outcome, refused)
        self.write({"cancel_wanted_at": False, "cancel_message": message})
        self.message_post(body=message)
        if outcome not in words:
            self._ask("cancel_refused", error, message, message)

    # === ELSEWHERE ===

    def action_open_sale(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "view_mode": "form",
            "res_id": self.sale_order_id.id,
        }

    def action_open_deliveries(self):
        self.ensure_one()
        return self.sale_order_id.action_view_delivery()

    def action_open_tax_map(self):
        return self.account_id.action_open_tax_map()


class MarketplaceOrderLine(models.Model):
    _inherit = "marketplace.order.line"

    is_in_sale = fields.Boolean(compute="_compute_is_in_sale")

    @api.depends("sale_line_ids")
    def _compute_is_in_sale(self):
        for line in self:
            line.is_in_sale = bool(line.sudo().sale_line_ids)

    def action_create_listing(self):
        """Open a new listing for the SKU that was sold."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Create Listing"),
            "res_model": "marketplace.listing",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_account_id": self.account_id.id,
                "default_site_id": (self.site_id or self.order_id.site_id).id,
                "default_sku": self.sku,
                "default_external_ref": self.external_ref,
                "default_product_id": self.product_id.id,
            },
        }


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    def _send_shipments(self, adapter, deadline):
        result = super()._send_shipments(adapter, deadline)
        self._send_cancellations(adapter, deadline)
        return result

    def _send_cancellations(self, adapter, deadline):
        orders = self.env["marketplace.order"].search(
            [("account_id", "=", self.id), ("cancel_wanted_at", "!=", False)],
            order="cancel_wanted_at, id",
        )
        for order in orders:
            if time.monotonic() > deadline:
                self._in_transaction(self._wake_orders)
                return
            order._cancel_there(adapter)


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    def _adopt_order_lines(self):
        """Orders that waited for this listing are tried again at once."""
        result = super()._adopt_order_lines()
        waiting = (
            self.env["marketplace.order"]
            .sudo()
            .search(
                [
                    ("account_id", "in", self.account_id.ids),
                    ("state", "=", "to_fix"),
                    ("line_ids.sku", "in", [sku for sku in self.mapped("sku") if sku]),
                ]
            )
        )
        if waiting:
            waiting.needs_sync = True
            waiting.account_id._wake_orders()
        return result
