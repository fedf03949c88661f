"""People's ids as tokens, which only who holds the site's secret can make, or turn back.

A token is `hr_`, the version of its key, and the id under AES-SIV (RFC 5297) in base64url. That is
deterministic, so an id of a site has one token and needs no table; and authenticated, so a token
is told from what only looks like one. Each site has a key of its own, by HKDF (RFC 5869).

>>> names = Pseudonyms({"1": "of no less than thirty-two characters"})
>>> token = names.token("shop", "ada@example.com")
>>> token[:4], len(token), names.token("shop", token) == token
('hr_1', 46, True)
>>> names.token("other", "ada@example.com") == token
False
>>> names.revealed("shop", b'{"user":"%s"}' % token.encode())
b'{"user":"ada@example.com"}'
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from contracts.api_settings import ApiSettings
from contracts.codec import DecodeError
from contracts.events import DEVICE_PREFIX, Event
from contracts.setting_sources import SettingsError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

MARK: Final = "hr_"
MAX_BYTES: Final = 173
"""Of an id in UTF-8: its token is an id too, and has at most 256 characters."""

KEY_BYTES: Final = 64
"""AES-256-SIV: one half authenticates, the other encrypts."""

_TOKEN: Final = re.compile(rb"hr_([1-9])([A-Za-z0-9_-]{23,252})")
_PERSON: Final = re.compile(
    rb'("(?:user|device|userId|anonymousId|previousId|user_id|client_id)"\s*:\s*)'
    rb'("[^"\\]*(?:\\.[^"\\]*)*"|-?\d{1,40}|\[[^][{}]*\])',
    re.IGNORECASE,
)


class TooLongError(ValueError):
    """An id whose token would be longer than an id may be."""


class UnknownPeopleError(ValueError):
    """Who is stored would not be found: under other tokens, or under `plain` ids."""

    def __init__(self, message: str, *, plain: bool = False) -> None:
        super().__init__(message)
        self.plain = plain


class Pseudonyms:
    """The tokens of all sites. Without secrets it does nothing: an id stands for itself.

    Args:
        secrets: version (`1` to `9`) to secret. The highest makes tokens, each turns its own back.
    """

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        self._secrets = dict(secrets or {})
        self._newest = max(self._secrets, default="")
        self._ciphers: dict[tuple[str, str], AESSIV] = {}

    @classmethod
    def of(cls, settings: ApiSettings) -> "Pseudonyms":
        """Return those that the settings ask for; raise `SettingsError` without a secret."""
        if not settings.pseudonyms:
            return cls()
        if not settings.pseudonym_keys:
            raise SettingsError(
                "people's ids are stored as pseudonyms, and api.pseudonym_keys has no secret for "
                "them: `openssl rand -base64 32` makes one, HEADRACE_API__PSEUDONYM_KEYS__1=SECRET "
                "gives it. Or HEADRACE_API__PSEUDONYMS=false stores ids as they are"
            )
        return cls({n: key.get_secret_value() for n, key in settings.pseudonym_keys.items()})

    @property
    def on(self) -> bool:
        """Whether there are any."""
        return bool(self._secrets)

    def token(self, site: str, id_: str) -> str:
        """Return the token of an id; a token of the site's is its own. Cost: 2 us.

        Raises `TooLongError`.
        """
        if not self._secrets or not id_ or self._is_token(site, id_):
            return id_
        raw = id_.encode("utf-8", "surrogatepass")
        if len(raw) > MAX_BYTES:
            raise TooLongError(
                f"an id has at most {MAX_BYTES} bytes where api.pseudonyms is on, this one has "
                f"{len(raw):,}"
            )
        sealed = self._cipher(self._newest, site).encrypt(raw, None)
        return f"{MARK}{self._newest}{_text_of(sealed).decode()}"

    def subject(self, site: str, id_: str) -> str:
        """Return what stands for a person: of a user's id, or of `device:ID`."""
        if id_.startswith(DEVICE_PREFIX):
            return DEVICE_PREFIX + self.token(site, id_[len(DEVICE_PREFIX) :])
        return self.token(site, id_)

    def tokens(self, site: str, id_: str) -> tuple[str, ...]:
        """Return what stands for a person, by each secret that there is: the newest first."""
        older = [Pseudonyms({n: self._secrets[n]}) for n in sorted(self._secrets, reverse=True)[1:]]
        return tuple(dict.fromkeys(one.subject(site, id_) for one in (self, *older)))

    def stored_as(self, site: str, id_: str) -> tuple[str, ...]:
        """Return all that may stand for a person: also the id, which replays of files have."""
        return tuple(dict.fromkeys((*self.tokens(site, id_), id_)))

    def event(self, event: Event) -> Event:
        """Return an event with tokens for its ids; raise `DecodeError`."""
        for name in ("user", "device") if self.on else ():
            id_ = getattr(event, name)
            if id_ is not None:
                try:
                    setattr(event, name, self.token(event.site, id_))
                except TooLongError as error:
                    raise DecodeError("invalid", f"`{name}`: {error}") from None
        return event

    def refused(self, site: str, raw: bytes) -> bytes:
        """Return what was posted and is refused, with tokens where it names people.

        It may be anything: what is called like a person's id, and can have a token, gets one.
        """
        return _PERSON.sub(lambda found: self._named(site, found), raw) if self.on else raw

    def check(self, people: Collection[tuple[str, str]]) -> None:
        """Raise `UnknownPeopleError` if none of the stored `people` can be theirs.

        Args:
            people: some of them, as `(site, id)`.
        """
        ids = [(site, id_.removeprefix(DEVICE_PREFIX)) for site, id_ in people]
        alike = [id_.startswith(MARK) for _, id_ in ids]
        if not ids or (self.on and any(self._is_token(*one) for one in ids)):
            return
        if self.on and any(alike):
            raise UnknownPeopleError(
                "its people are stored under pseudonyms of another secret, and nobody would be "
                "found: give that one (api.pseudonym_keys, or the file pseudonyms.key from your "
                "copy); or begin with an empty store and log"
            )
        if self.on:
            raise UnknownPeopleError(
                "its people are stored under their ids as they are, and would not be found under "
                "pseudonyms: HEADRACE_API__PSEUDONYMS=false goes on with ids; or begin with an "
                "empty store and log",
                plain=True,
            )
        if all(alike):
            raise UnknownPeopleError(
                "its people are stored under pseudonyms, and nobody would be found without their "
                "secret: give it (api.pseudonym_keys, or the engine's --data-dir), with "
                "api.pseudonyms on; or begin with an empty store and log"
            )

    def called(self, site: str, asked: str, subject: str) -> str:
        """Return what an answer to who asked for `asked` calls the person that was found.

        As it was asked, and no more: who has but a token, or a device, is not told whose it is.
        """
        return asked if self.on and self.subject(site, asked) == subject else subject

    def revealed(self, site: str, raw: bytes) -> bytes:
        """Return JSON, or lines of it, with the site's tokens turned back into ids."""
        return _TOKEN.sub(lambda found: self._told(site, found), raw) if self.on else raw

    def _told(self, site: str, found: re.Match[bytes]) -> bytes:
        id_ = self._id(site, found)
        return found[0] if id_ is None else json.dumps(id_, ensure_ascii=False)[1:-1].encode()

    def _named(self, site: str, found: re.Match[bytes]) -> bytes:
        try:
            said = json.loads(found[2])
            if isinstance(said, list):
                token: Any = [self.subject(site, str(one)) for one in said]
            else:
                token = self.subject(site, str(said))
        except ValueError:  # no JSON, or too long
            return found[0]
        return found[1] + json.dumps(token).encode()

    def _is_token(self, site: str, id_: str) -> bool:
        if not id_.startswith(MARK):
            return False
        found = _TOKEN.fullmatch(id_.encode("utf-8", "surrogatepass"))
        return found is not None and self._id(site, found) is not None

    def _id(self, site: str, found: re.Match[bytes]) -> str | None:
        """Return whose token it is; None if it is none of the site's."""
        from cryptography.exceptions import InvalidTag

        version, text = found[1].decode(), found[2]
        if version not in self._secrets or len(text) % 4 == 1:
            return None
        sealed = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
        if _text_of(sealed) != text:  # the last character has bits that decoding leaves out
            return None
        try:
            raw = self._cipher(version, site).decrypt(sealed, None)
        except InvalidTag:
            return None
        return raw.decode("utf-8", "surrogatepass")

    def _cipher(self, version: str, site: str) -> "AESSIV":
        made = self._ciphers.get((version, site))
        if made is None:
            made = self._ciphers[version, site] = _cipher_of(self._secrets[version], version, site)
        return made


def _text_of(sealed: bytes) -> bytes:
    return urlsafe_b64encode(sealed).rstrip(b"=")


def _cipher_of(secret: str, version: str, site: str) -> "AESSIV":
    # Here, so that whoever makes no pseudonyms does not wait for the library.
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    info = f"headrace.pseudonyms/{version}/{site}".encode()
    return AESSIV(HKDF(SHA256(), KEY_BYTES, None, info).derive(secret.encode()))
