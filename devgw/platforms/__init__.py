"""What differs between operating systems: one class each, and the one place that asks the system by its own calls.

    here.here()            the one that this process runs on
    platform.Platform      what every system can be asked for
    posix, linux, macos, windows
    seat                   where the person and their browser sit: WSL, a container, SSH
    signals                which signals mean what, and how they are heard on any loop

Nothing else in devgw imports `fcntl`, `resource`, `termios`, `msvcrt` or `uvloop`, or asks for the system's name. Each
way has a counterpart on every system, or says that there is none. devgw was developed and tried on Linux; what macOS
and Windows do is simulated in `tests/platforms` by taking away what they lack.

May import: nothing of devgw.
"""
