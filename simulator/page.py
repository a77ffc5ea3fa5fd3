"""The page: what three shops show, next to what Odoo wants shown."""

import base64
import functools
import hashlib
from dataclasses import replace
from pathlib import Path

from .core import CHANNELS, Response
from .odoo import OdooView
from .page_orders import may_be_pending, trade

STATIC = Path(__file__).parent / "static"
SCRIPTS = ("page.js", "orders.js")
#: SKUs on the page at once; the search box finds the others.
MAX_ROWS = 300
#: Calls per channel under "last requests".
LAST_CALLS = 12

SHIPPED_BY_CHANNEL = {"amazon": "FBA", "mercadolibre": "Full"}
SOURCES = {
    "stock": "in stock",
    "mto": "made to order",
    "capacity": "capacity",
    "manual": "typed in",
}
ON_ITS_WAY = ("pending", "submitted")
NO_ODOO = (
    "Odoo is not connected: start the simulator with --odoo-url, --odoo-db and "
    "--odoo-key-file to see what Odoo wants next to what is shown."
)


# --- the document ---
@functools.cache
def _document():
    style = (STATIC / "page.css").read_text(encoding="utf-8")
    script = "\n".join((STATIC / name).read_text("utf-8") for name in SCRIPTS)
    html = (STATIC / "page.html").read_text(encoding="utf-8")
    html = html.replace("/*STYLE*/", style).replace("/*SCRIPT*/", script)
    policy = (
        f"default-src 'none'; connect-src 'self'; img-src data:; "
        f"style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return html, policy


def _digest(text):
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def document():
    """Return the page: one document, which asks nobody but us for anything."""
    html, policy = _document()
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(200, html, headers)


# --- what it shows ---
def data(simulator, odoo=None, wanted=""):
    """Return everything the page shows, JSON types.

    :param wanted: only SKUs and titles that contain this
    """
    view = odoo.look() if odoo else OdooView("off", NO_ODOO)
    shelf = {}
    for channel in simulator.channels.values():
        with channel.lock:
            rows = channel.shelf()
        for row in rows:
            _put_on(shelf, row)
    columns = _columns(simulator, shelf, view)
    skus = _skus(shelf, view, wanted.strip().lower())
    buyable = {name for name, channel in simulator.channels.items() if channel.desk}
    return {
        "now": simulator.clock(),
        "columns": columns,
        "rows": [_row(sku, columns, shelf, view, buyable) for sku in skus[:MAX_ROWS]],
        "total": len(skus),
        "channels": [_channel(simulator, c) for c in simulator.channels.values()],
        "odoo": {"state": view.state, "message": view.message},
    }


def _put_on(shelf, row):
    """Add a row; of listings that share a SKU the first is shown, and says so."""
    key = (row.channel, row.site, row.sku or "")
    if key in shelf:
        note = "another listing here has the same SKU"
        row = replace(shelf[key], note=" · ".join(filter(None, (row.note, note))))
    shelf[key] = row


def _columns(simulator, shelf, view):
    """Return one column per site, channels in the house's order."""
    names = dict(view.sites)
    names.update({(c, s): row.site_name for (c, s, _), row in shelf.items()})
    used = dict.fromkeys((c, s) for c, s, _ in [*shelf, *view.listings])
    return [
        {
            "channel": channel,
            "title": simulator.channels[channel].title or channel,
            "site": site,
            "site_name": names.get((channel, site)) or site,
            "pending": may_be_pending(simulator.channels[channel]),
        }
        for channel, site in sorted(used, key=lambda key: _rank(key[0]))
        if channel in simulator.channels
    ]


def _rank(name):
    order = list(CHANNELS)
    return order.index(name) if name in order else len(order)


def _skus(shelf, view, wanted):
    titles = {sku: row.title for (_, _, sku), row in shelf.items()}
    for (_, _, sku), listing in view.listings.items():
        titles[sku] = titles.get(sku) or listing["product"]
    return sorted(
        sku
        for sku, title in titles.items()
        if wanted in sku.lower() or wanted in (title or "").lower()
    )


def _row(sku, columns, shelf, view, buyable):
    keys = [(c["channel"], c["site"], sku) for c in columns]
    shown = [shelf.get(key) for key in keys]
    listings = [view.listings.get(key) for key in keys]
    known = [listing for listing in listings if listing]
    titles = [row.title for row in shown if row and row.title]
    return {
        "sku": sku,
        "title": next(iter(titles + [li["product"] for li in known]), ""),
        "odoo": _odoo(known),
        "cells": [
            cell(r, li, view, r is not None and r.channel in buyable)
            for r, li in zip(shown, listings, strict=True)
        ],
    }


def _odoo(listings):
    """Return what Odoo knows of a SKU whatever the site; None when it is unknown."""
    if not listings:
        return None
    sources = dict.fromkeys(li["qty_source"] for li in listings)
    free = [li["free"] for li in listings if li["free"] is not None]
    return {
        "free": free[0] if free else None,
        "sources": list(sources),
        "source": ", ".join(SOURCES.get(s, s or "") for s in sources),
    }


def cell(row, listing, view, buyable=False):
    """Return one SKU at one site: shown, wanted, and how they compare."""
    if row is None and listing is None:
        return None
    mark, words = compare(row, listing, view)
    return {
        "mark": mark,
        "words": words,
        "quantity": row.quantity if row else None,
        "wanted": listing["sellable_qty"] if listing else None,
        "updated_at": row.updated_at if row else 0,
        "lead_time_days": row.lead_time_days if row else None,
        "hint": _hint(row, listing),
        "editable": bool(row) and row.fulfilment != "channel",
        "buyable": buyable and bool(row.sku),
        "endless": bool(row) and row.endless,
    }


def compare(row, listing, view):
    """Return ``(mark, words)`` of one cell.

    Marks: ``equal``, ``zero`` (both say 0: buyers see it as sold out), ``suppressed``
    (the shop shows 0, Odoo has goods), ``way``, ``different``, ``channel`` (shipped by
    the channel), ``hold`` (Odoo sends nothing for now), ``missing``, ``unknown``,
    ``plain`` (no Odoo to compare with).
    """
    if row is not None and row.fulfilment == "channel":
        word = SHIPPED_BY_CHANNEL.get(row.channel, "Channel stock")
        return "channel", f"{word}, not ours to set"
    if listing is None:
        known = view.state == "ok" and bool(view.listings)
        return ("unknown", "not in Odoo") if known else ("plain", "")
    if row is None:
        return "missing", "not on the channel"
    return _compare_numbers(row, listing, view)


def _compare_numbers(row, listing, view):
    wanted, state = listing["sellable_qty"], listing["sync_state"]
    if row.quantity == wanted:
        return ("equal", "") if wanted else ("zero", "sold out")
    if listing["account_state"] == "draft":
        return "hold", "not live yet"
    if state in ON_ITS_WAY:
        return "way", "on its way"
    if view.state == "ok" and row.updated_at > view.at:
        return "way", "just changed"  # after Odoo was asked: nobody is wrong yet
    if state == "failed":
        return "different", listing.get("last_error") or "failed"
    if state == "paused" or listing["account_state"] in ("paused", "blocked"):
        return "hold", f"{listing['account_state'] or ''} in Odoo".replace(
            "connected", "paused"
        )
    if row.quantity == 0:
        return "suppressed", "suppressed at zero"
    return "different", "not yet read" if state == "unverified" else "different"


def _hint(row, listing):
    """Return the arithmetic and the channel's own words, a line each."""
    lines = []
    if listing:
        lines += _arithmetic(listing)
        if listing.get("last_error"):
            lines.append(f"Odoo: {listing['last_error']}")
    if row:
        if row.status or row.note:
            lines.append(" · ".join(filter(None, (row.status, row.note))))
        if row.lead_time_days is not None:
            lines.append(f"handling time {row.lead_time_days} days")
    return "\n".join(lines)


def _arithmetic(listing):
    source = SOURCES.get(listing["qty_source"], listing["qty_source"] or "")
    lines = [f"{number(listing['qty'])} {source}"]
    for name, words in (("committed_qty", "committed"), ("buffer_qty", "buffer")):
        if listing.get(name):
            lines.append(f"− {number(listing[name])} {words}")
    lines.append(f"= {number(listing['sellable_qty'])} to show")
    return [" ".join(lines)]


def number(value):
    """Return a quantity without a needless ``.0``."""
    if value is None:
        return "?"
    return str(int(value)) if float(value).is_integer() else f"{value:g}"


def _channel(simulator, channel):
    waiting = [
        {name: f[name] for name in ("id", "kind", "operation", "times", "seconds")}
        for f in simulator.faults.listed()
        if f["channel"] in (channel.name, "*")
    ]
    return {
        "name": channel.name,
        "title": channel.title or channel.name,
        "updates": channel.update_operations,
        "calls": sum(simulator.journal.counts(channel.name).values()),
        "log": simulator.journal.tail(channel.name, LAST_CALLS),
        "faults": waiting,
        "trade": trade(simulator, channel),
    }
