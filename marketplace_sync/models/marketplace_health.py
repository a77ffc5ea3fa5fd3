"""What an outside monitor is told: how the accounts are doing, and nothing else."""

import hmac
import re
import secrets
from datetime import timezone

from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import prometheus

PARAMETER = "marketplace_sync.health_token"
#: 256 bits, as an account's secret path.
TOKEN_BYTES = 32
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
STATES = ("draft", "connected", "paused", "blocked")


class MarketplaceHealth(models.AbstractModel):
    """Reads only, in three queries. No credentials, no customers, no products."""

    _name = "marketplace.health"
    _description = "Marketplace Health"

    # === THE TOKEN ===

    @api.model
    def _get_token(self):
        return self.env["ir.config_parameter"].sudo().get_param(PARAMETER) or ""

    @api.model
    def _renew_token(self):
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self.env["ir.config_parameter"].sudo().set_param(PARAMETER, token)
        return token

    @api.model
    def _forget_token(self):
        self.env["ir.config_parameter"].sudo().set_param(PARAMETER, False)

    @api.model
    def _is_token(self, token):
        """Compare in constant time; without a token of ours nobody is let in."""
        ours = self._get_token()
        if not TOKEN.fullmatch(token or "") or not TOKEN.fullmatch(ours):
            return False
        return hmac.compare_digest(token, ours)

    # === FIGURES ===

    @api.model
    def _read(self):
        """Return the figures of all companies' accounts as JSON types."""
        accounts = self.env["marketplace.account"].sudo()
        accounts = accounts.search([("active", "=", True)])
        now = fields.Datetime.now()
        waiting = self._read_listings()
        alerts = self._read_alerts()
        told = [
            self._describe(account, waiting.get(account.id), alerts, now)
            for account in accounts
        ]
        return {"status": _worst(told), "time": _iso(now), "accounts": told}

    def _read_listings(self):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT account_id, COUNT(*),
                       COUNT(*) FILTER (WHERE sync_state = 'pending'),
                       COUNT(*) FILTER (WHERE sync_state = 'failed'),
                       MIN(pending_since) FILTER (WHERE sync_state = 'pending')
                  FROM marketplace_listing
                 WHERE active
                 GROUP BY account_id
                """
            )
        )
        return {row[0]: row[1:] for row in rows}

    def _read_alerts(self):
        groups = (
            self.env["marketplace.alert"]
            .sudo()
            ._read_group(
                [("state", "!=", "closed")], ["account_id", "state"], ["__count"]
            )
        )
        return {(account.id, state): count for account, state, count in groups}

    def _describe(self, account, waiting, alerts, now):
        total, pending, failed, oldest = waiting or (0, 0, 0, None)
        return {
            "id": account.id,
            "name": account.name,
            "channel": account.channel,
            "company": account.company_id.id,
            "state": account.state,
            "listings": total,
            "pending": pending,
            "oldest_pending_seconds": (
                max(0, int((now - oldest).total_seconds())) if oldest else 0
            ),
            "failed": failed,
            "last_push": _iso(account.last_push_at),
            "last_order_read": _iso(account.last_order_sync_at),
            "last_reconciliation": _iso(account.last_reconciliation_at),
            "open_alerts": alerts.get((account.id, "open"), 0),
            "seen_alerts": alerts.get((account.id, "seen"), 0),
        }

    # === PROMETHEUS ===

    @api.model
    def _to_prometheus(self, figures):
        """Return the same figures as text. Times are seconds since 1970."""
        accounts = figures["accounts"]

        def one(name, text, key, convert=lambda value: value):
            samples = [(_labels(a), convert(a[key])) for a in accounts]
            return (f"marketplace_{name}", text, samples)

        states = [
            ({**_labels(a), "state": state}, int(a["state"] == state))
            for a in accounts
            for state in STATES
        ]
        return prometheus.render(
            [
                ("marketplace_account_state", "1 for the account's state.", states),
                one("listings", "Listings.", "listings"),
                one("pending", "Quantities that wait to be sent.", "pending"),
                one(
                    "oldest_pending_seconds",
                    "How long the oldest of them waits.",
                    "oldest_pending_seconds",
                ),
                one("failed", "Listings that wait for a person.", "failed"),
                one("open_alerts", "Alerts that nobody has seen.", "open_alerts"),
                one("seen_alerts", "Alerts that a person has seen.", "seen_alerts"),
                one("last_push_seconds", "Last push.", "last_push", _epoch),
                one(
                    "last_order_read_seconds",
                    "Last reading of orders.",
                    "last_order_read",
                    _epoch,
                ),
                one(
                    "last_reconciliation_seconds",
                    "Last comparison with the channel.",
                    "last_reconciliation",
                    _epoch,
                ),
            ]
        )


def _labels(account):
    names = ("id", "name", "channel")
    return {("account" if n == "id" else n): account[n] for n in names}


def _iso(moment):
    return f"{moment.isoformat()}Z" if moment else None


def _epoch(text):
    moment = text and fields.Datetime.to_datetime(text[:19].replace("T", " "))
    return moment.replace(tzinfo=timezone.utc).timestamp() if moment else None


def _worst(accounts):
    """Sum up: ``blocked`` needs a person, ``warning`` somebody's look."""
    if any(account["state"] == "blocked" for account in accounts):
        return "blocked"
    return "warning" if any(one["open_alerts"] for one in accounts) else "ok"
