"""The doctor's questions to the network and to this machine; what the answers mean is said in `diagnosis/verdicts`.

A secret travels in one request alone: to the token endpoint that is configured for it, and, for WorkOS, to the list of
redirect URIs of the same origin. No redirect is followed, and nothing is written anywhere. Of somebody's server whose
URL was typed (`server`): what opens it goes to its origin, one redirect within that origin is followed, and a client is
registered only where that was asked for.
"""
