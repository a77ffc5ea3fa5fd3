"""The channels' state in a file, so that shops survive a restart."""

import json
import os
import sys
import threading
import time
from pathlib import Path

FORMAT = 1
#: Seconds between two writes at least.
INTERVAL = 1.0
#: Seconds between two writes at most.
LONGEST = 30.0


class StateFile:
    """Keeps ``simulator`` in ``path``: a second behind, never half-written."""

    def __init__(self, simulator, path, interval=INTERVAL, report=None):
        self.simulator = simulator
        self.path = Path(path)
        self.interval = interval
        self.report = report or (lambda text: print(text, file=sys.stderr))
        self.changed = threading.Event()
        self.closing = threading.Event()
        self.saving = threading.Lock()
        self.thread = None
        self.failed = False

    # --- reading ---
    def load(self):
        """Take over what the file says; return the names of the channels found there.

        A file that cannot be understood is set aside and reported, never fatal.
        """
        try:
            saved = self._read()
        except FileNotFoundError:
            return set()
        except (OSError, ValueError) as error:
            self._set_aside(error)
            return set()
        return {
            name
            for name, channel in self.simulator.channels.items()
            if name in saved and self._load_channel(channel, saved[name])
        }

    def _read(self):
        saved = json.loads(self.path.read_text(encoding="utf-8"))
        if not isinstance(saved, dict) or saved.get("format") != FORMAT:
            raise ValueError("it is not a state file of this version")
        if not isinstance(saved.get("channels"), dict):
            raise ValueError("it holds no channels")
        return saved["channels"]

    def _load_channel(self, channel, state):
        try:
            with channel.lock:
                channel.load(state)
        except Exception as error:
            with channel.lock:
                channel.reset()
            text = f"the state of {channel.name}: {type(error).__name__} {error}"
            self._set_aside(text)
            return False
        return True

    def _set_aside(self, reason):
        aside = self.path.with_name(f"{self.path.name}.broken-{time.time_ns()}")
        kept = f"It was set aside as {aside.name}; what it told starts empty."
        try:
            os.replace(self.path, aside)
        except FileNotFoundError:
            kept = "It is set aside already."  # a moment ago, for another channel
        except OSError as error:
            kept = f"It could not be set aside either ({error}) and will be replaced."
        self.report(f"simulator: cannot read {self.path}: {reason}. {kept}")
        self.changed.set()

    # --- writing ---
    def start(self):
        """Write after changes, in a thread of its own, until :meth:`close`."""
        self.simulator.on_change = self.changed.set
        self.thread = threading.Thread(target=self._run, name="state", daemon=True)
        self.thread.start()

    def _run(self):
        while not self.closing.is_set():
            if self.changed.wait(self.interval):
                started = time.monotonic()
                self.save()
                self.closing.wait(self.pause(time.monotonic() - started))

    def pause(self, seconds):
        """Return the seconds until the next write, after one that took ``seconds``.

        Big shops take long to write and nobody is answered meanwhile: a twentieth of
        the time is enough, but what is on disk is never older than ``LONGEST``.
        """
        return max(self.interval, min(20 * seconds, LONGEST))

    def close(self):
        """Write what is left and stop."""
        self.closing.set()
        if self.thread:
            self.changed.set()  # wake it
            self.thread.join()
        if self.changed.is_set():
            self.save()

    def save(self):
        """Write the state now; a full disk is reported once and tried again."""
        with self.saving:
            self.changed.clear()
            try:
                write_atomically(self.path, self._collect())
                self.failed = False
            except Exception as error:  # also a state that is not JSON: a bug
                self.changed.set()
                if not self.failed:
                    self.report(f"simulator: cannot write {self.path}: {error}")
                self.failed = True

    def _collect(self):
        """Return the file's text; a channel may hand out its living state."""
        channels = []
        for name, channel in self.simulator.channels.items():
            with channel.lock:
                channels.append(f"{json.dumps(name)}: {json.dumps(channel.dump())}")
        head = f'"format": {FORMAT}, "saved_at": {time.time()}'
        return f'{{{head}, "channels": {{{", ".join(channels)}}}}}'


def write_atomically(path, text):
    """Replace ``path``; a reader sees the old text or the new, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        # tokens of a made-up shop are in there: nobody else's business all the same
        with open(
            os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
            "w",
            encoding="utf-8",
        ) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
