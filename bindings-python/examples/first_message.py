"""Sends one message, and says what became of it.

    python -m waha_campaign.simulator        # in another terminal: a WAHA without WhatsApp

    export WAHA_URL=http://localhost:3000 WAHA_API_KEY=simulator-key
    python first_message.py 0812-3456-7890 "Halo!"
"""

from __future__ import annotations

import sys

from waha_campaign import Client, InvalidPhone, MaybeSent, NotHandedOver, Refused


def main() -> str | None:
    if len(sys.argv) != 3:
        return __doc__
    phone, text = sys.argv[1:]
    try:
        with Client() as waha:
            sent = waha.send_text(phone, text)
    except InvalidPhone as error:
        return f"Not sent: {error}"
    except NotHandedOver as error:
        return f"Not sent, and it may be tried again: {error}"
    except Refused as error:
        return f"Not sent, WAHA says no: {error}"
    except MaybeSent as error:
        # Trying again could send it twice. Only a look at the chat tells.
        return f"It may have been sent. Look at the chat before you send it again: {error}"
    # WhatsApp's own word, that it was delivered or read, comes later, by a webhook or `Client.events`.
    print(f"WAHA has taken it: {sent.id}")
    return None


if __name__ == "__main__":
    sys.exit(main())
