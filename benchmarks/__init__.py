"""What the figures of the README come from: ``make bench``.

figures.py     what a figure is: a measured value, its bound, passed or not
databases.py   databases of our own (``bench_…``), made and dropped
session.py     Odoo in this process; counting queries, time and memory
dataset.py     a catalogue of any size, by SQL
reference.py   the recompute as one SQL statement
marketplaces.py  the simulator beside us, and accounts that talk to it
recompute.py   1  recompute of 200,000 listings
refresh.py     2  refresh of 100 changed products
picking.py     3  validating a picking, with the addon and without
api_calls.py   4  API calls for 10,000 changed listings
latency.py     5  from the commit to the channel's answer
oversell.py    6  the same buyers under several policies, simulated: who oversells?
"""
