"""The Python package beside what Python programs use today: `phonenumbers`, `jinja2`, `requests`, `aiohttp`.

Reads a question (numbers, a template with a row, a server) as JSON and prints as JSON what each contender took, in seconds: the median of
several rounds in which they take turns. What they come to must be the same.
"""

import asyncio
import json
import sys
import time
from statistics import median

import aiohttp
import jinja2
import phonenumbers
import requests
import waha_campaign
from phonenumbers import PhoneNumberFormat


def seconds(work):
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def in_turns(rounds, contenders):
    """The median seconds of each contender, by name, in rounds in which they take turns; and what each came to at last."""
    taken = {name: [] for name in contenders}
    results = {}
    for _ in range(rounds):
        for name, work in contenders.items():
            took, results[name] = seconds(work)
            taken[name].append(took)
    return {name: median(rounds) for name, rounds in taken.items()}, results


def same(results):
    results = list(results.values())
    if any(it != results[0] for it in results):
        sys.exit("the contenders come to different results")


def e164(text):
    """What `normalize_all` does for a plain number: parsed, valid, of a kind, as E.164."""
    try:
        number = phonenumbers.parse(text, "ID")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    if phonenumbers.number_type(number) not in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE):
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def numbers(phones):
    # One turn: it takes the library minutes.
    taken, results = in_turns(1, {"phonenumbers": lambda: [e164(it) for it in phones], "ours": lambda: waha_campaign.normalize_all(phones).phones})
    same(results)
    return taken


def messages(text, row, times, rounds):
    theirs = jinja2.Environment().from_string(text)
    ours = waha_campaign.Template(text)

    def repeat(render):
        def work():
            for _ in range(times):
                written = render(row)
            return written

        return work

    taken, results = in_turns(rounds, {"jinja2": repeat(theirs.render), "ours": repeat(ours.render)})
    same(results)
    return taken


def body(number):
    chat = f"{6281200000000 + number}@c.us"
    return {"session": "bench-0", "chatId": chat, "text": f"Tagihan nomor {number}", "id": f"3EB0{number:018X}"}


def sent(client, message):
    return client.send_text(message["chatId"], message["text"], message_id=message["id"])


def one_by_one(url, key, count, rounds):
    posting = requests.Session()
    posting.headers["X-Api-Key"] = key
    client = waha_campaign.Client(url, api_key=key, session="bench-0")

    def theirs():
        for number in range(count):
            posting.post(f"{url}/api/sendText", json=body(number), timeout=120).raise_for_status()

    def ours():
        for number in range(count):
            sent(client, body(number))

    return in_turns(rounds, {"requests": theirs, "ours": ours})[0]


def together(url, key, count, in_flight, rounds):
    async def spread(send):
        left = iter(range(count))

        async def sender():
            for number in left:
                await send(body(number))

        await asyncio.gather(*(sender() for _ in range(in_flight)))

    async def theirs():
        connections = aiohttp.TCPConnector(limit=in_flight)
        async with aiohttp.ClientSession(url, headers={"X-Api-Key": key}, connector=connections) as posting:

            async def send(message):
                async with posting.post("/api/sendText", json=message) as answer:
                    answer.raise_for_status()
                    await answer.json()

            await spread(send)

    async def ours():
        async with waha_campaign.AsyncClient(url, api_key=key, session="bench-0") as client:
            await spread(lambda message: sent(client, message))

    return in_turns(rounds, {"aiohttp": lambda: asyncio.run(theirs()), "ours": lambda: asyncio.run(ours())})[0]


asked = json.load(sys.stdin)
print(
    json.dumps(
        {
            "numbers": numbers([asked["phones"][number % len(asked["phones"])] for number in range(asked["numbers"])]),
            "messages": messages(asked["template"], asked["row"], asked["messages"], asked["rounds"]),
            "one_by_one": one_by_one(asked["url"], asked["key"], asked["sends"], asked["rounds"]),
            "together": together(asked["url"], asked["key"], asked["sends"], asked["in_flight"], asked["rounds"]),
        }
    )
)
