import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel(
            name="Invoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=40, unique=True)),
                ("customer", models.CharField(max_length=200)),
                ("phone", models.CharField(max_length=40)),
                ("amount", models.PositiveBigIntegerField()),
                ("issued_on", models.DateField(default=django.utils.timezone.localdate)),
                ("due_on", models.DateField()),
                ("whatsapp_state", models.CharField(blank=True, editable=False, max_length=20)),
                ("whatsapp_note", models.TextField(blank=True, editable=False)),
            ],
        ),
    ]
