# SPDX-License-Identifier: Apache-2.0
"""Real data through `rapportctl import`, one night, and the API, against figures computed
from the raw files by other means: published estimates, and SQLite over the same rows.

The data lies beside the repository (../shared/data) and is not part of it; without it the
test is skipped.
"""
import sqlite3
import unittest

from real import RealCase, raw_rows
from rapport.v1 import cohort_service_pb2 as cohorts
from rapport.v1 import metric_pb2
from rapport.v1 import metric_service_pb2 as metrics
from rapport.v1 import value_service_pb2 as values
from rapport.v1 import workspace_pb2


class RealData(RealCase):
    # CDNOW: 2,357 customers of the 1997 cohort, 39 weeks of calibration.
    def test_cdnow_gives_the_published_model(self):
        # The published figures are of BG/NBD; auto takes MBG/NBD here.
        summary = self.load("cdnow.textproto", "cdnow_sample/cdnow_sample.csv.gz", "cdnow", base_currency="USD",
                            value_settings=workspace_pb2.ValueSettings(purchase_model="bg_nbd"))
        self.assertEqual(summary["rows"], 6919)
        self.rig.nightly("--as-of=1997-09-30T23:59:59Z")
        model = self.rig.stubs.values.GetValueModel(
            values.GetValueModelRequest(name="workspaces/cdnow/valueModel"))
        self.assertTrue(model.converged)
        self.assertEqual((model.customer_count, model.repeater_count), (2357, 946))
        self.assertEqual(model.time_unit_days, 7)
        found = {p.name: p for p in model.purchase_parameters}
        # Maximum-likelihood estimates and standard errors at a gradient below 1e-7;
        # published (Fader, Hardie and Lee 2005): .243 4.414 .793 2.426, LL -9582.4.
        for name, estimate, error in (("r", 0.2425945, 0.01256), ("alpha", 4.413602, 0.37822),
                                      ("a", 0.792922, 0.18573), ("b", 2.425907, 0.70541)):
            self.assertAlmostEqual(found[name].value, estimate, delta=2e-5 * estimate, msg=name)
            self.assertAlmostEqual(found[name].standard_error, error, delta=2e-3 * error, msg=name)
        self.assertAlmostEqual(model.purchase_log_likelihood, -9582.4292067, places=5)
        spend = {p.name: p.value for p in model.spend_parameters}
        # Fader and Hardie, note 025: 6.25 3.74 15.44.
        self.assertAlmostEqual(spend["p"], 6.249572, delta=2e-4)
        self.assertAlmostEqual(spend["q"], 3.744225, delta=2e-4)
        self.assertAlmostEqual(spend["gamma"], 15.443521, delta=2e-3)
        self.assertAlmostEqual(model.spend_log_likelihood, -4055.9176948, places=4)
        # x 2, t_x 30.43 weeks, T 38.86 weeks: 1.2259 purchases in the next 39 weeks.
        first = self.rig.stubs.values.GetCustomerValue(values.GetCustomerValueRequest(
            name="workspaces/cdnow/customers/0001", horizon_days=273)).value
        self.assertEqual((first.repeat_purchases, first.recency_days, first.age_days), (2, 213, 272))
        self.assertAlmostEqual(first.expected_purchases, 1.2259, delta=2e-4)

    # Online retail: what SQLite finds in the raw rows.
    def raw_retail(self):
        database = sqlite3.connect(":memory:")
        database.execute("CREATE TABLE line (invoice, quantity INTEGER, moment, price_milli INTEGER, customer)")
        database.executemany("INSERT INTO line VALUES (?, ?, ?, ?, ?)", (
            (r["InvoiceNo"], int(r["Quantity"]), r["InvoiceDate"], round(float(r["UnitPrice"]) * 1000),
             r["CustomerID"].removesuffix(".0")) for r in raw_rows("online_retail/online_retail.csv.gz")))
        database.execute("""CREATE VIEW clean AS SELECT * FROM line WHERE customer <> '' AND quantity > 0
                            AND price_milli > 0 AND invoice NOT LIKE 'C%'""")
        # One row an invoice: its first moment and its month.
        database.execute("""CREATE TABLE purchase AS SELECT invoice, customer, min(moment) AS moment,
                            substr(min(moment), 1, 7) AS month, sum(quantity * price_milli) AS milli
                            FROM clean GROUP BY invoice""")
        database.execute("""CREATE TABLE birth AS SELECT customer, min(month) AS month
                            FROM purchase GROUP BY customer""")
        return database

    def test_online_retail_equals_sqlite(self):
        database = self.raw_retail()

        def one(query):
            return database.execute(query).fetchone()[0]

        self.load("online_retail.textproto", "online_retail/online_retail.csv.gz", "retail", base_currency="GBP")
        self.rig.nightly("--as-of=2011-12-31T23:59:59Z")
        orders, customers = one("SELECT count(*) FROM purchase"), one("SELECT count(DISTINCT customer) FROM purchase")
        self.assertEqual((orders, customers), (18532, 4338))
        self.assertEqual(self.value("retail", "orders"), orders)
        self.assertEqual(self.value("retail", "purchasing_customers"), customers)
        gross = one("SELECT sum(milli) FROM purchase") / 1000
        self.assertAlmostEqual(gross, 8_911_407.904, places=3)
        self.assertAlmostEqual(self.value("retail", "gross_revenue"), gross, places=3)
        self.assertAlmostEqual(self.value("retail", "average_order_value"), gross / orders, places=6)
        repeaters = one("SELECT count(*) FROM (SELECT 1 FROM purchase GROUP BY customer HAVING count(*) > 1)")
        self.assertAlmostEqual(self.value("retail", "repeat_purchase_rate"), 100 * repeaters / customers, places=9)
        self.assertAlmostEqual(self.value("retail", "repeat_purchase_rate"), 65.5832, places=4)
        cancelled = one("""SELECT -sum(quantity * price_milli) FROM line
                           WHERE customer <> '' AND invoice LIKE 'C%' AND quantity < 0""") / 1000
        self.assertAlmostEqual(self.value("retail", "revenue"), gross - cancelled, places=3)
        self.assert_months(database)
        self.assert_cohorts(database)

    def assert_months(self, database):
        by_month = {p.start_date[:7]: p.value for p in self.points(
            "retail", "purchasing_customers", granularity=metric_pb2.GRANULARITY_MONTH) if p.value}
        expected = dict(database.execute(
            "SELECT month, count(DISTINCT customer) FROM purchase GROUP BY month").fetchall())
        self.assertEqual(by_month, expected)
        self.assertEqual(by_month["2011-11"], 1664)

    def assert_cohorts(self, database):
        report = self.rig.stubs.cohorts.QueryRetention(
            cohorts.QueryRetentionRequest(parent="workspaces/retail"))
        expected = database.execute("""
            SELECT b.month, (substr(p.month, 1, 4) - substr(b.month, 1, 4)) * 12
                            + substr(p.month, 6) - substr(b.month, 6) AS period,
                   count(DISTINCT p.customer), sum(p.milli)
            FROM purchase p JOIN birth b USING (customer) GROUP BY b.month, period""").fetchall()
        found = {(c.start_date[:7], cell.period): cell.returned for c in report.cohorts for cell in c.cells}
        for month, period, returned, _ in expected:
            self.assertEqual(found.pop((month, period)), returned, f"{month} +{period}")
        self.assertFalse(any(found.values()), "cells that SQLite does not have")
        december = next(c for c in report.cohorts if c.start_date == "2010-12-01")
        self.assertEqual([cell.returned for cell in december.cells][:13],
                         [885, 324, 286, 340, 321, 352, 321, 309, 313, 350, 331, 445, 235])
        self.assertEqual(december.size, 885)

    # SFO airport survey 2017.
    def test_airport_survey(self):
        self.load("sfo_2017.textproto", "sfo_2017/sfo_2017.csv.gz", "sfo", base_currency="USD")
        self.rig.nightly()
        scores = [int(r["NETPRO"]) for r in raw_rows("sfo_2017/sfo_2017.csv.gz") if r["NETPRO"].strip().isdigit()]
        scores = [s for s in scores if 0 <= s <= 10]
        promoters, detractors = sum(s >= 9 for s in scores), sum(s <= 6 for s in scores)
        self.assertEqual((len(scores), promoters, detractors), (2746, 1436, 342))
        report = self.rig.stubs.metrics.GetNpsReport(metrics.GetNpsReportRequest(parent="workspaces/sfo"))
        self.assertEqual((report.promoters, report.detractors, report.context.sample_size), (1436, 342, 2746))
        self.assertAlmostEqual(report.score, 39.8398, places=4)
        self.assertEqual([scores.count(s) for s in range(11)], list(report.distribution))
        satisfaction = self.points("sfo", "csat")[0]
        self.assertEqual(satisfaction.sample_size, 2688)
        self.assertAlmostEqual(satisfaction.value, 82.0685, places=4)


if __name__ == "__main__":
    unittest.main(verbosity=2)
