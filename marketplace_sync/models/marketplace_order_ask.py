"""What a person is asked about an order: each fact once, however often it is told."""

from odoo import fields, models


class MarketplaceOrder(models.Model):
    _inherit = "marketplace.order"

    asked = fields.Json(
        readonly=True, copy=False, help="What a person was asked already, and about."
    )

    def _ask(self, kind, fact, summary, note):
        """Schedule an activity for the person responsible for the account.

        :param fact: what it is about; the same one is never asked twice
        """
        self.ensure_one()
        asked = self.asked or {}
        if asked.get(kind) == fact:
            return
        self.asked = {**asked, kind: fact}
        user = self.account_id.user_id or self.sale_order_id.user_id
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            user_id=user.id or self.env.uid,
            summary=summary,
            note=note,
        )

    def _ask_about_cancel_requests(self):
        for order in self:
            if not order.cancel_requested or order.status == "cancelled":
                continue
            order._ask(
                "cancel_requested",
                order.cancel_reason or "-",
                self.env._("%s: the buyer asks to cancel", order.name),
                self.env._(
                    "Reason: %s. Nothing is cancelled yet: cancel it on the channel "
                    "and the sale order follows, or ship it.",
                    order.cancel_reason or self.env._("none given"),
                ),
            )

    def _ask_about_holds(self):
        """A sale order that exists is not undone when the channel holds the order."""
        for order in self:
            if order._is_stopped() and order.status == "open":
                order._ask(
                    "hold",
                    order.hold_reason or "-",
                    self.env._("%s is held by the channel", order.name),
                    self.env._(
                        "%s Do not ship it before that is settled.",
                        order.hold_reason or "",
                    ),
                )

    def _ask_to_cancel_there(self):
        """The sale order was cancelled here; the channel does not know."""
        for order in self:
            if order.status not in ("pending", "open"):
                continue
            order._ask(
                "cancel_there",
                str(order.sale_order_id.id),
                self.env._("Cancel %s on the channel", order.name),
                order._get_cancel_steps(),
            )

    def _get_cancel_steps(self):
        self.ensure_one()
        steps = self.env._(
            "%(sale)s was cancelled in Odoo, but the buyer still waits: its units stay "
            "promised.",
            sale=self.sale_order_id.name,
        )
        if self.account_id.can_cancel_orders:
            steps += " " + self.env._(
                "Press Cancel on the Channel here, or open the order on the channel's "
                "own page and cancel it there."
            )
        else:
            steps += " " + self.env._(
                "Open the order on the channel's own page and cancel it there; the "
                "channel offers no other way."
            )
        return steps + " " + self.env._("Or press Not to Be Shipped.")
