# SPDX-License-Identifier: Apache-2.0
"""Feedback against a naive recomputation in Python: from the tail alone, from a generation,
and from a generation with a tail. All three lists page by page."""
import collections
import random
import time
import unittest

import rig
from rapport.v1 import customer_service_pb2 as customers
from rapport.v1 import event_pb2 as event
from rapport.v1 import feedback_service_pb2 as feedback
from rapport.v1 import feedback_service_pb2_grpc

SEED = 20_261_122
DAY = 86_400
PARENT = "workspaces/test"
CUSTOMERS = 1500
CONTACTS = (event.EVENT_TYPE_HUMAN_TOUCH, event.EVENT_TYPE_TICKET_FIRST_REPLIED)
ADVOCACY = (event.EVENT_TYPE_REFERRAL_SENT, event.EVENT_TYPE_REVIEW_WRITTEN,
            event.EVENT_TYPE_SOCIAL_SHARED)
OTHERS = (event.EVENT_TYPE_SUPPORT_CONTACTED, event.EVENT_TYPE_EMAIL_SENT)
WORDS = ("", "late delivery", "Lovely", "too dear")


def group_of(score):
    return 1 if score <= 6 else 2 if score <= 8 else 3


def make(randomness, number, when):
    """A random event; each has a second of its own. Some customers do far more than others, or
    there would be no value model to fit."""
    customer = f"c{int(CUSTOMERS * randomness.random() ** 3)}"
    kind = randomness.choice((event.EVENT_TYPE_NPS_ANSWERED,) * 2 + (event.EVENT_TYPE_ORDER_PLACED,) * 5
                             + CONTACTS + ADVOCACY + OTHERS)
    if kind == event.EVENT_TYPE_ORDER_PLACED:
        return rig.order(f"e{number}", customer, when, randomness.randrange(10, 90))
    made = rig.make_event(f"e{number}", customer, when, kind)
    if kind == event.EVENT_TYPE_NPS_ANSWERED:
        made.survey_answer.score = randomness.randrange(11)
        made.survey_answer.verbatim = randomness.choice(WORDS)
        made.touchpoint = randomness.choice(("", "shop", "web"))
    elif kind == event.EVENT_TYPE_REVIEW_WRITTEN:
        made.review.rating = randomness.randrange(1, 6)
        made.review.text = randomness.choice(WORDS)
    elif kind == event.EVENT_TYPE_TICKET_FIRST_REPLIED:
        made.support.ticket_id = f"t{number}"
    return made


def histories(events):
    by_customer = collections.defaultdict(list)
    for one in sorted(events, key=lambda e: e.event_time.seconds):
        by_customer[one.customer_id].append(one)
    return by_customer


def naive_verbatims(events, fits):
    said = [(one.event_time.seconds, one.customer_id, one.survey_answer.verbatim or one.review.text)
            for one in events if fits(one)]
    return sorted((entry for entry in said if entry[2]), key=lambda e: (-e[0], e[1]))


def naive_queue(events, wanted, ends):
    waiting = []
    for customer, history in histories(events).items():
        last = None
        for one in history:
            if one.type == event.EVENT_TYPE_NPS_ANSWERED:
                last = one if group_of(one.survey_answer.score) == wanted else None
            elif one.type in ends:
                last = None
        if last is not None:
            waiting.append((last.event_time.seconds * (1 if wanted == 1 else -1), customer))
    return [customer for _, customer in sorted(waiting)]


def naive_moves(events):
    """Transitions, sum of changes, and the customers of each group."""
    moves, change, groups = collections.Counter(), 0, collections.defaultdict(list)
    for customer, history in histories(events).items():
        scores = [one.survey_answer.score for one in history
                  if one.type == event.EVENT_TYPE_NPS_ANSWERED]
        for before, after in zip(scores, scores[1:]):
            moves[group_of(before), group_of(after)] += 1
            change += after - before
        groups[group_of(scores[-1]) if scores else 0].append(customer)
    return moves, change, groups


def last_part(name):
    return name.rsplit("/", 1)[1]


class Feedback(unittest.TestCase):
    def setUp(self):
        self.rig = rig.Rig()
        self.rig.start()
        self.rig.create_workspace(base_currency="EUR", time_zone="UTC")
        self.stub = feedback_service_pb2_grpc.FeedbackServiceStub(self.rig.stubs.channel)

    def tearDown(self):
        self.rig.__exit__(None, None, None)

    def pages(self, method, request, field):
        entries = []
        while True:
            answer = method(request)
            entries.extend(getattr(answer, field))
            if not answer.next_page_token:
                return entries
            request.page_token = answer.next_page_token

    def check_verbatims(self, events):
        cases = {
            "": lambda e: True,
            "text:delivery AND score <= 6":
                lambda e: "delivery" in (e.survey_answer.verbatim or e.review.text)
                and (e.survey_answer.score if e.HasField("survey_answer") else e.review.rating) <= 6,
            "touchpoint = web AND type = nps_answered": lambda e: e.touchpoint == "web",
        }
        for condition, fits in cases.items():
            request = feedback.ListVerbatimsRequest(parent=PARENT, filter=condition, page_size=333)
            shown = [(one.event_time.seconds, last_part(one.customer), one.text)
                     for one in self.pages(self.stub.ListVerbatims, request, "verbatims")]
            self.assertEqual(shown, naive_verbatims(events, fits), condition)

    def check_queues(self, events):
        for kind, wanted, ends in ((feedback.FOLLOW_UP_KIND_DETRACTOR, 1, CONTACTS),
                                   (feedback.FOLLOW_UP_KIND_PROMOTER, 3, ADVOCACY)):
            request = feedback.ListFollowUpsRequest(parent=PARENT, kind=kind, days=3650,
                                                    page_size=37)
            shown = [last_part(one.customer)
                     for one in self.pages(self.stub.ListFollowUps, request, "follow_ups")]
            self.assertEqual(shown, naive_queue(events, wanted, ends), kind)

    def values(self):
        """Predicted micros and chance to leave by customer, as the generation has them."""
        request = customers.ListCustomersRequest(parent=PARENT, page_size=1000)
        return {last_part(one.name): one.facts.value
                for one in self.pages(self.rig.stubs.customers.ListCustomers, request, "customers")}

    def check_movement(self, events, night):
        moves, change, groups = naive_moves(events)
        answer = self.stub.GetScoreMovement(feedback.GetScoreMovementRequest(parent=PARENT))
        self.assertEqual({(getattr(t, "from"), t.to): t.count for t in answer.transitions},
                         {(a, b): moves[a, b] for a in (1, 2, 3) for b in (1, 2, 3)})
        self.assertAlmostEqual(answer.mean_change, change / sum(moves.values()), places=12)
        values = self.values() if night else {}
        for shown in answer.groups:
            self.assertEqual(shown.customer_count, len(groups[shown.group]))
            known = [values[c] for c in groups[shown.group] if c in values]
            predicted = [v.predicted.micros for v in known if v.HasField("predicted")]
            leave = [v.churn.probability for v in known if v.HasField("churn")]
            self.assertEqual(shown.valued_count, len(predicted))
            if predicted:
                mean = sum(predicted) / len(predicted)
                self.assertAlmostEqual(shown.mean_predicted_value.micros, mean, delta=1)
            if leave:
                self.assertAlmostEqual(shown.mean_churn_probability, sum(leave) / len(leave),
                                       places=8)
        return answer

    def check(self, events, night=True):
        self.check_verbatims(events)
        self.check_queues(events)
        return self.check_movement(events, night)

    def test_naive_recomputation_agrees(self):
        randomness = random.Random(SEED)
        print(f"seed {SEED}")
        first = int(time.time()) - 300 * DAY
        events = [make(randomness, i, first + i * 1200) for i in range(18_000)]
        sealed = events[:15_000]
        randomness.shuffle(sealed)
        self.rig.ingest_all(sealed)
        self.check(sealed, night=False)
        self.rig.nightly()
        answer = self.check(sealed)
        self.assertGreater(answer.groups[1].valued_count, 100)
        # Late events and new ones, after the generation.
        self.rig.ingest_all(events[15_000:])
        self.check(events)


if __name__ == "__main__":
    unittest.main(verbosity=2)
