"""Returns that a channel tells in lists by period: asked for, waited for, stored.

Everything that is known of a list is in the database before the next step is taken, so
that a crash at any point goes on where it was. What is read twice is stored once: a
return has a key of its own, and the periods overlap on purpose, because a row may
arrive late or change.
"""

import functools
import logging
import time
from datetime import timedelta

from odoo import api, fields, models

from ..channels.errors import (
    AuthenticationError,
    ChannelError,
    RateLimited,
    RetryableError,
    UnknownListing,
)
from .marketplace_account_orders import READING

_logger = logging.getLogger(__name__)

#: Days that a period begins before the end of the one before it.
OVERLAP_DAYS = 7
#: A site is behind when it is not read up to so many hours before it was asked last:
#: then the next list is asked for as soon as the channel makes one.
CAUGHT_UP_HOURS = 24
#: Hours until a list that is not made, or cannot be read, is asked for anew.
PATIENCE_HOURS = 24
#: Seconds after a failure when it is tried again: of the channel, of ours.
RETRY_SECONDS, REFUSED_SECONDS = 900, 3600
#: A channel that makes no list may mean that nothing came back, or that it was asked
#: too soon: only so many in a row are believed.
EMPTY_LISTS = 2
#: Seconds of one run of the account's order action that this may take.
SLICE_SECONDS = 15.0


class MarketplaceSite(models.Model):
    _inherit = "marketplace.site"

    returns_read_until = fields.Datetime(
        readonly=True, copy=False, help="Returns up to this moment have been read."
    )
    return_list = fields.Char(
        readonly=True, copy=False, help="The list that the channel is making."
    )
    return_list_since = fields.Datetime(readonly=True, copy=False)
    return_list_until = fields.Datetime(readonly=True, copy=False)
    return_list_at = fields.Datetime(
        "Returns Asked For", readonly=True, copy=False, help="When it was asked for."
    )
    return_list_row = fields.Integer(
        readonly=True, copy=False, help="Rows of the list that are stored."
    )
    return_list_empty = fields.Integer(readonly=True, copy=False)
    return_retry_at = fields.Datetime(readonly=True, copy=False)
    return_failure = fields.Char("Returns Not Read", readonly=True, copy=False)
    return_warning = fields.Char("Returns Read in Part", readonly=True, copy=False)

    # === WHEN ===

    def _tells_returns(self):
        """Tell whether the channel may have returns of this site: it ships something
        there."""
        return bool(
            self.env["marketplace.listing"]
            .with_context(active_test=False)
            .search_count(
                [("site_id", "=", self.id), ("fulfilment", "=", "channel")], limit=1
            )
        )

    def _get_next_return_moment(self):
        """Return when this site's returns are to be looked after; False = now."""
        self.ensure_one()
        if self.return_retry_at or self.return_list or not self.return_list_at:
            return self.return_retry_at
        hours = self.account_id._get_adapter_class().return_list_hours
        read, asked = self.returns_read_until, self.return_list_at
        if read and asked - read < timedelta(hours=CAUGHT_UP_HOURS):
            hours = max(hours, self.account_id.return_hours)
        return asked + timedelta(hours=hours)

    def _get_return_period(self, days):
        """Return the beginning and end of the next list, of ``days`` at most."""
        now = fields.Datetime.now()
        begin = self.returns_read_until or self.account_id.order_start_at or now
        since = begin - timedelta(days=OVERLAP_DAYS)
        return since, min(since + timedelta(days=days), now)

    # === READING ===

    def _read_returns(self, adapter, stop):
        """Go on with this site's list, as far as it gets.

        What fails is said here and stops neither the other sites nor orders.

        :param stop: ``time.monotonic()`` at which the next run goes on
        """
        account = self.account_id
        try:
            if not self.return_list:
                self._ask_for_return_list(adapter)
            told = adapter.look_for_return_list(self.return_list)
            if told.state == "ready":
                self._store_return_list(adapter, told.document, stop)
            else:
                account._in_transaction(functools.partial(self._note_no_list, told))
        except AuthenticationError:
            raise
        except ChannelError as error:
            account._rollback()
            account._in_transaction(functools.partial(self._note_return_error, error))
        except Exception as error:
            account._rollback()
            _logger.exception("Site %s: returns were not read", self.id)
            account._in_transaction(functools.partial(self._note_return_error, error))

    def _ask_for_return_list(self, adapter):
        since, until = self._get_return_period(adapter.return_list_days)
        now = fields.Datetime.now()
        # the channel's own clock says what "until now" is: none asks for the future
        end = until if until < now else None
        values = {
            "return_list": adapter.request_return_list(self.code, since, end),
            "return_list_since": since,
            "return_list_until": until,
            "return_list_at": now,
            "return_list_row": 0,
            "return_retry_at": False,
        }
        self.account_id._in_transaction(functools.partial(self.write, values))

    def _store_return_list(self, adapter, document, stop):
        """Store the list page by page; what is stored is settled, also in a crash."""
        account = self.account_id
        for page in adapter.read_return_list(document):
            if page.row and page.row <= self.return_list_row:
                continue  # an earlier run has stored it
            account._in_transaction(functools.partial(self._store_return_page, page))
            if time.monotonic() > stop:
                account._in_transaction(account._wake_orders)
                return
        account._in_transaction(self._end_return_list)

    def _store_return_page(self, page):
        account = self.account_id
        failed = [one for one in page.returns if not account._store_return_safely(one)]
        words = [page.changed, *page.unreadable]
        if failed:
            words.append(
                self.env._(
                    "%s returns could not be stored: see the server's log.", len(failed)
                )
            )
        values = {"return_list_row": page.row}
        if any(words):
            known = self.return_warning if self.return_list_row else ""
            words = dict.fromkeys(filter(None, [known, *words]))
            values["return_warning"] = " ".join(words)
        elif not self.return_list_row:
            values["return_warning"] = False
        self.write(values)

    # === WHAT BECAME OF IT ===

    def _end_return_list(self):
        """The list is stored: the next one begins where it ended, less the overlap."""
        self.write(
            {
                "returns_read_until": self.return_list_until,
                "return_list": False,
                "return_list_empty": 0,
                "return_retry_at": False,
                "return_failure": False,
            }
        )

    def _note_no_list(self, told):
        """There is no list to read: not yet, or never."""
        if told.state == "waiting":
            self._wait_for_return_list(told.retry_after)
        elif told.state == "failed":
            self._drop_return_list(told.error, told.retry_after)
        elif self.return_list_empty + 1 >= EMPTY_LISTS:
            self._end_return_list()
        else:
            empty = self.return_list_empty + 1
            self._drop_return_list(False)
            self.return_list_empty = empty

    def _wait_for_return_list(self, seconds):
        if self._is_return_list_old():
            words = self.env._(
                "The channel has not made the list of returns in %s hours. It is asked "
                "again.",
                PATIENCE_HOURS,
            )
            self._drop_return_list(words, RETRY_SECONDS)
            return
        self._look_again(seconds or RETRY_SECONDS)

    def _is_return_list_old(self):
        age = fields.Datetime.now() - self.return_list_at
        return age > timedelta(hours=PATIENCE_HOURS)

    def _drop_return_list(self, words, seconds=None):
        """Forget a list that came to nothing; its period is asked for anew."""
        self.write(
            {"return_list": False, "return_failure": words, "return_retry_at": False}
        )
        if seconds:
            self._look_again(seconds)

    def _look_again(self, seconds):
        moment = fields.Datetime.now() + timedelta(seconds=seconds)
        self.return_retry_at = moment
        self.account_id._wake_orders_at(moment)

    def _note_return_error(self, error):
        """The list stays and is read again: a download may fail, a column come back."""
        wait = RETRY_SECONDS if isinstance(error, RetryableError) else REFUSED_SECONDS
        floor = getattr(error, "retry_after", None) or 0.0
        if isinstance(error, RateLimited):
            self._look_again(max(floor, 1.0))  # a limit that was hit is nobody's fault
            return
        is_lost = isinstance(error, UnknownListing)
        if self.return_list and (is_lost or self._is_return_list_old()):
            self.return_list = False
        self.return_failure = str(error) or type(error).__name__
        self._look_again(max(wait, floor))
        _logger.info("Site %s: returns were not read: %s", self.id, error)


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    return_hours = fields.Integer(
        "Read Returns Every (h)",
        default=24,
        required=True,
        help="How often the channel is asked what came back to its own warehouses.",
    )
    has_return_lists = fields.Boolean(compute="_compute_has_return_lists")
    return_failure = fields.Char(compute="_compute_return_failure")
    return_warning = fields.Char(compute="_compute_return_failure")

    _check_return_hours = models.Constraint(
        "CHECK (return_hours > 0)", "At least one hour lies between two reads."
    )

    @api.depends("channel")
    def _compute_has_return_lists(self):
        for account in self:
            account.has_return_lists = bool(
                account.channel
            ) and account._get_adapter_class().supports("request_return_list")

    @api.depends("site_ids.return_failure", "site_ids.return_warning")
    def _compute_return_failure(self):
        for account in self:
            for name in ("return_failure", "return_warning"):
                sites = account.site_ids.filtered(name)
                account[name] = " ".join(f"{one.name}: {one[name]}" for one in sites)

    def _run_orders(self):
        result = super()._run_orders()
        if self.state in READING and self.active and self.read_orders:
            self._guarded(self._read_return_lists)
        return result

    def _read_return_lists(self):
        """Read the lists of the sites on which that is due."""
        if not self.has_return_lists:
            return
        now = fields.Datetime.now()
        sites = self.site_ids.filtered(lambda site: site._tells_returns())
        due = sites.filtered(lambda s: (s._get_next_return_moment() or now) <= now)
        if not due:
            return
        stop = time.monotonic() + SLICE_SECONDS
        with self._adapter_session() as adapter:
            for site in due:
                site._read_returns(adapter, stop)
            self._keep_rate_state(adapter)

    def _wake_orders_at(self, moment):
        """Have the account's orders looked after at a moment."""
        if self.order_cron_id:
            self.sudo().order_cron_id._trigger(at=moment)

    def action_read_returns(self):
        """Have what came back to the channel's warehouses read, in the background."""
        self.check_access("read")
        sites = self.sudo().site_ids.filtered(lambda site: site._tells_returns())
        sites.write({"return_list_at": False, "return_retry_at": False})
        self._wake_orders()
        message = self.env._(
            "Returns are asked for on %s sites. It takes the channel some minutes.",
            len(sites),
        )
        if not sites:
            message = self.env._("The channel ships no listing of this account.")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "info", "message": message},
        }
