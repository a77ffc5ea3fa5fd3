"""Odoo's program as a file: a server with several processes starts one of them by this
file's name, and ``python -m odoo`` has none that could be started."""

import sys

sys.path.pop(0)  # our own modules are none of Odoo's

import odoo.cli  # noqa: E402

if __name__ == "__main__":
    odoo.cli.main()
