"""What a person does with an account, and the states it goes through."""

from odoo import fields, models
from odoo.exceptions import UserError

from ..channels.errors import ChannelBlockedError, ChannelError


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    # === STATE ===

    def _block(self, error):
        """Stop the account until a person acts; its rows keep waiting."""
        self.ensure_one()
        if self.state != "blocked":
            self.write({"state": "blocked", "blocked_reason": str(error)})
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=self.user_id.id or self.env.uid,
                summary=self.env._("%s is blocked by the channel", self.name),
                note=str(error),
            )

    def _unblock(self):
        self.ensure_one()
        self.write(
            {
                "state": "connected" if self.went_live_at else "draft",
                "blocked_reason": False,
                "retry_at": False,
                "failure_count": 0,
                "last_failure": False,
            }
        )
        self.activity_feedback(["mail.mail_activity_data_todo"])

    # === ACTIONS ===

    def action_test_connection(self):
        """Try the credentials; say what is missing in words; note the sites found."""
        self.ensure_one()
        try:
            with self._adapter_session() as adapter:
                report = adapter.check_connection()
        except ChannelError as error:
            raise UserError(self._words_of(error)) from error
        self._note_connection(report)
        if self.state == "blocked" and not report.missing:
            self._unblock()
            self._wake()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.env._("Connected to %s", report.account_name),
                # The first line is the title.
                "message": self.connection_message.partition("\n")[2]
                or self.env._("Nothing is missing."),
                "type": "warning" if report.missing or report.warnings else "success",
                "sticky": bool(report.missing),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _words_of(self, error):
        if isinstance(error, ChannelBlockedError):
            return self.env._(
                "%(name)s refuses us: %(error)s", name=self.name, error=error
            )
        return self.env._("%(name)s: %(error)s", name=self.name, error=error)

    def _note_connection(self, report):
        new_sites = self.sudo()._add_sites(report.sites)
        lines = [self.env._("Connected to %s.", report.account_name)]
        lines += [self.env._("Missing: %s", text) for text in report.missing]
        lines += [self.env._("Note: %s", text) for text in report.warnings]
        if new_sites:
            names = ", ".join(new_sites.mapped("name"))
            lines.append(
                self.env._("New sites, check their warehouses: %s", names),
            )
        self.write(
            {
                "connection_message": "\n".join(lines),
                "connection_checked_at": fields.Datetime.now(),
                "channel_data": {**(self.channel_data or {}), **report.data},
            }
        )

    def _add_sites(self, remote_sites):
        """Create the sites that the account does not have yet.

        Their warehouse is filled where there is only one to choose.
        """
        known = set(self.with_context(active_test=False).site_ids.mapped("code"))
        warehouses = self.env["stock.warehouse"].search(
            [("company_id", "=", self.company_id.id)], limit=2
        )
        return self.env["marketplace.site"].create(
            [
                {
                    "account_id": self.id,
                    "code": site.code,
                    "name": site.name,
                    "warehouse_ids": warehouses.ids if len(warehouses) == 1 else [],
                }
                for site in remote_sites
                if site.code not in known and site.active
            ]
        )

    def action_go_live(self):
        """Start to send quantities: draft → connected."""
        for account in self.filtered(lambda a: a.state == "draft"):
            account.write({"state": "connected", "went_live_at": fields.Datetime.now()})
        self._wake()
        return True

    def action_pause(self):
        """Send nothing until a person resumes; what shows on the channel stays."""
        self.filtered(lambda a: a.state == "connected").write({"state": "paused"})

    def action_resume(self):
        for account in self.filtered(lambda a: a.state in ("paused", "blocked")):
            account._unblock()
        self._wake()

    def action_sync_now(self):
        """Compute every listing of these accounts again and send what differs."""
        self.listing_ids._refresh()
        # A User may sync, but not configure.
        self.sudo().write({"retry_at": False})
        self._wake()
        pending = sum(self.mapped("pending_count"))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._("%s quantities wait to be sent.", pending)
                if pending
                else self.env._("Every quantity is up to date."),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_match_products(self):
        """Read the channel's listings and propose which product each one is."""
        self.ensure_one()
        return self.env["marketplace.listing.match"]._open_for(self)

    def action_preview_push(self):
        """Show what the first push would change, before anything is sent."""
        self.ensure_one()
        return self.env["marketplace.account.preview"]._open_for(self)
