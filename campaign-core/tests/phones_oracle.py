"""Writes phone-number inputs by seed, and what PyPI's phonenumbers says about each.

    python3 phones_oracle.py [--seed N] [--per-region N] > answers.jsonl

One JSON object a line: region, kind of mess, input, the number it was made from (if it still
stands for one), the same text without what a spreadsheet did to it (if it did), the oracle's number
for the digits after a plus (if the text has none but digits), and its answer to the very input. The version of phonenumbers must be
the version of the metadata in rlibphonenumber (its README names it), or differences of age would
look like differences of judgement; tests/phones.rs compares the two.
"""

import argparse
import json
import random
import sys

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

METADATA_VERSION = "9.0.42"

REGIONS = (
    "ID MY SG TH VN PH IN PK BD LK NP KH MM JP KR CN HK TW AU NZ AE SA EG NG KE ZA GH TR IR IL RU "
    "KZ UA PL DE AT CH FR IT ES PT NL BE GB IE SE FI US CA MX BR AR CL CO PE"
).split()

TYPES = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.VOIP: "internet",
    PhoneNumberType.UNKNOWN: "unknown",
}

ARABIC = "".join(chr(0x660 + digit) for digit in range(10))
DEVANAGARI = "".join(chr(0x966 + digit) for digit in range(10))
FULL_WIDTH = "".join(chr(0xFF10 + digit) for digit in range(10))


def valid_number(chance, region):
    """A valid number of the region: two in three mobile, the others of any other type."""
    wanted = [PhoneNumberType.MOBILE]
    if chance.random() < 0.34:
        wanted = [
            PhoneNumberType.FIXED_LINE,
            PhoneNumberType.FIXED_LINE,
            PhoneNumberType.TOLL_FREE,
            PhoneNumberType.VOIP,
            PhoneNumberType.PREMIUM_RATE,
            PhoneNumberType.UAN,
        ]
    example = phonenumbers.example_number_for_type(region, chance.choice(wanted))
    example = example or phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    digits = phonenumbers.national_significant_number(example)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    lengths = [n for n in metadata.general_desc.possible_length if n >= 7]
    while True:
        length = len(digits) if chance.random() < 0.5 else chance.choice(lengths)
        kept = chance.randint(1, 4)
        nsn = digits[:kept] + "".join(chance.choice("0123456789") for _ in range(length - kept))
        try:
            number = phonenumbers.parse(f"+{example.country_code}{nsn}")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return number


def written(number, kind):
    return phonenumbers.format_number(number, kind)


def grouped(digits, size=3):
    head = len(digits) % size
    parts = [digits[:head]] if head else []
    return parts + [digits[at : at + size] for at in range(head, len(digits), size)]


def translated(text, alphabet):
    return "".join(alphabet[int(c)] if c in "0123456789" else c for c in text)


def kinds(chance, region, number):
    """Every kind of mess: (kind, text, does it stand for the number?, the same without the mess)."""
    e164 = written(number, PhoneNumberFormat.E164)
    digits = e164[1:]
    code = str(number.country_code)
    nsn = phonenumbers.national_significant_number(number)
    national = written(number, PhoneNumberFormat.NATIONAL)
    dialled = "".join(c for c in national if c.isdigit())
    abroad = written(number, PhoneNumberFormat.INTERNATIONAL)
    other = written(valid_number(chance, region), PhoneNumberFormat.E164)
    extension = str(chance.randint(1, 9999))
    at = chance.randrange(1, len(digits))

    yield "e164", e164, True
    yield "international", abroad, True
    yield "national", national, True
    yield "national digits", dialled, True
    yield "national number alone", nsn, True
    yield "tel uri", "tel:" + e164, True
    yield "dashes", "+" + code + "-" + "-".join(grouped(nsn)), True
    yield "dots", "+" + code + "." + ".".join(grouped(nsn, 4)), True
    yield "brackets", f"(+{code}) {nsn}", True
    yield "non-breaking spaces", abroad.replace(" ", "\u00a0"), True
    yield "invisible characters", "\u202a" + "\u200b".join(abroad.split(" ")) + "\u202c", True
    yield "arabic digits", translated(e164, ARABIC), True
    yield "devanagari digits", translated(dialled, DEVANAGARI), True
    yield "full-width", "\uff0b" + translated(digits, FULL_WIDTH), True
    yield "apostrophe", "'" + dialled, True
    yield "formula quotes", f'="{e164}"', True
    yield "bare country code", digits, True
    yield "bare country code, spaced", code + " " + " ".join(grouped(nsn)), True
    yield "double zero", "00" + digits, True
    yield "double zero, spaced", f"00 {code} {nsn}", True
    yield "trunk zero", f"+{code} 0{nsn}", True
    yield "float", digits + ".0", True, digits
    yield "float, national", nsn + ".0", True, nsn
    yield "float, two decimals", digits + ",00", True, digits
    yield "thousands", ",".join(grouped(digits)), True, digits
    yield "exponent", f"{digits[0]}.{digits[1:]}E+{len(digits) - 1}", True, digits
    yield "exponent, shortened", f"{digits[0]}.{digits[1:3]}E+{len(digits) - 1}", False
    yield "person address", digits + "@c.us", True
    yield "device address", digits + ":7@s.whatsapp.net", True
    yield "group address", "1203630" + digits[:11].ljust(11, "5") + "@g.us", False
    yield "hidden address", digits + "@lid", False
    yield "link", f"https://wa.me/{digits}?text=Halo%20123", True
    yield "label", "WA: " + e164, True
    yield "note", dialled + " (WA)", True
    yield "note, long", dialled + " (istri)", True
    yield "extension", f"{e164} ext. {extension}", False
    yield "extension, x", f"{dialled}x{extension}", False
    yield "two numbers, slash", f"{e164} / {other}", False
    yield "two numbers, comma", f"{digits},{other[1:]}", False
    yield "two numbers, line", f"{e164}\n{other}", False
    yield "two numbers, space", f"{digits} {other[1:]}", False
    yield "two numbers, word", f"{dialled} atau {other}", False
    yield "letter for a digit", digits[:at] + "O" + digits[at + 1 :], False
    yield "sign for a digit", "+" + digits[:at] + "?" + digits[at + 1 :], False
    yield "digit missing", "+" + digits[:at] + digits[at + 1 :], False
    yield "digit twice", "+" + digits[:at] + digits[at - 1 :], False
    yield "digit missing, national", dialled[:-1], False
    yield "random digits", "".join(chance.choice("0123456789") for _ in range(chance.randint(3, 15))), False
    yield "random after plus", "+" + str(chance.randint(10**6, 10**15)), False


def oracle(text, region):
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    number_type = phonenumbers.number_type(number)
    return {
        "e164": written(number, PhoneNumberFormat.E164),
        "line": TYPES.get(number_type, "service"),
        "extension": number.extension is not None,
    }


def with_plus(text, region):
    digits = text.replace(" ", "")
    if not (digits.isascii() and digits.isdigit()):
        return None
    answer = oracle("+" + digits.removeprefix("00"), region)
    return answer and answer["e164"]


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seed", type=int, default=20261121)
    arguments.add_argument("--per-region", type=int, default=20, help="numbers of each region")
    options = arguments.parse_args()
    if phonenumbers.__version__ != METADATA_VERSION:
        sys.exit(
            f"phonenumbers is {phonenumbers.__version__}, the metadata compared is "
            f"{METADATA_VERSION}: pip install phonenumbers=={METADATA_VERSION}"
        )
    chance = random.Random(options.seed)
    for region in REGIONS:
        for _ in range(options.per_region):
            number = valid_number(chance, region)
            for kind, text, stands, *plain in kinds(chance, region, number):
                case = {
                    "region": region,
                    "kind": kind,
                    "input": text,
                    "made_from": written(number, PhoneNumberFormat.E164) if stands else None,
                    "plain": plain[0] if plain else None,
                    "with_plus": with_plus(text, region),
                    "oracle": oracle(text, region),
                }
                print(json.dumps(case))


if __name__ == "__main__":
    main()
