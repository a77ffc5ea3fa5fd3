"""The comparison itself, in a process of its own; writes what it took as JSON."""

import functools
import json
import sys
import time
from pathlib import Path

from odoo import fields

from . import session

#: seconds that were not slept, by account
waited = {}


class JumpingClock:
    """Seconds that are not slept but skipped."""

    skipped = 0.0

    def __call__(self):
        return time.time() + self.skipped

    def sleep(self, seconds):
        self.skipped += seconds


clock = JumpingClock()


def obey_limits_without_waiting():
    """Let the models' rate limiters run on the jumping clock."""
    # the addon can be imported once the configuration names its folder
    from odoo.addons.marketplace_sync.models import marketplace_account_adapter

    marketplace_account_adapter.RateLimiter = functools.partial(
        marketplace_account_adapter.RateLimiter, clock=clock, sleep=clock.sleep
    )


def main(database, path):
    session.configure("error")
    obey_limits_without_waiting()
    with session.environment(database) as env:
        accounts = env["marketplace.account"].search([])
        runs = env["marketplace.reconciliation"]
        for account in accounts:
            runs |= runs._request(account)
        env.cr.commit()
        with session.measured(env.cr) as taken:
            for account in accounts:
                compare(env, account)
        taken = {
            "seconds": taken.seconds,
            "queries": taken.queries,
            "waited": waited,
            "read": sum(runs.mapped("read_count")),
            # not ru_maxrss: that remembers the process which started this one
            "peak": session.peak(),
            "found": findings(env),
        }
    Path(path).write_text(json.dumps(taken))


def compare(env, account):
    """Run the account's scheduled action until its comparison has ended."""
    run = env["marketplace.reconciliation"].search(
        [("account_id", "=", account.id)], limit=1
    )
    before = clock.skipped
    for _turn in range(100):
        account._cron_push()
        env.invalidate_all()
        if run.state not in ("waiting", "running"):
            break
        if run.resume_at:  # a limit that is longer than one may sleep, or a report
            left = (run.resume_at - fields.Datetime.now()).total_seconds()
            clock.sleep(max(0.0, left))
            run.resume_at = False
            env.cr.commit()
    if run.state != "done" or run.note:
        raise RuntimeError(f"{account.channel}: {run.state} {run.error} {run.note}")
    waited[account.channel] = clock.skipped - before


def findings(env):
    lines = env["marketplace.reconciliation.line"].search([])
    return {f"{x.channel} {x.site_id.code} {x.sku}": x.cause for x in lines}


if __name__ == "__main__":
    main(*sys.argv[1:])
