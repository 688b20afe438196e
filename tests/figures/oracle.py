"""The figures of the starter release computed a second time, from the definitions in words.

Reads what was reported (NDJSON lines, which say who each record is about) and what the register exports of it (NDJSON:
which records are current, and what the decision tables gave), and prints the decided numerator and denominator of every
computed variant, as one JSON object: {"indicator/variant": {"place|sex|age|time|group": [numerator, denominator]}}.

Shares no code with the register: sets of conditions are written out below, indicator by indicator.
"""

import json
import sys
from collections import defaultdict
from datetime import date, timedelta

reported_path, exported_path, year_text, today_text = sys.argv[1:5]
YEAR, TODAY = int(year_text), date.fromisoformat(today_text)
AGES = [(80, "80-plus"), (65, "65-79"), (18, "18-64"), (0, "0-17")]


def day(text):
    return date.fromisoformat(text) if text else None


def born(person):
    if person.get("birth_date"):
        return day(person["birth_date"])
    number = "".join(c for c in person["number"] if c.isdigit())
    y, m, d = int(number[0:4]), int(number[4:6]), int(number[6:8])
    return date(y, m, d - 60 if d > 60 else d)


def age_on(birth, when):
    return when.year - birth.year - ((when.month, when.day) < (birth.month, birth.day))


class Part:
    """A contact, segment, monitoring period or care request."""

    def __init__(self, kind, record, row, who, birth, derived=None, segment=None):
        self.kind, self.record, self.who = kind, record, who
        self.residence = row.get("residence")
        self.sex = row.get("sex")
        own = segment or record
        self.start = day(own.get("start") or own.get("date"))
        self.end = day(own.get("end") or (own.get("ended") if kind == "care-request" else None))
        self.age = age_on(birth, self.start) if birth else None
        self.tables = (derived or {}).get("tables", {})
        self.facts = (derived or {}).get("facts", {})

    def table(self, name):
        """Values that are decided; None where they wait."""
        said = self.tables.get(name)
        if said is None:
            return []
        return None if said["values"] == "held" else said["values"]

    def fact(self, axis):
        value = self.facts.get(axis)
        if value is None:
            return None
        return value if isinstance(value, list) else [value]

    def one_of(self, axis, *values):
        known = self.fact(axis)
        return known is not None and any(value in values for value in known)

    def form(self, *forms):
        known = self.table("episode-form")
        return bool(known) and known[0] in forms


def read():
    people = {}
    for line in open(reported_path, encoding="utf-8"):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("person"), dict) and isinstance(row.get("id"), str):
            people[(row.get("reporter"), row.get("kind"), row["id"], row.get("revision"))] = row["person"]
    parts = []
    newest = {}
    for line in open(exported_path, encoding="utf-8"):
        row = json.loads(line)
        record = (row["reporter"], row["kind"], row["id"])
        if record not in newest or newest[record]["revision"] < row["revision"]:
            newest[record] = row
    for row in newest.values():
        if row.get("standing") not in (None, "current") or row.get("withdrawn") or not row.get("record"):
            continue
        person = people[(row["reporter"], row["kind"], row["id"], row["revision"])]
        number = "".join(c for c in person["number"] if c.isalnum())
        who = (person["type"], number)
        try:
            birth = born(person)
        except ValueError:
            birth = None
        record, kind = row["record"], row["kind"]
        if kind == "care-request":
            parts.append(Part(kind, record, row, who, birth))
        for derived in row.get("derived") or []:
            if kind == "episode":
                segment = record["segments"][derived["segment"]]
                parts.append(Part("segment", record, row, who, birth, derived, segment))
            elif kind != "care-request":
                parts.append(Part(kind, record, row, who, birth, derived))
    return parts


PARTS = read()
BY_PERSON = defaultdict(list)
for part in PARTS:
    BY_PERSON[part.who].append(part)


def others(part):
    return [other for other in BY_PERSON[part.who] if other is not part and other.kind == "segment"]


# Conditions, in the words of the definitions.


def asked_anew(part):
    """A care request for a new or worsened health problem."""
    return part.kind == "care-request" and part.record.get("problem") in ("new", "worsened")


def not_withdrawn(part):
    return part.record.get("ending") != "withdrawn"


def assessed(part):
    return asked_anew(part) and bool(part.record.get("assessed"))


def in_three_days(part):
    return assessed(part) and 0 <= (day(part.record["assessed"]) - part.start).days <= 3


def in_groups(kind):
    return lambda part: part.kind == kind and bool(part.table("groups"))


def at_home(part):
    return part.kind == "segment" and part.form("hospital-care-at-home")


def physician_round_the_clock(part):
    return part.one_of("physician-access", "round-the-clock-on-site", "round-the-clock-remote")


def team_round_the_clock(part):
    return part.one_of("team-response", "round-the-clock-within-limit", "round-the-clock")


def municipal(part):
    return part.kind == "segment" and part.form("home-health-care") and part.one_of("origin", "municipal", "joint")


def remote(part):
    return part.kind == "monitoring-period" and "remote-monitoring" in (part.table("monitoring-form") or [])


def with_response(part):
    return remote(part) and part.record.get("thresholds") is True and part.record.get("response_duty") is True


def formed(part):
    return part.kind == "segment" and bool(part.table("episode-form"))


def moved(part):
    """Begins on the day, or the day after, another segment of the same person ended."""
    return formed(part) and any(
        formed(other) and other.end and 0 <= (part.start - other.end).days <= 1 for other in others(part)
    )


def discharge(*forms):
    """Discharged from one of the forms at 65 or above, and not moved within them the same day."""

    def holds(part):
        if part.kind != "segment" or not part.form(*forms) or part.age is None or part.age < 65 or not part.end:
            return False
        for other in others(part):
            if (other.start - part.end).days == 0 and (other.form(*forms) or other.table("episode-form") is None):
                return False
        return TODAY > part.end

    return holds


def readmitted(*forms):
    """A discharge that another segment in one of the forms follows within 1 to 30 days."""
    base = discharge(*forms)

    def holds(part):
        return base(part) and any(
            other.form(*forms) and 1 <= (other.start - part.end).days <= 30 for other in others(part)
        )

    return holds


INPATIENT, WITH_HOME = ("inpatient-care",), ("inpatient-care", "hospital-care-at-home")
PARTS_OF_CARE = ("contact", "segment", "monitoring-period")

# Indicator/variant: what is counted above and below the line, by which date, and whether persons are counted once.
VARIANTS = {
    "core-02/assessed": (in_three_days, assessed, "start", False),
    "core-02/all-requests": (in_three_days, lambda part: asked_anew(part) and not_withdrawn(part), "start", False),
    "core-10/own-ledger": (readmitted(*INPATIENT), discharge(*INPATIENT), "end", False),
    "core-10/own-ledger-with-home": (readmitted(*WITH_HOME), discharge(*WITH_HOME), "end", False),
    "segments-by-group/segments": (in_groups("segment"), None, "start", False),
    "contacts-by-group/contacts": (in_groups("contact"), None, "start", False),
    "reach-by-group/persons": (
        lambda part: part.kind in PARTS_OF_CARE and bool(part.table("groups")), None, "during", True,
    ),
    "home-care-for-children/children": (
        lambda part: part.kind in PARTS_OF_CARE
        and "home-health-care-children" in (part.table("groups") or [])
        and part.age is not None
        and part.age < 18,
        None, "during", True,
    ),
    "hospital-at-home-round-the-clock/physician-and-team": (
        lambda part: at_home(part) and physician_round_the_clock(part) and team_round_the_clock(part),
        at_home, "start", False,
    ),
    "hospital-at-home-round-the-clock/physician": (
        lambda part: at_home(part) and physician_round_the_clock(part), at_home, "start", False,
    ),
    "movements-between-forms/segments": (moved, None, "start", False),
    "remote-monitoring-reach/persons": (remote, None, "during", True),
    "remote-monitoring-response/periods": (with_response, remote, "start", False),
    "municipal-medical-assessment/segments": (
        lambda part: municipal(part) and physician_round_the_clock(part), municipal, "start", False,
    ),
    "requests-never-met/requests": (
        lambda part: asked_anew(part) and part.record.get("ending") == "never-met",
        lambda part: asked_anew(part) and not_withdrawn(part), "start", False,
    ),
}


def periods(part, dated):
    """The months and the year that a part belongs to, as far as they are of the year asked for."""
    if dated == "start":
        days = [part.start]
    elif dated == "end":
        days = [part.end] if part.end else []
    else:
        # A part covers its first date and those after it up to, not including, its end; a contact at least its date.
        last = part.start if part.kind == "contact" and not part.end else None
        last = last or ((part.end - timedelta(days=1)) if part.end else date(YEAR, 12, 31))
        first, last = max(part.start, date(YEAR, 1, 1)), min(max(last, part.start), date(YEAR, 12, 31))
        months = range(first.month, last.month + 1) if first <= last and first.year == YEAR == last.year else []
        days = [date(YEAR, month, 1) for month in months]
    days = [when for when in days if when.year == YEAR]
    return {f"{YEAR}-{when.month:02}" for when in days} | ({str(YEAR)} if days else set())


def places(residence):
    if not residence:
        return ["", "unknown"]
    return ["", residence[:2]] + ([residence] if len(residence) == 4 else [residence[:2] + "-unknown"])


def age_group(age):
    return "unknown" if age is None else next(code for low, code in AGES if age >= low)


def groups(part, breakdown):
    """The values in which a part is counted: `form` of segments, `group` of all."""
    return {"group": part.table("groups"), "form": part.table("episode-form")}[breakdown] or []


def counted(holds, dated, persons, breakdown=None):
    cells = defaultdict(int)
    rows = []
    for part in PARTS:
        if holds(part):
            for when in periods(part, dated):
                for group in groups(part, breakdown) if breakdown else [""]:
                    rows.append((part, when, group))
    if persons:
        # Once in a period, and in each value there: where, of which sex and how old on the first part that counts in it.
        first = {}
        for part, when, _ in rows:
            rank = (part.start, PARTS_OF_CARE.index(part.kind))
            if (part.who, when) not in first or rank < first[(part.who, when)][0]:
                first[(part.who, when)] = (rank, part)
        once = {(part.who, when, group) for part, when, group in rows}
        rows = [(first[(who, when)][1], when, group) for who, when, group in once]
    for part, when, group in rows:
        for place in places(part.residence):
            for sex in ("", part.sex or "unknown"):
                for age in ("", age_group(part.age)):
                    cells["|".join((place, sex, age, when, group))] += 1
    return cells


def main():
    told = {}
    for name, (above, below, dated, persons) in VARIANTS.items():
        for breakdown in (None, "group", "form"):
            if breakdown == "group" and "by-group" not in name:
                continue
            if breakdown == "form" and not name.startswith("movements"):
                continue
            numerator = counted(above, dated, persons, breakdown)
            denominator = counted(below, dated, persons, breakdown) if below else {}
            told.setdefault(name, {}).update(
                {key: [numerator.get(key, 0), denominator.get(key, 0)] for key in {*numerator, *denominator}}
            )
    json.dump(told, sys.stdout)


main()
