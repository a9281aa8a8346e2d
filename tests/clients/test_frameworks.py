# SPDX-License-Identifier: Apache-2.0
"""Frameworks end to end: what the night stores equals a naive walk written here, in Python,
from the framework as the API shows it; own frameworks; live answers after new events; errors
that name the field; the terminal's text."""
import collections
import random
import re
import unittest

import grpc
import rig
from google.protobuf import text_format
from rapport.v1 import answer_pb2 as answers
from rapport.v1 import event_pb2 as event
from rapport.v1 import framework_pb2 as framework
from rapport.v1 import framework_service_pb2 as frameworks
from rapport.v1 import framework_service_pb2_grpc

SEED = 20_260_401
DAY = 86_400
AS_OF = 1_772_366_400  # 2026-03-01T12:00:00Z.
PARENT = "workspaces/test"
TYPES = ["page_viewed", "product_viewed", "product_viewed", "cart_item_added", "order_placed",
         "feature_used", "session_ended", "review_written", "subscription_cancelled",
         "email_sent"]
# What the company or a system does, and acts of leaving, are no activity.
NO_ACTIVITY = {"email_sent", "subscription_cancelled"}


def make(number, customer, when, word):
    kind = event.EventType.Value("EVENT_TYPE_" + word.upper())
    if word == "order_placed":
        return rig.order(f"e{number}", customer, when, 10)
    made = rig.make_event(f"e{number}", customer, when, kind)
    if word == "review_written":
        made.review.rating = 4
    if word == "session_ended":
        made.session.duration_seconds = 60
    if word == "subscription_cancelled":
        made.subscription.subscription_id = "s1"
    return made


def histories():
    randomness = random.Random(SEED)
    made = {}
    for customer in range(250):
        when = AS_OF - 700 * DAY + randomness.randrange(400 * DAY)
        history = []
        for _ in range(randomness.randrange(1, 14)):
            history.append((when, randomness.choice(TYPES)))
            when += randomness.choice([0, DAY // 2, DAY, 3 * DAY, 40 * DAY, 100 * DAY, 380 * DAY])
        made[f"c{customer}"] = [step for step in history if step[0] <= AS_OF]
    return {customer: history for customer, history in made.items() if history}


def words_of(text):
    """The event types of a filter `type = a` or `type = (a OR b)`."""
    return set(re.fullmatch(r"type = \(?([a-z_ OR]+)\)?", text).group(1).split(" OR "))


class NaiveWalk:
    """A customer through a framework whose filters name types alone; no clever state."""

    def __init__(self, model):
        self.model = model
        self.ids = [stage.stage for stage in model.stages]

    def holds(self, evidence, done):
        when, word = done[-1]
        types = words_of(evidence.filter)
        if word not in types:
            return False
        near = [one for one in done if one[1] in types
                and (not evidence.window_days or when - one[0] <= evidence.window_days * DAY)]
        return len(near) >= max(1, evidence.minimum_count)

    def shown(self, stage, done):
        return any(self.holds(entry, done) for entry in self.model.stages[stage].entry)

    def way(self, here, to):
        for one in self.model.transitions:
            if (one.from_stage, one.to_stage) == (self.ids[here], self.ids[to]):
                if not one.HasField("evidence"):
                    return one
        return None

    def rank(self, here, word):
        if here is not None:
            for one in self.model.stages[here].exits:
                if one.HasField("evidence") and word in words_of(one.evidence.filter):
                    return -1
        ranks = [place for place, stage in enumerate(self.model.stages)
                 for entry in stage.entry if word in words_of(entry.filter)]
        ranks += [self.ids.index(one.to_stage) for one in self.model.transitions
                  if one.HasField("evidence") and word in words_of(one.evidence.filter)]
        return min(ranks, default=1000)

    def deadline(self, here, entered, done):
        due = None
        for one in self.model.stages[here].exits:
            if one.HasField("evidence"):
                continue
            breaks = (words_of(one.silence_filter) if one.silence_filter else
                      {word for _, word in done} - NO_ACTIVITY)
            since = max([entered] + [when for when, word in done if word in breaks])
            if due is None or since + one.silence_days * DAY < due:
                due = since + one.silence_days * DAY
        return due

    def forward(self, here, done):
        for to in range(len(self.ids) - 1, here, -1):
            free = all(stage.skippable for stage in self.model.stages[here + 1:to])
            if self.shown(to, done) and (free or self.way(here, to)):
                return to
        return None

    def target(self, here, done):
        own = [self.ids.index(one.to_stage) for one in self.model.transitions
               if one.from_stage == self.ids[here] and one.HasField("evidence")
               and self.holds(one.evidence, done)]
        if own:
            return max(own)
        to = self.forward(here, done)
        if to is not None or self.shown(here, done):
            return to
        back = [to for to in range(here) if self.way(here, to) and self.shown(to, done)]
        return max(back, default=None)

    def entrance(self, been, done):
        for to in range(len(self.ids) - 1, -1, -1):
            free = all(stage.skippable for stage in self.model.stages[:to])
            if self.shown(to, done) and (free or to in been):
                return to
        return None

    def walk(self, history):
        """[stage, entered, left or None, out] of each visit."""
        visits, here, done = [], None, []

        def silence(until):
            nonlocal here
            if here is None:
                return
            due = self.deadline(here, visits[-1][1], done)
            if due is not None and due <= until:
                visits[-1][2:] = [due, True]
                here = None

        instants = collections.defaultdict(list)
        for when, word in history:
            instants[when].append(word)
        for when in sorted(instants):
            silence(when - 1)
            order = sorted(instants[when], key=lambda word: (
                self.rank(here, word), event.EventType.Value("EVENT_TYPE_" + word.upper())))
            for word in order:
                done.append((when, word))
                if here is None:
                    to = self.entrance({visit[0] for visit in visits}, done)
                elif any(one.HasField("evidence") and self.holds(one.evidence, done)
                         for one in self.model.stages[here].exits):
                    visits[-1][2:] = [when, True]
                    here = to = None
                else:
                    to = self.target(here, done)
                    if to is not None:
                        visits[-1][2:] = [when, False]
                if to is not None:
                    visits.append([to, when, None, False])
                    here = to
        silence(AS_OF)
        return visits


OWN = """
framework: "club" display_name: "Club"
stages { stage: "guest" display_name: "Guest" owners: "door"
         entry { filter: "type = page_viewed" } exits { silence_days: 30 } skippable: true }
stages { stage: "member" display_name: "Member" owners: "host"
         entry { filter: "type = gave_talk AND property.topic = cats" } }
border_stage: "member"
"""


class Frameworks(unittest.TestCase):
    def setUp(self):
        self.rig = rig.Rig()
        self.rig.start()
        self.rig.create_workspace(base_currency="EUR", time_zone="UTC")
        self.stub = framework_service_pb2_grpc.FrameworkServiceStub(self.rig.stubs.channel)

    def tearDown(self):
        self.rig.__exit__(None, None, None)

    def night(self):
        self.rig.nightly("--as-of=2026-03-01T12:00:00Z")

    def report(self, name, **more):
        return self.stub.QueryFramework(frameworks.QueryFrameworkRequest(
            name=f"{PARENT}/frameworks/{name}", **more))

    def stage_customers(self, name, stage):
        request = frameworks.ListStageCustomersRequest(
            name=f"{PARENT}/frameworks/{name}", stage=stage, page_size=17)
        found = {}
        while True:
            answer = self.stub.ListStageCustomers(request)
            for one in answer.customers:
                found[one.customer.rsplit("/", 1)[1]] = one
            if not answer.next_page_token:
                return found
            request.page_token = answer.next_page_token

    def journey(self, customer, name, **more):
        answer = self.stub.GetCustomerJourney(frameworks.GetCustomerJourneyRequest(
            name=f"{PARENT}/customers/{customer}", framework=name, **more))
        return answer.journeys[0]

    def check_standings(self, model, walks):
        for place, stage in enumerate(model.stages):
            inside = {customer: visits for customer, visits in walks.items()
                      if visits and not visits[-1][3] and visits[-1][0] == place}
            listed = self.stage_customers(model.framework, stage.stage)
            self.assertEqual(set(listed), set(inside), stage.stage)
            for customer, one in listed.items():
                self.assertEqual(one.since.seconds, inside[customer][-1][1], customer)
                self.assertEqual(one.visit_count, len(inside[customer]), customer)
        left = {customer for customer, visits in walks.items() if visits and visits[-1][3]}
        self.assertEqual(set(self.stage_customers(model.framework, "left")), left)

    def check_report(self, model, walks):
        begin, end = AS_OF - 365 * DAY + DAY // 2, AS_OF + DAY // 2  # 2025-03-02 to 2026-03-02.
        report = self.report(model.framework)
        self.assertEqual((report.context.start_date, report.context.end_date),
                         ("2025-03-02", "2026-03-02"))
        now, entrants, lost, left = (collections.Counter() for _ in range(4))
        for visits in walks.values():
            for stage in {visit[0] for visit in visits if begin <= visit[1] < end}:
                entrants[stage] += 1
            for stage, _, when, out in visits:
                left[stage] += out and begin <= when < end
            if visits and not visits[-1][3]:
                now[visits[-1][0]] += 1
            elif visits and visits[-1][2] >= begin:
                lost[visits[-1][0]] += 1
        for place, stage in enumerate(report.stages):
            self.assertEqual(
                (stage.customer_count, stage.entrant_count, stage.leak.lost_count,
                 stage.leak.left_count),
                (now[place], entrants[place], lost[place], left[place]), stage.stage)
        self.assertGreater(sum(entrants.values()), 100)
        # The same by a scan instead of the stored one.
        scanned = self.report(model.framework, filter="summary.event_count >= 0")
        self.assertEqual(rig.as_json(scanned, "context"), rig.as_json(report, "context"))

    def test_the_night_equals_a_naive_walk(self):
        made = histories()
        events, number = [], 0
        for customer, history in made.items():
            for when, word in history:
                number += 1
                events.append(make(number, customer, when, word))
        random.Random(SEED).shuffle(events)
        half = len(events) // 2
        self.rig.ingest_all(events[:half])
        self.night()
        self.rig.ingest_all(events[half:])
        self.night()
        for name in ("mckinsey", "aarrr"):
            model = self.stub.GetFramework(
                frameworks.GetFrameworkRequest(name=f"{PARENT}/frameworks/{name}"))
            naive = NaiveWalk(model)
            walks = {customer: naive.walk(history) for customer, history in made.items()}
            self.check_standings(model, walks)
            self.check_report(model, walks)
            for customer in list(made)[:40]:
                shown = self.journey(customer, name, view=answers.VIEW_NIGHTLY)
                self.assertEqual(
                    [(visit.stage, visit.enter_time.seconds) for visit in shown.visits],
                    [(naive.ids[visit[0]], visit[1]) for visit in walks[customer]], customer)

    def test_own_framework_from_definition_to_live_answers(self):
        own = framework.Framework()
        text_format.Parse(OWN, own)
        with self.assertRaises(grpc.RpcError) as refused:  # Nobody gave a talk yet.
            self.stub.CreateFramework(frameworks.CreateFrameworkRequest(parent=PARENT, framework=own))
        violation = rig.details_of(refused.exception)["BadRequest"].field_violations[0]
        self.assertEqual(violation.field, "framework.stages[1].entry[0].filter")

        talk = rig.make_event("t1", "ann", AS_OF - 5 * DAY, event.EVENT_TYPE_CUSTOM,
                              custom_type="gave_talk")
        talk.properties["topic"].string_value = "cats"
        dogs = rig.make_event("t2", "bob", AS_OF - 5 * DAY, event.EVENT_TYPE_CUSTOM,
                              custom_type="gave_talk")
        dogs.properties["topic"].string_value = "dogs"
        self.rig.ingest_all([talk, dogs, make(3, "bob", AS_OF - 6 * DAY, "page_viewed"),
                             make(4, "cid", AS_OF - 90 * DAY, "page_viewed")])
        self.stub.CreateFramework(frameworks.CreateFrameworkRequest(parent=PARENT, framework=own))
        self.night()
        self.assertEqual(set(self.stage_customers("club", "member")), {"ann"})
        self.assertEqual(set(self.stage_customers("club", "guest")), {"bob"})
        out = self.stage_customers("club", "left")["cid"]
        self.assertEqual(out.since.seconds, AS_OF - 60 * DAY)
        self.assertEqual(out.why, "left from Guest: 30 days of silence")
        report = self.report("club")
        self.assertEqual([stage.customer_count for stage in report.stages], [1, 1])
        self.assertEqual(report.biggest_leak, "guest")
        self.assertEqual(report.actions[0].owner, "door")
        self.assertEqual(report.expansion.customer_share, 0.5)

        # Live sees what the night has not.
        late = rig.make_event("t5", "bob", AS_OF - 4 * DAY, event.EVENT_TYPE_CUSTOM,
                              custom_type="gave_talk")
        late.properties["topic"].string_value = "cats"
        self.rig.ingest_all([late])
        self.assertEqual(self.journey("bob", "club").current_stage, "member")
        self.assertEqual(self.journey("bob", "club").visits[1].evidence_event_id, "t5")
        self.assertEqual(self.journey("bob", "club", view=answers.VIEW_NIGHTLY).current_stage, "guest")
        self.assertEqual([stage.customer_count for stage in self.report("club").stages], [1, 1])
        live = self.report("club", view=answers.VIEW_LIVE, end_date="2026-03-02")
        self.assertEqual([stage.customer_count for stage in live.stages], [0, 2])

        # A changed framework is not answered from what the night stored.
        own.name = f"{PARENT}/frameworks/club"
        own.stages[0].exits[0].silence_days = 300
        self.stub.UpdateFramework(frameworks.UpdateFrameworkRequest(framework=own))
        self.assertEqual([stage.customer_count for stage in self.report("club").stages], [2, 1])
        with self.assertRaises(grpc.RpcError) as stale:
            self.stage_customers("club", "guest")
        self.assertEqual(stale.exception.code(), grpc.StatusCode.FAILED_PRECONDITION)
        self.night()
        self.assertEqual(set(self.stage_customers("club", "guest")), {"cid"})

        shown = self.rig.ctl("journey", "show", "bob", "--framework=club", "--workspace=test")
        self.assertIn("forward from Guest: gave_talk", shown)
        shown = self.rig.ctl("journey", "report", "club", "--workspace=test")
        self.assertIn("Past the border (from Member on): 2 of 3 customers", shown)
        self.assertIn("club", self.rig.ctl("frameworks", "list", "--workspace=test"))
        self.assertIn("deleted", self.rig.ctl("frameworks", "delete", "club", "--workspace=test"))


if __name__ == "__main__":
    unittest.main()
