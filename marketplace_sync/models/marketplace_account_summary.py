"""One page by mail after the daily comparison, for those who asked for it."""

import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, format_date

from .tools import is_conflict, retry_on_conflict

_logger = logging.getLogger(__name__)

#: A second run of one day sends no second page (hours).
PAUSE_HOURS = 12
#: Without a run the page is sent after so many hours by its own scheduled action.
LATEST_HOURS = 26
CHART_DAYS = 7
#: Findings named one by one; the others are a number and a link.
NAMED = 10
FINDING = "marketplace.reconciliation.line"
#: Alerts about what the page counts one by one.
COUNTED = ("drift", "failed_listings", "orders_to_fix")
#: Of a line's width, the longest bar; the rest is for its words.
BAR_PERCENT = 55
TEMPLATE = "marketplace_sync.marketplace_daily_summary"


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    summary_user_ids = fields.Many2many(
        "res.users",
        "marketplace_account_summary_user_rel",
        string="Daily Summary To",
        copy=False,
        help="They get one page by mail after the daily comparison. Empty: nobody.",
    )
    summary_when_quiet = fields.Boolean(
        "Also When All Is Well",
        help="Else nothing is sent on days on which there is nothing to say.",
    )
    last_summary_at = fields.Datetime(readonly=True, copy=False)

    # === WHEN ===

    @api.model
    def _cron_summaries(self):
        """Send the page of accounts on which no comparison has ended for a day: that
        nothing was compared is worth saying, too."""
        limit = fields.Datetime.now() - timedelta(hours=LATEST_HOURS)
        accounts = self.search([("summary_user_ids", "!=", False)])
        for account in accounts.filtered(
            lambda a: (
                a.state not in ("draft", "paused")
                and (a.last_summary_at or a.went_live_at or a.create_date) <= limit
            )
        ):
            try:
                retry_on_conflict(self.env, account._send_daily_summary)
            except Exception:
                self.env.cr.rollback()
                self.env.transaction.reset()
                _logger.exception("Marketplace account %s: no summary", account.id)

    def _send_daily_summary(self):
        """Send each account's page to those who asked for it, in their language.

        Called at the end of a comparison and by a scheduled action; commits nothing.
        The mails wait in Odoo's own queue.
        """
        now = fields.Datetime.now()
        for account in self.sudo():
            last = account.last_summary_at
            users = account.summary_user_ids.filtered(lambda user: user.email)
            if not users or (last and last > now - timedelta(hours=PAUSE_HOURS)):
                continue
            account.last_summary_at = now
            for user in users:
                account._mail_summary(user)

    def _mail_summary(self, user):
        """Queue the page for one person, who must be allowed to see the account."""
        if not self.with_user(user).has_access("read"):
            return
        account = self.with_context(lang=user.lang, tz=user.tz)
        figures = account._get_summary()
        if figures["is_quiet"] and not account.summary_when_quiet:
            return
        company = account.company_id
        self.env["mail.mail"].sudo().create(
            {
                "subject": account._get_summary_subject(figures),
                "email_from": company.email_formatted or user.email_formatted,
                "email_to": user.email_formatted,
                "body_html": account.env["ir.qweb"]._render(TEMPLATE, figures),
                "auto_delete": True,
            }
        )

    def _get_summary_subject(self, figures):
        if figures["is_quiet"]:
            return self.env._("%s: all is well", self.name)
        return self.env._(
            "%(account)s, to look at: %(count)s",
            account=self.name,
            count=figures["to_look_at"],
        )

    # === WHAT ===

    def _get_summary(self):
        """Return what the page shows."""
        self.ensure_one()
        self.env.flush_all()
        days = self._get_summary_days()
        findings = self._get_summary_findings()
        alerts = self.env["marketplace.alert"].search(
            [("account_id", "=", self.id), ("state", "=", "open")],
            order="urgency desc, since, id",
        )
        waiting = self._get_summary_waiting()
        to_look_at = findings["count"] + sum(number for _words, number in waiting)
        # what is counted already is not counted again because an alert tells it
        to_look_at += len(alerts.filtered(lambda alert: alert.kind not in COUNTED))
        return {
            "account": self,
            "url": self._get_summary_url(),
            "alerts": alerts,
            "waiting": waiting,
            "findings": findings,
            "days": days,
            "last_comparison": self.last_reconciliation_at,
            "to_look_at": to_look_at,
            "is_quiet": not to_look_at and not alerts,
        }

    def _get_summary_url(self):
        base = self.env["ir.config_parameter"].sudo().get_param("web.base.url") or ""
        return f"{base.rstrip('/')}/odoo/marketplace/{self.id}"

    def _get_summary_waiting(self):
        """Return (words, number) of what waits for a person."""
        orders = self.env["marketplace.order"].search_count(
            [("account_id", "=", self.id), ("state", "=", "to_fix")]
        )
        counts = [
            (self.env._("Listings that failed"), self.failed_count),
            (self.env._("Orders to fix"), orders),
        ]
        return [(words, number) for words, number in counts if number]

    def _get_summary_days(self):
        """Return what was sent in each of the last days, as 24 hours back from now."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT FLOOR(EXTRACT(EPOCH FROM %(now)s - m.at) / 86400)::int AS ago,
                       SUM(m.row_count), SUM(m.refused_count), SUM(m.retry_count),
                       percentile_cont(0.95) WITHIN GROUP (ORDER BY m.seconds)
                  FROM (%(measures)s) m
                 WHERE m.account_id = %(account)s AND m.kind = 'row'
                   AND m.at > %(now)s - %(days)s * INTERVAL '1 day'
                 GROUP BY 1
                """,
                now=SQL("%s::timestamp", fields.Datetime.now()),
                measures=self.env["marketplace.sync.measure"]._table_query,
                account=self.id,
                days=CHART_DAYS,
            )
        )
        found = {row[0]: row[1:] for row in rows}
        most = max((row[1] for row in rows), default=0) or 1
        today = fields.Datetime.context_timestamp(self, fields.Datetime.now())
        return [
            self._summary_day(today - timedelta(days=ago), found.get(ago), most)
            for ago in range(CHART_DAYS - 1, -1, -1)
        ]

    def _summary_day(self, moment, row, most):
        sent, refused, retried, p95 = row or (0, 0, 0, None)
        return {
            "label": format_date(self.env, moment.date(), date_format="d MMM"),
            "sent": sent,
            "refused": refused,
            "retried": retried,
            "p95": None if p95 is None else round(p95),
            "refused_width": _width(refused, most),
            "width": _width(sent - refused, most),
        }

    def _get_summary_findings(self):
        """Return open findings of comparisons: how many, by cause, and the worst."""
        Line = self.env[FINDING]
        domain = [("account_id", "=", self.id), ("state", "=", "open")]
        groups = Line._read_group(domain, ["cause"], ["__count"], order="__count desc")
        names = dict(Line._fields["cause"]._description_selection(self.env))
        most = max((count for _cause, count in groups), default=1)
        return {
            "count": sum(count for _cause, count in groups),
            "causes": [
                (names.get(cause, cause), count, max(1, round(100 * count / most)))
                for cause, count in groups
            ],
            "worst": Line.search(domain, limit=NAMED),
        }


class MarketplaceReconciliation(models.Model):
    _inherit = "marketplace.reconciliation"

    def _finish(self):
        result = super()._finish()
        if self.trigger == "daily":
            self._tell_account()
        return result

    def _tell_account(self):
        """Send the page; a page that fails takes nothing of the comparison along."""
        try:
            with self.env.cr.savepoint():
                self.account_id._send_daily_summary()
        except Exception as error:
            if is_conflict(error):
                raise  # a collision: the whole end once more
            _logger.exception("Marketplace account %s: no summary", self.account_id.id)


def _width(number, most):
    """Return a bar's share of the line in percent: what is there is seen."""
    return max(1, round(BAR_PERCENT * number / most)) if number else 0
