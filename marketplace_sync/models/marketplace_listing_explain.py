"""Why this number: every line of the arithmetic, with its value, for a person."""

from markupsafe import Markup
from odoo import api, fields, models
from odoo.tools import SQL

from ..engine.quantity import COUNTED_SOURCES


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    explanation = fields.Html(
        "Why This Number", compute="_compute_explanation", sanitize=False
    )
    pool_note = fields.Char(compute="_compute_pool_note")
    pool_member_ids = fields.Many2many(
        "marketplace.listing", compute="_compute_pool_note", string="Shared With"
    )

    def action_explain(self):
        """Open the arithmetic of this listing's number, computed now."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._(
                "Why %(qty)s? %(sku)s", qty=self.sellable_qty, sku=self.sku
            ),
            "res_model": self._name,
            "res_id": self.id,
            "views": [
                (
                    self.env.ref(
                        "marketplace_sync.marketplace_listing_view_explain"
                    ).id,
                    "form",
                )
            ],
            "target": "new",
        }

    def _get_breakdown_values(self, breakdown, warehouses=None):
        """Return a breakdown as JSON types, with the names that it needs to be read
        without any other record: it is kept in the history of pushes."""
        self.ensure_one()
        policy = self.effective_buffer_policy_id
        values = breakdown._asdict()
        values["buffer"] = breakdown.buffer._asdict()
        values.update(
            policy=policy.display_name if policy and breakdown.buffer_qty else "",
            unit=self.product_id.uom_id.display_name,
            published=self.sellable_qty,
            is_pooled=self.sellable_qty != breakdown.sellable,
        )
        if breakdown.source == "stock":
            values["warehouses"] = warehouses or []
            by_moves = sum(row["committed"] for row in values["warehouses"])
            values["promised"] = max(0.0, breakdown.committed - by_moves)
        return values

    def _get_stock_by_warehouse(self):
        """Return listing id → [{warehouse_id, name, free, committed}] for its site's
        warehouses; what is not read from a warehouse has no ``warehouse_id``.

        Two queries, however many listings.
        """
        stock = self.env["marketplace.stock"]
        warehouses = self.site_id.sudo().warehouse_ids
        free = stock._read_free(self.product_id.ids, warehouses.ids)
        committed = stock._read_committed(self.product_id.ids, warehouses.ids)
        return {
            listing.id: [
                {
                    "warehouse_id": warehouse.id,
                    "name": warehouse.name,
                    "free": free.get((listing.product_id.id, warehouse.id), 0.0),
                    "committed": committed.get(
                        (listing.product_id.id, warehouse.id), 0.0
                    ),
                }
                for warehouse in listing.site_id.sudo().warehouse_ids
            ]
            for listing in self
        }

    def _explain(self):
        """Return the breakdown of this listing as computed now, JSON types; {} when no
        number can be computed (``last_error`` says why)."""
        self.ensure_one()
        rows = self.sudo()._read_rows(SQL("l.id = %s", self.id))
        breakdowns = self.sudo()._compute_breakdowns(rows)
        if self.id not in breakdowns:
            return {}
        warehouses = self.sudo()._get_stock_by_warehouse()[self.id]
        return self.sudo()._get_breakdown_values(breakdowns[self.id], warehouses)

    @api.model
    def _format_quantity(self, value):
        """Write 12.0 as 12 and 0.5 as 0.5."""
        return f"{value:,.6f}".rstrip("0").rstrip(".").replace(",", "\u202f")

    @api.model
    def _get_explanation_steps(self, values):
        """Return the arithmetic as [{label, value, hint, is_result}]."""
        if not values:
            return []
        if values["source"] in COUNTED_SOURCES:
            steps = self._get_stock_steps(values)
        else:
            label = {
                "mto": self.env._("Made to order: the site's quantity"),
                "manual": self.env._("Typed by a person"),
            }.get(values["source"], values["source"])
            steps = [self._step(label, values["qty"])]
        if values["max_qty"]:
            steps.append(self._step(self.env._("At most (cap)"), values["max_qty"]))
        if values["stopped"]:
            steps.append(self._step(self.env._("Selling stopped by a person"), 0))
        steps.append(
            self._step(self.env._("Sellable"), values["sellable"], is_result=True)
        )
        if values.get("is_pooled"):
            steps.append(
                self._step(
                    self.env._("Published: the lowest of the listings that share it"),
                    values["published"],
                    is_result=True,
                )
            )
        return steps

    @api.model
    def _step(self, label, value, hint="", is_result=False):
        return {"label": label, "value": value, "hint": hint, "is_result": is_result}

    @api.model
    def _get_stock_steps(self, values):
        number = self._format_quantity
        steps = [
            step
            for warehouse in values.get("warehouses", [])
            for step in self._get_warehouse_steps(warehouse)
        ]
        hint = ""
        if values["available"] < 0:
            hint = self.env._("More was shipped than was recorded; counted as 0.")
        steps.append(
            self._step(
                self.env._("Quantity, whole %s", values["unit"]),
                values["qty"],
                hint,
            )
        )
        steps.append(
            self._step(
                self.env._("Committed: promised, not reserved yet"),
                f"− {number(values['committed'])}",
                self._get_promised_hint(values),
            )
        )
        if values["share_percent"] != 100:
            steps.append(
                self._step(
                    self.env._("Share of this site"),
                    f"× {number(values['share_percent'])} %",
                )
            )
        steps.append(
            self._step(self.env._("Effective"), values["effective"], is_result=True)
        )
        steps += self._get_buffer_steps(values)
        if values["units_per_listing"] != 1:
            steps.append(
                self._step(
                    self.env._("Units in one listing"),
                    f"÷ {values['units_per_listing']}",
                )
            )
        return steps

    @api.model
    def _get_warehouse_steps(self, warehouse):
        """Return what one warehouse contributes; bridges say more of it."""
        return [
            self._step(
                self.env._("Free in %s", warehouse["name"]),
                self._format_quantity(warehouse["free"]),
            )
        ]

    @api.model
    def _get_promised_hint(self, values):
        if not values.get("promised"):
            return ""
        return self.env._(
            "%s of it in channel orders that no sale order has taken over yet",
            self._format_quantity(values["promised"]),
        )

    @api.model
    def _get_buffer_steps(self, values):
        if not values["buffer_qty"]:
            return [self._step(self.env._("Buffer: none"), "− 0")]
        line = values["buffer"]
        hint = self.env._(
            "%(policy)s: %(units)s units or %(percent)s %%, whichever is more",
            policy=values["policy"],
            units=line["units"],
            percent=self._format_quantity(line["percent"]),
        )
        return [self._step(self.env._("Buffer"), f"− {values['buffer_qty']}", hint)]

    def _compute_explanation(self):
        for listing in self:
            steps = listing._get_explanation_steps(
                listing._explain() if isinstance(listing.id, int) else {}
            )
            rows = Markup().join(self._get_explanation_row(step) for step in steps)
            table = Markup('<table class="table table-sm mb-0">%s</table>') % rows
            listing.explanation = table if steps else False

    @api.model
    def _get_explanation_row(self, step):
        row = Markup(
            '<tr><td>%s<br/><small class="text-muted">%s</small></td>'
            '<td class="text-end text-nowrap">%s</td></tr>'
        )
        strong = Markup("<b>%s</b>") if step["is_result"] else Markup("%s")
        if step.get("is_detail"):
            strong = Markup('<small class="text-muted ps-3">%s</small>')
        return row % (strong % step["label"], step["hint"], strong % step["value"])

    @api.depends("pool_key", "account_id")
    def _compute_pool_note(self):
        for listing in self:
            members = self.browse()
            if listing.pool_key and isinstance(listing.id, int):
                members = self.search(
                    [
                        ("account_id", "=", listing.account_id.id),
                        ("pool_key", "=", listing.pool_key),
                        ("id", "!=", listing.id),
                    ]
                )
            listing.pool_member_ids = members
            listing.pool_note = listing._get_pool_words(members)

    def _get_pool_words(self, members):
        if not members:
            return False
        everyone = self | members
        if len(set(everyone.mapped("own_qty"))) == 1:
            return self.env._(
                "Shares one counter on the channel with %s.",
                ", ".join(members.mapped("site_id.name")),
            )
        lowest = min(everyone, key=lambda listing: listing.own_qty)
        return self.env._(
            "The channel keeps one counter for %(sites)s. Their own numbers differ; "
            "the lowest is published: %(qty)s (%(site)s).",
            sites=", ".join(everyone.mapped("site_id.name")),
            qty=lowest.own_qty,
            site=lowest.site_id.name,
        )
