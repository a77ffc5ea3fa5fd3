"""The chart of the README, written by hand: three panels of bars, no library."""

from html import escape

WIDTH, LEFT, GAP, ROW, TOP = 900, 232, 22, 34, 74
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
#: By the policy's letter.
COLOURS = {"(a)": "#b3261e", "(b)": "#c77700", "(c)": "#1d7a46"}


def draw(total, weeks):
    """Return the SVG of ``{policy: Tally}``."""
    panels = [
        ("Oversold", "units per 10,000 asked for", _rates(total, "oversold")),
        ("Left unsold", "units per 10,000 asked for", _rates(total, "leftover")),
        (
            "Numbers sent",
            "a day, 180 listings",
            [tally.pushes / weeks / 7 for tally in total.values()],
        ),
    ]
    height = TOP + ROW * len(total) + 26
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'role="img" aria-label="Oversold units under each policy" '
        f'font-family="{escape(FONT)}" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for row, name in enumerate(total):
        parts.append(_text(LEFT - 14, TOP + ROW * row + 20, name, anchor="end"))
    wide = (WIDTH - LEFT - GAP * 2 - 16) / len(panels)
    for number, panel in enumerate(panels):
        parts += _panel(LEFT + number * (wide + GAP), wide, list(total), *panel)
    what = f"{weeks} simulated weeks, the same buyers for all; make bench"
    parts.append(_text(LEFT, height - 8, what, colour="#61707f", size=11))
    return "\n".join([*parts, "</svg>", ""])


def _panel(x, wide, names, title, unit, values):
    yield _text(x, 26, title, weight=600, size=14)
    yield _text(x, 46, unit, colour="#61707f", size=11)
    yield f'<path d="M{x:.1f} {TOP - 8}V{TOP + ROW * len(values)}" stroke="#c9d1d9"/>'
    most = max(*values, 1e-9)
    room = wide - 52  # for the number behind the longest bar
    for row, value in enumerate(values):
        y = TOP + ROW * row + 4
        long = max(1.0, room * value / most) if value else 0.0
        colour = COLOURS.get(names[row][:3], "#61707f")
        yield (
            f'<rect x="{x:.1f}" y="{y}" width="{long:.1f}" height="22" rx="2" '
            f'fill="{colour}"/>'
        )
        yield _text(x + long + 6, y + 16, _short(value), weight=600)


def _text(x, y, words, anchor="start", colour="#1f2933", size=13, weight=400):
    return (
        f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" fill="{colour}" '
        f'font-size="{size}" font-weight="{weight}">{escape(words)}</text>'
    )


def _rates(total, name):
    return [getattr(t, name) * 10_000 / max(1, t.asked) for t in total.values()]


def _short(value):
    if value >= 100 or not value:
        return f"{value:,.0f}"
    return f"{value:.1f}"
