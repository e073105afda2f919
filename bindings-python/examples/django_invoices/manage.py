"""A project with just what `send_invoices` needs.

    pip install django
    python manage.py migrate
    python manage.py loaddata sample         # three invoices of today

    python -m waha_campaign.simulator        # in another terminal: a WAHA without WhatsApp

    export WAHA_URL=http://localhost:3000 WAHA_API_KEY=simulator-key
    python manage.py send_invoices
"""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
    execute_from_command_line(sys.argv)
