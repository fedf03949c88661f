"""The person page in a browser: what the API says of somebody, in words and tables."""

import httpx

WIDTHS = (390, 1024, 1600)


def test_somebody_is_shown_as_the_api_knows_them(page, url):
    page.set_default_timeout(60_000)
    page.goto(f"{url}/person?id=ada")
    page.wait_for_selector("text=Recommended when you came")
    text = page.locator("#person").inner_text()
    known = httpx.get(f"{url}/v1/users/ada/profile").json()["profile"]
    assert f"{known['stage']}: {known['sessions']} visits and {known['events']} events" in text
    assert "kitchen fans" in text
    assert "0.7" in text  # the intent
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_somebody_else_is_found_and_nobody_is_said_to_be_unknown(page, url):
    page.set_default_timeout(60_000)
    page.goto(f"{url}/person")
    page.get_by_role("searchbox").or_(page.locator("input")).first.fill("nobody/at all")
    page.get_by_role("button", name="Look up").click()
    page.wait_for_selector("text=Nothing is known of them.")
    assert "id=nobody%2Fat%20all" in page.url
    page.go_back()
