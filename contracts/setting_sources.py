"""Where settings come from: pydantic-settings reads the sources, this names every value's origin.

pydantic-settings ignores an unknown environment variable and names a bad value by its field; an
operator needs the variable or the line of the file instead, and a typing error must not start a
flow with the default. So the sources are read one by one, and each value keeps its origin.
"""

import difflib
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource
from pydantic_settings import JsonConfigSettingsSource as JsonSource
from pydantic_settings import SettingsError as SourceError
from pydantic_settings import TomlConfigSettingsSource as TomlSource

ENV_PREFIX: Final = "HEADRACE_"
NESTING: Final = "__"
PROCESS_VARIABLES: Final = frozenset(
    {
        *("HEADRACE_SETTINGS", "HEADRACE_PROCESS_ID", "HEADRACE_ADDRESSES", "HEADRACE_RUN"),
        "HEADRACE_INSTANCE",
    }
)
"""What a supervisor tells the processes that it starts (`contracts.launch`): no settings."""

Tree = dict[str, Any]


class SettingsError(ValueError):
    """A setting that is unknown or wrong: where it came from, and what it should be."""


class Schema:
    """The names of all settings of a settings class, dotted: `kafka.bootstrap_servers`."""

    def __init__(self, model: type[BaseModel]) -> None:
        self.groups: set[str] = set()
        self.maps: set[str] = set()
        self.lists: set[str] = set()
        self.secrets: set[str] = set()
        self.descriptions: dict[str, str] = {}
        self.names = list(self._walk(model, ""))

    def _walk(self, model: type[BaseModel], path: str) -> Iterator[str]:
        for name, field in model.model_fields.items():
            dotted = f"{path}{name}"
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                self.groups.add(dotted)
                yield from self._walk(field.annotation, f"{dotted}.")
                continue
            if get_origin(field.annotation) is dict:
                self.maps.add(dotted)
            if get_origin(field.annotation) is list:
                self.lists.add(dotted)
            if "SecretStr" in str(field.annotation):
                self.secrets.add(dotted)
            self.descriptions[dotted] = field.description or ""
            yield dotted

    def leaves(self, tree: Tree, path: str = "") -> Iterator[str]:
        """Yield the dotted names of a tree's values; a free-form map is one value."""
        for name, value in tree.items():
            dotted = f"{path}{name}"
            if isinstance(value, dict) and dotted not in self.maps:
                yield from self.leaves(value, f"{dotted}.")
            else:
                yield dotted

    def name_of(self, location: tuple[int | str, ...]) -> str:
        """Return the setting at a validation error's location."""
        parts = [str(part) for part in location]
        for end in range(len(parts), 0, -1):
            if (name := ".".join(parts[:end])) in self.names:
                return name
        return ".".join(parts)

    def knows_variable(self, variable: str) -> bool:
        """Tell whether an environment variable is a setting, a whole group or an entry of a map."""
        name = dotted_of(variable)
        entry = any(name.startswith(f"{map_}.") for map_ in self.maps)
        return entry or name in self.groups or name in self.names


def dotted_of(variable: str) -> str:
    """Return the setting that an environment variable names.

    >>> dotted_of("HEADRACE_KAFKA__BOOTSTRAP_SERVERS")
    'kafka.bootstrap_servers'
    """
    return variable.upper().removeprefix(ENV_PREFIX).lower().replace(NESTING, ".")


def variable_of(name: str) -> str:
    """Return the environment variable of a setting.

    >>> variable_of("kafka.bootstrap_servers")
    'HEADRACE_KAFKA__BOOTSTRAP_SERVERS'
    """
    return ENV_PREFIX + name.upper().replace(".", NESTING)


def from_file(cls: type[BaseSettings], file: Path) -> tuple[Tree, dict[str, str]]:
    """Return what a TOML or JSON file sets, and the origin of each value."""
    schema = Schema(cls)
    try:
        if file.is_dir():
            raise SettingsError(f"{file}: is a folder; expected a settings file (TOML or JSON)")
        if not file.is_file():
            raise SettingsError(f"{file}: there is no such settings file")
        source: PydanticBaseSettingsSource = (
            JsonSource(cls, file) if file.suffix == ".json" else TomlSource(cls, file)
        )
        tree = source()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}") from None
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as error:
        kind = "JSON" if file.suffix == ".json" else "TOML"
        raise SettingsError(f"{file}: not valid {kind}: {error}") from None
    except TypeError:
        raise SettingsError(f"{file}: expected an object of settings") from None
    origins = {name: f"{file}: {name}" for name in schema.leaves(tree)}
    for name, origin in origins.items():
        if name not in schema.names:
            raise SettingsError(f"{origin}: {_no_such(name, schema.names)}")
    return tree, origins


def from_environ(
    cls: type[BaseSettings], environ: Mapping[str, str]
) -> tuple[Tree, dict[str, str]]:
    """Return what the environment sets, and the variable of each value; empty ones are unset."""
    schema = Schema(cls)
    ours = {
        name: value
        for name, value in environ.items()
        if name.startswith(ENV_PREFIX) and name not in PROCESS_VARIABLES
    }
    for variable in ours:
        if not schema.knows_variable(variable):
            every = [variable_of(name) for name in schema.names]
            raise SettingsError(f"{variable}: {_no_such(variable, every)}")
    source = EnvSettingsSource(cls, env_prefix=ENV_PREFIX, env_nested_delimiter=NESTING)
    source.env_vars = {name.lower(): value for name, value in ours.items() if value}
    try:
        tree = source()
    except SourceError:
        raise SettingsError(_not_json(ours, schema)) from None
    return tree, {name: _variable_behind(name, ours) for name in schema.leaves(tree)}


def _not_json(ours: dict[str, str], schema: Schema) -> str:
    """Return what to say about the first variable that has to be JSON and is not."""
    expected = dict.fromkeys(schema.groups | schema.maps, 'object, such as {"name": "value"}')
    expected |= dict.fromkeys(schema.lists, 'list, such as ["value"]')
    for variable, value in ours.items():
        kind = expected.get(dotted_of(variable))
        if kind and value and not _is_json(value):
            return f"{variable}: expected a JSON {kind}"
    return f"{', '.join(ours)}: one of these is not the JSON that it has to be"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    return True


def _variable_behind(name: str, ours: dict[str, str]) -> str:
    exact = variable_of(name)
    group = exact.rpartition(NESTING)[0]
    entries = (variable for variable in ours if variable.startswith(exact + NESTING))
    return exact if exact in ours else next(entries, group)


def from_overrides(
    cls: type[BaseSettings], overrides: Mapping[str, Any]
) -> tuple[Tree, dict[str, str]]:
    """Return the tree of dotted names that are not None, as a command line gives them."""
    schema = Schema(cls)
    tree: Tree = {}
    given = {name: value for name, value in overrides.items() if value is not None}
    for name, value in given.items():
        if name not in schema.names:
            raise SettingsError(f"{name}: {_no_such(name, schema.names)}")
        *groups, last = name.split(".")
        branch = tree
        for group in groups:
            branch = branch.setdefault(group, {})
        branch[last] = value
    return tree, {name: f"given as {name}" for name in given}


def merge(low: Tree, high: Tree) -> Tree:
    """Return `low` under `high`, table by table.

    >>> merge({"a": {"b": 1, "c": 1}}, {"a": {"c": 2}})
    {'a': {'b': 1, 'c': 2}}
    """
    merged = dict(low)
    for name, value in high.items():
        below = merged.get(name)
        if isinstance(below, dict) and isinstance(value, dict):
            merged[name] = merge(below, value)
        else:
            merged[name] = value
    return merged


def explain(cls: type[BaseSettings], error: ValidationError, origins: Mapping[str, str]) -> str:
    """Return one line about the first bad value: its origin, what is wrong, and what was given."""
    schema = Schema(cls)
    first = error.errors()[0]
    name = schema.name_of(first["loc"])
    message = first["msg"]
    line = f"{origins.get(name, name)}: {message[:1].lower()}{message[1:]}"
    # A map may hold passwords too, so its values are not shown either.
    hidden = name in schema.secrets or name in schema.maps
    return line if hidden else f"{line} (got {first['input']!r})"


def _no_such(name: str, every: list[str]) -> str:
    close = difflib.get_close_matches(name, every, 1, cutoff=0.7)
    hint = f"did you mean {close[0]}?" if close else "`headrace config schema` lists all"
    return f"there is no such setting; {hint}"


def revealed(value: object) -> Any:
    """Return a JSON value that holds the secrets, which pydantic's own dump masks."""
    match value:
        case BaseModel():
            return {name: revealed(getattr(value, name)) for name in type(value).model_fields}
        case dict():
            return {name: revealed(inner) for name, inner in value.items()}
        case SecretStr():
            return value.get_secret_value()
        case Path():
            return str(value)
    return value


def dotted(table: Tree, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of nested tables under dotted names.

    >>> dict(dotted({"security": {"protocol": "SSL"}, "ssl.ca.location": "ca.pem"}))
    {'security.protocol': 'SSL', 'ssl.ca.location': 'ca.pem'}
    """
    for name, value in table.items():
        if isinstance(value, dict):
            yield from dotted(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value
