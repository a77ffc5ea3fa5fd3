"""Small helpers of the models: set-based writes, and transactions that collide."""

import logging
import random
import time

from odoo.tools import SQL
from psycopg2 import IntegrityError, OperationalError, errorcodes

_logger = logging.getLogger(__name__)

#: A transaction that another one got in the way of; to be run again.
CONFLICTS = (
    errorcodes.SERIALIZATION_FAILURE,
    errorcodes.DEADLOCK_DETECTED,
    errorcodes.LOCK_NOT_AVAILABLE,
    # the same order or event, stored by another worker in the same moment
    errorcodes.UNIQUE_VIOLATION,
)
TRIES = 8
#: From here on a list of numbers costs the planner more than some rows too many.
MANY = 1000


def is_conflict(error):
    """Tell whether another transaction got in the way, so that the same work may well
    succeed once more: not so of a number out of range or somebody else's constraint.
    """
    code = getattr(error, "pgcode", None)
    if code == errorcodes.UNIQUE_VIOLATION:
        # every one of ours says "another worker was first", see CONFLICTS
        return (error.diag.constraint_name or "").startswith("marketplace_")
    return code in CONFLICTS


def retry_on_conflict(env, function):
    """Run ``function`` as one transaction; run it again when another collided with it.

    Commits. Only for scheduled actions: cursors are REPEATABLE READ, and what a
    person or another job wrote since the snapshot is a conflict, not a failure.
    """
    for attempt in range(TRIES):
        try:
            if not attempt:
                _end_reading(env)
            result = function()
            env.flush_all()
            env["ir.cron"]._commit_progress()
            return result
        except (OperationalError, IntegrityError) as error:
            env.cr.rollback()
            env.transaction.reset()
            if not is_conflict(error) or attempt == TRIES - 1:
                raise
            _logger.info("A transaction collided with another; once more.")
            time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311


def _end_reading(env):
    """End a transaction that only read, so that the next statement sees what is now.

    Between what was read and what is written now often lies a call to a channel, which
    takes seconds: every row that another transaction wrote meanwhile would collide. It
    is what a collision leads to as well, without the error in the log and the work
    done for nothing. A transaction that wrote or locked rows goes on.
    """
    env.flush_all()
    env.cr.execute("SELECT pg_current_xact_id_if_assigned() IS NULL")
    if env.cr.fetchone()[0]:
        env.cr.rollback()
        env.transaction.reset()


def int_array(numbers):
    """Return SQL of an array of whole numbers, thousands of them.

    The driver adapts a list element by element, which takes longer than most queries
    that are given one.
    """
    return SQL("%s::int4[]", "{" + ",".join(map(str, numbers)) + "}")


def covering(column, numbers):
    """Return SQL that is true where ``column`` (SQL) is one of ``numbers``, and maybe
    where it lies between two of them: for readings in which more rows do no harm.

    The planner weighs every element of a list, in every query that is given one: 30 ms
    for 50,000. Of numbers that mostly follow each other, as those of a sweep over all
    listings do, the first and the last say enough.
    """
    if len(numbers) >= MANY:
        first, last = min(numbers), max(numbers)
        if last - first < 2 * len(numbers):
            return SQL("%s BETWEEN %s AND %s", column, first, last)
    return SQL("%s = ANY(%s)", column, int_array(numbers))


def update_many(records, rows, columns, extra=None, extra_columns=None):
    """Update many rows of one model with values of their own in one statement.

    :param records: any recordset of the model; its cache is dropped afterwards
    :param rows: dicts with ``id`` and ``columns``
    :param extra: further assignments; ``t`` is the table, ``v`` the values
    :param extra_columns: name → SQL type of further values that ``extra`` uses
    """
    if not rows:
        return
    types = {"id": "int4"}
    types.update(
        (name, records._fields[name].column_type[1].split("(")[0]) for name in columns
    )
    types.update(extra_columns or {})
    arrays = [
        SQL("%s::%s[]", [row.get(name) for row in rows], SQL(kind))
        for name, kind in types.items()
    ]
    assignments = [
        SQL("%s = v.%s", SQL.identifier(name), SQL.identifier(name)) for name in columns
    ]
    if extra:
        assignments.append(extra)
    records.env.cr.execute(
        SQL(
            "UPDATE %s t SET %s FROM unnest(%s) AS v(%s) WHERE t.id = v.id",
            SQL.identifier(records._table),
            SQL(", ").join(assignments),
            SQL(", ").join(arrays),
            SQL(", ").join(map(SQL.identifier, types)),
        ),
        log_exceptions=False,  # a collision is no error, see retry_on_conflict
    )
    records.invalidate_model()
