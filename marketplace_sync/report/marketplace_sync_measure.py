"""How fast and how cleanly quantities reach the channels, row by row."""

from odoo import fields, models
from odoo.tools import SQL

#: Aggregates that are percentiles of the rows of a group, whatever the group is.
PERCENTILES = {"median_seconds:avg": 0.5, "p95_seconds:avg": 0.95}


class MarketplaceSyncMeasure(models.Model):
    """One row for each quantity sent, and one an hour for what is only measured by the
    hour (waiting, calls), so that every total of every grouping is right.

    A percentile of percentiles means nothing; therefore they are computed from the
    rows by the database, see ``_read_group_select``.
    """

    _name = "marketplace.sync.measure"
    _description = "Marketplace Sync Speed"
    _inherit = "marketplace.sync.figures"
    _auto = False
    _order = "at desc, id desc"
    _rec_name = "sku"

    kind = fields.Selection(
        [("row", "Quantity sent"), ("sample", "Waiting"), ("calls", "Calls")],
        readonly=True,
    )
    at = fields.Datetime("Sent", readonly=True)
    site_id = fields.Many2one("marketplace.site", readonly=True)
    listing_id = fields.Many2one("marketplace.listing", readonly=True)
    sku = fields.Char("SKU", readonly=True)
    operation = fields.Char("Call", readonly=True)
    seconds = fields.Float(
        "Seconds to the Channel",
        readonly=True,
        digits=(16, 0),
        aggregator="avg",
        help="From the moment when Odoo had a new number until the channel took it.",
    )
    median_seconds = fields.Float(
        "Half Within (s)",
        readonly=True,
        digits=(16, 0),
        aggregator="avg",
        help="Half of the group's rows took no longer.",
    )
    p95_seconds = fields.Float(
        "95% Within (s)",
        readonly=True,
        digits=(16, 0),
        aggregator="avg",
        help="Of twenty of the group's rows, nineteen took no longer.",
    )

    @property
    def _table_query(self):
        return SQL(
            "%s UNION ALL %s UNION ALL %s",
            self._sql_rows(),
            self._sql_samples(),
            self._sql_calls(),
        )

    def _sql_rows(self):
        """A submission that the channel still works on has taken nothing yet."""
        return SQL(
            """
            SELECT l.id::bigint * 4 AS id, 'row' AS kind, p.started_at AS at,
                   p.account_id, p.company_id, p.channel, l.site_id, l.listing_id,
                   l.sku, NULL::varchar AS operation, 1 AS row_count,
                   (l.outcome = 'rejected')::int AS refused_count,
                   (l.outcome IN ('retry', 'unknown'))::int AS retry_count,
                   CASE WHEN l.outcome = 'rejected' THEN 100.0 ELSE 0.0 END::float8
                       AS refused_share,
                   t.seconds, t.seconds AS max_seconds, t.seconds AS median_seconds,
                   t.seconds AS p95_seconds, NULL::float8 AS oldest_minutes,
                   NULL::int AS call_count, NULL::float8 AS call_share
              FROM marketplace_push_line l
              JOIN marketplace_push p ON p.id = l.push_id
        CROSS JOIN LATERAL (
                   SELECT CASE WHEN l.outcome IN ('accepted', 'submitted')
                                AND p.state != 'submitted'
                          THEN GREATEST(0, EXTRACT(
                                   EPOCH FROM l.answered_at - l.changed_at))::float8
                          END AS seconds) t
            """
        )

    def _sql_samples(self):
        return SQL(
            """
            SELECT s.id::bigint * 4 + 1, 'sample', s.hour, s.account_id, a.company_id,
                   a.channel, NULL::int, NULL::int, NULL::varchar, NULL::varchar,
                   NULL::int, NULL::int, NULL::int, NULL::float8,
                   NULL::float8, NULL::float8, NULL::float8, NULL::float8,
                   s.oldest_seconds / 60.0::float8, NULL::int, NULL::float8
              FROM marketplace_health_sample s
              JOIN marketplace_account a ON a.id = s.account_id
            """
        )

    def _sql_calls(self):
        return SQL(
            """
            SELECT c.id::bigint * 4 + 2, 'calls', c.hour, c.account_id, a.company_id,
                   a.channel, NULL::int, NULL::int, NULL::varchar, c.operation,
                   NULL::int, NULL::int, NULL::int, NULL::float8,
                   NULL::float8, NULL::float8, NULL::float8, NULL::float8,
                   NULL::float8, c.calls, 100 * c.calls / NULLIF(c.allowed, 0)
              FROM marketplace_call_count c
              JOIN marketplace_account a ON a.id = c.account_id
            """
        )

    def _read_group_select(self, aggregate_spec, query):
        if aggregate_spec not in PERCENTILES:
            return super()._read_group_select(aggregate_spec, query)
        return SQL(
            "percentile_cont(%s) WITHIN GROUP (ORDER BY %s)",
            PERCENTILES[aggregate_spec],
            self._field_to_sql(self._table, "seconds", query),
        )
