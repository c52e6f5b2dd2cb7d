"""Serve, keep house, stop: in this order, and nothing is left behind."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

from devgw.config.settings_file import read_settings
from devgw.control.folder import LOG, control_folder, of_project, why_without
from devgw.control.server import ControlServer
from devgw.events.taxonomy import ConfigLoaded, GatewayStarted, GatewayStopping, McpAuthClientDeleted
from devgw.limits import Limits
from devgw.monitor.views import CheckRow
from devgw.monitor.watching import Watching
from devgw.outbound.callback_watch import CallbackWatch
from devgw.outbound.provider_watch import ProviderWatch
from devgw.outbound.upstream_login_watch import UpstreamLoginWatch
from devgw.platforms.here import here
from devgw.platforms.signals import hear_going_on
from devgw.problems import Refused
from devgw.web.descriptors import limit
from devgw.web.listening import serve
from devgw.wiring.acting import GatewayActions
from devgw.wiring.cause import cause_of
from devgw.wiring.config_view import config_view, finding_rows
from devgw.wiring.departures import WHERE, said
from devgw.wiring.faulting import Faults
from devgw.wiring.flow_archive import HELPER
from devgw.wiring.log import check_log
from devgw.wiring.loop_faults import heard
from devgw.wiring.pending import Pending
from devgw.wiring.probing import keep_probing
from devgw.wiring.reloading import WATCHER, Reloading
from devgw.wiring.runtime import Runtime
from devgw.wiring.stopping import stop, until_stopped
from devgw.wiring.supervisor import Begin

HOUSEKEEPING = timedelta(seconds=5)
"""How often uses are written down and expired records pruned."""
SOCKET = "control socket"
_SOCKET_LOOK_SECONDS = 2.0


async def run(
    runtime: Runtime, *, ready: Callable[[], None] = lambda: None, helpers: Mapping[str, Begin] | None = None
) -> None:
    """Serve until `runtime.stopping` is set, then stop everything in order.

    Args:
        runtime: what was built.
        ready: is called once the port answers.
        helpers: what is kept running beside our own, by its name in Health.

    Raises:
        EssentialEnded: after the same stop, where a listener or the control socket ended by itself.
        Refused: with a problem of `problems.control`, where the control socket cannot be opened.
    """
    here().raise_open_files(Limits.DESCRIPTORS)
    with heard(runtime.bus), hear_going_on(runtime.bus.fitness.note_going_on):
        await _run(runtime, ready, helpers or {})


async def _run(runtime: Runtime, ready: Callable[[], None], helpers: Mapping[str, Begin]) -> None:
    reloading = Reloading(runtime)
    control = await _open_control(runtime, reloading)
    essentials = {
        "the public listener": asyncio.ensure_future(
            serve(runtime.front, runtime.listeners, runtime.stopping, runtime.front.turned_away)
        )
    }
    if control is not None:
        essentials["the control socket"] = asyncio.ensure_future(control.serve())
        runtime.supervisor.start(SOCKET, partial(_keep_socket, runtime, control))
    _start_helpers(runtime, reloading)
    for name, begin in helpers.items():
        runtime.supervisor.start(name, begin)
    _announce(runtime)
    ready()
    ended = await until_stopped(runtime.stopping, essentials)
    runtime.bus.publish(GatewayStopping(cause=str(ended) if ended else "asked to"))
    runtime.bus.drain()
    await stop(runtime, essentials)
    runtime.bus.drain()
    if ended:
        raise ended


def _start_helpers(runtime: Runtime, reloading: Reloading) -> None:
    """Start everything that may fail without ending the gateway."""
    start = runtime.supervisor.start
    for each in runtime.companions.running.values():
        start(each.recipe.name, each.serve)
    start("diagnosis", Watching(runtime.bus, runtime.monitor).run)
    start("housekeeping", partial(_keep_house, runtime))
    if runtime.archive is not None:
        start(HELPER, partial(runtime.archive.serve, partial(runtime.supervisor.limit, HELPER)))
    runtime.monitor.is_state_saved = partial(_is_state_saved, runtime)
    runtime.monitor.under_way = lambda: [each.under_way() for each in runtime.front.under_way() if not each.is_unseen]
    start("requests under way", Pending(runtime.front, runtime.monitor.health, runtime.clock).run)
    start("faults on purpose", Faults(runtime.companions, runtime.monitor.health, runtime.clock).run)
    start(WATCHER, reloading.watch)
    start("provider probes", partial(keep_probing, runtime))
    policy_now = lambda: runtime.gateway.project.oauth  # noqa: E731  it changes with each reload
    ask = partial(runtime.supervisor.once, "provider watch")
    emulated = lambda: runtime.loaded.wants_emulator  # noqa: E731  as above
    watch = ProviderWatch(policy_now, runtime.bus, runtime.clock, ask, is_emulated=emulated)
    runtime.bus.listen(watch.hear, "provider watch")
    see = partial(runtime.supervisor.once, "upstream login watch")
    runtime.bus.listen(UpstreamLoginWatch(runtime.bus, runtime.clock, see).hear, "upstream login watch")
    look = partial(runtime.supervisor.once, "callback watch")
    runtime.bus.listen(CallbackWatch(runtime.bus, look).hear, "callback watch")


async def _open_control(runtime: Runtime, reloading: Reloading) -> ControlServer | None:
    """Open the control socket; a gateway without a project has none, and one that keeps nothing may do without."""
    if runtime.lock is None:
        return None
    actions = GatewayActions(runtime, reloading)
    control = ControlServer(
        runtime.monitor, actions, control_folder(runtime.settings), runtime.lock, archive=runtime.archive
    )
    try:
        await control.open()
    except Refused as refused:
        runtime.unlocked = why_without(of_project(refused.problem, runtime.settings), runtime.settings)
        if not runtime.unlocked:
            raise
        runtime.lock.release()
        runtime.lock = None
        return None
    return control


def _announce(runtime: Runtime) -> None:
    """Say what is loaded and where to connect."""
    facts = runtime.monitor.gateway = runtime.facts
    warnings = sum(finding.severity != "error" for finding in runtime.loaded.findings)
    own = read_settings(runtime.settings.root, runtime.environ)[1]
    found = finding_rows(own, runtime.loaded, runtime.settings.root)
    runtime.monitor.take_config(config_view(runtime, found))
    at = runtime.clock.now().timestamp()
    if note := runtime.sample_note:
        runtime.monitor.health.judge(CheckRow("project", "ok", note, at=at))
    runtime.monitor.health.judge(CheckRow("as deployed", "ok", f"{said(runtime.settings)}; {WHERE}", at=at))
    if told := " ".join(filter(None, (here().at_start, *runtime.seat_notes))):
        runtime.monitor.health.judge(CheckRow("this machine", "ok", told, at=at))
    loaded = ConfigLoaded(generation=runtime.gateway.generation, routes=len(facts.mcp_urls), warnings=warnings)
    runtime.bus.publish(loaded)
    runtime.bus.publish(
        GatewayStarted(
            origin=facts.origin,
            provider=facts.provider,
            mcp_urls=tuple(facts.mcp_urls),
            notes=tuple(facts.notes),
        )
    )


async def _keep_house(runtime: Runtime) -> None:
    """Write down how often tokens were used, and prune what nobody asks for any more."""
    while True:
        runtime.database.prove()
        runtime.upstreams.oauth.save_held()
        runtime.ground.live.write_down_uses()
        _prune(runtime)
        _judge_descriptors(runtime)
        _judge_log(runtime)
        await asyncio.sleep(HOUSEKEEPING.total_seconds())


def _is_state_saved(runtime: Runtime) -> bool:
    """Tell whether something can be saved now, by trying it."""
    try:
        runtime.database.prove()
    except Refused:
        return False
    return True


async def _keep_socket(runtime: Runtime, control: ControlServer) -> None:
    """Let the control socket be found again where somebody removed it; where that cannot be, say why."""
    while True:
        await asyncio.sleep(_SOCKET_LOOK_SECONDS)
        try:
            await control.keep()
        except Refused as refused:
            runtime.supervisor.limit(SOCKET, cause_of(refused))
        else:
            runtime.supervisor.limit(SOCKET, None)


def _prune(runtime: Runtime) -> None:
    """Forget what nobody asks for any more, and tell of the clients: they stand in lists."""
    pruned = runtime.ground.store.prune(runtime.clock.now())
    for cause, clients in (("expired", pruned.expired), ("never_used", pruned.unused)):
        for each in clients:
            runtime.bus.publish(McpAuthClientDeleted(client_id=each.id, client_name=each.name, cause=cause))


def _judge_descriptors(runtime: Runtime) -> None:
    """Say in Health how many files and sockets are open, and how many may be."""
    used, most = here().open_files(), limit()
    if used is None:
        return
    share = used / most
    state = "bad" if share > 0.95 else "warning" if share > 0.8 else "ok"
    fix = f"Close what holds connections open. {here().how_to_open_more()}" if share > 0.8 else ""
    text = f"{used:,} of {most:,} are open"
    if made := runtime.listeners.made.count:
        text += f"; {made:,} connections, on which nothing went on, were ended to make room"
    at = runtime.clock.now().timestamp()
    runtime.monitor.health.judge(CheckRow("descriptors", state, text, at=at, fix=fix, is_inside=True))


def _judge_log(runtime: Runtime) -> None:
    """Say in Health where the evidence of a defect could not be written down."""
    if runtime.settings.ephemeral:
        return
    try:
        check_log(runtime.settings.state_path)
    except OSError as error:
        cause, at = cause_of(error), runtime.clock.now().timestamp()
        text = f"defects cannot be written there: {cause.reason}"
        runtime.monitor.health.judge(CheckRow(LOG, "warning", text, at=at, fix=cause.fix, is_inside=True))
    else:
        runtime.monitor.health.forget(LOG)
