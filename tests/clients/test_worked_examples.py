# SPDX-License-Identifier: Apache-2.0
"""The worked examples of the business's vocabulary, through the API, at their real size."""
import calendar
import datetime
import unittest

import rig
from rapport.v1 import answer_pb2 as answers
from rapport.v1 import event_pb2 as event
from rapport.v1 import metric_pb2
from rapport.v1 import metric_service_pb2 as metrics


def at(year, month, day, hour=12):
    return calendar.timegm((year, month, day, hour, 0, 0))


def subscription(event_id, customer, when, kind):
    return rig.make_event(event_id, customer, when, kind,
                          subscription=event.Subscription(subscription_id=customer, mrr=rig.euros(10)))


class WorkedExamples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = rig.Rig("--sync=process_crash")
        cls.rig.start()
        for workspace_id in ("retention", "churn", "clv", "surveys"):
            cls.rig.create_workspace(workspace_id, base_currency="EUR")
        cls.load()
        cls.rig.nightly("--as-of=2025-04-30T00:00:00Z")

    @classmethod
    def tearDownClass(cls):
        cls.rig.__exit__(None, None, None)

    @classmethod
    def load(cls):
        start, cancel = event.EVENT_TYPE_SUBSCRIPTION_STARTED, event.EVENT_TYPE_SUBSCRIPTION_CANCELLED
        # 10,000 on the books before March 2025; 5,000 come and 3,000 go in March: 12,000 at its end.
        batch = [subscription(f"r{i}", f"c{i}", at(2025, 1 if i < 10_000 else 3, 5 + i % 20), start)
                 for i in range(15_000)]
        batch += [subscription(f"l{i}", f"c{i}", at(2025, 3, 1 + i % 28), cancel) for i in range(3_000)]
        cls.rig.ingest_all(batch, "retention")
        # 1,000 at the start of March, 100 lost in it.
        batch = [subscription(f"r{i}", f"c{i}", at(2025, 1, 5), start) for i in range(1_000)]
        batch += [subscription(f"l{i}", f"c{i}", at(2025, 3, 15), cancel) for i in range(100)]
        cls.rig.ingest_all(batch, "churn")
        # Three customers who order for 100 each month of 2023.
        cls.rig.ingest_all([rig.order(f"o{c}-{m}", f"c{c}", at(2023, m, 10), 100)
                            for c in range(3) for m in range(1, 13)], "clv")
        # 300 promoters, 100 passives, 100 detractors; satisfaction 5, 4, 2, 1.
        scores = [9 + i % 2 for i in range(300)] + [7 + i % 2 for i in range(100)] + [i % 7 for i in range(100)]
        batch = [rig.nps(f"n{i}", f"c{i}", at(2025, 3, 1 + i % 28), score) for i, score in enumerate(scores)]
        batch += [rig.make_event(f"s{i}", f"c{i}", at(2025, 3, 3), event.EVENT_TYPE_CSAT_ANSWERED,
                                 survey_answer=event.SurveyAnswer(score=score))
                  for i, score in enumerate([5, 4, 2, 1])]
        cls.rig.ingest_all(batch, "surveys")

    def query(self, workspace_id, metric, start, end, **more):
        return self.rig.stubs.metrics.QueryMetric(metrics.QueryMetricRequest(
            parent=f"workspaces/{workspace_id}", metric=metric, start_date=start, end_date=end, **more))

    def value(self, *arguments, **more):
        points = self.query(*arguments, **more).total.points
        self.assertEqual(len(points), 1)
        return points[0].value

    def test_retention_is_70_percent(self):
        march = ("2025-03-01", "2025-04-01")
        for view in (answers.VIEW_NIGHTLY, answers.VIEW_LIVE):
            answer = self.query("retention", "customer_retention_rate", *march, view=view)
            self.assertAlmostEqual(answer.total.points[0].value, 70.0, places=9)
            self.assertEqual(answer.total.points[0].denominator, 10_000)
            self.assertEqual(answer.band, "strong")
            self.assertEqual(answer.context.definition, "customer_retention_rate")
        self.assertAlmostEqual(self.value("retention", "net_growth", *march), 20.0, places=9)
        self.assertEqual(self.value("retention", "customers", *march), 12_000)

    def test_churn_is_10_percent_a_month(self):
        answer = self.query("churn", "churn_rate", "2025-03-01", "2025-04-01",
                            granularity=metric_pb2.GRANULARITY_MONTH)
        self.assertAlmostEqual(answer.total.points[0].value, 10.0, places=9)
        self.assertEqual((answer.total.points[0].numerator, answer.total.points[0].denominator), (100, 1000))

    def test_simple_lifetime_value_is_1200(self):
        self.assertAlmostEqual(
            self.value("clv", "clv_simple", "2023-01-01", "2024-01-01", years=1), 1200.0, places=6)
        self.assertAlmostEqual(self.value("clv", "average_order_value", "2023-01-01", "2024-01-01"), 100.0)

    def test_net_promoter_score_is_40(self):
        report = self.rig.stubs.metrics.GetNpsReport(metrics.GetNpsReportRequest(
            parent="workspaces/surveys", start_date="2025-03-01", end_date="2025-04-01"))
        self.assertAlmostEqual(report.score, 40.0, places=9)
        self.assertEqual((report.promoters, report.passives, report.detractors), (300, 100, 100))
        # 100 * 1.96 * sqrt((p + d - (p - d)^2) / n) with p .6, d .2, n 500
        half = 100 * 1.959964 * ((0.6 + 0.2 - 0.16) / 500) ** 0.5
        self.assertAlmostEqual(report.interval.low, 40 - half, places=2)
        self.assertAlmostEqual(report.interval.high, 40 + half, places=2)
        self.assertEqual(report.context.sample_size, 500)
        self.assertAlmostEqual(self.value("surveys", "nps", "2025-03-01", "2025-04-01"), 40.0, places=9)

    def test_report_of_the_score_is_what_queries_answer(self):
        march = ("2025-03-01", "2025-04-01")
        for view in (answers.VIEW_NIGHTLY, answers.VIEW_LIVE):
            report = self.rig.stubs.metrics.GetNpsReport(metrics.GetNpsReportRequest(
                parent="workspaces/surveys", start_date=march[0], end_date=march[1], view=view))
            for point, metric in ((report.follow_up, "detractor_follow_up_rate"),
                                  (report.recovery, "detractor_recovery_rate")):
                self.assertEqual(point, self.query("surveys", metric, *march, view=view).total.points[0])
                self.assertEqual((point.sample_size, point.value), (100, 0))
            self.assertEqual(report.monthly[0], self.query("surveys", "nps", *march, view=view).total.points[0])

    def test_satisfaction_is_50_percent(self):
        self.assertAlmostEqual(self.value("surveys", "csat", "2025-03-01", "2025-04-01"), 50.0, places=9)

    def test_every_answer_says_where_it_comes_from(self):
        answer = self.query("surveys", "csat", "2025-03-01", "2025-04-01", view=answers.VIEW_NIGHTLY)
        self.assertEqual(answer.context.as_of.ToDatetime(), datetime.datetime(2025, 4, 30))
        self.assertTrue(answer.context.generation)
        self.assertEqual(answer.context.sample_size, 4)
        self.assertTrue(answer.definition.formula)


if __name__ == "__main__":
    unittest.main(verbosity=2)
