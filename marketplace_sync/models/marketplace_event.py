"""The inbox: notifications as they came, before anything was done with them."""

import hashlib
import json
import logging
from datetime import UTC, timedelta

from odoo import api, fields, models
from odoo.tools import SQL
from psycopg2 import OperationalError

from .marketplace_account import MANAGER
from .tools import CONFLICTS

_logger = logging.getLogger(__name__)

#: Days that what was received is kept, unless the system parameter says otherwise.
RETENTION_DAYS = 30
RETENTION_PARAMETER = "marketplace_sync.event_retention_days"
#: Characters of a body that are kept for people to read; nothing is computed from it.
BODY_KEPT = 100_000
#: Longest id that is stored as it is; longer ones by their digest: an index has limits.
ID_LENGTH = 200
#: Times that two deliveries of one notification may get into each other's way.
TRIES = 8
WAITING = ("new", "postponed")
#: Answers of the door.
RECEIVED, FORGED, UNKNOWN, TOO_LARGE, UNREADABLE = 200, 401, 404, 413, 503
#: Answer → what the refusal is counted as.
REFUSED = {
    FORGED: "forged",
    UNKNOWN: "unknown",
    TOO_LARGE: "oversize",
    UNREADABLE: "unreadable",
}


def clean(text, limit):
    """Return text that PostgreSQL takes: no NUL, no half surrogate, not longer."""
    text = str(text or "")[:limit].encode("utf-8", "replace").decode()
    return text.replace("\x00", "�")


def short_id(text):
    """Return an id that an index takes, different for different ids."""
    text = str(text or "")
    if len(text) <= ID_LENGTH:
        return clean(text, ID_LENGTH)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


class MarketplaceEvent(models.Model):
    """One notification as received. A hint that something changed, never the truth."""

    _name = "marketplace.event"
    _description = "Marketplace Event"
    _order = "id desc"
    _log_access = False

    name = fields.Char(compute="_compute_name")
    account_id = fields.Many2one(
        "marketplace.account", required=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(
        related="account_id.company_id", store=True, index=True
    )
    channel = fields.Selection(related="account_id.channel", store=True)
    delivery_id = fields.Char(
        required=True,
        readonly=True,
        help="The channel's id of the delivery: what comes twice has it twice.",
    )
    topic = fields.Char(readonly=True)
    kind = fields.Char(readonly=True, help="What changed: an order, a listing, …")
    external_id = fields.Char(
        "Channel's ID", readonly=True, index="btree_not_null", help="Of what changed."
    )
    reference = fields.Char("About", compute="_compute_name")
    state = fields.Selection(
        [
            ("new", "New"),
            ("postponed", "Postponed"),
            ("done", "Done"),
            ("ignored", "Ignored"),
            ("failed", "Failed"),
        ],
        default="new",
        required=True,
        readonly=True,
        help="Postponed: the channel could not be asked yet. Failed: waits for a "
        "person; what came after it was served all the same.",
    )
    error = fields.Char("Reason", readonly=True)
    attempt_count = fields.Integer("Attempts", readonly=True)
    next_attempt_at = fields.Datetime("Next Attempt", readonly=True)
    triggered_at = fields.Datetime(
        "Happened", readonly=True, help="On the channel, as it says."
    )
    changed_at = fields.Datetime(
        "Changed on the Channel",
        readonly=True,
        help="Update time of the order that it tells of; empty when it names none.",
    )
    received_at = fields.Datetime("Received", readonly=True, index=True)
    processed_at = fields.Datetime("Processed", readonly=True)
    order_id = fields.Many2one(
        "marketplace.order", readonly=True, ondelete="set null", index="btree_not_null"
    )
    body = fields.Text(
        readonly=True,
        groups=MANAGER,
        help="As received; may hold customers' data, therefore it expires.",
    )
    body_size = fields.Integer("Size (bytes)", readonly=True)
    headers = fields.Json(readonly=True, groups=MANAGER)

    _delivery_uniq = models.Constraint(
        "UNIQUE (account_id, delivery_id)", "A delivery is stored once."
    )
    _waiting_index = models.Index(
        "(account_id, id) WHERE state IN ('new', 'postponed')"
    )

    @api.depends("topic", "external_id")
    def _compute_name(self):
        for event in self:
            # of gid://shopify/Order/1 a person wants the 1
            event.reference = (event.external_id or "").rpartition("/")[2]
            event.name = " ".join(filter(None, (event.topic, event.reference)))

    # === RECEIVING ===

    @api.model
    def _receive(self, channel, path, headers, body):
        """Verify and store one notification, wake the worker; return the HTTP status.

        Nothing is decided by what it says, and nothing is called: this has to be fast.

        :param headers: names in lower case
        :param body: bytes; None = larger than the door's limit, and not read
        """
        account = self.env["marketplace.account"]._find_by_webhook(channel, path)
        status = account._check_webhook(channel, headers, body)
        if status != RECEIVED:
            self._count(account, channel, REFUSED[status])
            return status
        event = account._get_adapter_class().parse_webhook(headers, body)
        if event is None:
            self._count(account, channel, "unused")
        elif self._without_conflict(lambda: self._store(account, event, headers, body)):
            account._wake_orders()
        else:
            self._count(account, channel, "duplicate")
        return RECEIVED

    @api.model
    def _count(self, account, channel, kind):
        Counter = self.env["marketplace.webhook.counter"]
        try:
            self._without_conflict(lambda: Counter._add(account, channel, kind))
        except OperationalError as error:
            # the answer matters more than the count
            if error.pgcode not in CONFLICTS:
                raise
            self.env.cr.rollback()
            _logger.warning("A notification (%s) was not counted.", kind)

    @api.model
    def _without_conflict(self, function):
        """Run ``function``; again at once when another delivery collided with it.

        Odoo's own retry waits up to seconds, which a channel does not. Cursors are
        REPEATABLE READ: a row that was inserted since the snapshot is a conflict and
        not a duplicate until the next snapshot.
        """
        for attempt in range(TRIES):
            try:
                return function()
            except OperationalError as error:
                if error.pgcode not in CONFLICTS or attempt == TRIES - 1:
                    raise
                self.env.cr.rollback()
                self.env.transaction.reset()

    @api.model
    def _store(self, account, event, headers, body):
        """Store one event of an account; tell whether it is new."""
        account.ensure_one()
        text = bytes(body).decode("utf-8", "replace")
        values = {
            "account_id": account.id,
            "company_id": account.company_id.id,
            "channel": account.channel,
            "delivery_id": short_id(event.delivery_id) or _digest(body),
            "topic": clean(event.topic, ID_LENGTH),
            "kind": clean(event.kind, ID_LENGTH),
            "external_id": clean(event.external_id, ID_LENGTH) or None,
            "state": "new",
            "attempt_count": 0,
            "triggered_at": _naive(event.triggered_at),
            "changed_at": _naive(event.changed_at),
            "received_at": fields.Datetime.now(),
            "body": clean(text, BODY_KEPT),
            "body_size": len(body),
            "headers": json.dumps(account._get_kept_headers(headers)),
        }
        self.env.cr.execute(
            SQL(
                """INSERT INTO marketplace_event (%s) VALUES (%s)
                   ON CONFLICT (account_id, delivery_id) DO NOTHING RETURNING id""",
                SQL(", ").join(map(SQL.identifier, values)),
                SQL(", ").join(SQL("%s", value) for value in values.values()),
            ),
            log_exceptions=False,  # a collision is no error
        )
        return bool(self.env.cr.fetchone())

    # === WHAT A PERSON DOES ===

    def action_process_again(self):
        """Let these be processed once more, as if they had just come."""
        self._write_settled(("failed", "ignored", "postponed", "done"), state="new")
        for account in self.account_id:
            account.sudo()._wake_orders()
        return True

    def action_ignore(self):
        """Do nothing about these any more."""
        words = self.env._("Ignored by %s", self.env.user.name)
        self._write_settled(
            ("failed", "new", "postponed"), state="ignored", error=words
        )
        return True

    def _write_settled(self, states, **values):
        """A User may say what becomes of an event, but not write what was received."""
        self.check_access("read")
        self.env["marketplace.account"].check_access("read")
        events = self.filtered(lambda event: event.state in states)
        events.sudo().write(
            {
                "error": False,
                "attempt_count": 0,
                "next_attempt_at": False,
                "processed_at": values["state"] == "ignored" and fields.Datetime.now(),
                **values,
            }
        )

    # === RETENTION ===

    @api.model
    def _get_retention_days(self):
        value = self.env["ir.config_parameter"].sudo().get_param(RETENTION_PARAMETER)
        try:
            return max(1, int(value or RETENTION_DAYS))
        except ValueError:
            return RETENTION_DAYS

    @api.autovacuum
    def _gc_old_events(self):
        """Delete what is old; of what waits for a person keep all but what it said,
        which may be about customers."""
        limit = fields.Datetime.now() - timedelta(days=self._get_retention_days())
        old = [("received_at", "<", limit)]
        settled = self.search([*old, ("state", "!=", "failed")], limit=1000)
        settled.unlink()
        rest = self.search([*old, ("body", "!=", False)], limit=1000)
        rest.write({"body": False, "headers": False})
        return len(settled) + len(rest), 1000 in (len(settled), len(rest))


def _digest(body):
    return hashlib.sha256(bytes(body)).hexdigest()


def _naive(moment):
    """Return a moment as Odoo keeps it: UTC without saying so."""
    if moment is None or moment.tzinfo is None:
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None)
