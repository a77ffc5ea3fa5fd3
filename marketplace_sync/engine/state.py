"""What a listing's number means for its synchronisation state.

Level-triggered: "pending" says *that* the channel must be told, never how much;
the number is read when it is sent.
"""

#: A computation moves rows between these; the others wait for a read or a person.
MOVABLE = frozenset(("synced", "pending", "submitted"))


def after_refresh(state, sellable, published, known):
    """Return the state of a listing after its number was computed.

    :param published: what we believe the channel shows
    :param known: whether we believe anything at all
    """
    if state not in MOVABLE:
        return state
    if not known or sellable != published:
        return "pending"
    return "synced" if state == "pending" else state


def after_push(outcome, sent, sellable):
    """Return the state after the channel took ``sent``.

    :param outcome: ``accepted`` or ``submitted``
    :param sellable: the listing's number *now*; it may have moved while we spoke
    """
    if sent != sellable:
        return "pending"
    return "synced" if outcome == "accepted" else "submitted"
