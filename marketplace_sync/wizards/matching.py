"""Which product is a listing of the channel? Decided for thousands in a few queries."""

from collections import defaultdict
from typing import NamedTuple

from odoo.tools import SQL

from ..models.marketplace_listing import SKU_LENGTH


class Verdict(NamedTuple):
    """What is proposed for one listing of the channel.

    :param is_possible: a person may create a listing from it as it is
    """

    status: str
    reason: str = ""
    product_id: int | None = None
    listing_id: int | None = None
    is_possible: bool = True


class Judge:
    """Decides about listings of one reading; asks the database once for all of them."""

    def __init__(self, match, found, sites):
        self.env = match.env
        self.sites = sites
        self.account = match.account_id
        self.copies = defaultdict(list)
        for listing in found:
            self.copies[listing.site_code, listing.sku].append(listing)
        self.known = self._read_known()
        self._read_products(found)

    def _read_known(self):
        """Return (site id, sku) → listing, archived ones too."""
        listings = self.env["marketplace.listing"].with_context(active_test=False)
        fields_read = ["site_id", "sku", "external_ref", "product_id", "active"]
        return {
            (listing.site_id.id, listing.sku): listing
            for listing in listings.search_fetch(
                [("account_id", "=", self.account.id)], fields_read
            )
        }

    def _read_products(self, found):
        """Read every product that could be meant, in one query."""
        self.by_code = defaultdict(list)
        self.by_barcode = defaultdict(list)
        self.by_folded_code = defaultdict(list)
        self.names = {}
        skus = {listing.sku for listing in found if listing.sku}
        barcodes = skus | {listing.barcode for listing in found if listing.barcode}
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT p.id, p.default_code, p.barcode, p.active
                  FROM product_product p
                  JOIN product_template t ON t.id = p.product_tmpl_id
                 WHERE (t.company_id IS NULL OR t.company_id = ANY(%s))
                   AND (lower(btrim(p.default_code)) = ANY(%s) OR p.barcode = ANY(%s))
                 ORDER BY p.id
                """,
                self.account.company_id.sudo().parent_ids.ids,
                list({_fold(sku) for sku in skus}),
                list(barcodes),
            )
        )
        for product_id, code, barcode, active in rows:
            if code:
                self.by_code[code].append((product_id, active))
                self.by_folded_code[_fold(code)].append((product_id, active))
            if barcode:
                self.by_barcode[barcode].append((product_id, active))

    def verdict(self, listing):
        """Return the :class:`Verdict` on one listing."""
        return (
            self._absent(listing)
            or self._unusable(listing)
            or self._linked(listing)
            or self._duplicate(listing)
            or self._found(listing)
        )

    def _absent(self, listing):
        """A variant that a shop has, but not at this location."""
        for problem in listing.problems:
            if problem.code == "inactive_level" and not listing.quantity:
                return Verdict("nothing", problem.text, is_possible=False)
        return None

    def _unusable(self, listing):
        """A listing that cannot be created whatever a person chooses."""
        sku, reason = listing.sku, ""
        if listing.site_code not in self.sites:
            reason = self.env._("This account has no site “%s”.", listing.site_code)
        elif not sku:
            reason = self.env._("It has no SKU. Give it one on the channel.")
        elif sku != sku.strip() or not sku.isprintable() or len(sku) > SKU_LENGTH:
            reason = self.env._(
                "Its SKU begins or ends with a space, is too long, or holds a "
                "character that cannot be printed. Change it on the channel."
            )
        return reason and Verdict("person", reason, is_possible=False)

    def _linked(self, listing):
        known = self.known.get((self.sites[listing.site_code], listing.sku))
        if not known:
            return None
        refs = {known.external_ref, listing.external_ref} - {False, ""}
        if len(refs) > 1:
            return Verdict(
                "person",
                self.env._(
                    "Another listing with this SKU on the channel is linked already."
                ),
                is_possible=False,
            )
        if known.product_id:
            note = self.env._("Linked already.")
            if not known.active:
                note = self.env._(
                    "Linked already, but its listing in Odoo is archived."
                )
            return Verdict("nothing", note, known.product_id.id, known.id, False)
        verdict = self._found(listing)
        return verdict._replace(listing_id=known.id)

    def _duplicate(self, listing):
        """Several listings under one SKU: fine when they share one counter."""
        copies = self.copies[listing.site_code, listing.sku]
        if len(copies) == 1:
            return None
        pools = {copy.pool_key for copy in copies}
        if len(pools) == 1 and pools != {""}:
            if listing is copies[0]:
                return None
            return Verdict(
                "nothing",
                self.env._("Shares its counter with another listing of this SKU."),
                is_possible=False,
            )
        found = self._found(listing)
        return Verdict(
            "person",
            self.env._(
                "%s listings on the channel have this SKU. Give each its own SKU "
                "there, or tick the one that you want to keep up to date.",
                len(copies),
            ),
            found.product_id,
        )

    def _found(self, listing):
        """Look for the product by reference, then by barcode."""
        product_id, words = self._search(listing)
        if listing.fulfilment == "channel":
            reason = words or self.env._(
                "The channel ships it: its quantity is never sent."
            )
            return Verdict("channel", reason, product_id)
        blocking = [problem.text for problem in listing.problems if problem.blocking]
        if words or blocking:
            reason = " ".join(filter(None, [words, *blocking]))
            return Verdict("person", reason, product_id)
        notes = " ".join(problem.text for problem in listing.problems)
        return Verdict("matched", notes, product_id)

    def _search(self, listing):
        """Return (product id, "") or (None, why there is none)."""
        archived = []
        for found in (
            self.by_code.get(listing.sku, ()),
            self.by_barcode.get(listing.sku, ()),
            self.by_barcode.get(listing.barcode, ()),
        ):
            active = [product_id for product_id, is_active in found if is_active]
            if len(active) == 1:
                return active[0], ""
            if active:
                return None, self._several(active)
            archived += [product_id for product_id, _active in found]
        return None, self._none(listing, archived)

    def _several(self, product_ids):
        return self.env._(
            "%(count)s products have this reference or barcode: %(names)s.",
            count=len(product_ids),
            names=self._names(product_ids),
        )

    def _none(self, listing, archived):
        if archived:
            return self.env._("Its product is archived: %s.", self._names(archived))
        near = self.by_folded_code.get(_fold(listing.sku), ())
        if near:
            return self.env._(
                "Differs only in capital letters or spaces from %s.",
                self._names([product_id for product_id, _active in near]),
            )
        return self.env._("No product has this reference or barcode.")

    def _names(self, product_ids):
        products = self.env["product.product"].browse(product_ids[:3])
        names = products.mapped("display_name")
        return ", ".join(names + ["…"] * (len(product_ids) > 3))


def _fold(text):
    return text.strip(" ").lower()
