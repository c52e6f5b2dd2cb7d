"""Clean but unusual ways of the person at the browser."""

from tests.diagnosis.stories.agent import EDITOR, PYTHON, Agent, whole
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK


async def a_person_who_types_a_password(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.call(bare=True, status=401)
    await one.discover()
    await one.register()
    await one.browser.open(one.url())
    await gateway.flows()
    gateway.wait(170)
    assert await gateway.names() == []
    await one.browser.press("@")
    await gateway.running.allow(one.browser)
    await one.redeem()
    await one.call()


async def a_person_who_reads_the_consent_page(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.call(bare=True, status=401)
    await one.register()
    await one.authorize(wait=170)
    await one.redeem()
    await one.call()


async def a_person_who_comes_back_after_ten_minutes(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.call(bare=True, status=401)
    await one.register()
    await one.authorize(wait=600)
    await one.redeem()
    await one.call()


async def a_person_who_signs_in_two_minutes_after_the_editor_asked(gateway: Watched) -> None:
    one = Agent(gateway, EDITOR)
    await one.call(bare=True, status=401)
    await one.discover()
    await one.register()
    await gateway.flows()
    gateway.wait(120)
    assert await gateway.names() == []
    await one.authorize()
    await one.redeem()
    await one.call()


async def two_tabs(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.call(bare=True, status=401)
    await one.register()
    await one.browser.open(one.url())
    await one.authorize()
    await one.redeem()
    await one.call()


async def a_reload_of_the_authorization_page(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.register()
    url = one.url()
    for _ in range(3):
        await one.http.get(url)
    await gateway.running.sign_in(one.browser, url)
    await gateway.running.allow(one.browser)
    await one.redeem()
    await one.call()


async def a_tab_that_is_closed_and_begun_anew(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.call(bare=True, status=401)
    await one.discover()
    await one.register()
    await one.http.get(one.url())
    await gateway.flows()
    gateway.wait(20)
    await one.call(bare=True, status=401)
    await one.discover()
    await one.authorize()
    await one.redeem()
    await one.call()


async def a_remembered_consent(gateway: Watched) -> None:
    one = await whole(gateway)
    await one.authorize()
    await one.redeem()
    await one.call()


async def one_client_waits_while_another_signs_in(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.call(bare=True, status=401)
    await one.register()
    await one.browser.open(one.url())
    await whole(gateway)
    await one.browser.press("@")
    await gateway.running.allow(one.browser)
    await one.redeem()
    await one.call()


async def a_person_with_curl(gateway: Watched) -> None:
    one = Agent(gateway, "curl/8.5.0")
    await one.sign_in()
    await one.call()


async def a_person_with_curl_who_stops_after_the_401(gateway: Watched) -> None:
    await Agent(gateway, "curl/8.5.0").call(status=401)


async def a_browser_at_the_front_page(gateway: Watched) -> None:
    one = Agent(gateway, "Mozilla/5.0 (X11; Linux x86_64)")
    for path in ("/", "/favicon.ico", "/oauth/style.css", "/.well-known/appspecific/com.chrome.devtools.json"):
        await one.http.get(gateway.origin + path, headers={"accept": "text/html"})


async def revoked_and_signed_in_again(gateway: Watched) -> None:
    for _ in range(5):
        one = await whole(gateway)
        await one.revoke()
        await one.close()


async def revoked_and_signed_in_again_with_the_same_registration(gateway: Watched) -> None:
    one = await whole(gateway)
    await one.revoke()
    await one.call(bare=True, status=401)
    await one.authorize()
    await one.redeem()
    await one.call()


async def a_person_who_is_somebody_else_of_the_same_house(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.register()
    await one.browser.open(one.url())
    assert one.browser.page is not None
    second = [text for form in one.browser.page.forms for _, _, text in form.buttons if "@" in text][1]
    await one.browser.press(second)
    await gateway.running.allow(one.browser)
    await one.redeem()
    await one.call()


async def a_person_who_reloads_in_the_middle_of_the_login(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.call(bare=True, status=401)
    await one.register()
    url = one.url()
    for _ in range(2):
        await one.browser.open(url)
        await gateway.flows()
        gateway.wait(5)
    await gateway.running.sign_in(one.browser, url)
    assert one.browser.page is not None
    await one.browser.open(one.browser.page.url)
    await gateway.running.allow(one.browser)
    await one.redeem()
    await one.call()


async def a_person_who_signs_out_and_signs_in_again(gateway: Watched) -> None:
    one = await whole(gateway)
    await one.browser.open(f"{gateway.origin}/oauth/logout")
    await one.browser.press("Sign out")
    one.browser = Browser(CALLBACK)
    await one.authorize()
    await one.redeem()
    await one.call()


async def a_person_who_takes_another_account_on_the_consent_page(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.register()
    await gateway.running.sign_in(one.browser, one.url())
    await one.browser.press("another account")
    assert one.browser.page is not None
    second = [text for form in one.browser.page.forms for _, _, text in form.buttons if "@" in text][1]
    await one.browser.press(second)
    await gateway.running.allow(one.browser)
    await one.redeem()
    await one.call()


async def a_person_who_presses_allow_twice(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.register()
    await gateway.running.sign_in(one.browser, one.url())
    page = one.browser.page
    await one.browser.press("Allow")
    one.browser.page = page
    await one.browser.press("Allow")
    await one.redeem()
    await one.call()


async def a_slow_person_in_two_tabs_for_two_clients(gateway: Watched) -> None:
    one, other = Agent(gateway), Agent(gateway, PYTHON)
    other.browser = one.browser
    pages = []
    for each in (one, other):
        await each.register()
        await gateway.running.sign_in(each.browser, each.url())
        pages.append(each.browser.page)
        await gateway.flows()
        gateway.wait(60)
    for each, page in zip((one, other), pages, strict=True):
        one.browser.page, one.browser.location = page, None
        await one.browser.press("Allow")
        await each.redeem()
        await each.call()


async def a_browser_that_fetches_the_icon_in_between(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.register()
    await gateway.running.sign_in(one.browser, one.url())
    for path in ("/favicon.ico", "/apple-touch-icon.png", "/robots.txt"):
        await one.http.get(gateway.origin + path, headers={"user-agent": "Mozilla/5.0", "accept": "image/*"})
    await gateway.running.allow(one.browser)
    await one.redeem()
    await one.call()


async def a_browser_that_fetches_the_login_ahead(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.register()
    url = one.url()
    await one.http.get(url, headers={"sec-purpose": "prefetch", "user-agent": "Mozilla/5.0"})
    await gateway.running.sign_in(one.browser, url)
    await gateway.running.allow(one.browser)
    await one.redeem()
    await one.call()
