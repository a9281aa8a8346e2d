# SPDX-License-Identifier: Apache-2.0
"""Order, duplicates and the split over nights change no answer.

The same events are loaded twice: once in order with one night after them, and once
shuffled, with every tenth event sent twice, over three nights. Every answer of the two
servers must be the same value for value; so must incremental nights and a full one.
"""
import random
import unittest

import answers
import rig
from rapport.v1 import event_pb2 as event

SEED = 20_260_311
BEGIN = 1_672_531_200  # 2023-01-01
DAYS = 700
AS_OF = "2024-12-01T00:00:00Z"
CUSTOMERS = 250


def story(randomness, customer):
    """A customer's events: orders at a pace of its own and what goes with them."""
    name = f"c{customer:04d}"
    made = []

    def add(kind, when, **payload):
        made.append(rig.make_event(f"{name}-{len(made)}", name, round(when), kind, **payload))

    moment = BEGIN + randomness.uniform(0, DAYS * 86400)
    pace = randomness.expovariate(1 / 40) * 86400
    end = BEGIN + DAYS * 86400
    add(event.EVENT_TYPE_SIGNED_UP, moment)
    while moment < end and len(made) < 60:
        channel = randomness.choice((event.CHANNEL_WEB, event.CHANNEL_APP, event.CHANNEL_EMAIL))
        add(event.EVENT_TYPE_SESSION_ENDED, moment, channel=channel,
            session=event.Session(duration_seconds=randomness.randrange(20, 2000)))
        if randomness.random() < 0.6:
            amount = rig.euros(randomness.randrange(5, 200))
            add(event.EVENT_TYPE_ORDER_PLACED, moment + 60, channel=channel, touchpoint="checkout",
                order=event.Order(order_id=f"{name}-{len(made)}", amount=amount))
            if randomness.random() < 0.05:
                add(event.EVENT_TYPE_ORDER_REFUNDED, moment + 86400 * 3, refund=event.Refund(amount=amount))
            if randomness.random() < 0.3:
                add(event.EVENT_TYPE_NPS_ANSWERED, moment + 86400, channel=channel,
                    survey_answer=event.SurveyAnswer(score=randomness.randrange(11)))
        if randomness.random() < 0.05:
            add(event.EVENT_TYPE_SUBSCRIPTION_STARTED, moment + 120,
                subscription=event.Subscription(subscription_id=f"{name}-s", mrr=rig.euros(9)))
        if randomness.random() < 0.03:
            add(event.EVENT_TYPE_SUBSCRIPTION_CANCELLED, moment + 180,
                subscription=event.Subscription(subscription_id=f"{name}-s"))
        if randomness.random() < 0.08:
            add(event.EVENT_TYPE_CSAT_ANSWERED, moment + 90000,
                survey_answer=event.SurveyAnswer(score=randomness.randrange(1, 6)))
        moment += max(60, randomness.expovariate(1 / pace))
    return made


def all_stories():
    randomness = random.Random(SEED)
    made = [e for customer in range(CUSTOMERS) for e in story(randomness, customer)]
    return sorted(made, key=lambda e: (e.event_time.seconds, e.event_id))


class Order(unittest.TestCase):
    def assert_same(self, left, right, what):
        told = answers.differences(left, right)
        self.assertFalse(told, f"seed {SEED}: {what}\n" + "\n".join(told))

    def test_answers_do_not_depend_on_how_events_came(self):
        made = all_stories()
        with rig.Rig("--sync=process_crash") as in_order:
            in_order.create_workspace(base_currency="EUR", time_zone="Europe/Berlin")
            in_order.ingest_all(made)
            in_order.nightly(f"--as-of={AS_OF}")
            expected = answers.collect(in_order.stubs)
            in_order.nightly(f"--as-of={AS_OF}", "--full", "--threads=1")
            self.assert_same(expected, answers.collect(in_order.stubs), "--full with one thread")

        shuffled = list(made)
        randomness = random.Random(SEED + 1)
        shuffled += randomness.sample(made, len(made) // 10)
        randomness.shuffle(shuffled)
        with rig.Rig("--sync=process_crash") as mixed:
            mixed.create_workspace(base_currency="EUR", time_zone="Europe/Berlin")
            accepted = duplicates = 0
            third = len(shuffled) // 3 + 1
            nights = ("2024-11-20T00:00:00Z", "2024-11-28T00:00:00Z", AS_OF)
            for number, as_of in enumerate(nights):
                counts = mixed.ingest_all(shuffled[number * third:(number + 1) * third], batch=777)
                accepted, duplicates = accepted + counts[0], duplicates + counts[1]
                mixed.nightly(f"--as-of={as_of}")
            self.assertEqual((accepted, duplicates), (len(made), len(made) // 10))
            self.assert_same(expected, answers.collect(mixed.stubs), "shuffled, duplicated, three nights")
            mixed.stop()
            mixed.start()
            self.assert_same(expected, answers.collect(mixed.stubs), "after a restart")


if __name__ == "__main__":
    unittest.main(verbosity=2)
