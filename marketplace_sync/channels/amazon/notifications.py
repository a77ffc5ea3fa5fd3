"""Amazon's notifications, as they lie in an SQS queue of the seller's own.

They are not signed and come over no door of ours: who may write to the queue is the
queue's own policy. They are delivered more than once, out of order or not at all
(docs/notifications-api): a hint that schedules a read, deduplicated by
``NotificationId``.
"""

import json

from ..orders import WebhookEvent
from .const import NOTIFICATION_KINDS
from .orders import moment

#: Where each type names what changed, names in lower case.
SUBJECTS = ("amazonorderid", "sku", "feedid", "reportid", "asin")


def parse_notification(body):
    """Translate the body of an SQS message; None when it is no notification.

    Two spellings are documented: ``NotificationType`` (orders, stock, listings) and
    ``notificationType`` (feeds, reports). EventBridge wraps both in ``detail``.
    """
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError):
        return None
    envelope = _lower(envelope)
    if "notificationtype" not in envelope:
        envelope = _lower(envelope.get("detail"))
    metadata = _lower(envelope.get("notificationmetadata"))
    topic, delivery_id = (
        envelope.get("notificationtype"),
        metadata.get("notificationid"),
    )
    if not _are_texts(topic, delivery_id):
        return None
    subject = _subject(_lower(envelope.get("payload")))
    names = [subject.get(name) for name in SUBJECTS]
    return WebhookEvent(
        delivery_id=delivery_id,
        topic=topic,
        kind=NOTIFICATION_KINDS.get(topic, "other"),
        account_ref=_text(subject.get("sellerid")),
        external_id=next(filter(None, map(_text, names)), ""),
        triggered_at=_triggered_at(subject, envelope),
    )


def _triggered_at(subject, envelope):
    trigger = _lower(subject.get("orderchangetrigger"))
    return moment(trigger.get("timeoforderchange")) or moment(envelope.get("eventtime"))


def _subject(payload):
    """Return what a payload holds: itself, or the one thing that it wraps."""
    inner = [value for name, value in payload.items() if name.endswith("notification")]
    return _lower(inner[0]) if len(inner) == 1 else payload


def _lower(value):
    """Return a mapping with lower-case names, {} for anything else."""
    if not isinstance(value, dict):
        return {}
    return {str(name).lower(): item for name, item in value.items()}


def _text(value):
    return value if isinstance(value, str) else ""


def _are_texts(*values):
    return all(isinstance(value, str) and value for value in values)
