"""This machine: ports and who has them, the two loopback families, a browser, proxy variables, `.env`."""

from dataclasses import dataclass
from datetime import datetime

from devgw.diagnosis.urls import split_url
from devgw.diagnosis.verdicts.check import Check, Verdict, passed, skipped

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class PortState:
    """What was found at a loopback port."""

    port: int
    listens_v4: bool
    listens_v6: bool
    has_v6: bool
    owner: str = ""
    """Name and process id of who listens; empty where that cannot be told."""
    is_ours: bool = False
    """Whether it is a devgw that listens there."""


def port(name: str, state: PortState, what: str) -> Check:
    """Say who has a port that devgw or its emulators want."""
    did = f"looked who listens on port {state.port}, where {what} answers"
    if not state.listens_v4 and not state.listens_v6:
        return passed(name, did, "it is free")
    if state.is_ours:
        return passed(name, did, "devgw listens there")
    owner = state.owner or "another process"
    return Check(
        name, Verdict.FAIL, did, f"{owner} has it", f"Stop it, or use another port than {state.port}.", "PORT-04"
    )


def loopback(state: PortState) -> Check:
    """Say whether the running gateway listens on both loopback addresses."""
    name, did = "machine.loopback", f"connected to 127.0.0.1:{state.port} and [::1]:{state.port}"
    if not state.has_v6:
        return passed(name, did, "this machine has no IPv6 loopback; localhost means 127.0.0.1")
    if not state.listens_v4 and not state.listens_v6:
        return skipped(name, did, "nothing listens there now")
    if state.listens_v4 and state.listens_v6:
        return passed(name, did, "both take connections")
    missing = "[::1]" if state.listens_v4 else "127.0.0.1"
    return Check(
        name,
        Verdict.WARN,
        did,
        f"{missing} refuses",
        "A browser may try that one first for localhost; bind both.",
        "HOST-03",
    )


def callback(url: str, state: PortState) -> Check:
    """Say whether something listens where a client waits for its code, and who (`--callback URL`)."""
    name, did = "client.callback", f"looked who listens where {url} leads"
    parts = split_url(url)
    if not state.listens_v4 and not state.listens_v6:
        todo = "Start the login again; where the client runs in WSL, a container or over SSH, forward the port first."
        return Check(name, Verdict.FAIL, did, "nothing listens there", todo, "PORT-02")
    if parts.host_name == "localhost" and state.has_v6 and not (state.listens_v4 and state.listens_v6):
        family = "127.0.0.1" if state.listens_v4 else "::1"
        saw = f"{state.owner or 'somebody'} listens on {family} alone"
        return Check(name, Verdict.WARN, did, saw, f"Use {family} in the client's redirect URI.", "HOST-03")
    return passed(
        name, did, f"{state.owner or 'somebody'} listens; if that is not your client, it gets the code (PORT-04)"
    )


def browser(found: str, hint: str) -> Check:
    """Say whether a browser can be opened from here."""
    name, did = "machine.browser", "looked for a browser that can be opened from here"
    if found:
        return passed(name, did, found)
    return Check(name, Verdict.WARN, did, hint, "Copy the login URL into a browser yourself, as a whole.", "REG-14")


def proxy_variables(variables: dict[str, str], no_proxy: str) -> Check:
    """Say whether proxy variables would catch requests to this machine."""
    name, did = "machine.proxy", "read HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY"
    if not variables:
        return passed(name, did, "none is set")
    exempt = {each.strip().lower().strip("[]") for each in no_proxy.split(",")}
    names = ", ".join(sorted(variables))
    missing = [] if "*" in exempt else [each for each in LOOPBACK if each not in exempt]
    if not missing:
        return passed(name, did, f"{names} set, loopback exempt")
    whole = ",".join([*filter(None, [no_proxy.strip().strip(",")]), *missing])
    todo = f"Set NO_PROXY={whole} where clients are started, or some send requests for this machine to the proxy."
    saw = f"{names} set, and NO_PROXY does not name {', '.join(missing)}; devgw itself asks this machine directly"
    return Check(name, Verdict.WARN, did, saw, todo, "NET-13")


def dotenv(changed_at: datetime | None, read_at: datetime | None) -> Check:
    """Say whether `.env` changed after the running gateway read it last."""
    name, did = "configuration.dotenv", "compared the time of .env with that of the gateway's last reading"
    if changed_at is None:
        return skipped(name, did, "there is no .env")
    if read_at is None or changed_at <= read_at:
        return passed(name, did, "the running gateway has read it as it is")
    late = (changed_at - read_at).total_seconds()
    return Check(
        name,
        Verdict.WARN,
        did,
        f".env changed {late:.0f} s after the gateway read it",
        "Run `devgw check`; where it finds nothing wrong, press R in the dashboard, or restart devgw up.",
        "CONF-04",
    )


def names(host: str, addresses: tuple[str, ...], failure: str) -> Check:
    """Say whether a host name resolves."""
    name, did = f"dns.{host}", f"resolved {host}"
    if failure:
        return Check(name, Verdict.FAIL, did, failure, "Check DNS, VPN and the spelling of the name.", "NET-02")
    return passed(name, did, ", ".join(addresses[:4]))
