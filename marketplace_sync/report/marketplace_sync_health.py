"""One line a day for each account: is it healthy?"""

from odoo import fields, models
from odoo.tools import SQL


class MarketplaceSyncHealth(models.Model):
    """Days are those of UTC. The percentiles are the day's own; over several days the
    worst day's is shown, because a percentile of percentiles means nothing."""

    _name = "marketplace.sync.health"
    _description = "Marketplace Sync Health"
    _inherit = "marketplace.sync.figures"
    _auto = False
    _order = "day desc, account_id"
    _rec_name = "account_id"

    day = fields.Date(readonly=True)
    median_seconds = fields.Float(
        "Half Within (s)",
        readonly=True,
        digits=(16, 0),
        aggregator="max",
        help="Half of the day's rows reached the channel in this time. Over several "
        "days: the worst day's.",
    )
    p95_seconds = fields.Float(
        "95% Within (s)",
        readonly=True,
        digits=(16, 0),
        aggregator="max",
        help="Nineteen of twenty rows reached the channel in this time. Over several "
        "days: the worst day's.",
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT m.account_id::bigint * 100000
                       + (date_trunc('day', m.at)::date - DATE '2020-01-01') AS id,
                   date_trunc('day', m.at)::date AS day,
                   m.account_id, m.company_id, m.channel,
                   COALESCE(SUM(m.row_count), 0)::int AS row_count,
                   COALESCE(SUM(m.refused_count), 0)::int AS refused_count,
                   COALESCE(SUM(m.retry_count), 0)::int AS retry_count,
                   AVG(m.refused_share) AS refused_share,
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY m.seconds)
                       AS median_seconds,
                   percentile_cont(0.95) WITHIN GROUP (ORDER BY m.seconds)
                       AS p95_seconds,
                   MAX(m.seconds) AS max_seconds,
                   MAX(m.oldest_minutes) AS oldest_minutes,
                   COALESCE(SUM(m.call_count), 0)::int AS call_count,
                   MAX(m.call_share) AS call_share
              FROM (%s) m
             GROUP BY m.account_id, m.company_id, m.channel, date_trunc('day', m.at)
            """,
            self.env["marketplace.sync.measure"]._table_query,
        )

    def _read_group_select(self, aggregate_spec, query):
        """The share of a group is that of its rows, not the mean of its days'."""
        if aggregate_spec != "refused_share:avg":
            return super()._read_group_select(aggregate_spec, query)
        return SQL(
            "100.0 * SUM(%s) / NULLIF(SUM(%s), 0)",
            self._field_to_sql(self._table, "refused_count", query),
            self._field_to_sql(self._table, "row_count", query),
        )

    def action_open_rows(self):
        """Show what was sent on that day."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "marketplace_sync.marketplace_push_action"
            ),
            "domain": [
                ("account_id", "=", self.account_id.id),
                ("started_at", ">=", self.day),
                ("started_at", "<", fields.Date.add(self.day, days=1)),
            ],
            "context": {},
        }
