# SPDX-License-Identifier: Apache-2.0
"""kill -9 loses nothing that was acknowledged and shows nothing twice.

Rounds of streaming ingest, each ended by SIGKILL at a random moment. The oracle is the
set of acknowledged ids; what was sent but not acknowledged may or may not be there.
"""
import os
import random
import threading
import time
import unittest

import grpc

import answers
import rig
from rapport.v1 import event_service_pb2 as events

SEED = int(os.environ.get("RAPPORT_CRASH_SEED", "7"))
ROUNDS = int(os.environ.get("RAPPORT_CRASH_ROUNDS", "20"))
CUSTOMERS = 60
BATCH = 50
START = 1_735_689_600  # 2025-01-01
PARENT = "workspaces/test"
HEALTHY_WITHIN = 5.0  # Seconds from the start of the process.


def batch_of(round_number, number):
    return [rig.order(f"{round_number}-{number}-{i}", f"c{(number * BATCH + i) % CUSTOMERS}",
                      START + number * 60 + i, 1) for i in range(BATCH)]


class Sender(threading.Thread):
    """Streams batches until the server is gone."""

    def __init__(self, one, round_number):
        super().__init__()
        self.stubs = one.stubs
        self.round = round_number
        self.sent = 0
        self.acked = []
        self.window = threading.Semaphore(8)

    def requests(self):
        while True:
            self.window.acquire()
            self.sent += 1
            yield events.StreamEventsRequest(
                parent=PARENT, batch_id=self.sent - 1, events=batch_of(self.round, self.sent - 1))

    def run(self):
        try:
            for ack in self.stubs.events.StreamEvents(self.requests()):
                assert ack.accepted_count == BATCH, ack
                self.acked.append(ack.batch_id)
                self.window.release()
        except grpc.RpcError:
            pass


class ServerCrash(unittest.TestCase):
    def test_acknowledged_events_are_there_once(self):
        for policy in ("power_loss", "process_crash"):
            with self.subTest(sync=policy), rig.Rig(f"--sync={policy}") as one:
                one.create_workspace()
                self.crash_rounds(one, ROUNDS if policy == "power_loss" else max(2, ROUNDS // 4))

    def crash_rounds(self, one, rounds):
        randomness = random.Random(SEED)
        certain, possible = set(), set()
        slowest = 0.0
        for number in range(rounds):
            sender = Sender(one, number)
            sender.start()
            wanted = randomness.randrange(1, 60)
            while len(sender.acked) < wanted and sender.is_alive():
                time.sleep(randomness.uniform(0, 0.004))
            one.kill()
            sender.join(timeout=60)
            self.assertGreaterEqual(len(sender.acked), wanted)
            for batch in range(sender.sent):
                ids = {e.event_id for e in batch_of(number, batch)}
                (certain if batch in set(sender.acked) else possible).update(ids)
            slowest = max(slowest, one.start())
            self.assert_known(one, number, sender.acked)
        print(f"{rounds} rounds, {len(certain)} acknowledged events, slowest restart {slowest:.2f} s")
        self.assertLessEqual(slowest, HEALTHY_WITHIN)
        self.assert_exactly(one, certain, possible)
        one.nightly()
        self.assert_exactly(one, certain, possible)

    def assert_known(self, one, number, acked):
        """Sent again, every acknowledged event is a duplicate."""
        for batch in acked[-5:]:
            answer = one.ingest(batch_of(number, batch))
            self.assertEqual((answer.accepted_count, answer.duplicate_count), (0, BATCH),
                             f"seed {SEED}, round {number}, batch {batch}")

    def assert_exactly(self, one, certain, possible):
        stored = []
        for name in answers.all_customers(one.stubs, PARENT):
            timeline = [e.event_id for e in answers.all_events(one.stubs, name)]
            stored += timeline
        self.assertEqual(len(stored), len(set(stored)), f"seed {SEED}: an event is there twice")
        lost = certain - set(stored)
        self.assertFalse(lost, f"seed {SEED}: {len(lost)} acknowledged events are lost")
        self.assertFalse(set(stored) - certain - possible)


if __name__ == "__main__":
    unittest.main(verbosity=2)
