"""The words that the shop's catalogue is made of. Brands and people are made up."""

from typing import Final, NamedTuple


class Aisle(NamedTuple):
    """One category: what is sold in it, and its usual price."""

    category: str
    price: float
    nouns: tuple[str, ...]


AISLES: Final = (
    Aisle("kitchen", 32, ("kettle", "skillet", "teapot", "grinder", "carafe", "whisk", "wok")),
    Aisle("lighting", 58, ("desk lamp", "lantern", "floor lamp", "night light", "pendant")),
    Aisle("garden", 26, ("trowel", "planter", "watering can", "bird feeder", "hose", "rake")),
    Aisle("outdoor", 74, ("tent", "rucksack", "hammock", "flask", "sleeping bag", "headlamp")),
    Aisle("office", 21, ("notebook", "fountain pen", "stapler", "desk mat", "planner", "tray")),
    Aisle("audio", 110, ("headphones", "radio", "speaker", "turntable", "earbuds", "microphone")),
    Aisle("toys", 24, ("puzzle", "kite", "train set", "marble run", "plush fox", "board game")),
    Aisle("bath", 19, ("towel", "soap dish", "bath mat", "robe", "mirror", "sponge")),
    Aisle("pets", 17, ("dog lead", "cat tree", "bowl", "pet bed", "chew toy", "aquarium")),
    Aisle("bikes", 46, ("helmet", "bell", "pannier", "saddle", "pump", "bike lock")),
    Aisle("bedding", 63, ("quilt", "pillow", "duvet", "blanket", "bed sheet", "throw")),
    Aisle("baking", 15, ("cake tin", "rolling pin", "loaf pan", "sieve", "mixing bowl", "timer")),
)

STYLES: Final = (
    *("copper", "oak", "linen", "enamel", "bamboo", "ceramic", "walnut", "steel", "cork"),
    *("folding", "compact", "travel", "vintage", "nordic", "striped", "recycled", "handmade"),
    *("waterproof", "midnight blue", "forest green", "coral", "ivory"),
)
"""The first word of a title, which is also a tag."""

TIERS: Final = (0.7, 0.85, 1.0, 1.0, 1.2, 1.6)
"""How dear the brands of an aisle are, against its usual price."""

BRANDS: Final = (
    *("Ostwinna", "Pellorin", "Quillbeck", "Braskenby", "Luvanette", "Harrowmoss"),
    *("Zindelby", "Kestovane", "Morvintel", "Eldunaro", "Tamrikson", "Norvellick"),
    *("Wrenfolk", "Bittermoor", "Saltwicke", "Juniperra", "Oddlingham", "Fennimarsh"),
)

NAMES: Final = (
    *("ada", "bruno", "carla", "dario", "elif", "femi", "greta", "hugo", "ines", "jonas"),
    *("kaya", "lars", "mira", "nils", "olga", "pablo", "quinn", "rosa", "sami", "tilda"),
    *("umar", "vera", "wim", "xenia", "yusuf", "zoe"),
)

COMPLAINTS: Final = {
    "delivery": (
        "it arrived two days late",
        "the parcel came late and the courier left it in the rain",
        "my parcel is lost, the tracking has not moved for days",
    ),
    "damage": (
        "the box was damaged",
        "it arrived broken, with a crack in the lid",
        "scratched all over, and the box was torn",
    ),
    "not as shown": (
        "not the colour of the picture",
        "it is much smaller than it looks in the picture",
        "the description says something else than what I got",
    ),
    "service": (
        "nobody answered my message",
        "I wrote twice and nobody answered",
        "I waited on the phone for an hour and nobody answered",
    ),
}
"""By topic, which half of those who complain choose from a list."""

SUGGESTIONS: Final = (
    "show what is in stock near me",
    "let me compare two items side by side",
    "offer smaller parcels",
)
