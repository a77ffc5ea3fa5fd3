"""Figures as the text that Prometheus reads.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/ (text format
0.0.4): ``name{label="value"} number``, with ``# HELP`` and ``# TYPE`` before the first
of a name.
"""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def escape(value):
    """Return a label's value as it stands between quotes.

    >>> escape('a "b"\\n')
    'a \\\\"b\\\\"\\\\n'
    """
    text = str(value).replace("\\", "\\\\")
    return text.replace('"', '\\"').replace("\n", "\\n")


def render(metrics):
    """Return the text of ``metrics``: (name, help, [(labels, number), …]).

    A number that is None is left out: absent is not 0.
    """
    lines = []
    for name, text, samples in metrics:
        samples = [(labels, number) for labels, number in samples if number is not None]
        if not samples:
            continue
        told = text.replace("\\", "\\\\").replace("\n", "\\n")
        lines += [f"# HELP {name} {told}", f"# TYPE {name} gauge"]
        for labels, number in samples:
            inner = ",".join(
                f'{key}="{escape(value)}"' for key, value in labels.items()
            )
            lines.append(
                f"{name}{{{inner}}} {_plain(number)}"
                if inner
                else f"{name} {_plain(number)}"
            )
    return "\n".join(lines) + "\n"


def _plain(number):
    """Write every digit: a time in seconds has more than six."""
    return repr(float(number)) if number % 1 else str(int(number))
