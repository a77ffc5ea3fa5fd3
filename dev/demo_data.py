"""Run in an Odoo shell by ``make demo``: fill the demo database, once.

Only a door: the shell runs this text, the work is in an importable module.
"""

import os
import sys

sys.path.insert(0, os.getcwd())
from dev import demo_scenario  # noqa: E402

demo_scenario.main(
    env,  # noqa: F821
    os.environ["SIMULATOR_URL"],
    os.environ.get("ODOO_URL", ""),
)
