"""One figure in a process of its own, so that its memory is its own."""

import importlib
import sys
from pathlib import Path

from . import figures, session


def main(name, path, quick):
    session.configure()
    module = importlib.import_module(f"benchmarks.{name}")
    figures.dump(module.run(quick=quick == "quick"), Path(path))


if __name__ == "__main__":
    main(*sys.argv[1:])
