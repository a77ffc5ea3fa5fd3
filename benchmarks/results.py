"""The page that keeps the figures: a section for each part, as it was last measured."""

from . import figures

PAGE = """# Figures

What `make bench BENCH_ARGS=--write` measured last, part by part. What is compared is
compared within one run, in turns; `benchmarks/` says how each figure is measured.

{facts}

To repeat: `make bench` (everything, about an hour here),
`make bench BENCH_ARGS=--quick` (small sizes, to see that it works),
`make bench BENCH_ARGS="picking latency"` (parts). The databases are its own
(`bench_…`) and are dropped at the end; the simulated marketplaces listen on loopback.

{sections}"""
HEADING = "## "


def renewed(page, measured, facts, names):
    """Return the page with the sections of the measured parts in place of the old.

    :param page: what stands there now, may be empty
    :param measured: part → (moment before it, its figures)
    :param facts: of the machine, name → value
    :param names: all parts, in the order in which they stand
    """
    sections = sections_of(page)
    for name, (moment, found) in measured.items():
        sections[name] = f"Measured {moment}.\n\n{figures.as_markdown(found)}"
    rows = [f"| {name} | {value} |" for name, value in facts.items()]
    return PAGE.format(
        facts="\n".join(["| | |", "|---|---|", *rows]),
        sections="\n\n".join(
            f"{HEADING}{name}\n\n{sections[name]}" for name in names if name in sections
        )
        + "\n",
    )


def sections_of(page):
    """Return part → what stands under its heading."""
    _head, *parts = ("\n" + page).split("\n" + HEADING)
    found = (part.partition("\n") for part in parts)
    return {name.strip(): text.strip() for name, _newline, text in found}
