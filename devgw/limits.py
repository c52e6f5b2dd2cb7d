"""How much is read, kept or waited for: the one table, each with its reason."""

from typing import Final


class Limits:
    """How much of anything foreign is taken, each with its reason. What passes one is refused with an id of its own.

    Whoever reads something from outside takes the limit from here; nobody has another.
    """

    JSON_DEPTH: Final = 64
    """Arrays and objects inside one another: no document of OAuth or MCP needs ten; recursion ends at some hundreds."""
    JSON_VALUES: Final = 1_000_000
    """Commas and opening brackets of one JSON text: what is short as text may be a hundred times that as objects."""
    JSON_BYTES: Final = 33_554_432
    """The longest JSON that is read at all: an MCP message may carry a file in base64."""
    ASSERTION_SECONDS: Final = 600
    """How far ahead a client's assertion may end: it is made for one request, and what was used is kept until then."""
    ASSERTION_ID_LENGTH: Final = 256
    """Characters of an assertion's `jti`: a UUID has 36."""
    CONTROL_DEPTH: Final = 128
    """Of what the gateway's own parts tell and keep: foreign JSON of its full depth, inside messages and rows."""
    HAND_WRITTEN_BYTES: Final = 262_144
    """Of devgw.toml, .env and the files beside `config/`: people write some kilobytes, and a start reads all of it."""
    FINDINGS: Final = 500
    """Of each severity, in the files of one project: nobody reads more, and each is told, kept and drawn."""
    KEY_PARTS: Final = 64
    """Of one dotted key of TOML: a table in a table has three, and thousands take minutes."""
    URL_BYTES: Final = 16_384
    """Longer than any browser's address bar and every server's line takes."""
    REDIRECT_URI_CHARACTERS: Final = 2_000
    """It stands in a `Location` header together with code, state and issuer, and a person has to judge it."""
    ANSWER_HEAD_BYTES: Final = 65_536
    """The head of an upstream's answer, its trailers alike: four times what Node's HTTP server and client take."""
    ANSWER_HEADERS: Final = 256
    """Headers of one answer: browsers and servers send some twenty."""
    INTERIM_ANSWERS: Final = 8
    """1xx answers before the real one: each is a hint, and nobody has eight of them."""
    CHUNK_LINE_BYTES: Final = 4_096
    """The line before a chunk: a number, and an extension that nobody uses."""
    TINY_CHUNKS: Final = 200_000
    """Of a few bytes each, that came many at one time: who iterates over a text sends one for each character, and a
    second is spent on so many; a stream that sends one now and then may do so for ever."""
    FACT_CHARACTERS: Final = 2_048
    """Of each fact of a refusal: some are written by strangers, and they are kept as long as the request is shown."""
    NAME_CHARACTERS: Final = 256
    """Of a method, a capability or a revision, as it is told and kept; nobody's own is longer."""
    HELD_BYTES: Final = 16_777_216
    """Of an upstream's answer, packed and unpacked, until it is known whose it is: a server may write the id last."""
    HELD_TOGETHER_BYTES: Final = 67_108_864
    """Of all upstreams' answers at once: four of the longest; a developer's machine has other uses for its memory."""
    HELD_UNCOUNTED_BYTES: Final = 262_144
    """Of one answer that never gives way to others: as much as waits on any connection while its client is slow."""
    SESSIONS: Final = 200
    """Sessions of upstreams of which it is known what was asked in them; of others a resumed stream is not compared."""
    SESSION_STREAMS: Final = 2_000
    """Requests of one session that were answered by streams: a client resumes right after it lost one."""
    SESSION_ID_CHARACTERS: Final = 256
    """Of a request's id in a session: what is longer is not kept for it, and the session with it."""
    FILTERED_BYTES: Final = 4_194_304
    """Of a list that a capability filter has to read as a whole, on the wire and unpacked: the longest have 300 kB."""
    FILTERED_VALUES: Final = 200_000
    """Commas and brackets in such a list: what is short as text may be a hundred times that as objects."""
    WHOLE_SILENCE_SECONDS: Final = 30.0
    """Between two pieces of an upstream's answer that is no stream: what has begun to answer has it ready."""
    WHOLE_SECONDS: Final = 120.0
    """Of waiting for such an answer altogether, once it has begun: as long as for its beginning."""
    UNSHOWN_BYTES: Final = 65_536
    """Of an upstream's answer that the client will not see: its beginning says what it is."""
    UNSHOWN_SECONDS: Final = 5.0
    """For as long such an answer is read; what has come by then is enough."""
    STREAM_LOOK_SECONDS: Final = 2.0
    """For the head of an event stream that a server of the older transport gives to GET."""
    TLS_LOOK_SECONDS: Final = 1.0
    """For a handshake that tells whether a port speaks TLS, after it closed on plain http."""
    KEPT_CONNECTIONS: Final = 64
    """Connections to upstreams that wait for their next request; a burst leaves no more descriptors behind."""
    EVENT_LINES: Final = 2_000
    """Lines of `devgw up --headless` that wait for who reads them; beyond that they are dropped and counted."""
    LISTED_ROWS: Final = 10_000
    """Of one kind that the gateway lists and the dashboard keeps, the newest: nobody reads more, each start pays."""
    JOURNAL_EVENTS: Final = 10_000
    """Events that wait for the observers: some seconds of all that the gateway can do, should these be held up."""
    LOG_BYTES: Final = 1_048_576
    """The longest `gateway.log`: hundreds of tracebacks. Beyond it the older half goes."""
    ANSWER_BYTES: Final = 1_048_576
    """Of one answer to a question of ours, on the wire and unpacked: the longest metadata and key sets have 100 kB."""
    ANSWER_VALUES: Final = 50_000
    """Commas and brackets in a document: the longest have some thousand, and a megabyte of brackets takes fifty."""
    ANSWER_SECONDS: Final = 10.0
    """From connecting to the last byte of such an answer, for a person waits in a browser meanwhile."""
    ANSWER_SILENCE_SECONDS: Final = 5.0
    """Between two pieces of one body: what has begun to answer has it ready."""
    CLIENT_DOCUMENT_BYTES: Final = 5_120
    """OAuth Client ID Metadata Document §6.6 recommends it."""
    CLIENT_DOCUMENT_SECONDS: Final = 5.0
    """Anybody can make us fetch one, so less is waited for it."""
    TOKEN_BYTES: Final = 131_072
    """Of one JWT from outside: with every group of a large company it has 20 kB, with a picture in it 80 kB."""
    KEYS: Final = 100
    """Of one JSON Web Key Set: issuers publish two to ten, and each costs time to read."""
    REGISTRATION_BYTES: Final = 65_536
    """Of one registration request: with a key set it has 4 kB."""
    CLIENT_ID_CHARACTERS: Final = 2_000
    """Of the id that an upstream gives us: it stands in each authorization URL; a metadata document's URL is one."""
    CLIENT_NAME_CHARACTERS: Final = 200
    """What a person reads of a name before they choose."""
    PARAMETER_CHARACTERS: Final = 4_096
    """Of one parameter of ours: redirect URIs and resources have 2,000 at most, and screens quote what was wrong."""
    # What comes in.
    HEADERS: Final = 128
    """Of one request: browsers and MCP clients send thirty at most, and a proxy adds ten."""
    HEAD_BYTES: Final = 65_536
    """Of a request's line and headers: cookies of every other port on localhost come along."""
    HEAD_SECONDS: Final = 15.0
    """From a head's first byte to its last: a program sends it at once, a person at a terminal takes some seconds."""
    SILENCE_SECONDS: Final = 15.0
    """Without a byte in the middle of a request's body: nobody pauses that long who is still there."""
    BODY_SECONDS: Final = 120.0
    """For a whole body: the longest that is taken passes a tunnel of 3 Mbit/s in that time."""
    UNREAD_SECONDS: Final = 60.0
    """In which a client must take something of an answer that waits: of megabytes, since the kernel takes less."""
    IDLE_SECONDS: Final = 75.0
    """That a connection is kept without a request: what clients' pools expect of a server."""
    LINGER_SECONDS: Final = 2.0
    """That a client has to close after us, so that it can read the last answer."""
    CONNECTIONS: Final = 2_048
    """Kept open at once: a person's clients open tens, a load test some hundreds."""
    DESCRIPTORS: Final = 65_536
    """To which the soft limit of open files is raised: beyond that some systems allocate by the limit."""
    DESCRIPTORS_KEPT: Final = 64
    """Not used for connections: files, pipes and the connections to provider and upstreams that are kept."""
    REGISTRATIONS_PER_MINUTE: Final = 600
    """By all clients together: a test loop of an SDK makes fifty, a page that fills the store thousands."""
    UNUSED_CLIENTS: Final = 2_000
    """Kept without a login, the newest: a client signs in right after it has registered; the others fill the disk."""
    AUTHORIZATIONS_OPEN: Final = 2_000
    """Begun and not finished: a person has a handful, and each lives fifteen minutes."""
    SHARE_OF_PAGES: Final = 2
    """Pages of other sites may use one in so many of these two together: else any page would shut out the person."""
    CONTROL_LINE_BYTES: Final = 65_536
    """Of one line that a reader of the control socket sends: a command names a row and perhaps a pattern."""
    CONTROL_READERS: Final = 64
    """At once: dashboards, tails and agents of one person."""
    BODIES_TOGETHER_BYTES: Final = 67_108_864
    """Of all requests' bodies that are held at once: two of the longest, and as much as of answers."""
    BODY_UNCOUNTED_BYTES: Final = 65_536
    """Of one request that never gives way to others, and that is read before its token is looked at: nearly every
    call is shorter."""
    BATCH_MESSAGES: Final = 1_000
    """Of one body: each may want an answer, and an answer with more is not read."""
    OAUTH_BODY_BYTES: Final = 1_048_576
    """Of a request to anything but an MCP route: the largest is a registration with a key set, of some kilobytes."""
    # Between a client and somebody's server.
    WATCHED_ORIGINS: Final = 8
    """Each has a port of this machine: a server names itself, an authorization server, and perhaps a second one."""
    WATCHED_LEGS: Final = 256
    """Endpoints that documents of watched servers named: five of each server, and some that moved."""
    WATCHED_CLIENTS: Final = 2_000
    """Registrations at watched servers that are kept: each login of some clients makes one."""
    WATCHED_SECRETS: Final = 2_000
    """Digests of codes and tokens that passed: for whom a code is, and to which origin a token goes."""
    # Flows that are kept on disk, and files of flows.
    KEPT_FLOWS: Final = 300
    """Of those that arrived, and as many of the others: some weeks of one person's work, and no flood of refused
    requests takes those away that went well."""
    KEPT_FLOWS_BYTES: Final = 67_108_864
    """Of all of them: as much as requests may have in memory."""
    KEPT_FLOW_DAYS: Final = 30
    """After so many days nobody asks why a login failed."""
    KEPT_EXCHANGES: Final = 100
    """Of one flow, the first and the newest: a login has twenty."""
    KEPT_EXCHANGES_BYTES: Final = 4_194_304
    """Of one flow: a hundred exchanges as logins have them."""
    KEPT_BODY_CHARACTERS: Final = 16_384
    """Of each body on disk: what a login says is shorter."""
    KEPT_WAITING: Final = 500
    """Flows that changed and are still to be written: some seconds of a flood; beyond that they are dropped."""
    COMPARED_LINES: Final = 400
    """Of two answers to one request, from where they first differ: forty are shown."""
    FLOW_FILE_BYTES: Final = 33_554_432
    """Of a file that somebody gives to `devgw open`: devgw's own have some megabytes at most."""
