"""Tokens for people's ids: one each, turned back by who has the secret, and by nobody else."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.api_settings import ApiSettings
from contracts.codec import DecodeError
from contracts.events import Event
from contracts.pseudonyms import MAX_BYTES, Pseudonyms, TooLongError, UnknownPeopleError
from contracts.setting_sources import SettingsError
from contracts.settings import Settings

OLD, NEW = "the secret that was there at first", "the secret that came after that one"
NAMES = Pseudonyms({"1": OLD})
IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda id_: len(id_.encode()) <= MAX_BYTES
)


def back(names: Pseudonyms, site: str, token: str) -> str:
    told: str = json.loads(names.revealed(site, json.dumps(token).encode()))
    return told


@given(IDS)
def test_an_id_has_one_token_which_is_an_id_and_is_turned_back(id_: str) -> None:
    token = NAMES.token("shop", id_)
    assert token == Pseudonyms({"1": OLD}).token("shop", id_) == NAMES.token("shop", token)
    assert id_ not in token or len(id_) < 4
    event = Event(id="1", type="view", time=1_700_000_000_000, user=token)
    assert msgspec.json.decode(msgspec.json.encode(event), type=Event) == event
    assert back(NAMES, "shop", token) == id_


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_another_site_or_secret_has_other_tokens_and_turns_none_back(id_: str) -> None:
    token = NAMES.token("shop", id_)
    for names, site in ((NAMES, "other"), (Pseudonyms({"1": NEW}), "shop")):
        assert back(names, site, token) == token
        assert names.token(site, id_) != token
        # To them it is an id like any other.
        assert back(names, site, names.token(site, token)) == token


@given(st.binary(max_size=300))
def test_what_only_looks_like_a_token_stays(raw: bytes) -> None:
    assert NAMES.revealed("shop", b"hr_1" + raw) == b"hr_1" + raw


def test_a_token_has_one_spelling() -> None:
    token = NAMES.token("shop", "ada")  # of 19 bytes: the last character has bits to spare
    twin = token[:-1] + chr(ord(token[-1]) + 1)
    assert back(NAMES, "shop", twin) == twin
    assert NAMES.token("shop", twin) != twin


def test_tokens_in_json_are_turned_back_wherever_they_stand() -> None:
    id_ = 'a"d\\a ü'
    token = NAMES.token("shop", id_)
    tree = {"user": token, "devices": [f"device:{token}"], token: {"text": f"of {token}, {token}"}}
    told = json.loads(NAMES.revealed("shop", json.dumps(tree).encode()))
    assert told == {"user": id_, "devices": [f"device:{id_}"], id_: {"text": f"of {id_}, {id_}"}}


def test_an_id_that_is_too_long_for_a_token_is_refused() -> None:
    assert len(NAMES.token("shop", "x" * MAX_BYTES)) == 256
    with pytest.raises(TooLongError, match=r"at most 173 bytes .* has 174"):
        NAMES.token("shop", "ü" * 87)
    with pytest.raises(DecodeError, match="`device`: an id has at most"):
        NAMES.event(Event(id="1", type="view", time=1, device="x" * 174))


def test_a_newer_secret_makes_new_tokens_and_the_old_ones_are_still_turned_back() -> None:
    both = Pseudonyms({"1": OLD, "2": NEW})
    old, new = NAMES.token("shop", "ada"), both.token("shop", "ada")
    assert (old[:4], new[:4]) == ("hr_1", "hr_2")
    assert back(both, "shop", old) == back(both, "shop", new) == "ada"
    assert both.token("shop", old) == old
    assert back(NAMES, "shop", new) == new


def test_an_answer_says_no_more_than_who_asked_did() -> None:
    ada, phone = NAMES.subject("shop", "ada"), NAMES.subject("shop", "device:phone")
    assert phone.startswith("device:hr_1")
    assert NAMES.called("shop", "ada", ada) == "ada"
    assert NAMES.called("shop", "device:phone", phone) == "device:phone"
    assert NAMES.called("shop", "device:phone", ada) == NAMES.called("shop", ada, ada) == ada


def test_what_is_refused_names_nobody_and_can_be_sent_again() -> None:
    raw = b'[{"userId" : 42, "user":"a\\u0064a","x":{"anonymousId":"phone"},"item":"cup"'
    text = NAMES.refused("shop", raw).decode()
    assert NAMES.token("shop", "42") in text
    assert NAMES.token("shop", "ada") in text
    assert NAMES.token("shop", "phone") in text
    assert text.endswith('"item":"cup"')
    several = NAMES.refused("shop", b'{"USER": ["ada", 42], "user": {"id": "ada"}}')
    tokens = [NAMES.token("shop", id_) for id_ in ("ada", "42")]
    assert json.loads(several)["USER"] == tokens
    assert NAMES.refused("shop", text.encode()) == text.encode()
    long = b'{"user":"%s"}' % (b"x" * 200)
    assert NAMES.refused("shop", long) == long


def test_turned_off_nothing_changes() -> None:
    off = Pseudonyms.of(ApiSettings(pseudonyms=False))
    event, token = Event(id="1", type="view", time=1, user="x" * 256), NAMES.token("shop", "ada")
    assert not off.on
    assert off.event(event).user == "x" * 256
    assert (
        off.subject("shop", "device:d") == off.called("shop", "device:d", "device:d") == "device:d"
    )
    raw = b'{"user":"%s"}' % token.encode()
    assert off.revealed("shop", raw) is off.refused("shop", raw) is raw


def test_people_who_could_not_be_found_are_told_by_how_they_are_stored() -> None:
    other, off = Pseudonyms({"1": "x" * 32}), Pseudonyms()
    tokens = [("shop", NAMES.subject("shop", id_)) for id_ in ("ada", "device:phone")]
    plain = [("shop", "ada"), ("shop", "device:phone")]
    for names, people in (
        *((NAMES, []), (off, []), (NAMES, tokens), (off, plain)),
        (NAMES, [*plain, tokens[1]]),  # who came before they were turned on, and after
        (off, [*plain, tokens[0]]),
        (Pseudonyms({"1": OLD, "3": "x" * 32}), [("shop", NAMES.token("shop", "ada"))]),
    ):
        names.check(people)
    for names, people, mend in (
        (NAMES, plain, "HEADRACE_API__PSEUDONYMS=false goes on"),
        (other, tokens, "of another secret"),
        (NAMES, [("other", tokens[0][1])], "of another secret"),
        (off, tokens, "found without their secret: give it"),
    ):
        with pytest.raises(UnknownPeopleError, match=mend):
            names.check(people)


def test_settings_without_a_secret_or_with_a_short_one_say_so() -> None:
    with pytest.raises(SettingsError, match=r"api\.pseudonym_keys has no secret"):
        Pseudonyms.of(ApiSettings())
    short = {"HEADRACE_API__PSEUDONYM_KEYS": '{"1": "hush"}'}
    with pytest.raises(SettingsError, match=r"KEYS: .*version 1 is too short: .* 32") as caught:
        Settings.load(environ=short)
    assert "hush" not in str(caught.value)
    unknown = {"HEADRACE_API__PSEUDONYM_KEYS": json.dumps({"0": OLD})}
    with pytest.raises(SettingsError, match="PSEUDONYM_KEYS"):
        Settings.load(environ=unknown)
    keys = {"HEADRACE_API__PSEUDONYM_KEYS": json.dumps({"1": OLD})}
    settings = Settings.load(environ=keys)
    assert Pseudonyms.of(settings.api).token("shop", "ada") == NAMES.token("shop", "ada")
