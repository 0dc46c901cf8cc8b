"""Reads every account of a Smartlead and counts which are down, as plainly as Python does it.

It keeps no history, tells nobody and forgives no fault: the measure for what scripts/bench.sh
measures, not a rival. Takes the settings of `monitor`.
"""

import os

import psycopg
import requests

PAGE_SIZE = 100

base_url = os.environ["SMARTLEAD_BASE_URL"]
session = requests.Session()
total = down = offset = 0
while True:
    answer = session.get(
        f"{base_url}/api/v1/email-accounts/",
        params={
            "api_key": os.environ["SMARTLEAD_API_KEY"],
            "offset": offset,
            "limit": PAGE_SIZE,
        },
        timeout=30,
    )
    answer.raise_for_status()
    page = answer.json()
    total += len(page)
    down += sum(
        not (account["is_smtp_success"] and account["is_imap_success"]) for account in page
    )
    if len(page) < PAGE_SIZE:
        break
    offset += PAGE_SIZE

with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("create table if not exists counts (total bigint, down bigint)")
    connection.execute("insert into counts values (%s, %s)", (total, down))
print(total, down)
