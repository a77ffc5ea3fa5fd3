"""What each kind of rule looks at: one statement for all accounts, whatever they sell.

A check returns account id → facts: plain numbers and words, from which the alert's
sentence is made in the reader's language.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .marketplace_account_orders import READING

#: Days over which an account's habit of speaking is measured.
HABIT_DAYS = 14
#: A rarely speaking account is silent after so many times its usual gap.
USUAL_GAPS = 10
#: Order intervals after which orders are late, however short the limit.
LATE_INTERVALS = 3


class MarketplaceAlertRule(models.Model):
    _inherit = "marketplace.alert.rule"

    @api.model
    def _get_checks(self):
        """Return kind → method; other rooms add theirs."""
        return {
            "lag": self._find_lag,
            "repeated": self._find_repeated,
            "blocked": self._find_blocked,
            "orders": self._find_stalled_orders,
            "refused": self._find_refused,
            "drift": self._find_drift,
            "silence": self._find_silence,
            "failed_listings": self._find_failed_listings,
            "failed_events": self._find_failed_events,
            "orders_to_fix": self._find_orders_to_fix,
            "shipments_to_fix": self._find_shipments_to_fix,
        }

    def _ago(self, **delta):
        return fields.Datetime.now() - timedelta(**delta)

    def _rows(self, query):
        self.env.flush_all()
        return self.env.execute_query(query)

    # === QUANTITIES ===

    def _find_lag(self, accounts):
        rows = self._rows(
            SQL(
                """
                SELECT account_id, COUNT(*), MIN(pending_since)
                  FROM marketplace_listing
                 WHERE account_id = ANY(%s) AND active AND sync_state = 'pending'
                   AND pending_since < %s
                 GROUP BY account_id
                """,
                accounts.filtered(lambda a: a.state == "connected").ids,
                self._ago(minutes=self.threshold),
            )
        )
        now = fields.Datetime.now()
        return {
            account: {
                "count": count,
                "minutes": int((now - since).total_seconds() / 60),
            }
            for account, count, since in rows
        }

    def _find_repeated(self, accounts):
        rows = self._rows(
            SQL(
                """
                SELECT account_id, COUNT(*), MAX(attempt_count),
                       (array_agg(sku ORDER BY attempt_count DESC, id))[1]
                  FROM marketplace_listing
                 WHERE account_id = ANY(%s) AND active AND sync_state != 'paused'
                   AND attempt_count >= GREATEST(1, %s)
                 GROUP BY account_id
                """,
                accounts.ids,
                self.threshold,
            )
        )
        return {
            account: {"count": count, "attempts": attempts, "sku": sku}
            for account, count, attempts, sku in rows
        }

    def _find_refused(self, accounts):
        rows = self._rows(
            SQL(
                """
                SELECT account_id, SUM(missed.rows), SUM(row_count)
                  FROM marketplace_push
            CROSS JOIN LATERAL (
                       SELECT COALESCE(rejected_count, 0) + COALESCE(retry_count, 0)
                           AS rows) missed
                 WHERE account_id = ANY(%s) AND started_at >= %s
                   AND finished_at IS NOT NULL
                 GROUP BY account_id
                HAVING SUM(row_count) >= GREATEST(1, %s)
                   AND 100.0 * SUM(missed.rows)
                       >= GREATEST(%s, 0.1) * SUM(row_count)
                """,
                accounts.ids,
                self._ago(hours=self.window_hours),
                self.least,
                self.threshold,
            )
        )
        return {
            account: {
                "count": missed,
                "rows": total,
                "percent": round(100 * missed / total),
            }
            for account, missed, total in rows
        }

    def _find_drift(self, accounts):
        rows = self._rows(
            SQL(
                """
                SELECT account_id, COUNT(*), MAX(ABS(delta)),
                       (array_agg(sku ORDER BY ABS(delta) DESC, id))[1]
                  FROM marketplace_reconciliation_line
                 WHERE account_id = ANY(%s) AND state = 'open' AND is_compared
                   AND ABS(delta) >= GREATEST(1, %s)
                 GROUP BY account_id
                """,
                accounts.ids,
                self.threshold,
            )
        )
        return {
            account: {"count": count, "units": units, "sku": sku}
            for account, count, units, sku in rows
        }

    # === THE ACCOUNT ===

    def _find_blocked(self, accounts):
        blocked = accounts.filtered(lambda account: account.state == "blocked")
        return {one.id: {"reason": one.blocked_reason or ""} for one in blocked}

    def _find_stalled_orders(self, accounts):
        now, found = fields.Datetime.now(), {}
        for account in accounts:
            if account.state not in READING or not account._can_read_orders():
                continue
            since = account.last_order_sync_at or account.order_start_at
            patience = max(
                self.threshold, LATE_INTERVALS * account.order_interval_minutes
            )
            if since and since < now - timedelta(minutes=patience):
                found[account.id] = {
                    "minutes": int((now - since).total_seconds() / 60),
                    "reason": account.last_order_failure or "",
                }
        return found

    def _find_silence(self, accounts):
        """Compare with the account's own habit: nobody else's tells anything."""
        rows = self._rows(
            SQL(
                """
                SELECT account_id, COUNT(*), MAX(received_at)
                  FROM marketplace_event
                 WHERE account_id = ANY(%s) AND received_at >= %s
                 GROUP BY account_id
                HAVING COUNT(*) >= GREATEST(1, %s)
                """,
                accounts.filtered(lambda a: a.state in READING).ids,
                self._ago(days=HABIT_DAYS),
                self.least,
            )
        )
        now, found = fields.Datetime.now(), {}
        for account, count, last in rows:
            hours = (now - last).total_seconds() / 3600
            usual = HABIT_DAYS * 24 / count
            if hours > max(self.threshold, USUAL_GAPS * usual):
                found[account] = {"hours": int(hours), "count": count}
        return found

    # === WHAT WAITS FOR A PERSON ===

    def _find_waiting(self, accounts, table, condition):
        return {
            account: {"count": count}
            for account, count in self._rows(
                SQL(
                    """SELECT account_id, COUNT(*) FROM %s
                        WHERE account_id = ANY(%s) AND %s
                        GROUP BY account_id HAVING COUNT(*) >= GREATEST(1, %s)""",
                    SQL.identifier(table),
                    accounts.ids,
                    condition,
                    self.threshold,
                )
            )
        }

    def _find_failed_listings(self, accounts):
        condition = SQL("active AND sync_state = 'failed'")
        return self._find_waiting(accounts, "marketplace_listing", condition)

    def _find_failed_events(self, accounts):
        condition = SQL("state = 'failed'")
        return self._find_waiting(accounts, "marketplace_event", condition)

    def _find_orders_to_fix(self, accounts):
        condition = SQL("state = 'to_fix'")
        return self._find_waiting(accounts, "marketplace_order", condition)

    def _find_shipments_to_fix(self, accounts):
        condition = SQL("state = 'failed'")
        return self._find_waiting(accounts, "marketplace_shipment", condition)


class MarketplaceEvent(models.Model):
    _inherit = "marketplace.event"

    _failed_idx = models.Index("(account_id) WHERE state = 'failed'")
