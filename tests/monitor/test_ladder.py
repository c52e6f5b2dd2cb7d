"""The arrows of a flow, whatever URLs and host names it meets."""

import pytest

from tests.monitor.walk import TRANSACTION, Walk

ODD = [
    "http://localhost:port/authorize",
    "http://localhost:99999999/authorize",
    "javascript:alert(1)//",
    "http://[",
    "http://[::1/authorize",
    "//",
    "http://user:at_AAAA1111BBBB2222CCCC@host.example:port/x",
    "https://exa\u0000mple\r\n/",
    "http://xn--/\udcff",
    "?" * 70_000,
]


@pytest.mark.parametrize("location", ODD)
@pytest.mark.parametrize("path", ["/oauth/authorize", "/auth/connections/x/connect"])
def test_a_redirect_to_anywhere_is_an_arrow_and_a_trace(location: str, path: str) -> None:
    walk = Walk()
    walk.challenged()
    walk.registered()
    walk.authorized()
    trace = walk.trace("GET", path, kind="page", client_id="dcr:1", transaction_id=TRANSACTION)
    trace.response_headers = [(b"location", location.encode("utf-8", "surrogatepass"))]
    walk.exchange(trace, 302)
    (flow,) = walk.monitor.flow_book.flows
    assert trace.id in flow.trace_ids
    assert any(each.trace_id == trace.id and each.status == 302 for each in flow.messages)
    assert walk.bus.guard.failures == 0
    assert "AAAA1111" not in repr(flow.messages)


@pytest.mark.parametrize("host", ["localhost:port", "[", "[::1", "a" * 300, "", "user@host:9", "h\u00f6st"])
def test_a_request_under_any_host_name_is_an_arrow_and_a_trace(host: str) -> None:
    walk = Walk()
    walk.challenged()
    trace = walk.trace("GET", "/oauth/authorize", kind="page", client_id="dcr:1", host=host)
    trace.response_headers = [(b"location", b"https://provider.example/authorize?state=secret")]
    walk.exchange(trace, 302)
    assert walk.monitor.trace(trace.id) is trace
    assert walk.bus.guard.failures == 0


@pytest.mark.parametrize("gap_ms", [-1.0, -4.0, 1.0])
def test_a_browser_is_opened_after_the_registration_that_its_url_names(gap_ms: float) -> None:
    """We are done with an answer a little after its client has it: the answer was drawn below what followed it."""
    walk = Walk()
    walk.challenged()
    walk.registered()
    walk.wait((gap_ms - 1.0) / 1_000)  # one millisecond passes by itself
    walk.authorized()

    (flow,) = walk.monitor.flow_book.flows
    labels = [each.label for each in flow.messages]
    assert labels.index("201 client_id") < labels.index("opens the browser")
    assert [each.number for each in flow.messages] == [*range(1, len(labels) + 1)]


def test_whoever_reads_the_arrows_and_requests_of_a_flow_meanwhile_reads_all_that_there_were() -> None:
    """They are written to disk by a thread of its own: a list that is sorted holds nothing while it is."""
    walk = Walk()
    walk.challenged()
    (flow,) = walk.monitor.flow_book.flows
    for step in (walk.registered, walk.authorized, walk.all_the_way):
        messages, trace_ids = flow.messages, flow.trace_ids
        before = ([*messages], [*trace_ids])
        step()
        assert (messages, trace_ids) == before
    assert flow.messages != messages
    assert [each.number for each in flow.messages] == [*range(1, len(flow.messages) + 1)]
