"""`python -m devgw` is `devgw`."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  whoever starts it from a clone has met no installer that says so
    sys.exit("devgw needs Python 3.11 or newer, and this is %d.%d (%s)." % (*sys.version_info[:2], sys.executable))  # noqa: UP031

from devgw.cli import main

if __name__ == "__main__":
    main()
