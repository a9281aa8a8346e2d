# SPDX-License-Identifier: Apache-2.0
"""An independent client: Debian's Python gRPC with stubs made from the protos alone."""
import hashlib
import itertools
import unittest

import grpc
from google.protobuf import descriptor_pb2

import reflection_pb2 as reflection
import reflection_pb2_grpc
import rig
from rapport.v1 import admin_service_pb2 as admin
from rapport.v1 import answer_pb2 as answers
from rapport.v1 import customer_service_pb2 as customers
from rapport.v1 import event_pb2 as event
from rapport.v1 import event_service_pb2 as events
from rapport.v1 import metric_service_pb2 as metrics

MARCH_1 = 1_740_787_200  # 2025-03-01 00:00 UTC
PARENT = "workspaces/test"


class WithServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = rig.Rig("--sync=process_crash")
        cls.rig.start()
        cls.rig.create_workspace(display_name="Test", base_currency="EUR", time_zone="Europe/Berlin")
        cls.stubs = cls.rig.stubs

    @classmethod
    def tearDownClass(cls):
        cls.rig.__exit__(None, None, None)

    def assert_refused(self, code, call, request):
        with self.assertRaises(grpc.RpcError) as caught:
            call(request, timeout=10)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        return rig.details_of(caught.exception)


class Ingest(WithServer):
    def test_good_bad_and_duplicate_are_judged_alone(self):
        batch = [
            rig.order("in-1", "anna", MARCH_1, 40),
            rig.nps("in-2", "anna", MARCH_1 + 60, 11),        # no such score
            rig.order("in-1", "anna", MARCH_1, 40),           # said before
            rig.make_event("in-3", "", MARCH_1, event.EVENT_TYPE_PAGE_VIEWED),  # whose?
            rig.nps("in-4", "anna", MARCH_1 + 120, 9),
        ]
        answer = self.rig.ingest(batch)
        self.assertEqual(answer.accepted_count, 2)
        self.assertEqual(answer.duplicate_count, 1)
        self.assertEqual(list(answer.duplicate_indexes), [2])
        self.assertEqual([(r.index, r.event_id) for r in answer.rejected], [(1, "in-2"), (3, "in-3")])
        self.assertEqual(answer.rejected[0].field, "survey_answer.score")
        self.assertEqual(answer.rejected[0].reason, "OUT_OF_RANGE")
        self.assertEqual(answer.rejected[1].reason, "REQUIRED")
        again = self.rig.ingest(batch)
        self.assertEqual((again.accepted_count, again.duplicate_count), (0, 3))

    def test_workspaces_have_event_ids_of_their_own(self):
        self.rig.create_workspace("other")
        for workspace_id in ("test", "other"):
            answer = self.rig.ingest([rig.order("own-1", "olga", MARCH_1, 1)], workspace_id)
            self.assertEqual(answer.accepted_count, 1, workspace_id)

    def test_an_acknowledged_event_is_seen_at_once(self):
        self.rig.ingest([rig.order("see-1", "berta", MARCH_1, 12.5),
                         rig.order("see-2", "berta", MARCH_1 + 86400, 7.5),
                         rig.nps("see-3", "berta", MARCH_1 + 90000, 10)])
        berta = self.stubs.customers.GetCustomer(
            customers.GetCustomerRequest(name=f"{PARENT}/customers/berta"))
        self.assertEqual(berta.summary.event_count, 3)
        self.assertEqual(berta.summary.order_count, 2)
        self.assertEqual([(m.micros, m.currency) for m in berta.summary.net_revenue], [(20_000_000, "EUR")])
        self.assertEqual(berta.summary.last_nps.score, 10)

    def test_timeline_comes_back_as_it_was_sent(self):
        sent = [rig.order(f"line-{i}", "carl", MARCH_1 + i, 1 + i, touchpoint="checkout_page",
                          channel=event.CHANNEL_WEB) for i in range(25)]
        sent[3].properties["colour"].string_value = "green"
        sent[3].order.items.add(product_id="lamp", quantity=2, unit_price_micros=2_000_000)
        self.rig.ingest(sent)
        got, token = [], ""
        while True:
            page = self.stubs.events.ListEvents(events.ListEventsRequest(
                parent=f"{PARENT}/customers/carl", page_size=10, page_token=token, ascending=True))
            self.assertLessEqual(len(page.events), 10)
            got += page.events
            token = page.next_page_token
            if not token:
                break
        for one in got:
            self.assertEqual(one.name, f"{PARENT}/events/{one.event_id}")
            self.assertTrue(one.HasField("receive_time"))
            one.ClearField("name")
            one.ClearField("receive_time")
        self.assertEqual([e.event_id for e in got], [e.event_id for e in sent])
        self.assertEqual(got, sent)

    def test_stream_acknowledges_in_order_and_once(self):
        def batches(parent):
            for number in range(20):
                yield events.StreamEventsRequest(
                    parent=parent if number == 0 else "", batch_id=100 + number,
                    events=[rig.order(f"st-{number}-{i}", f"s{i % 7}", MARCH_1 + i, 5) for i in range(50)])
        first = list(self.stubs.events.StreamEvents(batches(PARENT), timeout=60))
        self.assertEqual([a.batch_id for a in first], list(range(100, 120)))
        self.assertEqual(sum(a.accepted_count for a in first), 1000)
        second = list(self.stubs.events.StreamEvents(batches(PARENT), timeout=60))
        self.assertEqual(sum(a.accepted_count for a in second), 0)
        self.assertEqual(sum(a.duplicate_count for a in second), 1000)

    def test_a_broken_batch_does_not_end_the_stream(self):
        bad = rig.order("sb-2", "dora", MARCH_1, -1)
        sent = [events.StreamEventsRequest(parent=PARENT, batch_id=1, events=[rig.order("sb-1", "dora", MARCH_1, 1)]),
                events.StreamEventsRequest(batch_id=2, events=[bad]),
                events.StreamEventsRequest(batch_id=3, events=[rig.order("sb-3", "dora", MARCH_1, 3)])]
        acks = list(self.stubs.events.StreamEvents(iter(sent), timeout=60))
        self.assertEqual([a.accepted_count for a in acks], [1, 0, 1])
        self.assertEqual(acks[1].rejected[0].reason, "NEGATIVE_AMOUNT")


class Errors(WithServer):
    def test_bad_name_tells_the_field(self):
        details = self.assert_refused(grpc.StatusCode.INVALID_ARGUMENT, self.stubs.customers.GetCustomer,
                                      customers.GetCustomerRequest(name="customers/anna"))
        self.assertEqual([v.field for v in details["BadRequest"].field_violations], ["name"])
        self.assertEqual(details["ErrorInfo"].domain, "rapport")
        self.assertRegex(details["ErrorInfo"].reason, "^[A-Z_]+$")

    def test_unknown_customer_is_not_found(self):
        details = self.assert_refused(grpc.StatusCode.NOT_FOUND, self.stubs.customers.GetCustomer,
                                      customers.GetCustomerRequest(name=f"{PARENT}/customers/nobody"))
        self.assertIn("ErrorInfo", details)

    def test_unknown_metric_names_the_field(self):
        details = self.assert_refused(grpc.StatusCode.INVALID_ARGUMENT, self.stubs.metrics.QueryMetric,
                                      metrics.QueryMetricRequest(parent=PARENT, metric="npss"))
        self.assertEqual(details["ErrorInfo"].reason, "UNKNOWN_METRIC")
        self.assertEqual(details["BadRequest"].field_violations[0].field, "metric")

    def test_second_workspace_of_a_name_is_refused(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.rig.create_workspace("test")
        self.assertEqual(caught.exception.code(), grpc.StatusCode.ALREADY_EXISTS)

    def test_page_token_of_another_query_is_refused(self):
        self.rig.ingest([rig.order(f"pt-{i}", f"p{i}", MARCH_1, 1) for i in range(5)])
        page = self.stubs.customers.ListCustomers(customers.ListCustomersRequest(parent=PARENT, page_size=2))
        self.assertTrue(page.next_page_token)
        for token in ("nonsense", page.next_page_token[:-2]):
            self.assert_refused(grpc.StatusCode.INVALID_ARGUMENT, self.stubs.customers.ListCustomers,
                                customers.ListCustomersRequest(parent=PARENT, page_size=2, page_token=token))


class Reflection(WithServer):
    def ask(self, **question):
        stub = reflection_pb2_grpc.ServerReflectionStub(self.stubs.channel)
        call = stub.ServerReflectionInfo(iter([reflection.ServerReflectionRequest(**question)]), timeout=10)
        return next(iter(call))

    def test_lists_the_services(self):
        names = {s.name for s in self.ask(list_services="*").list_services_response.service}
        for service in ("Event", "Customer", "Metric", "Value", "Cohort", "Admin"):
            self.assertIn(f"rapport.v1.{service}Service", names)
        self.assertIn("grpc.health.v1.Health", names)

    def test_gives_the_files_a_client_needs(self):
        answer = self.ask(file_containing_symbol="rapport.v1.EventService")
        files = [descriptor_pb2.FileDescriptorProto.FromString(f)
                 for f in answer.file_descriptor_response.file_descriptor_proto]
        methods = {m.name for f in files for s in f.service for m in s.method}
        self.assertLessEqual({"IngestEvents", "StreamEvents", "ListEvents"}, methods)


class UnixSocket(unittest.TestCase):
    def test_serves_the_same(self):
        with rig.Rig() as one:
            one.stop()
            one.flags = [f"--unix-socket={one.folder}/s"]
            one.start()
            one.create_workspace()
            stubs = rig.Stubs(one.channel(f"unix:{one.folder}/s"))
            got = stubs.admin.GetWorkspace(admin.GetWorkspaceRequest(name=PARENT))
            self.assertEqual(got.name, PARENT)
            stubs.channel.close()


class Auth(unittest.TestCase):
    TOKENS = {"read-me": "reader", "write-me": "writer", "rule-me": "admin"}

    def setUp(self):
        self.rig = rig.Rig(insecure=False)
        path = self.rig.folder / "tokens"
        path.write_text("".join(
            f"{hashlib.sha256(token.encode()).hexdigest()} {role} {role}-of-test\n"
            for token, role in self.TOKENS.items()))
        self.rig.flags = [f"--tokens-file={path}"]
        self.rig.start()

    def tearDown(self):
        self.rig.__exit__(None, None, None)

    def code_of(self, token, call, request):
        metadata = [("authorization", f"Bearer {token}")] if token else []
        try:
            call(request, metadata=metadata, timeout=10)
            return grpc.StatusCode.OK
        except grpc.RpcError as error:
            return error.code()

    def test_each_role_may_do_what_it_may(self):
        stubs = self.rig.stubs
        create = admin.CreateWorkspaceRequest(workspace_id="test")
        ingest = events.IngestEventsRequest(parent=PARENT, events=[rig.order("a-1", "a", MARCH_1, 1)])
        read = customers.GetCustomerRequest(name=f"{PARENT}/customers/a")
        refused, unknown, ok = (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED,
                                grpc.StatusCode.OK)
        steps = [
            (None, stubs.admin.CreateWorkspace, create, unknown),
            ("guess", stubs.admin.CreateWorkspace, create, unknown),
            ("write-me", stubs.admin.CreateWorkspace, create, refused),
            ("rule-me", stubs.admin.CreateWorkspace, create, ok),
            ("read-me", stubs.events.IngestEvents, ingest, refused),
            ("write-me", stubs.events.IngestEvents, ingest, ok),
            (None, stubs.customers.GetCustomer, read, unknown),
            ("read-me", stubs.customers.GetCustomer, read, ok),
            ("write-me", stubs.customers.GetCustomer, read, ok),
        ]
        for token, call, request, expected in steps:
            self.assertEqual(self.code_of(token, call, request), expected, f"{token} {request}")


class Merge(WithServer):
    def test_both_names_lead_to_the_survivor(self):
        self.rig.ingest([rig.order("m-1", "old", MARCH_1, 10), rig.order("m-2", "new", MARCH_1 + 5, 20)])
        self.stubs.customers.MergeCustomers(customers.MergeCustomersRequest(
            name=f"{PARENT}/customers/new", duplicate=f"{PARENT}/customers/old"))
        self.rig.ingest([rig.order("m-3", "old", MARCH_1 + 9, 30)])
        for name, view in itertools.product(("old", "new"), (answers.VIEW_NIGHTLY, answers.VIEW_LIVE)):
            got = self.stubs.customers.GetCustomer(
                customers.GetCustomerRequest(name=f"{PARENT}/customers/{name}", view=view))
            self.assertEqual(got.name, f"{PARENT}/customers/new")
            self.assertEqual(got.summary.event_count, 3)
            self.assertEqual(got.summary.net_revenue[0].micros, 60_000_000)


if __name__ == "__main__":
    unittest.main(verbosity=2)
