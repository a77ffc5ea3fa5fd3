"""Databases of our own: made from the cached templates, dropped at the end."""

from dev import cluster, setup, template

PREFIX = "bench_"


def make(name, addon=True):
    """Make a fresh database; ``addon=False``: only what the addon depends on."""
    name = f"{PREFIX}{name}"
    if addon:
        setup.fresh_database(name)
    else:
        base = setup.ensure()
        with setup.lock():
            template.clone(base, name)
    return name


def drop_all():
    """Drop every database of ours, also those that a cut-off run has left."""
    for name in template.names_like(PREFIX):
        template.drop(name)


def versions():
    """Return the versions of what was measured, as text."""
    return {
        "PostgreSQL": cluster.sql("SHOW server_version"),
        "PostgreSQL settings": ", ".join(
            f"{name} = {cluster.sql(f'SHOW {name}')}"
            for name in (
                "shared_buffers",
                "work_mem",
                "jit",
                "fsync",
                "max_parallel_workers_per_gather",
            )
        ),
    }
