# SPDX-License-Identifier: Apache-2.0
"""What the quickstart shows: the demo business, one night, and the commands a person uses."""
import json
import unittest

import rig
from rapport.v1 import answer_pb2 as answer_protos
from rapport.v1 import customer_service_pb2 as customers
from rapport.v1 import metric_service_pb2 as metrics
from rapport.v1 import value_service_pb2 as values

CUSTOMERS = 1500
PARENT = "workspaces/demo"


class EndToEnd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = rig.Rig()
        cls.rig.start()
        cls.loaded = cls.rig.ctl("demo", "load", "--workspace=demo", f"--customers={CUSTOMERS}",
                                 "--end=2025-01-01")
        cls.rig.nightly("--as-of=2025-01-01T00:00:00Z")

    @classmethod
    def tearDownClass(cls):
        cls.rig.__exit__(None, None, None)

    def ctl(self, *words):
        return self.rig.ctl(*words, "--workspace=demo")

    def json(self, *words):
        return json.loads(self.ctl(*words, "--json"))

    def test_every_view_of_the_portfolio_has_figures(self):
        report = self.rig.stubs.values.GetValueReport(values.GetValueReportRequest(parent=PARENT))
        self.assertGreater(report.customer_count, CUSTOMERS // 2)
        self.assertGreater(report.customer_equity.micros, 0)
        self.assertEqual(len(report.deciles), 10)
        nps = self.rig.stubs.metrics.GetNpsReport(metrics.GetNpsReportRequest(parent=PARENT))
        self.assertEqual(nps.promoters + nps.passives + nps.detractors, sum(nps.distribution))
        self.assertGreater(len(nps.monthly), 12)

    def test_the_model_finds_the_known_truth(self):
        model = self.rig.stubs.values.GetValueModel(
            values.GetValueModelRequest(name=f"{PARENT}/valueModel"))
        self.assertTrue(model.converged, model.notes)
        found = {p.name: p for p in model.purchase_parameters}
        # The truth that the generator draws from (tools/demo/business.h).
        for name, true in (("r", 0.7), ("alpha", 8.0), ("a", 0.8), ("b", 2.5)):
            distance = abs(found[name].value - true) / found[name].standard_error
            self.assertLess(distance, 4, f"{name}: {found[name].value} for {true}")

    def test_a_customers_future_is_that_of_its_history(self):
        listed = self.rig.stubs.customers.ListCustomers(customers.ListCustomersRequest(
            parent=PARENT, page_size=5, filter="rfm.frequency > 2")).customers
        self.assertEqual(len(listed), 5)
        for one in listed:
            answer = self.rig.stubs.values.GetCustomerValue(values.GetCustomerValueRequest(
                name=one.name, horizon_days=90, max_purchases=4))
            value = answer.value
            predicted = self.rig.stubs.values.PredictValue(values.PredictValueRequest(
                parent=PARENT, horizon_days=90, max_purchases=4, histories=[values.PurchaseInput(
                    repeat_purchases=value.repeat_purchases, recency_days=value.recency_days,
                    age_days=value.age_days, sum_log_gap_days=value.sum_log_gap_days,
                    channel=one.facts.acquisition_channel)])).predictions[0]
            self.assertEqual(list(answer.purchase_counts), list(predicted.purchase_counts))
            self.assertEqual(len(answer.purchase_counts), 5)
            self.assertEqual(answer.p_alive_at_horizon, predicted.p_alive_at_horizon)
            self.assertLess(answer.p_alive_at_horizon, value.p_alive)

    def test_commands_print_for_people_and_for_programs(self):
        for words in (("value", "report"), ("metrics", "nps"), ("cohorts", "retention"), ("lifecycle", "show"),
                      ("value", "model"), ("runs", "list"), ("generations", "list"), ("customers", "list")):
            with self.subTest(" ".join(words)):
                self.assertTrue(self.ctl(*words).strip())
                self.assertTrue(self.json(*words))

    def test_a_new_order_shows_at_once_and_moves_the_live_view(self):
        # Nothing is new yet: live totals and the nightly ones are the same.
        listed = self.rig.stubs.customers.ListCustomers(customers.ListCustomersRequest(
            parent=PARENT, page_size=50, filter="summary.order_count > 3")).customers
        self.assertEqual(len(listed), 50)
        for one in listed:
            self.assertEqual(one.summary, one.facts.summary)
        name = listed[0].name
        before = self.rig.stubs.customers.GetCustomer(customers.GetCustomerRequest(name=name))
        moment = before.summary.last_event_time.seconds + 60
        self.rig.ingest([rig.order("e2e-1", name.rsplit("/", 1)[-1], moment, 99)], "demo")
        after = self.rig.stubs.customers.GetCustomer(customers.GetCustomerRequest(name=name))
        self.assertEqual(after.summary.order_count, before.summary.order_count + 1)
        self.assertEqual(after.facts, before.facts, "the nightly facts stay until the next night")
        live = self.rig.stubs.customers.GetCustomer(
            customers.GetCustomerRequest(name=name, view=answer_protos.VIEW_LIVE))
        self.assertEqual(live.facts.summary.order_count, before.summary.order_count + 1)

    def test_the_server_drains_on_sigterm(self):
        with rig.Rig() as other:
            other.create_workspace()
            other.process.terminate()
            self.assertEqual(other.process.wait(timeout=30), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
