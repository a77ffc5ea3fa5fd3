"""A figure: what was measured, what it must be, and whether it is."""

import json
import statistics
from dataclasses import asdict, dataclass


@dataclass
class Figure:
    """One line of the table.

    :param bound: the limit, None where the value is only stated
    :param at_least: the value must not be below the bound (else: not above it)
    :param note: how it was measured, in few words
    """

    name: str
    value: float
    unit: str = ""
    bound: float | None = None
    at_least: bool = False
    note: str = ""
    section: str = ""

    @property
    def passed(self):
        """Tell whether the bound is kept; None where there is none."""
        if self.bound is None:
            return None
        if self.at_least:
            return self.value >= self.bound
        return self.value <= self.bound

    @property
    def value_text(self):
        return with_unit(self.value, self.unit)

    @property
    def bound_text(self):
        if self.bound is None:
            return ""
        sign = "≥" if self.at_least else "≤"
        return f"{sign} {with_unit(self.bound, self.unit)}"

    @property
    def verdict(self):
        return {None: "", True: "pass", False: "FAIL"}[self.passed]


def with_unit(value, unit):
    """Return ``1.23 s``: three digits that mean something, thousands apart."""
    if isinstance(value, int) or float(value).is_integer():
        text = f"{int(value):,}"
    elif abs(value) >= 100:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.3g}"
    return f"{text} {unit}".strip()


def percentile(values, percent):
    """Return the smallest value that ``percent`` of the values do not exceed."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)  # rounded up
    return ordered[max(0, rank - 1)]


def spread(values):
    """Return ``median (lowest–highest)`` of times in seconds, in milliseconds."""
    low, high = min(values) * 1000, max(values) * 1000
    return f"{statistics.median(values) * 1000:.1f} ms ({low:.1f}–{high:.1f})"


def dump(figures, path):
    """Write figures for the process that asked for them."""
    path.write_text(json.dumps([asdict(figure) for figure in figures]))


def load(path):
    """Read what :func:`dump` wrote."""
    return [Figure(**values) for values in json.loads(path.read_text())]


def as_text(figures):
    """Return the table for a terminal."""
    rows = [("", "measured", "bound", "")]
    rows += [(f.name, f.value_text, f.bound_text, f.verdict) for f in figures]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    lines, section = [_line(rows[0], widths)], None
    for figure, row in zip(figures, rows[1:], strict=True):
        if figure.section != section:
            section = figure.section
            lines += ["", section]
        lines.append(_line(row, widths))
        if figure.note:
            lines.append(f"      {figure.note}")
    return "\n".join(lines)


def _line(row, widths):
    name, value, bound, verdict = row
    cells = (name.ljust(widths[0]), value.rjust(widths[1]), bound.ljust(widths[2]))
    return "  " + "  ".join((*cells, verdict)).rstrip()


def as_markdown(figures):
    """Return the table for a page."""
    lines = ["| figure | measured | bound | | how |", "|---|--:|--:|---|---|"]
    section = None
    for figure in figures:
        if figure.section != section:
            section = figure.section
            lines.append(f"| **{section}** | | | | |")
        cells = (figure.name, figure.value_text, figure.bound_text, figure.verdict)
        lines.append("| " + " | ".join((*cells, figure.note)) + " |")
    return "\n".join(lines)
