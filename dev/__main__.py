"""Dispatch ``python3 -m dev <command>``."""

import importlib
import sys

from . import console

COMMANDS = {
    "setup": "setup:main",
    "demo": "demo:main",
    "test": "testing:main",
    "test-pure": "testing:pure",
    "test-odoo": "testing:odoo_only",
    "lint": "lint:main",
    "format": "lint:fix",
    "bench": "bench:main",
    "i18n": "translations:main",
    "db": "database:create",
    "update": "database:update",
    "shell": "database:shell",
    "serve": "database:serve",
    "stop": "clean:stop",
    "clean": "clean:main",
}
QUIET = {"db", "update", "shell", "serve"}


def main(arguments: list[str]) -> int:
    """Run one command; return its exit status."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print(f"usage: python3 -m dev {{{','.join(COMMANDS)}}}", file=sys.stderr)
        return 2
    console.QUIET = arguments[0] in QUIET
    module, function = COMMANDS[arguments[0]].split(":")
    try:
        run = getattr(importlib.import_module(f"dev.{module}"), function)
        return run() or 0
    except console.Failure as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
