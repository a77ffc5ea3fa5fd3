"""What the page shows of orders, and of what Odoo was told about them."""

from dataclasses import asdict

from .delivery import HELD, LATE, NEVER, TWICE

#: Orders per channel on the page; ``/_control/orders`` has them all.
LAST_ORDERS = 25
LAST_NOTIFICATIONS = 15

MANNERS = {TWICE: "twice", LATE: "late", HELD: "out of order", NEVER: "never"}


def trade(simulator, channel):
    """Return a channel's orders and notifications; None where nobody can buy."""
    desk = channel.desk
    if desk is None:
        return None
    with channel.lock:
        orders = [asdict(row) for row in desk.rows(LAST_ORDERS)]
        told = desk.notifications(LAST_NOTIFICATIONS)
        return {
            "orders": orders,
            "orders_total": len(desk.ids()),
            "notifications": [notification(row, simulator.clock()) for row in told],
            "receiver": desk.receiver(),
            "callback": desk.callback(),
        }


def may_be_pending(channel):
    """Tell whether people may buy on a channel and pay later."""
    return channel.desk is not None and channel.desk.may_be_pending


def notification(row, now):
    """Return one notification with its outcome in words."""
    good, words = outcome(row, now)
    return {
        "id": row["id"],
        "topic": row["topic"],
        "about": row["about"],
        "at": row["at"],
        "manner": MANNERS.get(row["manner"], ""),
        "attempts": row["attempts"],
        "good": good,
        "words": words,
    }


def outcome(row, now):
    """Return ``(good, words)``; good is None while nothing is decided."""
    state, answer = row["state"], _answer(row)
    if state == "delivered":
        return True, answer
    if state == "taken":
        return True, "taken from the queue"
    if state == "received":
        return None, "read, not yet deleted"
    if state == "lost":
        return False, answer if row["attempts"] else "never sent"
    if state == "missed":
        return False, f"{answer}, given up"
    if state == "retry":
        return False, f"{answer}, again in {_seconds(row['due'] - now)}"
    if row["manner"] == HELD and row["due"] <= now:
        return None, "waits for the next one"
    if row["due"] > now:
        return None, f"in {_seconds(row['due'] - now)}"
    return None, "waiting"


def _answer(row):
    if not row["status"]:
        return "no answer" if row["attempts"] else ""
    return f"{row['status']} · {row['ms']:.0f} ms"


def _seconds(seconds):
    seconds = max(1, round(seconds))
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
