"""One column of phone numbers read by `phonenumbers`, as a Python program would read it.

    echo '["0812-3456-7890"]' | python3 phones.py

Each text is parsed for Indonesia, its type asked for (which asks for its validity too), and a mobile one written as E.164. Prints
nanoseconds for the whole list (the median of several rounds) and how many were mobile numbers, as JSON.
"""

import json
import sys

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType
from timing import nanoseconds

MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def e164(text):
    try:
        number = phonenumbers.parse(text, "ID")
    except NumberParseException:
        return None
    if phonenumbers.number_type(number) not in MOBILE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def read(texts):
    return sum(e164(text) is not None for text in texts)


texts = json.load(sys.stdin)
print(json.dumps({"nanoseconds": nanoseconds(lambda: read(texts)), "mobile": read(texts)}))
