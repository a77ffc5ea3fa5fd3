"""Shared case of the tests that compare: a live account in step with its channel."""

from datetime import timedelta

from odoo import fields

from .push_case import PushCase


class ReconcileCase(PushCase):
    def setUp(self):
        super().setUp()
        self.go_live()

    # --- the channel ----------------------------------------------------------------
    def in_step(self, *skus, stock=20, **values):
        """Return listings whose number the channel took and shows."""
        listings = self.env["marketplace.listing"]
        for sku in skus:
            listings |= self.make_listing(sku, stock=stock, **values)
        self.run_cron()
        self.assertEqual(set(listings.mapped("sync_state")), {"synced"})
        self.long_ago(listings)
        return listings

    def long_ago(self, listings):
        """Let the last write of these listings be an hour old."""
        hour = fields.Datetime.now() - timedelta(hours=1)
        listings.write({"published_at": hour})

    def show(self, listing, quantity):
        """Let somebody change what the channel shows."""
        self.shelf.quantities[listing.site_id.code, listing.sku] = quantity

    # --- runs -----------------------------------------------------------------------
    def request(self, account=None, **values):
        Run = self.env["marketplace.reconciliation"]
        return Run._request(account or self.account, **values)

    def reconcile(self, **values):
        """Compare to the end, waiting included; return the run."""
        run = self.request(**values)
        for _turn in range(20):
            self.run_cron()
            if run.state != "running":
                return run
            run.resume_at = False
        raise AssertionError(f"the run does not end: {run.phase}")

    def findings(self, *states):
        lines = self.env["marketplace.reconciliation.line"].search(
            [("account_id", "=", self.account.id)]
        )
        return lines.filtered(lambda line: line.state in (states or ("open",)))

    def causes(self):
        """Return {sku: cause} of what is open."""
        return {line.sku: line.cause for line in self.findings()}
