"""What `devgw doctor` thinks of what it saw: pure functions from answers to checks.

The asking is done in `outbound/probes`. A verdict names what was done, what was seen and what to do, and the id of the
failure where there is one.
"""

from devgw.diagnosis.verdicts.check import Answer, Check, Verdict

__all__ = ["Answer", "Check", "Verdict"]
