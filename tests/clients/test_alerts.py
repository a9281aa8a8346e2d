# SPDX-License-Identifier: Apache-2.0
"""A drop in a seasonal series is noticed by the night: listed, streamed to those who watch,
kept over a restart; a quiet series raises nothing."""
import json
import random
import threading
import unittest

import grpc
import rig
from rapport.v1 import reference_pb2 as reference
from rapport.v1 import reference_service_pb2 as references

SEED = 20_260_301
MONDAY = 1_735_516_800  # 2024-12-30, midnight UTC.
DAY = 86_400
PARENT = "workspaces/test"


def orders(first, days, factor=1.0):
    """200 orders on a working day, 90 at the weekend, a few more or less."""
    randomness = random.Random(SEED + first)
    made = []
    for day in range(first, first + days):
        count = int((90 if day % 7 >= 5 else 200) * factor) + randomness.randrange(-10, 11)
        for i in range(count):
            customer = f"c{randomness.randrange(4000)}"
            when = MONDAY + day * DAY + 3600 + i * 72_000 // count
            made.append(rig.order(f"o-{day}-{i}", customer, when, randomness.randrange(10, 15)))
    return made


class Alerts(unittest.TestCase):
    def setUp(self):
        self.rig = rig.Rig()
        self.rig.start()
        self.rig.create_workspace(base_currency="EUR", time_zone="UTC")

    def tearDown(self):
        self.rig.__exit__(None, None, None)

    def night_after(self, day):
        moment = MONDAY + (day + 1) * DAY + 4 * 3600
        stamp = reference.Alert()
        stamp.create_time.FromSeconds(moment)
        self.rig.nightly(f"--as-of={stamp.create_time.ToJsonString()}")

    def listed(self, **more):
        return self.rig.stubs.references.ListAlerts(
            references.ListAlertsRequest(parent=PARENT, **more))

    def watch(self, seen, changed, after=""):
        def run():
            try:
                for answer in self.rig.stubs.references.WatchAlerts(
                        references.WatchAlertsRequest(parent=PARENT, after=after), timeout=120):
                    with changed:
                        seen.append(answer.alert.name)
                        changed.notify_all()
            except grpc.RpcError as error:
                with changed:
                    seen.append(error.code())
                    changed.notify_all()
        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def test_a_drop_is_raised_streamed_and_kept(self):
        self.rig.ingest_all(orders(0, 70))
        self.night_after(69)
        self.assertEqual(len(self.listed().alerts), 0, self.listed())
        seen, changed = [], threading.Condition()
        watcher = self.watch(seen, changed)
        self.rig.ingest_all(orders(70, 1, 0.4))  # Monday 2025-03-10.
        self.night_after(70)
        names = [alert.name for alert in self.listed().alerts]
        self.assertIn(f"{PARENT}/alerts/orders-2025-03-10", names)
        self.assertIn(f"{PARENT}/alerts/revenue-2025-03-10", names)
        with changed:
            self.assertTrue(changed.wait_for(lambda: len(seen) >= len(names), timeout=60), seen)
        self.assertEqual(seen[:len(names)], names[::-1], "oldest first")
        # Pages make the same list.
        pages, token = [], ""
        while True:
            page = self.listed(page_size=1, page_token=token)
            pages += [alert.name for alert in page.alerts]
            token = page.next_page_token
            if not token:
                break
        self.assertEqual(pages, names)
        one = self.listed(metric="orders").alerts
        self.assertEqual([alert.metric for alert in one], ["orders"])
        self.assertEqual(one[0].kind, reference.ALERT_KIND_WORSE)
        self.assertLess(one[0].value, one[0].range.low)

        self.rig.ingest_all(orders(71, 1))
        self.night_after(71)
        self.assertEqual([alert.name for alert in self.listed().alerts], names, "raised once")
        self.rig.stop()
        watcher.join(timeout=60)
        self.assertEqual(len(seen), len(names) + 1, "and streamed once")
        self.rig.start()
        self.assertEqual([alert.name for alert in self.listed().alerts], names)
        # Whoever watches again goes on after what is known.
        later, changed = [], threading.Condition()
        watcher = self.watch(later, changed, after=names[-1])
        with changed:
            self.assertTrue(changed.wait_for(lambda: len(later) >= len(names) - 1, timeout=60))
        self.assertEqual(later, names[::-1][1:])
        shown = json.loads(self.rig.ctl("alerts", "list", "--workspace=test", "--json"))
        self.assertEqual(len(shown["alerts"]), len(names))
        lines = self.rig.ctl("alerts", "watch", "--workspace=test", "--deadline=1s").splitlines()
        self.assertEqual(len(lines), len(names))
        self.rig.stop()
        watcher.join(timeout=60)


if __name__ == "__main__":
    unittest.main()
