"""What a channel calls the carriers of our deliveries."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..channels.carriers import guess_carrier

#: Odoo's own connectors whose name does not say which company of the group it is.
CONNECTORS = {"dhl": "DHL Express", "dhl_rest": "DHL Express"}
#: Delivery types that say nothing about the carrier.
ANY_CARRIER = ("fixed", "base_on_rule")


class MarketplaceCarrierMap(models.Model):
    """One delivery method, or all of a provider, as one channel calls it."""

    _name = "marketplace.carrier.map"
    _description = "Marketplace Carrier Mapping"
    _order = "channel, account_id, carrier_id, delivery_type, id"
    _rec_name = "carrier_code"
    _check_company_auto = True

    channel = fields.Selection(
        selection=lambda self: (
            self.env["marketplace.account"]
            ._fields["channel"]
            ._description_selection(self.env)
        ),
        compute="_compute_channel",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    account_id = fields.Many2one(
        "marketplace.account",
        ondelete="cascade",
        check_company=True,
        help="Empty: all accounts of the channel.",
    )
    company_id = fields.Many2one(
        "res.company", default=lambda self: self.env.company, help="Empty: all."
    )
    carrier_id = fields.Many2one(
        "delivery.carrier", "Delivery Method", ondelete="cascade", check_company=True
    )
    delivery_type = fields.Selection(
        selection=lambda self: (
            self.env["delivery.carrier"]
            ._fields["delivery_type"]
            ._description_selection(self.env)
        ),
        string="Provider",
        help="For all delivery methods of a provider, where none is chosen.",
    )
    carrier_code = fields.Char(
        "Channel's Code",
        help="The channel's own name of the carrier, written exactly as the channel "
        "writes it. Empty: only the name is told.",
    )
    carrier_name = fields.Char(
        "Name", help="What the buyer reads. Empty: the delivery method's name."
    )
    shipping_method = fields.Char(help="For instance Ground, Express.")

    @api.depends("account_id")
    def _compute_channel(self):
        for mapping in self:
            mapping.channel = mapping.account_id.channel or mapping.channel

    @api.constrains("carrier_id", "delivery_type", "carrier_code", "carrier_name")
    def _check_complete(self):
        for mapping in self:
            if not (mapping.carrier_id or mapping.delivery_type):
                raise ValidationError(
                    self.env._("Choose a delivery method or a provider.")
                )
            if not (mapping.carrier_code or mapping.carrier_name):
                raise ValidationError(
                    self.env._("Enter the channel's code of the carrier, or a name.")
                )

    @api.constrains("account_id", "channel")
    def _check_channel(self):
        for mapping in self.filtered("account_id"):
            if mapping.account_id.channel != mapping.channel:
                raise ValidationError(
                    self.env._("The account belongs to another channel.")
                )

    @api.onchange("carrier_id", "channel")
    def _onchange_carrier(self):
        """Propose the channel's name of the carrier."""
        if self.carrier_id and self.channel and not self.carrier_code:
            account = self.account_id or self.account_id.new({"channel": self.channel})
            self.carrier_code = self._guess(account, self.carrier_id)

    @api.model
    def _find(self, account, carrier):
        """Return the mapping that says it most exactly; empty when none does."""
        found = self.search(
            [
                ("channel", "=", account.channel),
                ("account_id", "in", (False, account.id)),
                ("company_id", "in", (False, account.company_id.id)),
                "|",
                ("carrier_id", "=", carrier.id),
                "&",
                ("carrier_id", "=", False),
                ("delivery_type", "=", carrier.delivery_type),
            ]
        )
        return found.sorted(lambda one: (not one.carrier_id, not one.account_id))[:1]

    @api.model
    def _guess(self, account, carrier):
        """Return the channel's name of a carrier, "" when none is clearly meant."""
        provider = carrier.delivery_type or ""
        provider = "" if provider in ANY_CARRIER else provider
        names = (CONNECTORS.get(provider, provider.replace("_", " ")), carrier.name)
        return guess_carrier(account._get_adapter_class().carriers, *names)


class MarketplaceShipment(models.Model):
    _inherit = "marketplace.shipment"

    def _get_carrier_values(self, carrier):
        """Return what the channel is told about the carrier."""
        if not carrier:
            return {}
        Map = self.env["marketplace.carrier.map"]
        mapping = Map._find(self.account_id, carrier)
        code = mapping.carrier_code
        if not mapping:
            code = Map._guess(self.account_id, carrier)
        return {
            "carrier_code": code or False,
            "carrier_name": mapping.carrier_name or carrier.name,
            "shipping_method": mapping.shipping_method or False,
        }
