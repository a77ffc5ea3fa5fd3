from odoo import api, fields, models
from odoo.exceptions import ValidationError


class MarketplaceTaxMap(models.Model):
    """Which tax of Odoo a channel's tax is.

    A tax that was never seen before is guessed (the company's sale tax of that
    percentage) and noted as a suggestion; where nothing fits, the order waits and the
    row is here to be completed.
    """

    _name = "marketplace.tax.map"
    _description = "Marketplace Tax"
    _order = "account_id, title, rate, id"
    _check_company_auto = True

    account_id = fields.Many2one(
        "marketplace.account", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    title = fields.Char(
        "Tax on the Channel", help="As the channel names it. Empty: whatever its name."
    )
    rate = fields.Float("Rate (%)", digits=(16, 4))
    is_any_rate = fields.Boolean(
        "Any Rate",
        help="The channel's amount is taken as it is. For sales taxes that differ by "
        "address; else a rate lets a wrong mapping be noticed.",
    )
    prices_include_tax = fields.Boolean(
        "Inside the Price", help="For orders whose prices contain the tax."
    )
    tax_id = fields.Many2one(
        "account.tax",
        "Tax in Odoo",
        domain="[('type_tax_use', '=', 'sale'), ('amount_type', '!=', 'group')]",
        check_company=True,
        ondelete="restrict",
        help="Empty: orders with this tax wait.",
    )
    is_suggestion = fields.Boolean(
        "Suggested", help="Found by its percentage; nobody has looked at it yet."
    )

    _account_tax_uniq = models.UniqueIndex(
        "(account_id, COALESCE(title, ''), rate, is_any_rate, prices_include_tax)",
        "The account already has a mapping for this tax.",
    )

    @api.depends("title", "rate", "is_any_rate")
    def _compute_display_name(self):
        for row in self:
            title = row.title or self.env._("Any tax")
            row.display_name = title if row.is_any_rate else f"{title} {row.rate:g} %"

    @api.constrains("tax_id")
    def _check_tax_id(self):
        for row in self:
            if row.tax_id.amount_type == "group":
                raise ValidationError(
                    self.env._("Choose one tax: %s is a group.", row.tax_id.name)
                )
            if row.tax_id and row.tax_id.type_tax_use != "sale":
                raise ValidationError(
                    self.env._("%s is not a tax on sales.", row.tax_id.name)
                )

    @api.onchange("tax_id")
    def _onchange_tax_id(self):
        self.is_suggestion = False

    @api.model_create_multi
    def create(self, vals_list):
        rows = super().create(vals_list)
        rows._wake_waiting_orders()
        return rows

    def write(self, vals):
        if vals.get("tax_id") and "is_suggestion" not in vals:
            vals = {**vals, "is_suggestion": False}
        result = super().write(vals)
        if {"tax_id", "rate", "is_any_rate", "title"} & vals.keys():
            self._wake_waiting_orders()
        return result

    def _wake_waiting_orders(self):
        """Orders that waited for this mapping are tried again."""
        accounts = self.filtered(
            lambda row: row.tax_id and not row.is_suggestion
        ).account_id
        orders = self.env["marketplace.order"].sudo()
        orders = orders.search(
            [("account_id", "in", accounts.ids), ("state", "=", "to_fix")]
        )
        if orders:
            orders.needs_sync = True
            orders.account_id._wake_orders()

    def action_confirm_suggestion(self):
        self.filtered("tax_id").write({"is_suggestion": False})

    # === LOOKING UP ===

    def _resolve(self, account, told, base, included, tolerance):
        """Return the row for a channel's tax; one without ``tax_id`` when a person has
        to say; empty when the tax was never seen and nothing fits.

        :param self: the account's rows
        :param told: dict of title, amount, rate (None = not told)
        :param base: what the tax is on
        """
        found = self.filtered(
            lambda row: (
                row.prices_include_tax == included
                and (not row.title or row.title == told["title"])
                and row._is_rate_of(told, base, tolerance)
            )
        ).sorted(lambda row: (not row.title, row.is_any_rate, not row.tax_id, row.id))
        if found:
            return found[0]
        tax = self._guess(account, told, base, included, tolerance)
        if not tax:
            return self.browse()
        return self.create(
            {
                **self._get_told_values(account, told, included),
                "rate": float(tax.amount if told["rate"] is None else told["rate"]),
                "tax_id": tax.id,
                "is_any_rate": False,
                "is_suggestion": True,
            }
        )

    @api.model
    def _get_told_values(self, account, told, included):
        """Return the values of a row for a tax as the channel tells it."""
        return {
            "account_id": account.id,
            "title": told["title"] or False,
            "rate": float(told["rate"] or 0),
            "is_any_rate": told["rate"] is None,
            "prices_include_tax": included,
        }

    def _is_rate_of(self, told, base, tolerance):
        self.ensure_one()
        if self.is_any_rate:
            return True
        if told["rate"] is not None:
            return abs(self.rate - float(told["rate"])) < 0.00005
        return self._explains(self.rate, told, base, tolerance)

    @api.model
    def _explains(self, rate, told, base, tolerance):
        """Tell whether a percentage of ``base`` is the amount that was told."""
        gap = abs(float(base) * rate / 100 - float(told["amount"]))
        return gap <= float(tolerance) * 1.0001

    @api.model
    def _guess(self, account, told, base, included, tolerance):
        """Return the company's sale tax of this percentage that fits best.

        Without a rate the amount tells, but only where one percentage alone does.
        """
        company = account.company_id
        taxes = self.env["account.tax"].search(
            [
                *self.env["account.tax"]._check_company_domain(company),
                ("type_tax_use", "=", "sale"),
                ("amount_type", "=", "percent"),
            ]
        )
        if told["rate"] is None:
            taxes = taxes.filtered(
                lambda tax: self._explains(tax.amount, told, base, tolerance)
            )
            if len(set(taxes.mapped("amount"))) > 1:
                return taxes.browse()
        else:
            rate = float(told["rate"])
            taxes = taxes.filtered(lambda tax: abs(tax.amount - rate) < 0.00005)
        default = company.account_sale_tax_id
        return taxes.sorted(
            lambda tax: (
                tax.price_include != included,
                tax != default,
                tax.country_id != company.account_fiscal_country_id,
                tax.sequence,
                tax.id,
            )
        )[:1]
