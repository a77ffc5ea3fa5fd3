"""Pure arithmetic and decisions. Imports nothing but the standard library.

quantity.py   from stock to the number a channel must show, with every step kept
buffer.py     which buffer line applies, how many units it hides
pool.py       listings that share one counter on the channel
backoff.py    when to try again
prometheus.py figures as the text that Prometheus reads
state.py      what a listing's number means for its synchronisation state
"""
