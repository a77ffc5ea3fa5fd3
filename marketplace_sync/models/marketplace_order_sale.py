"""From channel orders to a sale order, and what happens to it afterwards.

Orders of one purchase (a Mercado Libre pack; else one order alone) are one sale order.
What the channel says is compared with what was written last, so that a person's own
edits stay as long as the channel says nothing new.
"""

import logging

from odoo import fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from .order_problem import OrderProblem
from .tools import is_conflict

_logger = logging.getLogger(__name__)

#: A write that must not compute listings once more: what it changes is noted, and
#: computed by the refresh.
QUIET = {"marketplace_defer_demand": True}


class MarketplaceOrder(models.Model):
    _inherit = "marketplace.order"

    released_reason = fields.Char(readonly=True, copy=False)
    is_dismissed = fields.Boolean(
        "Not to Be Shipped",
        readonly=True,
        copy=False,
        help="A person decided so; its units are promised no more.",
    )
    difference = fields.Monetary(
        readonly=True, copy=False, help="The sale order's total less the channel's."
    )
    is_tax_problem = fields.Boolean(readonly=True, copy=False)
    is_difference_accepted = fields.Boolean(readonly=True, copy=False)
    is_difference_kept = fields.Boolean(
        readonly=True, copy=False, help="A person confirmed the sale order with it."
    )
    applied_rows = fields.Char(
        readonly=True, copy=False, help="Tells what was written to the sale order."
    )

    # === ONE TRANSACTION ===

    def _sync_safely(self):
        """Bring one purchase in line; what cannot be done is said at its orders.

        Raises only what makes a transaction worth repeating.
        """
        self.ensure_one()
        group = self.sudo()._lock_purchase()
        if self not in group or not self.needs_sync:
            return
        group = group.with_company(self.company_id).with_context(**QUIET)
        try:
            with self.env.cr.savepoint():
                group._sync()
        except OrderProblem as problem:
            group._park(str(problem), problem)
        except (UserError, ValidationError) as error:
            group._park(str(error))
        except Exception as error:
            if is_conflict(error):
                raise  # a collision: once more
            _logger.exception("Marketplace order %s: not brought in line", self.id)
            group._park_error(error)
        products = group.line_ids.product_id
        self.env["marketplace.stock.change"]._gather(products.ids)

    def _lock_purchase(self):
        """Lock all orders of this one's purchase and return them: two workers never
        make two sale orders of one."""
        self.flush_recordset()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM marketplace_order
                 WHERE id = %s OR (account_id = %s AND group_key = %s)
                 ORDER BY id
                   FOR UPDATE
                """,
                self.id,
                self.account_id.id,
                self.group_key or None,
            )
        )
        orders = self.browse([row[0] for row in rows])
        orders.invalidate_recordset()
        return orders

    def _park(self, text, problem=None):
        """Let the orders wait for a person; their known lines stay promised."""
        problem = problem or OrderProblem(text)
        waiting = self.filtered(
            lambda o: (
                o.status != "cancelled"
                and o.state not in ("ignored", "cancelled")
                and (o.status != "pending" or o.sale_order_id)
            )
        )
        waiting.write(
            {"state": "to_fix", "problem": text, "is_tax_problem": problem.is_tax}
        )
        self.needs_sync = False
        rows = self.env["marketplace.tax.map"]
        for values in problem.unmapped:
            domain = [(name, "=", value) for name, value in values.items()]
            rows.search(domain, limit=1) or rows.create(values)

    def _park_error(self, error):
        """Say at the order that the software failed; the log has the traceback."""
        name = type(error).__name__
        text = self.env._(
            "The software met an error with this order; the server's log has the "
            "details (%(name)s: %(error)s).",
            name=name,
            error=str(error).partition("\n")[0][:200],
        )
        self._park(text)

    # === DECISIONS ===

    def _sync(self):
        """Bring the sale order of one purchase in line."""
        sale = self.sale_order_id[:1]
        self._ask_about_cancel_requests()
        if sale.state == "cancel":
            self._follow_cancelled_sale()
        elif sale:
            self._update_sale(sale)
        else:
            self._import_sale()
        self.needs_sync = False

    def _get_wanted(self):
        """Return the orders that are to be rows of the sale order."""
        return self.filtered(
            lambda o: (
                o.status != "cancelled"
                and o.state != "ignored"
                and not o.is_dismissed
                and (
                    o.sale_order_id
                    or (
                        o.status in ("open", "shipped")
                        and not o._is_stopped()
                        and (not o.line_ids or any(o.line_ids.mapped("quantity")))
                    )
                )
            )
        )

    def _is_stopped(self):
        """Tell whether a person must look before it becomes a sale order."""
        self.ensure_one()
        return self.is_held and self.released_reason != (self.hold_reason or "-")

    def _park_stopped(self):
        """Say at held orders what they wait for."""
        for order in self:
            stopped = order._is_stopped() and not order.sale_order_id
            if stopped and order.status in ("open", "shipped"):
                order._park(
                    self.env._(
                        "Held: %s Press Release when it may be shipped.",
                        order.hold_reason or self.env._("the channel gives no reason."),
                    )
                )

    def _import_sale(self):
        wanted = self._get_wanted()
        if wanted:
            wanted._check_can_import()
            sale = wanted._create_sale()
            wanted._write_rows(sale)
            wanted._finish(sale)
        waiting = self.filtered(lambda o: o.status == "pending" and o.state == "to_fix")
        waiting.write({"state": "new", "problem": False})
        self._park_stopped()

    def _update_sale(self, sale):
        wanted = self._get_wanted()
        if not wanted:
            if all(o.status == "cancelled" or o.state == "ignored" for o in self):
                self._cancel_sale(sale)
            return
        fresh = wanted.filtered(lambda o: not o.sale_order_id)
        if sale.state in ("draft", "sent"):
            wanted._check_can_import()
        else:
            fresh._check_can_import()
        fresh.write({"sale_order_id": sale.id})
        wanted._ask_about_holds()
        with sale._marketplace_unlocked():
            (wanted | self.filtered("sale_order_id"))._write_rows(sale)
            wanted._finish(sale)
        self._park_stopped()
        gone = self.filtered(lambda o: o.status == "cancelled")
        gone.write({"state": "cancelled", "problem": False})

    def _finish(self, sale):
        """Compare totals, confirm, and say what became of the orders."""
        problem = self._balance(sale)
        self.write({"sale_order_id": sale.id})
        if problem:
            self.write({"state": "to_fix", "problem": problem, "is_tax_problem": False})
            return
        self.write({"state": "imported", "problem": False})
        if self.account_id.confirm_orders and sale.state in ("draft", "sent"):
            sale.action_confirm()
        self._settle()

    def _settle(self):
        """Shipped, and a confirmed sale order has taken it over: nothing is promised
        any more, whatever happens to its moves."""
        done = self.filtered(
            lambda o: o.status == "shipped" and o.sale_order_id.state == "sale"
        )
        done.filtered("is_demand").write({"is_demand": False})

    def _decide_state(self):
        result = super()._decide_state()
        if self.is_dismissed:
            self.write({"state": "ignored", "is_demand": False, "needs_sync": False})
        else:
            self._settle()
        return result

    # === ROWS ===

    def _write_rows(self, sale):
        """Bring the sale order's lines in line, when the channel says something else
        than what was written last."""
        rows = {}
        for order in self:
            told = {}
            if order in order._get_wanted():
                told = order._get_sale_rows(sale.fiscal_position_id)
            mark = order._fingerprint(told)
            known = sale.order_line.filtered(
                lambda line, order=order: line.marketplace_order_id == order
            )
            if mark == order.applied_rows and (known or not told):
                rows.update({line.marketplace_key: None for line in known})
                continue
            rows.update(told)
            order.applied_rows = mark
        refused = sale._apply_marketplace_rows(self, rows)
        if refused:
            self[:1]._ask(
                "rows",
                " ".join(refused),
                self.env._("%s was changed on the channel", self[:1].name),
                " ".join(refused),
            )

    def _balance(self, sale):
        """Return why the totals differ, "" when they do not or when a line may make
        up for it."""
        lead = self[:1]
        total = sale._get_marketplace_total()
        gap = lead.currency_id.round(total - float(self._get_expected_total()))
        known = lead.difference
        self.difference = gap
        if lead.currency_id.is_zero(gap):
            return ""
        if lead.is_difference_kept and not lead.currency_id.compare_amounts(gap, known):
            return ""
        limit = lead.account_id.difference_limit
        if any(self.mapped("is_difference_accepted")) or abs(gap) <= limit + 1e-9:
            sale._add_difference(lead, -gap)
            return ""
        return self.env._(
            "Odoo's total is %(ours)s, the channel's is %(theirs)s (difference "
            "%(gap)s).",
            ours=lead.currency_id.format(total),
            theirs=lead.currency_id.format(total - gap),
            gap=lead.currency_id.format(gap),
        )

    # === CANCELLED ===

    def _cancel_sale(self, sale):
        """The channel cancelled all of it: cancel the sale order as long as nothing
        has left, else ask a person."""
        left = [line for line in sale.order_line if line.qty_delivered]
        posted = sale.invoice_ids.filtered(lambda move: move.state == "posted")
        if left or posted:
            reason = (
                self.env._("goods have left the warehouse already")
                if left
                else self.env._("it is invoiced already")
            )
            self[:1]._ask(
                "cancelled",
                "yes",
                self.env._("%s was cancelled on the channel", self[:1].name),
                self.env._(
                    "The sale order %(sale)s stays as it is: %(reason)s. Get the goods "
                    "back, or settle it with the buyer.",
                    sale=sale.name,
                    reason=reason,
                ),
            )
            self.write({"is_demand": False})
            return
        sale.with_context(marketplace_from_channel=True)._action_cancel()
        sale.message_post(body=self.env._("Cancelled on the channel."))
        self.write({"state": "cancelled", "problem": False, "is_demand": False})

    def _follow_cancelled_sale(self):
        """The sale order was cancelled here. Where the channel cancelled too, all is
        well; else a person was asked when it happened."""
        gone = self.filtered(lambda o: o.status == "cancelled")
        gone.write({"state": "cancelled", "problem": False})
