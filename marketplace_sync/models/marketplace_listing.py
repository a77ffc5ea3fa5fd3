from odoo import api, fields, models
from odoo.exceptions import ValidationError

#: Listings beyond this number are computed by the scheduled refresh, not at once.
INLINE_LIMIT = 1000
#: No channel takes a longer SKU (Amazon: 40; others are longer, Odoo's own fits).
SKU_LENGTH = 255


class MarketplaceListing(models.Model):
    """One product on one site under one SKU. It has its own quantity."""

    _name = "marketplace.listing"
    _description = "Marketplace Listing"
    _inherit = ["mail.thread"]
    _order = "sku, site_id, id"
    _rec_name = "sku"
    _check_company_auto = True

    active = fields.Boolean(default=True)
    product_id = fields.Many2one(
        "product.product", index=True, check_company=True, tracking=True
    )
    site_id = fields.Many2one(
        "marketplace.site", required=True, ondelete="cascade", index=True
    )
    account_id = fields.Many2one(
        "marketplace.account",
        compute="_compute_account_id",
        store=True,
        precompute=True,
        index=True,
        readonly=False,
        required=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    channel = fields.Selection(related="account_id.channel", store=True, index=True)
    # No size: it would cut a longer SKU to one that may be another listing's.
    sku = fields.Char("SKU", required=True, index=True, tracking=True)
    title = fields.Char(readonly=True, help="As the channel shows it.")
    external_ref = fields.Char(
        "Channel Reference", help="The channel's own id; found by SKU when empty."
    )
    channel_url = fields.Char("Page on the Channel", readonly=True)
    pool_key = fields.Char(
        compute="_compute_pool_key",
        store=True,
        readonly=False,
        precompute=True,
        index="btree_not_null",
        help="Listings of one account with the same key share one counter on the "
        "channel and publish one number: the lowest of theirs.",
    )
    fulfilment = fields.Selection(
        [("merchant", "By us"), ("channel", "By the channel")],
        default="merchant",
        required=True,
        help="By the channel: FBA or Full. Its quantity is never pushed.",
    )
    qty_source = fields.Selection(
        [
            ("stock", "Warehouse stock"),
            ("mto", "Made to order"),
            ("capacity", "Production capacity"),
            ("manual", "Typed by hand"),
        ],
        "Quantity From",
        compute="_compute_qty_source",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        tracking=True,
    )
    units_per_listing = fields.Integer(
        "Units per Listing",
        default=1,
        required=True,
        help="6 for a pack of six: the quantity is divided by it.",
    )
    buffer_policy_id = fields.Many2one(
        "marketplace.buffer.policy",
        "Own Buffer Policy",
        check_company=True,
        ondelete="restrict",
        help="Empty: the site's, else the account's.",
    )
    effective_buffer_policy_id = fields.Many2one(
        "marketplace.buffer.policy",
        compute="_compute_effective_buffer_policy_id",
        store=True,
        index="btree_not_null",
    )
    is_stopped = fields.Boolean(
        "Selling Stopped",
        readonly=True,
        copy=False,
        tracking=True,
        help="A person stopped selling: 0 is shown until selling is resumed.",
    )

    # === THE NUMBER ===
    qty = fields.Integer(
        "Quantity",
        copy=False,
        help="What there is, by this listing's own source, in the product's unit.",
    )
    committed_qty = fields.Float(
        "Committed",
        digits="Product Unit",
        readonly=True,
        copy=False,
        help="Demand that has not been taken out of free stock yet.",
    )
    buffer_qty = fields.Integer(
        "Buffer", readonly=True, copy=False, help="Units that are never shown."
    )
    own_qty = fields.Integer(
        "Own Number",
        readonly=True,
        copy=False,
        help="What this listing would show alone, before its pool agrees on one.",
    )
    sellable_qty = fields.Integer(
        "Sellable", readonly=True, copy=False, help="What the channel must show."
    )
    published_qty = fields.Integer(
        "Published",
        readonly=True,
        copy=False,
        help="What we believe that the channel shows.",
    )
    channel_qty = fields.Integer(
        "On the Channel",
        readonly=True,
        copy=False,
        help="What the channel showed when it was last read.",
    )
    channel_qty_at = fields.Datetime("Read At", readonly=True, copy=False)

    # === SYNCHRONISATION ===
    sync_state = fields.Selection(
        [
            ("unverified", "Unverified"),
            ("pending", "Pending"),
            ("submitted", "Submitted"),
            ("synced", "Synced"),
            ("failed", "Failed"),
            ("paused", "Paused"),
        ],
        default="unverified",
        required=True,
        readonly=True,
        index=True,
        copy=False,
        help="Unverified: not read from the channel yet. Pending: waits to be sent. "
        "Submitted: the channel has acknowledged, not confirmed yet. Failed: waits for "
        "a person.",
    )
    last_error = fields.Char(readonly=True, copy=False)
    warning = fields.Char(
        readonly=True, copy=False, help="Does not stop synchronisation."
    )
    block_code = fields.Char(
        readonly=True,
        copy=False,
        help="Why no number can be computed; cleared when the reason is gone.",
    )
    attempt_count = fields.Integer("Attempts", readonly=True, copy=False)
    next_attempt_at = fields.Datetime("Next Attempt", readonly=True, copy=False)
    published_at = fields.Datetime(readonly=True, copy=False)
    pending_since = fields.Datetime(readonly=True, copy=False)
    is_uncertain = fields.Boolean(
        readonly=True,
        copy=False,
        help="A number was sent and no answer came: the channel may show either. "
        "It is sent again whatever it is.",
    )
    open_push_id = fields.Many2one(
        "marketplace.push",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="An asynchronous submission that holds this listing and has not ended: "
        "until then only a 0 is sent.",
    )
    correlation_id = fields.Char(readonly=True, copy=False)
    channel_data = fields.Json(readonly=True, copy=False)

    _site_sku_uniq = models.Constraint(
        "UNIQUE (site_id, sku)", "This site already has a listing with this SKU."
    )
    _check_units = models.Constraint(
        "CHECK (units_per_listing >= 1)", "A listing holds at least one unit."
    )
    _check_qty = models.Constraint(
        "CHECK (qty >= 0)", "A listing's quantity cannot be negative."
    )
    _pending_idx = models.Index(
        "(account_id, pending_since) WHERE sync_state = 'pending'"
    )
    _pool_idx = models.Index("(account_id, pool_key) WHERE pool_key IS NOT NULL")

    # === COMPUTES ===

    @api.depends("site_id")
    def _compute_account_id(self):
        for listing in self:
            if listing.site_id:
                listing.account_id = listing.site_id.account_id

    @api.depends("account_id", "sku")
    def _compute_pool_key(self):
        """Use the SKU where the channel keeps one counter per SKU on all its sites."""
        for listing in self:
            account = listing.account_id
            if account and account._get_adapter_class().pool_by_sku:
                listing.pool_key = listing.sku
            else:
                listing.pool_key = listing.pool_key or False

    @api.depends("product_id")
    def _compute_qty_source(self):
        for listing in self:
            made = listing.product_id._marketplace_is_made_to_order(
                listing.site_id.warehouse_ids
            )
            listing.qty_source = "mto" if made else "stock"

    @api.depends(
        "buffer_policy_id",
        "site_id.buffer_policy_id",
        "site_id.account_id.buffer_policy_id",
    )
    def _compute_effective_buffer_policy_id(self):
        for listing in self:
            listing.effective_buffer_policy_id = (
                listing.buffer_policy_id
                or listing.site_id.buffer_policy_id
                or listing.site_id.account_id.buffer_policy_id
            )

    @api.depends("sku", "site_id.name")
    def _compute_display_name(self):
        for listing in self:
            site = listing.site_id.name or ""
            listing.display_name = f"{listing.sku} @ {site}" if listing.sku else ""

    # === CONSTRAINTS ===

    @api.constrains("site_id", "account_id")
    def _check_site_of_account(self):
        for listing in self:
            if listing.site_id.account_id != listing.account_id:
                raise ValidationError(
                    self.env._(
                        "%(site)s is not a site of %(account)s.",
                        site=listing.site_id.name,
                        account=listing.account_id.name,
                    )
                )

    @api.constrains("sku")
    def _check_sku(self):
        for listing in self:
            if not 0 < len(listing.sku) <= SKU_LENGTH:
                raise ValidationError(
                    self.env._("A SKU has between 1 and %s characters.", SKU_LENGTH)
                )
            if listing.sku != listing.sku.strip() or not listing.sku.isprintable():
                raise ValidationError(
                    self.env._(
                        "The SKU “%s” begins or ends with a space, or holds a "
                        "character that cannot be printed. It must be exactly as on "
                        "the channel.",
                        listing.sku,
                    )
                )

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        listings = super().create(vals_list)
        listings._refresh()
        listings.account_id._wake()
        return listings

    #: Fields whose change by a person changes the number.
    _quantity_fields = frozenset(
        (
            "active",
            "product_id",
            "site_id",
            "sku",
            "pool_key",
            "fulfilment",
            "qty_source",
            "qty",
            "units_per_listing",
            "buffer_policy_id",
            "is_stopped",
        )
    )
    #: Fields that say where the number goes: the channel must be read again.
    _identity_fields = frozenset(("sku", "external_ref", "site_id", "fulfilment"))

    def write(self, vals):
        if self._identity_fields & vals.keys() and "sync_state" not in vals:
            vals = {**vals, "sync_state": "unverified", "last_error": False}
        if "sku" in vals and "external_ref" not in vals:
            vals = {**vals, "external_ref": False}
        result = super().write(vals)
        if self._quantity_fields & vals.keys():
            self._mark_changed()
        return result

    def _mark_changed(self):
        """Compute these listings again: few at once, many by the scheduled refresh."""
        if len(self) <= INLINE_LIMIT:
            self._refresh()
            self.account_id._wake()
        else:
            self.env["marketplace.stock.change"]._append(self.product_id.ids)
