"""Telling a channel of one parcel, and what its answer means.

Safe to cut off anywhere: a parcel is told again until its outcome is committed, and
every channel knows a repetition by the parcel's number or by reading first.
"""

import functools
import logging
from datetime import timedelta, timezone
from decimal import Decimal

from odoo import fields, models

from ..channels.errors import (
    ChannelBlockedError,
    ChannelError,
    ChannelUnreachable,
    RateLimited,
    RejectedError,
    TakesLong,
)
from ..channels.orders import Shipment
from ..engine import backoff
from .marketplace_shipment import OPEN

_logger = logging.getLogger(__name__)

#: Failures of the channel rather than of one parcel: the account rests.
CHANNEL_WIDE = (ChannelBlockedError, ChannelUnreachable, RateLimited, TakesLong)


class MarketplaceShipment(models.Model):
    _inherit = "marketplace.shipment"

    # === WHAT IS TOLD ===

    def _get_parcel(self):
        """Return the parcel as the adapter takes it."""
        rows = self.line_ids.filtered("units")
        sites = rows.order_line_id.site_id or self.order_id.site_id
        return Shipment(
            order_id=self.order_id.external_id,
            package_ref=self.package_ref,
            lines=[(r.order_line_id.external_id, Decimal(int(r.units))) for r in rows],
            shipped_at=self.shipped_at.replace(tzinfo=timezone.utc),
            carrier_code=self.carrier_code or "",
            carrier_name=self.carrier_name or "",
            shipping_method=self.shipping_method or "",
            tracking_number=self.tracking_number or "",
            tracking_url=self.tracking_url or "",
            site_code=sites.code if len(sites) == 1 else "",
            told_before=self._get_told_before(),
            data=self.order_id.channel_data or {},
        )

    def _get_told_before(self):
        """Return the units of other parcels under the same tracking number."""
        others = self.order_id.shipment_ids.filtered(
            lambda other: (
                other != self
                and (other.told_at or other.state == "accepted")
                and (other.told_number or "") == (self.tracking_number or "")
            )
        )
        return Decimal(int(sum(others.mapped("units"))))

    def _is_known_to_channel(self):
        """Tell whether the channel showed all these units as shipped when it was read:
        the seller used its labels, or told it there.

        Units that other parcels account for are theirs: of those that were told, and
        of earlier ones that may have been.
        """
        rows = self.line_ids.filtered("units")
        return bool(rows) and all(
            row.order_line_id.shipped_quantity >= row.units + row._get_accounted_units()
            for row in rows
        )

    # === THE CALL ===

    def _tell(self, adapter):
        """Tell one claimed parcel; its outcome is committed.

        :raises ChannelError: the channel, not this parcel, is in trouble
        """
        account, parcel = self.account_id, self._get_parcel()
        try:
            if self.told_at:
                result = adapter.correct_shipment(parcel, self.external_id or "")
            else:
                result = adapter.confirm_shipment(parcel)
        except Exception as error:
            account._rollback()
            account._in_transaction(functools.partial(self._note_failure, error))
            if isinstance(error, CHANNEL_WIDE):
                raise
            if not isinstance(error, ChannelError):
                _logger.exception("Marketplace parcel %s: not told", self.id)
            return
        account._in_transaction(
            functools.partial(self._settle, adapter, parcel, result)
        )

    def _note_failure(self, error):
        words = str(error) or type(error).__name__
        if isinstance(error, (RateLimited, ChannelBlockedError)):
            self.state = "waiting"  # no parcel's fault
        elif isinstance(error, RejectedError):
            self._park(words)
        else:
            self._put_off(words, getattr(error, "retry_after", None))

    # === THE ANSWER ===

    def _settle(self, adapter, parcel, result):
        """Write down what became of telling ``parcel``."""
        self.account_id._save_rate_state(adapter)
        self.request_id = result.request_id or self.request_id
        if result.outcome in ("accepted", "already"):
            self._note_told(parcel, result)
        elif result.outcome == "not_applicable":
            note = result.error or self.env._("The channel moves this parcel itself.")
            self.write({"state": "not_applicable", "note": note, **self._no_failure()})
        elif result.outcome == "retry":
            self._put_off(result.error or result.code)
        else:
            self._park(result.error or result.code)

    def _note_told(self, parcel, result):
        self.write(
            {
                "state": "accepted",
                "outcome": result.outcome,
                "told_at": fields.Datetime.now(),
                "told_number": parcel.tracking_number or False,
                "external_id": result.external_id or self.external_id,
                "note": result.error or self.note,
                **self._no_failure(),
            }
        )
        if (self.tracking_number or "") != parcel.tracking_number:
            self._number_changed()  # while the channel was being told

    def _no_failure(self):
        return {"last_error": False, "attempt_count": 0, "next_attempt_at": False}

    def _park(self, words):
        """A person must look."""
        self.write({"state": "failed", "last_error": words, "next_attempt_at": False})

    def _put_off(self, words, retry_after=None):
        """Try again later; park after too many attempts."""
        attempts = self.attempt_count + 1
        self.attempt_count = attempts
        if backoff.exhausted(attempts, self.account_id.max_attempts):
            self._park(
                self.env._("Gave up after %(n)s attempts: %(e)s", n=attempts, e=words)
            )
            return
        wait = timedelta(seconds=backoff.delay(attempts, retry_after))
        self.write(
            {
                "state": "waiting",
                "last_error": words,
                "next_attempt_at": fields.Datetime.now() + wait,
            }
        )

    # === A TRACKING NUMBER THAT COMES, OR CHANGES, LATER ===

    def write(self, vals):
        before = {}
        if "tracking_number" in vals:
            before = {shipment: shipment.tracking_number or "" for shipment in self}
        result = super().write(vals)
        for shipment, number in before.items():
            if (shipment.tracking_number or "") != number:
                shipment._number_changed()
        return result

    def _number_changed(self):
        """Tell the channel, where it still can be told."""
        self.ensure_one()
        if self.state in ("waiting", "failed"):
            self._requeue()
        elif self.state == "accepted" and self.tracking_number != self.told_number:
            adapter = self.account_id._get_adapter_class()
            ours = self.outcome == "accepted" and self.tracking_number
            if ours and adapter.supports("correct_shipment"):
                self._requeue()
            else:
                self._note_untold_number()

    def _note_untold_number(self):
        words = self.env._(
            "The tracking number is now %(new)s. %(account)s was told %(old)s and "
            "takes no correction from here: change it there.",
            new=self.tracking_number or "–",
            old=self.told_number or "–",
            account=self.account_id.name,
        )
        self.note = words
        self.message_post(body=words)
        self.sudo().picking_id.message_post(body=words)

    def _requeue(self):
        """Have these parcels told as soon as this is committed."""
        self.write({"state": "waiting", **self._no_failure()})
        self.account_id._wake_orders()


class MarketplaceShipmentLine(models.Model):
    _inherit = "marketplace.shipment.line"

    def _get_accounted_units(self):
        """Return the units of the order line that other parcels account for."""
        others = self.order_line_id.shipment_line_ids - self
        return sum(
            other.units
            for other in others
            if other.shipment_id.state == "accepted"
            or other.shipment_id.told_at
            or (
                other.shipment_id.id < self.shipment_id.id
                and other.shipment_id.state in (*OPEN, "failed")
            )
        )
