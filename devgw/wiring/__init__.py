"""The only place that constructs: what the gateway is made of, and the order in which it starts and stops.

    runtime     everything that stands once a gateway is built
    building    from settings to a runtime: sockets, configuration, state, first generation
    companions  the emulators, on their own origins in the same process, started and stopped with the configuration
    generation  one gateway over what outlives it
    running     serve, and start what helps
    supervisor  helpers that fail are started again; Health says how they are (`cause`: why, and what mends it)
    stopping    what the gateway ends with, and how everything is closed in bounded time
    reloading   a saved file becomes the next generation, or a refusal that every face shows (`project_watch`: when;
                `project_reader`: in which thread; `effects`: what ends by it; `own_settings`: what of `devgw.toml`
                waits for the next start)
    departures  all marks of where devgw differs on purpose from the deployed gateway
    loop_faults what nobody waits for and fails: told as an event, never printed raw
    watched_runtime  what stands between a client and somebody's server (`watched_ports`: by ports of this machine;
                `proxied_runtime`: by the forward proxy of one command, which `proxied_environment` is started with)
    acting      what the control socket may ask for
    signing_in  the built-in client that walks a whole flow

May import: everything but `cli`.
"""
