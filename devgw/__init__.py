"""devgw: a local development gateway for MCP servers behind OAuth.

The floors, from the street to the cellar; imports go downward only, and import-linter checks it:

    cli                                    what the user types
    testing                                what their tests call
    wiring                                 the only place that constructs; start and stop order
    dashboard                              Textual; knows control's client and messages, nothing else of ours
    control                                typed messages, server, client
    web | outbound | store | emulators     how it travels
    monitor | gateway                      what is kept, what is decided
    config | diagnosis                     what was written, what went wrong
    events | oauth                         what happened, what OAuth says
    mcp | problems                         what MCP says, why we say no
    foreign                                the one door for foreign bytes: JSON, URLs, text
    departure                              marks of where we differ on purpose from the deployed gateway
    clock | entropy | files | ids | limits | settings | tasks     the ground
    platforms                              what differs between operating systems

The same word stands on every floor: `oauth/token.py` (what is asked and answered), `gateway/token.py` (what is
decided), `web/token.py` (how it travels).

Words, each for one thing (a name of a class stands for one class in the whole tree):

    route                `config.project.Route`: an MCP endpoint of the project, with its policies
    generation           `web.front.Generation`: what one reading of the configuration made; a save makes the next
    client               `gateway.records.Client`: who registered, by DCR, by a document or beforehand
    session              `gateway.records.Session`: a browser in which somebody signed in
    grant                `gateway.records.Grant`: what a person allowed a client on a route; tokens hang on it
    upstream             the MCP server behind a route; `gateway.upstream.UpstreamCredential` is what it is asked with
    provider             who signs people in: WorkOS, its emulator, any other OIDC provider
    trace                `events.trace.Trace`: one exchange with the gateway, and what it led to
    event                `events.event.Event`: something that happened; a line, never a decision
    flow                 `events.flow.Flow`: one attempt of one client to get in, from its first request on
    recorded flow        `monitor.recorded_flow.RecordedFlow`: a flow as it is kept and given away, with its exchanges
    problem              `problems.base.Problem`: why somebody is refused: cause, change, source
    failure              `diagnosis.catalogue.Failure`: a kind of fault by its id, as `devgw explain` shows it
    diagnosis            `events.flow.Diagnosis`: a failure that was met: certain, or suspected
    rule                 `diagnosis.rule.Rule`: recognises one in what was seen, or failed to come
    check, verdict       `diagnosis.verdicts.check.Check`: what the doctor asked, and what came of it
    row                  `monitor.row.Row`: a line of a list, as screens and commands show it
    sample               what ships to be tried: project, MCP servers, their authorization server
    emulator             what stands in for somebody: WorkOS, and the sample's servers
    departure            `departure.Departure`: where we differ on purpose from the deployed gateway
"""

__version__ = "0.1.0"
