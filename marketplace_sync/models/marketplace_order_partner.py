"""Who buys, and where it goes."""

from odoo import fields, models

#: Of ``channels.orders.OrderAddress``, the fields that a contact has too.
ADDRESS_FIELDS = ("street", "street2", "city", "zip", "phone")


class MarketplaceBuyer(models.Model):
    """A channel's own id of a buyer, and the contact that it is: a buyer is found
    again by what the channel calls him, never by a name."""

    _name = "marketplace.buyer"
    _description = "Marketplace Buyer"
    _rec_name = "key"

    account_id = fields.Many2one(
        "marketplace.account", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    key = fields.Char(required=True)
    partner_id = fields.Many2one(
        "res.partner", required=True, ondelete="cascade", index=True
    )

    _account_key_uniq = models.Constraint(
        "UNIQUE (account_id, key)", "The account already has this buyer."
    )


class MarketplaceOrder(models.Model):
    _inherit = "marketplace.order"

    def _get_told_person(self):
        """Return buyer and address as the channel told them; both may be empty."""
        details = self.details or {}
        return details.get("buyer") or {}, details.get("address") or {}

    def _find_partner(self):
        """Return the contact who buys; a new one when the channel's id is new.

        A channel that gives no id (Amazon) gets one contact per purchase: a name or an
        address that happens to be the same is no proof.
        """
        self.ensure_one()
        buyer, address = self._get_told_person()
        key = buyer.get("key")
        known = self.env["marketplace.buyer"].search(
            [("account_id", "=", self.account_id.id), ("key", "=", key or False)],
            limit=1,
        )
        if key and known:
            known.partner_id._fill_marketplace_gaps(buyer)
            return known.partner_id
        partner = self._create_partner(buyer, address)
        if key:
            self.env["marketplace.buyer"].create(
                {
                    "account_id": self.account_id.id,
                    "key": key,
                    "partner_id": partner.id,
                }
            )
        return partner

    def _create_partner(self, buyer, address):
        channel = dict(self._fields["channel"]._description_selection(self.env))
        unknown = self.env._(
            "Buyer of %(channel)s order %(order)s",
            channel=channel.get(self.channel, self.channel),
            order=self.name,
        )
        values = self._get_address_values(address) if address else {}
        return self._quiet(self.env["res.partner"]).create(
            {
                **values,
                "name": buyer.get("name") or address.get("name") or unknown,
                "email": buyer.get("email") or False,
                "phone": buyer.get("phone") or address.get("phone") or False,
                "company_id": self.company_id.id,
                "type": "contact",
            }
        )

    def _find_delivery_address(self, partner):
        """Return where it goes: a delivery address of the buyer's; the buyer himself
        when the channel keeps the address from us."""
        _buyer, address = self._get_told_person()
        if not any(address.get(name) for name in ("street", "city", "zip")):
            return partner
        values = {
            **self._get_address_values(address),
            "name": address.get("name") or partner.name,
        }
        for child in partner.child_ids:
            if child.type == "delivery" and child._is_marketplace_address(values):
                return child
        return self._quiet(self.env["res.partner"]).create(
            {
                **values,
                "type": "delivery",
                "parent_id": partner.id,
                "company_id": self.company_id.id,
            }
        )

    def _get_address_values(self, address):
        """Return a told address as values of a contact; what Odoo does not know is
        kept in words, so that the label is right."""
        values = {name: address.get(name) or False for name in ADDRESS_FIELDS}
        country = self.env["res.country"]
        if code := address.get("country_code"):
            country = country.search([("code", "=", code.upper())], limit=1)
        values["country_id"] = country.id
        state, said = self.env["res.country.state"], address.get("state_code")
        if said and country:
            state = state.search(
                [
                    ("country_id", "=", country.id),
                    "|",
                    ("code", "=ilike", said),
                    ("name", "=ilike", said),
                ],
                limit=1,
            )
        values["state_id"] = state.id
        lost = [said] if said and not state else []
        lost += [code] if code and not country else []
        if lost:
            values["city"] = ", ".join(filter(None, [values["city"], *lost]))
        if address.get("company"):
            street = [address["company"], values["street"]]
            values["street"] = ", ".join(filter(None, street))
        return values

    def _quiet(self, model):
        """Return a model whose new records write no log and follow nobody."""
        return model.with_context(
            mail_create_nolog=True, mail_create_nosubscribe=True, mail_notrack=True
        )


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _fill_marketplace_gaps(self, buyer):
        """Note what the channel tells of a buyer now and we did not know; what a
        person typed is kept."""
        self.ensure_one()
        values = {
            name: buyer[name]
            for name in ("email", "phone")
            if buyer.get(name) and not self[name]
        }
        if values:
            self.write(values)

    def _is_marketplace_address(self, values):
        """Tell whether this contact is the address that was told, whatever its case.

        Not by its phone number: other addons write numbers in their own way.
        """
        self.ensure_one()
        for name, value in values.items():
            if name == "phone":
                continue
            mine = self[name].id if name.endswith("_id") else self[name]
            told = value
            if isinstance(mine, str) or isinstance(told, str):
                mine, told = (mine or "").casefold(), (told or "").casefold()
            if (mine or False) != (told or False):
                return False
        return True
