# SPDX-License-Identifier: Apache-2.0
"""Retention, growth, stickiness, stage times and watched transitions through the API: live
events beside sealed ones give what sealed ones alone give, and the triangle of a real shop,
imported and asked for by rapportctl, is the one that SQLite finds in the raw file."""
import json
import random
import sqlite3
import threading
import unittest

import grpc
import rig
from rapport.v1 import answer_pb2 as answers
from rapport.v1 import customer_pb2
from rapport.v1 import event_pb2 as event
from rapport.v1 import growth_pb2 as growth
from rapport.v1 import metric_pb2
from rapport.v1 import retention_pb2 as retention

SEED = 20_260_302
DAY = 86_400
START = 1_704_067_200  # 2024-01-01, midnight UTC.
PARENT = "workspaces/test"


def history(customers=400, days=300):
    """Orders, refunds and uses at random instants; a customer stops at a random day."""
    randomness = random.Random(SEED)
    made = []
    for customer in range(customers):
        first = randomness.randrange(days * DAY)
        last = randomness.randrange(first, days * DAY)
        for i in range(randomness.randrange(1, 15)):
            when = START + randomness.randrange(first, last + 1)
            name, key = f"c{customer}", f"e-{customer}-{i}"
            if randomness.random() < 0.4:
                made.append(rig.order(key, name, when, randomness.randrange(5, 50)))
            else:
                made.append(rig.make_event(key, name, when, event.EVENT_TYPE_FEATURE_USED))
    randomness.shuffle(made)
    return made


def question(**more):
    return retention.RetentionQuestion(**more)


ORDERS = "type = order_placed"
QUESTIONS = [
    question(),
    question(cohort=retention.CohortRule(start_filter=ORDERS), return_filter=ORDERS),
    question(mode=retention.RETURN_MODE_ON_OR_AFTER, period=metric_pb2.GRANULARITY_WEEK,
             period_clock=retention.PERIOD_CLOCK_ROLLING),
    question(mode=retention.RETURN_MODE_STREAK, period=metric_pb2.GRANULARITY_QUARTER,
             period_count=3),
    question(mode=retention.RETURN_MODE_BRACKET, period=metric_pb2.GRANULARITY_DAY,
             brackets=[retention.PeriodBracket(first=1, last=3),
                       retention.PeriodBracket(first=4, last=7)],
             cohort=retention.CohortRule(bucket=metric_pb2.GRANULARITY_MONTH)),
    question(cohort=retention.CohortRule(start=retention.COHORT_START_RECURRING),
             mode=retention.RETURN_MODE_ON_OR_BEFORE),
    question(cohort=retention.CohortRule(segments=[
        retention.CohortSegment(label="buyers", filter="summary.order_count > 0"),
        retention.CohortSegment(label="others", filter="NOT summary.order_count > 0")])),
]


class Cohorts(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.rig = rig.Rig("--sync=process_crash")
        self.rig.start()
        self.rig.create_workspace(base_currency="EUR", time_zone="Europe/Berlin")

    def tearDown(self):
        self.rig.__exit__(None, None, None)

    def analyze(self, asked, **more):
        return self.rig.stubs.cohorts.AnalyzeRetention(
            retention.AnalyzeRetentionRequest(parent=PARENT, question=asked, **more), timeout=60)

    def everything(self, view):
        """All answers but for when they were given."""
        cohorts = self.rig.stubs.cohorts
        found = [self.analyze(asked, view=view) for asked in QUESTIONS]
        found.append(cohorts.QueryGrowth(growth.QueryGrowthRequest(
            parent=PARENT, view=view, filter=ORDERS, granularity=metric_pb2.GRANULARITY_WEEK,
            end_date="2024-12-30")))
        found.append(cohorts.QueryStickiness(growth.QueryStickinessRequest(
            parent=PARENT, view=view, granularity=metric_pb2.GRANULARITY_MONTH,
            start_date="2024-02-01", end_date="2024-08-01")))
        stages = cohorts.QueryStageTimes(growth.QueryStageTimesRequest(
            parent=PARENT, view=view, start_date="2024-01-01", end_date="2024-06-01"))
        for stage in stages.stages:  # How long stays have run depends on now.
            stage.ClearField("running_mean_days")
        found.append(stages)
        return [rig.as_json(one, "context") for one in found]

    def test_live_and_sealed_are_sealed_only(self):
        made = history()
        half = len(made) // 2
        self.rig.ingest_all(made[:half])
        self.rig.nightly()
        self.rig.ingest_all(made[half:])
        live = self.everything(answers.VIEW_LIVE)
        self.assertGreater(len(live[0]["cohorts"]), 8)
        self.assertGreater(int(live[0]["start_count"]), 300)
        # The published night knows only the first half.
        self.assertNotEqual(self.everything(answers.VIEW_NIGHTLY)[0], live[0])
        self.rig.nightly()
        self.assertEqual(self.everything(answers.VIEW_NIGHTLY), live)
        self.assertEqual(self.everything(answers.VIEW_LIVE), live)

    def test_a_budget_gives_a_partial_answer_that_says_so(self):
        self.rig.ingest_all(history(50))
        request = retention.AnalyzeRetentionRequest(parent=PARENT)
        request.time_budget.FromNanoseconds(1000)
        answer = self.rig.stubs.cohorts.AnalyzeRetention(request)
        self.assertTrue(answer.partial)
        self.assertTrue(any("partial" in note for note in answer.context.notes), answer.context)
        self.assertFalse(self.analyze(question()).partial)

    def refused(self, call, request):
        with self.assertRaises(grpc.RpcError) as caught:
            call(request)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
        found = rig.details_of(caught.exception)
        return (found["BadRequest"].field_violations[0].field, found["ErrorInfo"].reason)

    def test_errors_name_the_field(self):
        cohorts = self.rig.stubs.cohorts
        asked = retention.AnalyzeRetentionRequest(parent=PARENT)
        asked.question.cohort.dimension = "colour"
        self.assertEqual(self.refused(cohorts.AnalyzeRetention, asked),
                         ("question.cohort.dimension", "UNKNOWN_DIMENSION"))
        asked = retention.AnalyzeRetentionRequest(parent=PARENT, question=question(
            return_filter="type = nonsense"))
        self.assertEqual(self.refused(cohorts.AnalyzeRetention, asked),
                         ("question.return_filter", "BAD_FILTER"))
        asked = growth.QueryGrowthRequest(parent=PARENT)
        asked.time_budget.seconds = -1
        self.assertEqual(self.refused(cohorts.QueryGrowth, asked), ("time_budget", "OUT_OF_RANGE"))
        asked = growth.QueryStickinessRequest(parent=PARENT, minimum_events=-1)
        self.assertEqual(self.refused(cohorts.QueryStickiness, asked),
                         ("minimum_events", "OUT_OF_RANGE"))
        asked = growth.QueryStageTimesRequest(parent=PARENT, reactivation_days=-1)
        self.assertEqual(self.refused(cohorts.QueryStageTimes, asked),
                         ("reactivation_days", "OUT_OF_RANGE"))
        asked = growth.WatchTransitionsRequest(parent=PARENT, resume_token="nonsense")
        self.assertEqual(self.refused(lambda one: list(cohorts.WatchTransitions(one)), asked),
                         ("resume_token", "BAD_PAGE_TOKEN"))

    def watch(self, messages, changed, token=""):
        def run():
            try:
                for message in self.rig.stubs.cohorts.WatchTransitions(
                        growth.WatchTransitionsRequest(parent=PARENT, resume_token=token),
                        timeout=120):
                    with changed:
                        messages.append(message)
                        changed.notify_all()
            except grpc.RpcError:
                pass
        thread = threading.Thread(target=run)
        thread.start()
        return thread

    @staticmethod
    def steps(messages):
        stage = customer_pb2.LifecycleStage.Name
        return [(one.customer.rsplit("/", 1)[1], stage(one.to_stage)[len("LIFECYCLE_STAGE_"):])
                for message in messages for one in message.transitions]

    def test_transitions_are_watched_and_resumed(self):
        self.rig.ingest([rig.order("o1", "anna", START, 10)])
        self.rig.nightly("--as-of=2024-01-05T00:00:00Z")
        messages, changed = [], threading.Condition()
        watcher = self.watch(messages, changed)
        with changed:
            self.assertTrue(changed.wait_for(lambda: messages, timeout=60))
        self.assertEqual(self.steps(messages), [])
        self.assertTrue(messages[0].generation_end)
        # New, and one whose event comes late: ben's first order lies before the last night.
        self.rig.ingest([rig.order("o2", "ben", START + 2 * DAY, 10),
                         rig.order("o3", "cleo", START + 6 * DAY, 10)])
        self.rig.nightly("--as-of=2024-01-10T00:00:00Z")
        with changed:
            self.assertTrue(changed.wait_for(lambda: len(messages) == 2, timeout=60), messages)
        self.assertEqual(self.steps(messages), [("cleo", "NEW"), ("ben", "NEW")])
        self.assertEqual(messages[1].as_of.ToJsonString(), "2024-01-10T00:00:00Z")
        # Silence alone: anna's and ben's first month is over.
        self.rig.nightly("--as-of=2024-02-03T00:00:00Z")
        with changed:
            self.assertTrue(changed.wait_for(lambda: len(messages) == 3, timeout=60), messages)
        self.assertEqual(self.steps(messages[2:]), [("ben", "ACTIVE"), ("anna", "ACTIVE")])
        # Behind the second message again: the generation of the token is kept.
        again, changed = [], threading.Condition()
        second = self.watch(again, changed, token=messages[1].resume_token)
        with changed:
            self.assertTrue(changed.wait_for(lambda: again, timeout=60))
        self.assertEqual(self.steps(again), self.steps(messages[2:]))
        # The first night is no longer kept: what happened after it stands in, without ben's
        # late start.
        late, changed = [], threading.Condition()
        third = self.watch(late, changed, token=messages[0].resume_token)
        with changed:
            self.assertTrue(changed.wait_for(lambda: late, timeout=60))
        self.assertEqual(self.steps(late), [("ben", "ACTIVE"), ("anna", "ACTIVE"), ("cleo", "NEW")])
        shown = self.rig.ctl("cohorts", "watch", "--workspace=test", "--deadline=1s",
                             f"--resume={messages[1].resume_token}", "--to-stage=ACTIVE", check=False)
        self.assertNotIn("anna", shown, "a token is bound to its request")
        shown = self.rig.ctl("cohorts", "watch", "--workspace=test", "--deadline=1s",
                             f"--resume={messages[1].resume_token}")
        self.assertIn("anna  new > active", shown)
        self.rig.stop()
        watcher.join(timeout=60)
        second.join(timeout=60)
        third.join(timeout=60)


class Retail(unittest.TestCase):
    def test_triangle_of_a_real_shop(self):
        import real  # Skips the whole program when the data are absent, so only here.
        with rig.Rig("--sync=process_crash") as shop:
            shop.create_workspace("retail", base_currency="GBP", time_zone="UTC")
            mapping = rig.ROOT / "tools" / "mappings" / "online_retail.textproto"
            path = real.DATA / "online_retail" / "online_retail.csv.gz"
            shop.ctl("import", "--workspace=retail", f"--mapping={mapping}", str(path))
            shop.nightly("--as-of=2011-12-10T00:00:00Z")
            shown = json.loads(shop.ctl(
                "cohorts", "analyze", "--workspace=retail", "--nightly", "--json",
                f"--start={ORDERS}", f"--return={ORDERS}"))
        found = {cohort["start_date"][:7]: [int(cell.get("returned", 0)) for cell in cohort["cells"]]
                 for cohort in shown["cohorts"]}
        sizes = {cohort["start_date"][:7]: int(cohort["size"]) for cohort in shown["cohorts"]}
        expected, expected_sizes = self.by_sql(real.raw_rows("online_retail/online_retail.csv.gz"))
        self.assertEqual(sizes, expected_sizes)
        self.assertEqual(found, expected)
        self.assertEqual(sizes["2010-12"], 885)
        self.assertEqual(found["2010-12"][1], 324)

    @staticmethod
    def by_sql(rows):
        base = sqlite3.connect(":memory:")
        base.execute("CREATE TABLE line (invoice, customer, time)")
        base.executemany("INSERT INTO line VALUES (?, ?, ?)", (
            (row["InvoiceNo"], row["CustomerID"], row["InvoiceDate"]) for row in rows
            if row["CustomerID"] and not row["InvoiceNo"].startswith("C")
            and int(row["Quantity"]) > 0 and float(row["UnitPrice"]) > 0))
        base.executescript("""
            CREATE TABLE orders AS SELECT invoice, max(customer) customer, min(time) time
              FROM line GROUP BY invoice;
            CREATE TABLE o AS SELECT customer, time,
              min(time) OVER (PARTITION BY customer) first,
              row_number() OVER (PARTITION BY customer ORDER BY time) nth FROM orders;
            CREATE TABLE m AS SELECT customer, nth, substr(first, 1, 7) cohort,
              12 * (substr(time, 1, 4) - substr(first, 1, 4)) +
              substr(time, 6, 2) - substr(first, 6, 2) month FROM o;
        """)
        sizes = dict(base.execute("SELECT cohort, count(DISTINCT customer) FROM m GROUP BY 1"))
        last = 2011 * 12 + 12
        cells = {cohort: [0] * (last - int(cohort[:4]) * 12 - int(cohort[5:]) + 1)
                 for cohort in sizes}
        for cohort, month, count in base.execute(
                "SELECT cohort, month, count(DISTINCT customer) FROM m WHERE nth > 1 GROUP BY 1, 2"):
            cells[cohort][month] = count
        return cells, sizes


if __name__ == "__main__":
    unittest.main()
