#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""view > cart > purchase per visitor, by SQL alone: the figures that rees46_funnel_test.cc
expects of the engine.

  rees46_funnel.py EVENTS.csv.gz WINDOW_SECONDS [same|later|product]

`later`: each step strictly later than the one before; `product`: all of one product. Prints
visitors with a view, with a cart after it, with a purchase after that, and the sum of seconds
from view to purchase: of each visitor's first purchase that ends a chain, from the last view
that begins one.
"""
import csv
import gzip
import sqlite3
import sys


def load(path):
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE e (t INTEGER, what TEXT, product TEXT, visitor TEXT)")
    with gzip.open(path, "rt", newline="") as lines:
        rows = csv.DictReader(lines)
        database.executemany(
            "INSERT INTO e VALUES (CAST(strftime('%s', ?) AS INTEGER), ?, ?, ?)",
            ((row["event_time"][:19], row["event_type"], row["product_id"], row["user_id"])
             for row in rows))
    database.execute("CREATE INDEX by_visitor ON e (visitor, what, t)")
    return database


def main():
    database, window = load(sys.argv[1]), int(sys.argv[2])
    mode = sys.argv[3] if len(sys.argv) > 3 else "same"
    after = ">" if mode == "later" else ">="
    alike = "AND {0}.product = v.product" if mode == "product" else ""
    cart = f"""e v JOIN e c ON c.visitor = v.visitor AND c.what = 'cart' AND c.t {after} v.t
               AND c.t <= v.t + {window} {alike.format('c')}"""
    bought = f"""{cart} JOIN e p ON p.visitor = v.visitor AND p.what = 'purchase'
                 AND p.t {after} c.t AND p.t <= v.t + {window} {alike.format('p')}"""
    viewed = database.execute("SELECT COUNT(DISTINCT visitor) FROM e WHERE what = 'view'")
    carted = database.execute(
        f"SELECT COUNT(DISTINCT v.visitor) FROM {cart} WHERE v.what = 'view'")
    # The last view of the chains that end with the visitor's first such purchase.
    ends = database.execute(f"""
        WITH chain AS (SELECT v.visitor AS visitor, v.t AS start, p.t AS reached
                       FROM {bought} WHERE v.what = 'view'),
             first AS (SELECT visitor, MIN(reached) AS reached FROM chain GROUP BY visitor)
        SELECT COUNT(*), SUM(seconds) FROM (
          SELECT first.reached - MAX(chain.start) AS seconds FROM first JOIN chain
          ON chain.visitor = first.visitor AND chain.reached = first.reached
          GROUP BY first.visitor)""").fetchone()
    print(viewed.fetchone()[0], carted.fetchone()[0], ends[0], ends[1] or 0)


main()
