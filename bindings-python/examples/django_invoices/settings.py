"""The project's settings."""

import os
from pathlib import Path

FOLDER = Path(os.environ.get("DATA_FOLDER", Path(__file__).parent))

INSTALLED_APPS = ["invoices"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "invoices.db"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "Asia/Jakarta"
USE_TZ = True

# What was sent to whom, and what is still to be sent. It is not one of Django's databases; back it up together with them.
WHATSAPP_DATABASE = os.fspath(FOLDER / "whatsapp.db")
