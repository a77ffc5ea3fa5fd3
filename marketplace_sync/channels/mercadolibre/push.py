"""Sorting rows into writes: one per counter, and per item with variations."""

from dataclasses import dataclass, field

from ..base import PushResult
from ..errors import ChannelUnreachable
from . import const, words
from .items import counter_of, facts_of, join_ref, split_ref
from .stock_mode import resolve
from .writer import Outcome


@dataclass(frozen=True)
class Target:
    """One row, and the counter that it is about."""

    key: str
    mode: str
    quantity: int
    item_id: str
    variation_id: str
    user_product_id: str
    site_code: str

    @property
    def counter(self):
        ref = join_ref(self.item_id, self.variation_id)
        return counter_of(self.user_product_id, ref, self.mode, self.site_code)

    @property
    def part(self):
        """Which part of its write this row is: a variation, a depot, or all of it."""
        parts = {
            const.VARIATIONS_MODE: self.variation_id,
            const.SELLER_WAREHOUSE: self.site_code,
        }
        return parts.get(self.mode, "")

    @property
    def subject(self):
        """Return what the write is addressed to."""
        locked = self.mode in const.LOCKED_MODES
        return self.user_product_id if locked else self.item_id

    def result(self, outcome):
        return PushResult(self.key, **vars(outcome))


@dataclass
class Job:
    """One write with its rows."""

    mode: str
    subject: str
    targets: list = field(default_factory=list)

    def wanted(self, lowest):
        """Return ``{part: quantity}``."""
        return {target.part: lowest[target.counter] for target in self.targets}


class Push:
    """One call of ``push_stock``.

    :param locate: yields ``(ref, Entry or Problem)``, see :class:`~.locator.Locator`
    :param nodes: ``{store id: network_node_id}``, asked for when a depot is written
    """

    def __init__(self, writer, locate, nodes):
        self.writer = writer
        self.locate = locate
        self.nodes = nodes

    def run(self, levels):
        """Yield one PushResult per level.

        Rows of one counter are one write, of the lowest number. When it is refused
        through one item, the rows of another item of the counter have their own turn.
        """
        targets = yield from self._writable(levels)
        lowest = lowest_by_counter(targets)
        while targets:
            targets = yield from self._round(targets, lowest)

    def _round(self, targets, lowest):
        """Write each counter through its first row; return the rows to try again."""
        leaders, followers = one_per_counter(targets)
        outcomes, again = {}, []
        for job, parts in self._run(jobs_of(leaders.values()), lowest):
            for target in job.targets:
                outcomes[target.counter] = parts[target.part]
                yield target.result(parts[target.part])
        for target in followers:
            outcome, leader = outcomes[target.counter], leaders[target.counter]
            if outcome.outcome == "rejected" and target.subject != leader.subject:
                again.append(target)
            else:
                yield target.result(outcome)
        return again

    # --- rows → targets --------------------------------------------------------------
    def _writable(self, levels):
        """Yield results of rows that are not sent; return the others' targets."""
        targets = []
        for found in self._targets(levels):
            if isinstance(found, PushResult):
                yield found
            else:
                targets.append(found)
        order = {level.ref.key: place for place, level in enumerate(levels)}
        return sorted(targets, key=lambda target: order[target.key])

    def _targets(self, levels):
        """Yield a Target, or the PushResult of a row that is not sent, per level."""
        unread = [level for level in levels if facts_of(level.ref.data) is None]
        for level in levels:
            facts = facts_of(level.ref.data)
            if facts is not None:
                data = level.ref.data
                names = data["item_id"], str(data.get("variation_id") or "")
                yield self._target(level, facts, *names)
        found = self.locate(level.ref for level in unread) if unread else ()
        for level, (_ref, entry) in zip(unread, found, strict=True):
            if hasattr(entry, "facts"):
                names = split_ref(entry.external_ref)
                yield self._target(level, entry.facts, *names)
            else:
                yield rejected(level, entry.code, entry.text)

    def _target(self, level, facts, item_id, variation_id):
        mode = resolve(facts, self.writer.seller_tags)
        if not mode.writable:
            return rejected(level, mode.problem, mode.reason)
        if level.quantity > const.MAX_STOCK:
            text = words.TOO_MANY.format(limit=const.MAX_STOCK)
            return rejected(level, "too_many", text)
        site = level.ref.site_code
        if mode.mode == const.SELLER_WAREHOUSE and site not in self.nodes():
            return rejected(level, "unknown_depot", words.UNKNOWN_DEPOT)
        return Target(
            key=level.ref.key,
            mode=mode.mode,
            quantity=level.quantity,
            item_id=item_id,
            variation_id=variation_id,
            user_product_id=facts.user_product_id,
            site_code=site,
        )

    # --- targets → writes ------------------------------------------------------------
    def _run(self, jobs, lowest):
        """Yield ``(job, {part: Outcome})``; a job without an answer has outcome retry.

        When none got an answer, or several in a row did not, the channel is down and
        the error is the whole call's.
        """
        silent, in_a_row, answered = [], 0, False
        for job in jobs:
            try:
                parts = self._write(job, job.wanted(lowest))
            except ChannelUnreachable as error:
                silent.append((job, error))
                in_a_row += 1
                if in_a_row >= const.UNREACHABLE_IN_A_ROW:
                    raise
                continue
            in_a_row, answered = 0, True
            yield job, parts
        if silent and not answered:
            raise silent[-1][1]
        for job, error in silent:
            yield job, dict.fromkeys(job.wanted(lowest), unanswered(error))

    def _write(self, job, wanted):
        if job.mode == const.VARIATIONS_MODE:
            return self.writer.variations(job.subject, wanted)
        if job.mode == const.SELLER_WAREHOUSE:
            return self.writer.depots(job.subject, wanted, self.nodes())
        write = (
            self.writer.selling_address
            if job.mode == const.SELLING_ADDRESS
            else self.writer.item
        )
        return {"": write(job.subject, wanted[""])}


def lowest_by_counter(targets):
    """Return ``{counter: the lowest quantity that any of its rows asks for}``."""
    lowest = {}
    for target in targets:
        known = lowest.get(target.counter, target.quantity)
        lowest[target.counter] = min(known, target.quantity)
    return lowest


def one_per_counter(targets):
    """Return ``({counter: its first row}, the other rows)``."""
    leaders, followers = {}, []
    for target in targets:
        if leaders.setdefault(target.counter, target) is not target:
            followers.append(target)
    return leaders, followers


def jobs_of(targets):
    """Return the writes of some rows, in the order of the first row of each."""
    jobs = {}
    for target in targets:
        names = target.mode, target.subject
        jobs.setdefault(names, Job(*names)).targets.append(target)
    return list(jobs.values())


def rejected(level, code, text):
    """Return the result of a row that is not sent."""
    return PushResult(level.ref.key, "rejected", text, code)


def unanswered(error):
    """Return the outcome of one row whose call had no usable answer."""
    return Outcome("retry", error.message, error.code or "", error.request_id or "")
