from datetime import timedelta

from odoo import api, fields, models

#: Days that closed findings are kept, unless the system parameter says otherwise.
FINDING_DAYS = 365
FINDING_PARAMETER = "marketplace_sync.finding_retention_days"
LIVE = ("open", "accepted")


class MarketplaceReconciliationLine(models.Model):
    """One difference between Odoo and a channel, from its first sight until a later
    reading agrees."""

    _name = "marketplace.reconciliation.line"
    _description = "Marketplace Finding"
    _order = "level desc, risk_amount desc, risk_units desc, id desc"
    _rec_name = "sku"

    run_id = fields.Many2one(
        "marketplace.reconciliation", "Last Seen In", ondelete="set null", index=True
    )
    account_id = fields.Many2one(
        "marketplace.account", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    channel = fields.Selection(related="account_id.channel", store=True)
    site_id = fields.Many2one("marketplace.site", ondelete="set null")
    site_name = fields.Char("Site Name", related="site_id.name")
    listing_id = fields.Many2one(
        "marketplace.listing", ondelete="set null", index="btree_not_null"
    )
    product_id = fields.Many2one("product.product", ondelete="set null")
    sku = fields.Char("SKU", index=True)
    external_ref = fields.Char("Channel Reference")
    title = fields.Char()
    channel_url = fields.Char("Page on the Channel")
    state = fields.Selection(
        [("open", "Open"), ("accepted", "Accepted"), ("closed", "Closed")],
        default="open",
        required=True,
        index=True,
        help="Accepted: a person knows and lets it be until a date, or until the "
        "numbers change. Closed: a later reading agreed.",
    )
    cause = fields.Selection("_selection_cause", required=True, index=True)
    level = fields.Selection(
        [
            ("4_critical", "Critical"),
            ("3_high", "High"),
            ("2_medium", "Medium"),
            ("1_low", "Low"),
        ],
        "Severity",
        required=True,
        help="Critical: nothing left in Odoo and still for sale on the channel, or "
        "made to order and shown as sold out. High: units can be sold that cannot be "
        "shipped. Medium: the numbers differ. Low: good to know.",
    )
    proposal = fields.Selection(
        [
            ("push", "Send the quantity again"),
            ("wait", "Wait for the order"),
            ("match", "Match it with a product"),
            ("channel", "Put it right on the channel"),
            ("odoo", "Put the listing right"),
        ],
        "What Helps",
    )

    # === NUMBERS ===
    odoo_qty = fields.Integer("Odoo Quantity")
    expected_qty = fields.Integer("Expected", help="What the channel should show.")
    published_qty = fields.Integer("Published", help="What we believed that it shows.")
    channel_qty = fields.Integer("Channel Quantity")
    is_channel_qty_known = fields.Boolean()
    is_compared = fields.Boolean(help="There are two numbers, so there is a delta.")
    delta = fields.Integer(help="Channel quantity less expected.")
    variance = fields.Float("Variance (%)", digits=(16, 1), aggregator="avg")
    risk_units = fields.Integer(
        "Could Be Oversold", help="Units on the channel that cannot be shipped."
    )
    risk_amount = fields.Monetary("At Risk", currency_field="currency_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    remark = fields.Char("Said by the Channel")

    # === TIME ===
    first_seen = fields.Datetime(required=True, index=True)
    last_seen = fields.Datetime(required=True)
    times_seen = fields.Integer(default=1, aggregator="max")
    repaired_at = fields.Datetime("Sent Again")
    closed_at = fields.Datetime("Closed On")
    closed_reason = fields.Selection(
        [
            ("agrees", "A later reading agreed"),
            ("other", "It has another cause now"),
            ("gone", "The listing is gone or archived"),
        ],
    )
    accepted_until = fields.Date()
    accepted_reason = fields.Char()
    accepted_by_id = fields.Many2one("res.users")
    accepted_numbers = fields.Char(help="As they were when it was accepted.")
    explanation = fields.Text(compute="_compute_explanation")

    _listing_cause_uniq = models.UniqueIndex(
        "(listing_id, cause) WHERE state != 'closed' AND listing_id IS NOT NULL",
        "This listing already has an open finding with this cause.",
    )
    _unlisted_uniq = models.UniqueIndex(
        "(account_id, site_id, sku, external_ref) "
        "WHERE state != 'closed' AND cause = 'not_listed_here'",
        "There already is an open finding for this SKU.",
    )

    @api.model
    def _selection_cause(self):
        # Not a list of pairs: Odoo's export takes the first string after the bracket
        # behind a translated one for another text to translate.
        return list(
            {
                "never_published": self.env._("Never published"),
                "rejected_push": self.env._("Push refused"),
                "changed_on_channel": self.env._("Changed on the channel"),
                "channel_sale": self.env._("Channel sale not yet imported"),
                "stale_feed": self.env._("Stale feed overwrote a newer value"),
                "wrong_location": self.env._("Wrong location or inactive level"),
                "fulfilled_by_channel": self.env._("Fulfilled by the channel"),
                "keeps_selling": self.env._("Keeps selling at zero"),
                "unknown_sku": self.env._("Unknown SKU on the channel"),
                "not_listed_here": self.env._("Channel listing without a listing here"),
                "kit_overstated": self.env._("Kit overstated"),
                "rounding": self.env._("Rounding or unit of measure"),
                "pool_disagrees": self.env._("Pool members disagree"),
            }.items()
        )

    # === WORDS ===

    @api.depends("cause", "channel_qty", "expected_qty", "published_qty", "remark")
    def _compute_explanation(self):
        words = self._get_cause_words()
        for line in self:
            text = words.get(line.cause, "")
            parts = [line._get_numbers_words(), text, line.remark]
            line.explanation = "\n".join(filter(None, parts))

    def _get_numbers_words(self):
        if not self.is_compared:
            return ""
        return self.env._(
            "The channel shows %(shown)s, it should show %(expected)s; %(published)s "
            "was published.",
            shown=self.channel_qty,
            expected=self.expected_qty,
            published=self.published_qty,
        )

    @api.model
    def _get_cause_words(self):
        return {**self._get_difference_words(), **self._get_condition_words()}

    @api.model
    def _get_difference_words(self):
        """Words for causes of two numbers that differ."""
        return {
            "never_published": self.env._(
                "What the channel should show was not sent: the listing is new, "
                "paused, failed or waiting. Open the listing to see why, then push."
            ),
            "rejected_push": self.env._(
                "The channel refused the last quantity. The listing says why; put "
                "that right and retry."
            ),
            "changed_on_channel": self.env._(
                "We sent the right number, and the channel shows another one: it was "
                "changed there, by a person or another program. The channel does not "
                "say by whom. Pushing again restores Odoo's number."
            ),
            "channel_sale": self.env._(
                "The channel shows fewer than we published: probably sold there, and "
                "the order is not in Odoo yet. Pushing now would put the sold units "
                "back on the shelf; wait until the order has been imported."
            ),
            "stale_feed": self.env._(
                "The channel shows a number that we sent earlier: a slow submission "
                "was worked off after a newer one and overwrote it. Pushing again "
                "restores the newer number."
            ),
            "kit_overstated": self.env._(
                "The channel shows more kits than can be assembled from the "
                "components in stock."
            ),
            "rounding": self.env._(
                "The numbers differ by what is lost in counting: pieces instead of "
                "packs, or rounded up instead of down. Check the units per listing."
            ),
        }

    @api.model
    def _get_condition_words(self):
        """Words for what makes any number meaningless."""
        return {
            "wrong_location": self.env._(
                "The quantity lies in a place of the channel that sells nothing, or "
                "that is not ours to set. Stock the product at the right location "
                "there, then read the listing again."
            ),
            "fulfilled_by_channel": self.env._(
                "The channel ships this listing from its own warehouse now. Nothing "
                "is sent any more. If that is as it should be, accept it."
            ),
            "keeps_selling": self.env._(
                "The channel sells this listing whatever its quantity says: a 0 does "
                "not stop it. Switch on tracking, and off selling when out of stock."
            ),
            "unknown_sku": self.env._(
                "The channel has no single listing under this SKU: renamed, deleted, "
                "or there are several. Correct the SKU of the listing or match again."
            ),
            "not_listed_here": self.env._(
                "The channel sells this, and Odoo has no listing for it: nobody looks "
                "after its quantity. Match it with a product, or accept it."
            ),
            "pool_disagrees": self.env._(
                "Several listings share one counter on the channel and would show "
                "different numbers; the lowest one is shown for all."
            ),
        }

    @api.autovacuum
    def _gc_closed(self):
        parameter = self.env["ir.config_parameter"].sudo()
        days = int(parameter.get_param(FINDING_PARAMETER, FINDING_DAYS))
        limit = fields.Datetime.now() - timedelta(days=days)
        old = self.search([("closed_at", "<", limit)], limit=10_000)
        old.unlink()
        return len(old), len(old) == 10_000
