"""Make the example tables that `slipway new` is tried with: customers who leave, tickets for teams, sales by day.

Nobody and nothing was ever asked or measured for these rows. Each label follows from the other columns, plus what no
model can learn, so that a gate has something to judge.

    python data/make_tables.py [FOLDER]

The same bytes come out on every platform: only a seeded generator of uniform numbers and the four basic operations
are used, no function whose last digit depends on the C library.
"""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

SEED = 20_261
CHURN_ROWS, TICKET_ROWS, SALES_DAYS = 800, 900, 240
STORES = {"harbour": 40.0, "old town": 28.0, "station": 55.0}
CONTRACTS = (("month-to-month", 0.6), ("one year", 0.25), ("two years", 0.15))
PRAISE = ("friendly staff on the phone", "paid early, no questions", "asked about a faster line", "moved to a new flat")
COMPLAINTS = (
    "wants to cancel, price too high",
    "line down again, very angry",
    "compared us with a cheaper rival",
    'said "never again", then hung up',
)
TEAMS = {
    "billing": ("the invoice is wrong", "charged twice this month", "refund has not arrived", "card was declined"),
    "technical": ("the app crashes at start", "error 504 after login", "cannot reset my password", "sync is very slow"),
    "sales": ("need a quote for ten seats", "which plan has reports", "discount for schools", "demo for our team"),
    "other": (
        "a question about your office",
        "please call me back",
        "where do I send a letter",
        "thank you for the help",
    ),
}
FILLERS = ("since yesterday", "on my phone", "please help", "as before", "for the second time", "in the new version")

Row = Sequence[object]


def churn(generator: random.Random) -> Iterator[Row]:
    """Customers, with an id, a date, gaps and notes; who leaves follows from contract, tenure and notes."""
    yield "customer_id", "signup", "contract", "tenure", "monthly_charge", "paperless", "support_notes", "churned"
    today = date(2026, 6, 30)
    for number in range(1, CHURN_ROWS + 1):
        tenure = int(72 * generator.random() * generator.random())
        contract = drawn(generator, CONTRACTS)
        charge = 20 + 90 * generator.random()
        unhappy = generator.random() < 0.3
        risk = 0.1 + 0.3 * (contract == "month-to-month") + 0.3 * unhappy + 0.003 * (charge - 60) - 0.004 * tenure
        said = f"{generator.choice(COMPLAINTS if unhappy else PRAISE)}; {generator.choice(FILLERS)}"
        notes = said if generator.random() < 0.8 else ""
        yield (
            f"C-{10_000 + number}",
            today - timedelta(days=30 * tenure + generator.randrange(30)),
            contract,
            tenure,
            "" if generator.random() < 0.05 else f"{charge:.2f}",
            generator.choice(("yes", "no")),
            notes,
            "yes" if generator.random() < risk else "no",
        )


def tickets(generator: random.Random) -> Iterator[Row]:
    """Tickets, with a text and a time: and the team that each is for."""
    yield "ticket", "opened", "channel", "message", "attachments", "team"
    for number in range(1, TICKET_ROWS + 1):
        team = drawn(generator, (("technical", 0.4), ("billing", 0.3), ("sales", 0.2), ("other", 0.1)))
        spoken_of = team if generator.random() < 0.9 else generator.choice(list(TEAMS))
        day = date(2026, 1, 1) + timedelta(days=generator.randrange(180))
        yield (
            f"T{number:05d}",
            f"{day}T{generator.randrange(24):02d}:{generator.randrange(60):02d}:00",
            generator.choice(("mail", "chat", "phone")),
            f"{generator.choice(TEAMS[spoken_of])}, {generator.choice(FILLERS)}",
            generator.randrange(4) if team == "technical" else generator.randrange(2),
            team,
        )


def sales(generator: random.Random) -> Iterator[Row]:
    """What three stores sell on each day: a number that moves with the time, so the newest days are tested on."""
    yield "day", "store", "price", "promotion", "temperature", "units"
    for offset in range(SALES_DAYS):
        day = date(2025, 10, 1) + timedelta(days=offset)
        warmth = 4 + 0.09 * offset + 6 * generator.random()
        for store, usual in STORES.items():
            price = 2.5 + generator.randrange(6) / 10
            promotion = generator.random() < 0.15
            weekend = day.weekday() >= 5
            units = usual * (1 + 0.4 * weekend + 0.5 * promotion) + warmth - 8 * (price - 2.75) + 8 * generator.random()
            temperature = "" if generator.random() < 0.04 else f"{warmth:.1f}"
            yield day, store, f"{price:.2f}", "yes" if promotion else "no", temperature, int(units)


def drawn(generator: random.Random, shares: Sequence[tuple[str, float]]) -> str:
    """Draw a value by its share; the shares add up to 1."""
    place = generator.random()
    for value, share in shares:
        place -= share
        if place < 0:
            return value
    return shares[-1][0]


TABLES: dict[str, Callable[[random.Random], Iterator[Row]]] = {"churn": churn, "tickets": tickets, "sales": sales}


def write(folder: Path) -> None:
    """Write `<name>.csv` for each table."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in TABLES.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows(random.Random(SEED)))  # noqa: S311 - sample data


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "examples")
