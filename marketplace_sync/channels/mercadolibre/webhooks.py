"""Notifications of Mercado Libre. **Nobody signs them**, so they prove nothing.

What can be checked: the address they came to (one secret path per account, the
caller's), that user and application are this account's, that the resource is one that
its topic can have, and the size. All of that can be known to others: what passes is a
plausible hint that something is worth reading with our own token, never a fact, and
never part of an address that we call.
"""

import hashlib
import hmac
import json
import re

from ..orders import WebhookEvent
from . import const
from .values import moment

ID = re.compile(r"[0-9]{1,20}")
#: topic → (kind, the whole resource; its group is what changed)
#: [produto-receba-notificacoes, 14/09/2026]
RESOURCES = {
    topic: (kind, re.compile(pattern))
    for topic, kind, pattern in (
        ("orders_v2", "order", r"/orders/([0-9]{1,20})"),
        ("shipments", "shipment", r"/shipments/([0-9]{1,20})"),
        ("items", "listing", r"/items/([A-Z]{3}[0-9]{1,20})"),
        ("user_products", "listing", r"/user-products/([A-Z]{3}U[0-9]{1,20})"),
        ("stock-location", "stock", r"/user-products/([A-Z]{3}U[0-9]{1,20})/stock"),
        (
            "fbm_stock_operations",
            "stock",
            r"/stock/fulfillment/operations/([0-9]{1,20})",
        ),
        ("post_purchase", "return", r"/post-purchase/v[0-9]/claims/([0-9]{1,20})"),
        ("payments", "other", r"/collections/([0-9]{1,20})"),
    )
}


def is_plausible(body, applications, user_id):
    """Tell whether a notification may be meant for this account.

    A topic that is not ours passes when user and application fit: answered with
    anything but 200 it would be switched off; :func:`to_event` then makes nothing of
    it. A topic of ours with another resource does not pass.

    :param applications: the application's id (``client_id``), and the old one while it
        is being replaced
    """
    note = load(body)
    if note is None:
        return False
    user, application = ident(note.get("user_id")), ident(note.get("application_id"))
    known = [same(application, str(wanted)) for wanted in applications or ()]
    is_ours = same(user, str(user_id or "")) & any(known)
    topic = note.get("topic")
    if not topic or not isinstance(topic, str) or not is_ours:
        return False
    return topic not in RESOURCES or changed(note) is not None


def to_event(body):
    """Return the contract's event, None when it says nothing to us."""
    note = load(body)
    return event_of(note) if note is not None else None


def event_of(note):
    """Return the event of a parsed notification, None when it says nothing to us."""
    topic, user = note.get("topic"), ident(note.get("user_id"))
    found = changed(note)
    if found is None or not user:
        return None
    return WebhookEvent(
        delivery_id=delivery_id(note),
        topic=topic,
        kind=RESOURCES[topic][0],
        account_ref=user,
        external_id=found,
        triggered_at=moment(note.get("received")) or moment(note.get("sent")),
    )


def delivery_id(note):
    """Return what repetitions of one notification have in common.

    They differ in ``attempts`` and ``sent``; ``received`` stays (the page's example of
    a fourth attempt was received seven minutes before it was sent). ``_id`` is not in
    every topic, nor in the copy that missed_feeds keeps.
    """
    names = ("topic", "resource", "user_id", "application_id", "received")
    told = [str(note.get(name) or "") for name in names]
    if not told[-1]:
        told.append(str(note.get("_id") or note.get("id") or note.get("sent") or ""))
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:32]


def changed(note):
    """Return the id of what changed, None when the resource is not of its topic."""
    topic, resource = note.get("topic"), note.get("resource")
    if not isinstance(topic, str) or not isinstance(resource, str):
        return None
    _kind, pattern = RESOURCES.get(topic, (None, None))
    match = pattern.fullmatch(resource) if pattern else None
    return match.group(1) if match else None


def load(body):
    """Return a notification's JSON object, None when it is too big or none."""
    if not isinstance(body, (bytes, bytearray)) or len(body) > const.NOTIFICATION_BYTES:
        return None
    try:
        note = json.loads(bytes(body))
    except (ValueError, RecursionError):
        return None
    return note if isinstance(note, dict) else None


def ident(value):
    """Return an id as text; it comes as a number or as text. "" when it is none."""
    text = str(value) if isinstance(value, (int, str)) else ""
    return text if ID.fullmatch(text) else ""


def same(told, wanted):
    """Compare in constant time; nothing equals nothing."""
    return bool(wanted) and hmac.compare_digest(told.encode(), wanted.encode())
