# SPDX-License-Identifier: Apache-2.0
"""Segments over two nights: members, order by value, entries and exits with their moments,
live views between nights, the RFM grid, clusters and comparison; through the API and the
command line."""
import json
import random
import time
import unittest

import grpc
import rig
from google.protobuf import text_format
from rapport.v1 import answer_pb2 as answer
from rapport.v1 import metric_service_pb2 as metrics
from rapport.v1 import segment_pb2 as segment
from rapport.v1 import segment_service_pb2 as segments
from rapport.v1 import segment_service_pb2_grpc

SEED = 20_260_401
START = 1_735_689_600  # 2025-01-01, midnight UTC.
DAY = 86_400
PARENT = "workspaces/test"
CUSTOMERS = 300

RECENT = """rule { behaviour { filter: "type = order_placed"
    window { rolling { length { days: 30 } } }
    times { comparator: SEGMENT_COMPARATOR_AT_LEAST count: 1 } } }"""
BIG = """rule { aggregate { figure: SEGMENT_FIGURE_REVENUE
    comparator: SEGMENT_COMPARATOR_AT_LEAST value: 100 } }"""
BOTH = """rule { all_of { rules { segment: "recent" } rules { segment: "big" }
    rules { none_of { rules { customer: "stage = CHURNED" } } } } }"""


def stamp(moment):
    made = segment.SegmentFigures()
    made.as_of.FromMicroseconds(int(moment * 1e6))
    return made.as_of


class Segments(unittest.TestCase):
    def setUp(self):
        self.rig = rig.Rig()
        self.rig.start()
        self.rig.create_workspace(base_currency="EUR", time_zone="UTC")
        self.stub = segment_service_pb2_grpc.SegmentServiceStub(self.rig.stubs.channel)
        self.orders = []  # (customer, moment, euros)

    def tearDown(self):
        self.rig.__exit__(None, None, None)

    def order(self, customer, moment, euros):
        self.orders.append((customer, moment, euros))
        return rig.order(f"o-{len(self.orders)}", customer, int(moment), euros)

    def night(self, moment):
        self.rig.nightly(f"--as-of={stamp(moment).ToJsonString()}")

    def create(self, name, text):
        return self.stub.CreateSegment(segments.CreateSegmentRequest(
            parent=PARENT, segment_id=name, segment=text_format.Parse(text, segment.Segment())))

    def count(self, name, **more):
        return self.stub.CountSegment(
            segments.CountSegmentRequest(name=f"{PARENT}/segments/{name}", **more))

    def members(self, name, page_size=7, **more):
        found, token = [], ""
        while True:
            page = self.stub.ListSegmentCustomers(segments.ListSegmentCustomersRequest(
                name=f"{PARENT}/segments/{name}", page_size=page_size, page_token=token, **more))
            found += [member.customer.rsplit("/", 1)[1] for member in page.customers]
            token = page.next_page_token
            if not token:
                self.assertEqual(page.total_size, len(found))
                return found

    def recent_at(self, moment):
        """By hand: an order in (T - 30 days, T]."""
        return {who for who, when, _ in self.orders if moment - 30 * DAY < when <= moment}

    def big_at(self, moment):
        sums = {}
        for who, when, euros in self.orders:
            if when <= moment:
                sums[who] = sums.get(who, 0) + euros
        return {who for who, total in sums.items() if total >= 100}

    def known_at(self, moment):
        return {who for who, when, _ in self.orders if when <= moment}

    def changes(self, name):
        answered = self.stub.ListSegmentChanges(
            segments.ListSegmentChangesRequest(name=f"{PARENT}/segments/{name}", page_size=1000))
        return [(change.customer.rsplit("/", 1)[1],
                 change.kind == segment.SEGMENT_CHANGE_KIND_ENTERED,
                 change.change_time.seconds, change.exact) for change in answered.changes]

    def test_two_nights(self):
        randomness = random.Random(SEED)
        first = START + 100 * DAY
        self.rig.ingest_all([
            self.order(f"c{randomness.randrange(CUSTOMERS)}",
                       START + randomness.randrange(100 * DAY), randomness.randrange(5, 60))
            for _ in range(1500)])
        for name, text in (("recent", RECENT), ("big", BIG), ("both", BOTH)):
            self.create(name, text)
        self.assertEqual(self.count("recent", as_of=stamp(first)).customer_count,
                         len(self.recent_at(first)), "before any night, from events")
        self.night(first)
        for name, expected in (("recent", self.recent_at(first)), ("big", self.big_at(first))):
            counted = self.count(name)
            self.assertEqual(counted.customer_count, len(expected), name)
            self.assertEqual(counted.universe, len(self.known_at(first)))
            self.assertEqual(counted.context.generation, "workspaces/-/generations/1")
            self.assertEqual(set(self.members(name)), expected)
            self.assertEqual(set(self.members(name, order_by="number")), expected)
        self.assertEqual(set(self.members("both")), self.recent_at(first) & self.big_at(first))
        self.assertEqual(self.changes("recent"), [], "a first night has nothing to compare with")
        # The list by value: predicted, then to date, highest first.
        page = self.stub.ListSegmentCustomers(segments.ListSegmentCustomersRequest(
            name=f"{PARENT}/segments/recent", page_size=1000))
        values = [(-m.predicted_value.micros, -m.historic_value.micros) for m in page.customers]
        self.assertEqual(values, sorted(values))

        # The second night: new orders, and others have turned 30 days old.
        second = first + DAY
        self.rig.ingest_all([
            self.order(f"c{randomness.randrange(CUSTOMERS + 20)}",
                       first + 1 + randomness.randrange(DAY - 1), 50) for _ in range(40)])
        self.assertEqual(self.count("recent", as_of=stamp(second)).customer_count,
                         len(self.recent_at(second)), "as of any moment, between nights")
        self.night(second)
        now, before = self.recent_at(second), self.recent_at(first)
        self.assertEqual(set(self.members("recent")), now)
        expected = set()
        for who in now - before:  # In with the first order after the first night.
            moment = min(when for name, when, _ in self.orders if name == who and when > first)
            expected.add((who, True, moment, True))
        for who in before - now:  # Out when the last order turned 30 days old.
            moment = max(when for name, when, _ in self.orders if name == who) + 30 * DAY
            expected.add((who, False, moment, True))
        self.assertGreater(len(now - before), 0)
        self.assertGreater(len(before - now), 0)
        found = self.changes("recent")
        # Whoever went out and came in again between the nights came in last.
        self.assertEqual({(who, kind) for who, kind, _, _ in found},
                         {(who, kind) for who, kind, _, _ in expected})
        self.assertEqual(set(found), expected)
        self.assertEqual([moment for _, _, moment, _ in found],
                         sorted((moment for _, _, moment, _ in found), reverse=True))
        shown = self.stub.GetSegment(
            segments.GetSegmentRequest(name=f"{PARENT}/segments/recent"))
        self.assertEqual(shown.figures.customer_count, len(now))
        self.assertEqual(shown.figures.entered_count, len(now - before))
        self.assertEqual(shown.figures.left_count, len(before - now))
        self.check_analyses(second)
        self.check_dimension(now)
        self.check_command_line(now, second)
        self.check_changed_rule(second)

    def test_live_between_nights(self):
        """Members of the night put right = evaluation of all, as of now."""
        now = time.time()
        randomness = random.Random(SEED + 1)
        # Orders whose age crosses 30 days about now: some between night and question.
        self.rig.ingest_all([
            self.order(f"c{i}", now - 30 * DAY - 30 + i * 0.5, 20) for i in range(CUSTOMERS)])
        for name, text in (("recent", RECENT), ("both", BOTH), ("gone", """rule { none_of {
                rules { segment: "recent" } } }""")):
            if name == "both":
                self.create("big", BIG)
            self.create(name, text)
        self.rig.nightly()
        self.assertEqual(self.count("recent").context.generation, "workspaces/-/generations/1")
        for i in range(3):
            self.rig.ingest_all([
                self.order(f"c{randomness.randrange(CUSTOMERS + 30)}", time.time(), 90)
                for _ in range(20)])
            for name in ("recent", "big", "both", "gone"):
                # Time goes on between the two calls: the same within what can expire.
                for _ in range(20):
                    before = self.count(name, as_of=stamp(time.time() - 0.01)).customer_count
                    live = self.count(name, view=answer.VIEW_LIVE).customer_count
                    after = self.count(name, as_of=stamp(time.time())).customer_count
                    if before == after:
                        break
                self.assertIn(live, range(min(before, after), max(before, after) + 1), (i, name))
            self.assertEqual(
                self.count("recent", view=answer.VIEW_LIVE).universe, len(self.known_at(now + DAY)))

    def check_analyses(self, moment):
        grid = self.stub.QueryRfmGrid(segments.QueryRfmGridRequest(parent=PARENT))
        self.assertEqual(grid.customer_count, len(self.known_at(moment)))
        self.assertEqual(grid.revenue.micros, 1_000_000 * sum(euros for _, _, euros in self.orders))
        self.assertEqual(sum(cell.customer_count for cell in grid.cells), grid.customer_count)
        self.assertEqual(sum(one.customer_count for one in grid.segments), grid.customer_count)
        report = self.stub.DiscoverClusters(segments.DiscoverClustersRequest(parent=PARENT, seed=1))
        self.assertEqual(report, self.stub.DiscoverClusters(
            segments.DiscoverClustersRequest(parent=PARENT, seed=1)))
        self.assertEqual(sum(c.customer_count for c in report.clusters), grid.customer_count)
        compared = self.stub.CompareSegments(segments.CompareSegmentsRequest(parent=PARENT))
        self.assertEqual(len(compared.priorities), 3)
        self.assertEqual([one.rank for one in compared.priorities], [1, 2, 3])
        recent, big = self.recent_at(moment), self.big_at(moment)
        pair = next(one for one in compared.overlaps
                    if {one.first[-6:], one.second[-3:]} in ({"recent", "big"},)
                    or {one.second[-6:], one.first[-3:]} in ({"recent", "big"},))
        self.assertEqual(pair.both_count, len(recent & big))
        self.assertAlmostEqual(pair.jaccard, len(recent & big) / len(recent | big))

    def check_dimension(self, recent):
        """Orders by membership as of the night."""
        asked = self.rig.stubs.metrics.QueryMetric(metrics.QueryMetricRequest(
            parent=PARENT, metric="orders", group_by=["segment.recent"]))
        counted = {one.group[0]: one.whole.value for one in asked.groups}
        members = sum(1 for who, _, _ in self.orders if who in recent)
        self.assertEqual(counted, {"recent": members, "none": len(self.orders) - members})
        self.create("unseen", RECENT)
        with self.assertRaises(grpc.RpcError) as caught:
            self.rig.stubs.metrics.QueryMetric(metrics.QueryMetricRequest(
                parent=PARENT, metric="orders", group_by=["segment.unseen"]))
        self.assertEqual(caught.exception.code(), grpc.StatusCode.FAILED_PRECONDITION)
        self.stub.DeleteSegment(segments.DeleteSegmentRequest(name=f"{PARENT}/segments/unseen"))

    def check_command_line(self, recent, moment):
        shown = json.loads(self.rig.ctl("segments", "list", "--workspace=test", "--json"))
        self.assertEqual(len(shown["segments"]), 3)
        self.assertIn(f"{len(recent):,} of ", self.rig.ctl("segments", "count", "recent",
                                                           "--workspace=test"))
        someone = sorted(recent)[0]
        self.assertTrue(self.rig.ctl(
            "segments", "test", "recent", someone, "--workspace=test",
            f"--as-of={stamp(moment).ToJsonString()}").startswith("belongs\n+ [type = "))
        for words in (["customers", "recent"], ["changes", "recent"], ["get", "both"], ["rfm"],
                      ["clusters"], ["compare"],
                      ["preview", "--filter=rfm.segment = champions", "--sample=3"]):
            self.assertTrue(self.rig.ctl("segments", *words, "--workspace=test"), words)

    def check_changed_rule(self, moment):
        """A rule that the night has not seen is evaluated at once."""
        changed = text_format.Parse(RECENT.replace("days: 30", "days: 3650"), segment.Segment())
        changed.name = f"{PARENT}/segments/recent"
        self.stub.UpdateSegment(segments.UpdateSegmentRequest(segment=changed))
        counted = self.count("recent")
        self.assertEqual(counted.customer_count, len(self.known_at(moment)))
        self.assertTrue(any("No night has seen" in note for note in counted.context.notes))
        live = self.count("both", view=answer.VIEW_LIVE)
        self.assertEqual(live.customer_count, len(self.big_at(moment)), "the reference follows")


if __name__ == "__main__":
    unittest.main()
