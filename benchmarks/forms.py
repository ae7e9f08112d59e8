"""Records by the million, each from a seed and its number alone: a form with blanks, filled in.

What differs between two records of a seed is what differs between two scenes of a mission: the id, also where hrefs and
other texts hold it; moments, all moved by the same span, so that each of MONTHS months has as many records; the
footprint with its box, put elsewhere on the earth; and the share of clouds. All else is encoded once. Every record says
when it was `updated`, so that it can be changed.
"""

import datetime as dt
import re

import msgspec

encode = msgspec.json.encode
FIRST = 2016
MONTHS = 100
"""One month holds one record in a hundred."""

MOMENTS = ("datetime", "start_datetime", "end_datetime", "created", "updated")
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
BLANK = re.compile(rb'"<([a-z_]+)>"|<(ID)>')


class Form:
    """One seed, made ready."""

    def __init__(self, seed):
        seed = msgspec.json.decode(encode(seed))
        self.identity = seed["id"]
        properties = seed["properties"]
        properties.setdefault("updated", properties.get("datetime") or properties["start_datetime"])
        self.moments = {name: moment(properties[name]) for name in MOMENTS if properties.get(name)}
        for name in self.moments:
            properties[name] = f"<{name}>"
        self.cloudy = isinstance(properties.get("eo:cloud_cover"), int | float)
        if self.cloudy:
            properties["eo:cloud_cover"] = "<clouds>"
        self.coordinates = seed["geometry"]["coordinates"]
        self.box = box_of(self.coordinates)
        seed["geometry"]["coordinates"], seed["bbox"] = "<coordinates>", "<bbox>"
        pieces = BLANK.split(encode(seed).replace(self.identity.encode(), b"<ID>"))
        self.fixed = pieces[0::3]
        self.blanks = [(one or other).decode() for one, other in zip(pieces[1::3], pieces[2::3], strict=True)]

    def fill(self, number):
        """Return record `number` as a line: 64 bits that come of it decide everything."""
        chance = mixed(number)
        identity = f"{self.identity}_{chance & 0xFFFFFF:06x}{number:x}"
        month, chance = chance % MONTHS, chance // MONTHS
        second, chance = chance % (28 * 86400), chance // (28 * 86400)
        middle = next(iter(self.moments.values()))[0]
        shift = int(month_start(month)) + second - middle
        right, chance = moved(self.box[0], self.box[2], 180, chance)
        up, chance = moved(self.box[1], self.box[3], 85, chance)
        values = {name: b'"%s%s"' % (at(told + shift), rest) for name, (told, rest) in self.moments.items()}
        values["ID"] = identity.encode()
        values["coordinates"] = encode(placed(self.coordinates, right, up))
        values["bbox"] = encode([*placed(self.box[:2], right, up), *placed(self.box[2:], right, up)])
        values["clouds"] = encode(chance % 10_001 / 100)
        out = [self.fixed[0]]
        for blank, text in zip(self.blanks, self.fixed[1:], strict=True):
            out += (values[blank], text)
        return b"".join(out) + b"\n"


def mixed(number):
    """Return 64 bits that look random: another for each number (the finalizer of SplitMix64)."""
    number = (number * 0x9E3779B97F4A7C15 + 0x1F83D9ABFB41BD6B) % 2**64
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    number = (number ^ number >> 27) * 0x94D049BB133111EB % 2**64
    return number ^ number >> 31


def month_of(number):
    """Return the year and month, as texts, of a month of the MONTHS."""
    return f"{FIRST + number // 12}", f"{number % 12 + 1:02}"


def month_start(number):
    return dt.datetime(FIRST + number // 12, number % 12 + 1, 1, tzinfo=dt.UTC).timestamp()


def moment(text):
    """Return seconds since 1970, and what stands behind them in the text."""
    return int((dt.datetime.fromisoformat(text[:19] + "Z") - EPOCH).total_seconds()), text[19:].encode()


def at(seconds):
    return (EPOCH + dt.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S").encode()


def box_of(coordinates):
    """Return west, south, east, north of coordinates nested anyhow."""
    if not isinstance(coordinates[0], list):
        return [*coordinates[:2], *coordinates[:2]]
    boxes = [box_of(part) for part in coordinates]
    return [*(min(box[i] for box in boxes) for i in (0, 1)), *(max(box[i] for box in boxes) for i in (2, 3))]


def moved(least, greatest, limit, chance):
    """Return how far a range may be moved, by chance, within -limit and limit, and what is left of chance."""
    free = max(0, int((2 * limit - (greatest - least)) * 1000)) or 1
    where, chance = chance % free, chance // free
    inside = -limit <= least and greatest <= limit
    return (where / 1000 - limit - least if inside else 0.0), chance


def placed(coordinates, right, up):
    if isinstance(coordinates[0], list):
        return [placed(part, right, up) for part in coordinates]
    return [round(coordinates[0] + right, 7), round(coordinates[1] + up, 7), *coordinates[2:]]
