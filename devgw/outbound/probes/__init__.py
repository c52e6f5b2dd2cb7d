"""The doctor's questions to the network and to this machine; what the answers mean is said in `diagnosis/verdicts`.

A secret travels in one request alone: to the token endpoint that is configured for it, and, for WorkOS, to the list of
redirect URIs of the same origin. Nothing is written anywhere, and no redirect is followed.
"""
