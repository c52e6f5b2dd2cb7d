"""What holds for every test: none is judged by the time it takes, and its programs hear Ctrl+C."""

import signal

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# a shell that starts the tests beside others has them, and all that they start, ignore it
signal.signal(signal.SIGINT, signal.default_int_handler)
