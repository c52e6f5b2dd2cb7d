"""A port that stays ours while what answers on it comes and goes."""

from devgw.web.listening import Listeners, PortTaken, listen


class KeptPort:
    """A loopback port that is kept for an emulator: whoever binds it again finds it under the same origin."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self._bound: Listeners | None = None
        self.port = wanted
        self.bind()

    @property
    def origin(self) -> str:
        """Return where it answers."""
        return f"http://localhost:{self.port}"

    def bind(self) -> None:
        """Take the port, or any free one where somebody else has it by now."""
        if self._bound is None:
            try:
                self._bound = listen("localhost", self.port)
            except PortTaken:
                self._bound = listen("localhost", 0)
            self.port = self._bound.port

    def take(self) -> Listeners:
        """Return the bound sockets, for whoever serves them and closes them."""
        listeners, self._bound = self._bound or listen("localhost", self.port), None
        return listeners

    def release(self) -> None:
        """Let others have the port."""
        if self._bound is not None:
            self._bound.close()
            self._bound = None
