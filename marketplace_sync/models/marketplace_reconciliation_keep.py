"""What is kept of a comparison: findings over many runs, and what was done."""

from odoo import fields, models
from odoo.fields import Domain

from ..engine.reconcile import Finding
from ..engine.reconcile_cause import (
    CONDITIONS,
    NOT_LISTED_HERE,
    is_repaired_by_sending,
    remedy_of,
)
from ..engine.reconcile_severity import severity_of
from .marketplace_reconciliation_line import LIVE as LIVE_FINDING
from .tools import update_many

#: What a later sight of the same finding changes.
SEEN = (
    "run_id product_id sku title channel_url level proposal odoo_qty expected_qty "
    "published_qty channel_qty is_channel_qty_known is_compared delta variance "
    "risk_units risk_amount remark last_seen times_seen state repaired_at"
).split()


class MarketplaceReconciliation(models.Model):
    _inherit = "marketplace.reconciliation"

    def _keep_findings(self, rows, readings, verdicts, now, is_second_look):
        """Open, renew and close findings of listings that were compared."""
        settled = {r["id"] for r in rows if not verdicts[r["id"]].look_again}
        live = self._read_live([("listing_id", "in", list(settled))])
        known = {(line.listing_id.id, line.cause): line for line in live}
        found, seen = [], self.env["marketplace.reconciliation.line"]
        for row in rows:
            finding = verdicts[row["id"]].finding
            if row["id"] not in settled or not finding:
                continue
            values = self._finding_values(row, readings[row["id"]], finding, now)
            line = known.get((row["id"], finding.cause))
            found.append((line, values))
            seen |= line or seen
        self._close(live - seen, verdicts)
        self._repair(found, is_second_look, now)
        self._write_found(found)

    def _read_live(self, domain):
        return self.env["marketplace.reconciliation.line"].search(
            Domain(domain)
            & Domain("account_id", "=", self.account_id.id)
            & Domain("state", "in", LIVE_FINDING)
        )

    def _finding_values(self, row, reading, finding: Finding, now):
        severity = finding.severity
        words = " ".join(problem.text for problem in reading.problems)
        codes = [problem.code for problem in reading.problems]
        proposal = None
        if self.policy != "alert":
            proposal = remedy_of(finding.cause, row["state"], codes)
        return {
            "run_id": self.id,
            "account_id": self.account_id.id,
            "site_id": row["site_id"],
            "listing_id": row["id"],
            "product_id": row["product_id"],
            "sku": row["sku"],
            "external_ref": reading.external_ref or row["external_ref"] or "",
            "title": row["title"] or reading.title or None,
            "channel_url": row["channel_url"] or reading.url or None,
            "cause": finding.cause,
            "level": severity.level,
            "proposal": proposal,
            "odoo_qty": row["qty"],
            "expected_qty": row["sellable"],
            "published_qty": row["published"],
            "channel_qty": reading.quantity or 0,
            "is_channel_qty_known": reading.quantity is not None,
            "is_compared": finding.delta is not None,
            "delta": finding.delta or 0,
            "variance": finding.variance or 0.0,
            "risk_units": severity.units,
            "risk_amount": severity.amount or 0.0,
            "remark": words or None,
            "last_seen": now,
            "state": "open",
        }

    def _write_found(self, found):
        """Create what is new, renew what was seen before."""
        Line = self.env["marketplace.reconciliation.line"]
        created = [
            {**values, "first_seen": values["last_seen"]}
            for line, values in found
            if not line
        ]
        Line.create(created)
        today = fields.Date.context_today(self)
        self.new_count += len(created)
        self.finding_count += sum(
            1 for line, _values in found if not line or line.run_id != self
        )
        update_many(
            Line,
            [
                {
                    "repaired_at": line.repaired_at or None,
                    **values,
                    "id": line.id,
                    "times_seen": line.times_seen + (line.run_id != self),
                    "state": line._get_state_when_seen(values, today),
                }
                for line, values in found
                if line
            ],
            columns=SEEN,
        )

    def _close(self, lines, verdicts):
        """Close findings that this reading does not bear out."""
        other = lines.filtered(lambda line: verdicts[line.listing_id.id].finding)
        self._close_as(other, "other")
        self._close_as(lines - other, "agrees")

    def _repair(self, found, is_second_look, now):
        """Send again where that is the account's policy, and helps."""
        if self.policy != "repair":
            return
        wanted = {
            values["listing_id"]: values["channel_qty"]
            for line, values in found
            if values["is_compared"]
            and is_repaired_by_sending(values["cause"])
            and not (line and line.state == "accepted")
        }
        sent = self.env["marketplace.listing"]._send_again(wanted)
        for _line, values in found:
            if values["listing_id"] in sent:
                values["repaired_at"] = now
        if sent and not is_second_look:
            # the second look tells whether it helped
            update_many(
                self.env["marketplace.listing"],
                [{"id": listing_id, "look_again_at": now} for listing_id in sent],
                columns=("look_again_at",),
            )
        self.repaired_count += len(sent)

    # === CHANNEL LISTINGS THAT NOBODY KNOWS HERE ===

    def _match_page(self, readings):
        """Return listing id → reading of those that are listed here beyond doubt; keep
        findings of those that are not listed at all.

        A reading that was not asked for says less in doubtful cases (the SKU changed,
        or is there twice): such a listing is left to be asked for.
        """
        sites = {site.code: site for site in self.account_id.site_ids}
        readings = [reading for reading in readings if reading.site_code in sites]
        if self.site_ids:
            codes = set(self.site_ids.mapped("code"))
            readings = [r for r in readings if r.site_code in codes]
        by_ref, by_sku = self._read_listed(readings)
        known, unlisted = {}, []
        for reading in readings:
            site = sites[reading.site_code].id
            listing = by_ref.get((site, reading.external_ref or None))
            listing = listing or by_sku.get((site, reading.sku))
            if not listing:
                unlisted.append((sites[reading.site_code], reading))
            elif listing.active and self._is_sure(listing, reading):
                known[listing.id] = reading
        self._keep_unlisted(unlisted)
        return known

    def _read_listed(self, readings):
        """Return the account's listings (archived ones too), by reference and SKU."""
        Listing = self.env["marketplace.listing"].with_context(active_test=False)
        refs = [r.external_ref for r in readings if r.external_ref]
        listings = Listing.search(
            Domain("account_id", "=", self.account_id.id)
            & (
                Domain("external_ref", "in", refs)
                | Domain("sku", "in", [r.sku for r in readings])
            )
        )
        by_ref = {(x.site_id.id, x.external_ref): x for x in listings if x.external_ref}
        return by_ref, {(x.site_id.id, x.sku): x for x in listings}

    def _is_sure(self, listing, reading):
        doubts = {"unknown_sku", "duplicate_sku"} & {p.code for p in reading.problems}
        return (
            not doubts
            and listing.reconciled_run != self.id
            and reading.quantity is not None
            and reading.sku == listing.sku
            and listing.external_ref in (False, reading.external_ref)
        )

    def _keep_unlisted(self, unlisted):
        unlisted = [(s, r) for s, r in unlisted if _is_sold_from_here(r)]
        if not unlisted:
            return
        skus = [reading.sku or "" for _site, reading in unlisted]
        live = self._read_live(
            Domain("cause", "=", NOT_LISTED_HERE) & Domain("sku", "in", skus)
        )
        known = {(x.site_id.id, x.sku or "", x.external_ref or ""): x for x in live}
        products = self._find_products(skus)
        now, found = fields.Datetime.now(), {}
        for site, reading in unlisted:
            key = (site.id, reading.sku or "", reading.external_ref or "")
            product = products.get(reading.sku)
            values = self._unlisted_values(site, reading, product, now)
            found[key] = (known.get(key), values)
        self._write_found(list(found.values()))

    def _find_products(self, skus):
        products = self.env["product.product"].search(
            [
                ("default_code", "in", [sku for sku in skus if sku]),
                ("company_id", "in", (False, self.company_id.id)),
            ]
        )
        return {product.default_code: product for product in products}

    def _unlisted_values(self, site, reading, product, now):
        price = (product.lst_price if product else 0.0) or None
        severity = severity_of(
            NOT_LISTED_HERE, reading.quantity, 0, 0.0, 1, price, "stock"
        )
        row = {
            "site_id": site.id,
            "id": None,
            "state": "synced",
            "product_id": product.id if product else None,
            "sku": reading.sku or "",
            "external_ref": reading.external_ref or "",
            "title": reading.title,
            "channel_url": reading.url,
            "qty": 0,
            "sellable": 0,
            "published": 0,
        }
        finding = Finding(NOT_LISTED_HERE, None, None, severity)
        return self._finding_values(row, reading, finding, now)

    def _close_unlisted(self):
        """The catalogue was read to its end: what it did not name is gone or listed."""
        if self.note:
            return
        lines = self._read_live(
            Domain("cause", "=", NOT_LISTED_HERE)
            & Domain("run_id", "!=", self.id)
            & (
                Domain("site_id", "in", self.site_ids.ids)
                if self.site_ids
                else Domain.TRUE
            )
        )
        self._close_as(lines, "agrees")

    def _close_gone(self):
        """Close findings of listings that are archived or deleted."""
        gone = Domain("listing_id", "=", False) | Domain(
            "listing_id.active", "=", False
        )
        self._close_as(
            self._read_live(gone & Domain("cause", "!=", NOT_LISTED_HERE)), "gone"
        )

    def _close_as(self, lines, reason):
        lines.write(
            {
                "state": "closed",
                "closed_at": fields.Datetime.now(),
                "closed_reason": reason,
            }
        )
        self.closed_count += len(lines)


def _is_sold_from_here(reading):
    """Tell whether a listing sells what somebody must count: not what the channel
    ships itself, nor what it only lists at this place and sells from others."""
    elsewhere = any(problem.code == "inactive_level" for problem in reading.problems)
    return reading.fulfilment == "merchant" and not elsewhere


class MarketplaceReconciliationLine(models.Model):
    _inherit = "marketplace.reconciliation.line"

    def _get_state_when_seen(self, values, today):
        """Return the state of a finding that was seen once more.

        What a person accepted stays so until its date, or until the numbers change.
        """
        if self.state != "accepted" or self.accepted_until < today:
            return "open"
        numbers = self._get_numbers(
            values["cause"], values["channel_qty"], values["expected_qty"]
        )
        return "accepted" if numbers == self.accepted_numbers else "open"

    def _get_numbers(self, cause, channel_qty, expected_qty):
        return "" if cause in CONDITIONS else f"{channel_qty}/{expected_qty}"
