# SPDX-License-Identifier: Apache-2.0
"""Metrics over nights: what live answers said before a night is what the night says after it,
and a scan says the same as cells, for every definition, on a random history with merges,
late events and duplicates."""
import calendar
import random
import unittest

import rig
from rapport.v1 import answer_pb2 as answers
from rapport.v1 import customer_service_pb2 as customers
from rapport.v1 import event_pb2 as event
from rapport.v1 import metric_pb2
from rapport.v1 import metric_service_pb2 as metrics

SEED = 20261122
CUSTOMERS = 120
RANGE = ("2024-01-01", "2025-01-01")
# Reads payloads, so no cell can answer it; true of every event.
EVERYTHING = 'NOT property.nowhere = "x"'
# The same for figures of customers.
EVERYBODY = 'NOT customer.attributes.nowhere = "x"'


def random_event(chance, number):
    customer = f"c{chance.randrange(CUSTOMERS)}"
    when = calendar.timegm((2024, 1, 1, 0, 0, 0)) + chance.randrange(365 * 86400)
    kind = chance.choice([
        "order", "order", "view", "view", "session", "nps", "csat", "cart", "checkout", "refund",
        "open", "resolve", "subscribe", "cancel", "email", "click"])
    base = dict(event_id=f"e{number}", customer=customer, seconds=when)
    channel = chance.choice([event.CHANNEL_WEB, event.CHANNEL_APP, event.CHANNEL_EMAIL])

    def make(event_type, **payload):
        made = rig.make_event(base["event_id"], customer, when, event_type, **payload)
        made.channel = channel
        if chance.random() < 0.3:
            made.touchpoint = chance.choice(["checkout", "support"])
        if chance.random() < 0.3:
            made.campaign = chance.choice(["spring", "summer"])
        return made

    if kind == "order":
        return make(event.EVENT_TYPE_ORDER_PLACED, order=event.Order(amount=rig.euros(chance.randrange(1, 200))))
    if kind == "refund":
        return make(event.EVENT_TYPE_ORDER_REFUNDED, refund=event.Refund(amount=rig.euros(chance.randrange(1, 50))))
    if kind == "session":
        return make(event.EVENT_TYPE_SESSION_ENDED,
                    session=event.Session(duration_seconds=chance.randrange(1, 4000)))
    if kind == "nps":
        return make(event.EVENT_TYPE_NPS_ANSWERED, survey_answer=event.SurveyAnswer(score=chance.randrange(11)))
    if kind == "csat":
        return make(event.EVENT_TYPE_CSAT_ANSWERED, survey_answer=event.SurveyAnswer(score=chance.randrange(1, 6)))
    if kind in ("open", "resolve"):
        kind = event.EVENT_TYPE_TICKET_OPENED if kind == "open" else event.EVENT_TYPE_TICKET_RESOLVED
        return make(kind, support=event.Support(ticket_id=f"{customer}-t{chance.randrange(3)}"))
    if kind in ("subscribe", "cancel"):
        kind = event.EVENT_TYPE_SUBSCRIPTION_STARTED if kind == "subscribe" else event.EVENT_TYPE_SUBSCRIPTION_CANCELLED
        return make(kind, subscription=event.Subscription(subscription_id=customer, mrr=rig.euros(10)))
    if kind == "cart":
        return make(event.EVENT_TYPE_CART_ITEM_ADDED,
                    product_interest=event.ProductInterest(product_id=f"p{chance.randrange(5)}", quantity=1))
    return make({"view": event.EVENT_TYPE_PAGE_VIEWED, "checkout": event.EVENT_TYPE_CHECKOUT_STARTED, "email": event.EVENT_TYPE_EMAIL_SENT,
                 "click": event.EVENT_TYPE_EMAIL_CLICKED}[kind])


def figures(answer):
    """What two answers must share, by group and bucket."""
    def of(series):
        return [(p.start_date, p.value if p.HasField("value") else None, p.numerator, p.denominator,
                 p.sample_size, p.interval.method, p.interval.low, p.interval.high) for p in series.points]
    groups = {tuple(s.group): of(s) for s in answer.groups}
    return of(answer.total), groups


class MetricsOverNights(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = rig.Rig("--sync=process_crash")
        cls.rig.start()
        cls.rig.create_workspace("test", base_currency="EUR", time_zone="Europe/Berlin")
        cls.chance = random.Random(SEED)
        cls.numbers = iter(range(10**9))
        cls.rig.ingest_all([random_event(cls.chance, next(cls.numbers)) for _ in range(4000)], "test")
        cls.rig.nightly()
        cls.rig.ingest_all([random_event(cls.chance, next(cls.numbers)) for _ in range(300)], "test")
        for survivor, duplicate in ((1, 2), (3, 4), (3, 5)):
            cls.rig.stubs.customers.MergeCustomers(customers.MergeCustomersRequest(
                name=f"workspaces/test/customers/c{survivor}",
                duplicate=f"workspaces/test/customers/c{duplicate}"))
        cls.definitions = list(cls.rig.stubs.metrics.ListMetricDefinitions(
            metrics.ListMetricDefinitionsRequest(parent="workspaces/test", page_size=1000)).definitions)

    @classmethod
    def tearDownClass(cls):
        cls.rig.__exit__(None, None, None)

    def ask(self, metric, **more):
        return self.rig.stubs.metrics.QueryMetric(metrics.QueryMetricRequest(
            parent="workspaces/test", metric=metric, start_date=RANGE[0], end_date=RANGE[1], **more))

    def scan(self, metric, **more):
        try:
            return self.ask(metric, filter=EVERYTHING, **more)
        except rig.grpc.RpcError as error:
            if "`customer.` only" not in error.details():
                raise
            return self.ask(metric, filter=EVERYBODY, **more)

    def questions(self):
        for definition in self.definitions:
            if definition.kind in (metric_pb2.METRIC_KIND_FACT_MEAN, metric_pb2.METRIC_KIND_REFERENCE_RATIO,
                                   metric_pb2.METRIC_KIND_ENGAGEMENT_SCORE):
                continue  # As of now, by the night's models, or without a series to refer to.
            for granularity in (metric_pb2.GRANULARITY_UNSPECIFIED, metric_pb2.GRANULARITY_DAY,
                                metric_pb2.GRANULARITY_WEEK, metric_pb2.GRANULARITY_MONTH,
                                metric_pb2.GRANULARITY_YEAR):
                yield definition, dict(granularity=granularity)

    def test_1_scans_agree_with_cells(self):
        cells = stored = 0
        for definition, question in self.questions():
            with self.subTest(metric=definition.metric, **question):
                quick = self.ask(definition.metric, **question)
                scan = self.scan(definition.metric, **question)
                self.assertTrue(scan.plan.startswith("scan"), scan.plan)
                cells += quick.plan.startswith("cells:")
                stored += quick.plan.startswith("cells and live customers")
                self.assertEqual(figures(quick), figures(scan), quick.plan)
        self.assertGreater(cells, 100)
        self.assertGreater(stored, 100)

    def test_2_groups_agree(self):
        for definition, question in self.questions():
            if question["granularity"] != metric_pb2.GRANULARITY_MONTH:
                continue
            for group_by in (["channel"], ["touchpoint", "campaign"]):
                with self.subTest(metric=definition.metric, group_by=group_by):
                    try:
                        quick = self.ask(definition.metric, group_by=group_by, **question)
                    except rig.grpc.RpcError as error:
                        self.assertIn("group", error.details())
                        continue
                    scan = self.scan(definition.metric, group_by=group_by, **question)
                    self.assertEqual(figures(quick), figures(scan), quick.plan)

    def test_3_lists_add_up_to_figures(self):
        for metric in ("revenue", "orders", "purchasing_customers", "cart_conversion_rate", "nps"):
            point = self.ask(metric).total.points[0]
            for side, figure in ((metrics.METRIC_SIDE_NUMERATOR, point.numerator),
                                 (metrics.METRIC_SIDE_DENOMINATOR, point.denominator)):
                with self.subTest(metric=metric, side=side):
                    request = metrics.ListMetricCustomersRequest(
                        query=metrics.QueryMetricRequest(parent="workspaces/test", metric=metric,
                                                         start_date=RANGE[0], end_date=RANGE[1]),
                        side=side, page_size=17)
                    names, total = [], 0.0
                    while True:
                        page = self.rig.stubs.metrics.ListMetricCustomers(request)
                        names += [c.customer for c in page.customers]
                        total += sum(c.share for c in page.customers)
                        if not page.next_page_token:
                            break
                        request.page_token = page.next_page_token
                    self.assertEqual(names, sorted(names))
                    self.assertEqual(len(names), page.total_size)
                    self.assertAlmostEqual(page.total, figure, places=6)
                    self.assertAlmostEqual(total, figure, places=6)

    def test_4_live_is_what_the_night_says(self):
        live = {}
        for definition, question in self.questions():
            live[definition.metric, tuple(question.items())] = figures(self.ask(definition.metric, **question))
        self.rig.nightly()
        for definition, question in self.questions():
            with self.subTest(metric=definition.metric, **question):
                nightly = self.ask(definition.metric, view=answers.VIEW_NIGHTLY, **question)
                self.assertEqual(figures(nightly), live[definition.metric, tuple(question.items())], nightly.plan)
        # A night of everything says the same as the one that built on the night before.
        kept = {key: figures(self.ask(key[0], view=answers.VIEW_NIGHTLY, **dict(key[1]))) for key in live}
        self.rig.nightly("--full")
        for key, before in kept.items():
            with self.subTest(full=key):
                self.assertEqual(figures(self.ask(key[0], view=answers.VIEW_NIGHTLY, **dict(key[1]))), before)


if __name__ == "__main__":
    unittest.main(verbosity=2)
