# SPDX-License-Identifier: Apache-2.0
"""Every answer of a workspace as plain values, so that two servers can be compared."""
import itertools

import rig
from rapport.v1 import answer_pb2 as answer_protos
from rapport.v1 import cohort_pb2
from rapport.v1 import cohort_service_pb2 as cohorts
from rapport.v1 import customer_service_pb2 as customers
from rapport.v1 import event_service_pb2 as events
from rapport.v1 import metric_pb2
from rapport.v1 import metric_service_pb2 as metrics
from rapport.v1 import value_service_pb2 as values

# What may differ between two servers with the same events: numbers of generations and
# runs, moments of receipt, revision tags, and the clock of live answers.
INCIDENTAL = ("generation", "receive_time", "etag", "create_time", "publish_time")
PAGE = 1000
# Kinds of metrics that are counted per event and so can be grouped by event dimensions.
GROUPED_KINDS = frozenset({
    metric_pb2.METRIC_KIND_NET_SCORE, metric_pb2.METRIC_KIND_SCORE_SHARE,
    metric_pb2.METRIC_KIND_SCORE_MEAN, metric_pb2.METRIC_KIND_COUNT, metric_pb2.METRIC_KIND_MONEY_SUM,
    metric_pb2.METRIC_KIND_MONEY_PER_COUNT, metric_pb2.METRIC_KIND_COUNT_RATIO,
    metric_pb2.METRIC_KIND_VALUE_MEAN})


def pages(call, request, field):
    found = []
    while True:
        answer = call(request, timeout=120)
        found += getattr(answer, field)
        if not answer.next_page_token:
            return found
        request.page_token = answer.next_page_token


def all_customers(stubs, parent):
    listed = pages(stubs.customers.ListCustomers,
                   customers.ListCustomersRequest(parent=parent, page_size=PAGE), "customers")
    return sorted(c.name for c in listed)


def all_events(stubs, customer):
    return pages(stubs.events.ListEvents,
                 events.ListEventsRequest(parent=customer, page_size=PAGE, ascending=True), "events")


def collect(stubs, workspace_id="test", with_timelines=True):
    """name of the answer > JSON value."""
    parent = f"workspaces/{workspace_id}"
    found = {}

    def keep(name, message):
        found[name] = rig.as_json(message, *INCIDENTAL)

    nightly = answer_protos.VIEW_NIGHTLY
    for name in all_customers(stubs, parent):
        keep(f"customer {name}", stubs.customers.GetCustomer(customers.GetCustomerRequest(name=name)))
        keep(f"value {name}", stubs.values.GetCustomerValue(values.GetCustomerValueRequest(name=name)))
        if with_timelines:
            # Events of the same moment come in an order of their own: compare them as a set.
            timeline = [rig.as_json(e, *INCIDENTAL) for e in all_events(stubs, name)]
            found[f"timeline {name}"] = sorted(timeline, key=lambda e: e["event_id"])
    keep("nps", stubs.metrics.GetNpsReport(metrics.GetNpsReportRequest(parent=parent, view=nightly)))
    definitions = pages(stubs.metrics.ListMetricDefinitions,
                        metrics.ListMetricDefinitionsRequest(parent=parent), "definitions")
    for definition in definitions:
        if definition.kind == metric_pb2.METRIC_KIND_REFERENCE_RATIO:
            continue  # Needs a series that no event carries.
        as_of_now = definition.kind == metric_pb2.METRIC_KIND_FACT_MEAN
        by = metric_pb2.GRANULARITY_UNSPECIFIED if as_of_now else metric_pb2.GRANULARITY_MONTH
        for group in [[]] + ([["channel"], ["touchpoint"]] if definition.kind in GROUPED_KINDS else []):
            keep(f"metric {definition.metric} {group}", stubs.metrics.QueryMetric(metrics.QueryMetricRequest(
                parent=parent, metric=definition.metric, granularity=by,
                group_by=group, view=nightly)))
    for birth, back, mode in itertools.product(
            (cohort_pb2.COHORT_BIRTH_FIRST_ORDER, cohort_pb2.COHORT_BIRTH_FIRST_EVENT),
            (cohort_pb2.COHORT_RETURN_ORDER, cohort_pb2.COHORT_RETURN_ANY_EVENT),
            (cohort_pb2.RETENTION_MODE_ON, cohort_pb2.RETENTION_MODE_ON_OR_AFTER)):
        keep(f"retention {birth} {back} {mode}", stubs.cohorts.QueryRetention(
            cohorts.QueryRetentionRequest(parent=parent, birth=birth, return_event=back, mode=mode)))
    keep("lifecycle", stubs.cohorts.QueryLifecycle(cohorts.QueryLifecycleRequest(parent=parent)))
    transitions = pages(stubs.cohorts.ListTransitions,
                        cohorts.ListTransitionsRequest(parent=parent, page_size=PAGE), "transitions")
    found["transitions"] = sorted((rig.as_json(t) for t in transitions), key=lambda t: sorted(map(str, t.items())))
    keep("value report", stubs.values.GetValueReport(values.GetValueReportRequest(parent=parent)))
    model = stubs.values.GetValueModel(values.GetValueModelRequest(name=f"{parent}/valueModel"))
    model.ClearField("drift")  # Compares nights, so it tells how many there were.
    keep("value model", model)
    return found


def differences(left, right, limit=10):
    """What differs, in words, at most `limit` of it."""
    told = []

    def walk(path, a, b):
        if len(told) >= limit or a == b:
            return
        if isinstance(a, dict) and isinstance(b, dict):
            for key in sorted(a.keys() | b.keys()):
                walk(f"{path}.{key}", a.get(key), b.get(key))
        elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            for i, (x, y) in enumerate(zip(a, b)):
                walk(f"{path}[{i}]", x, y)
        else:
            told.append(f"{path}: {a!r} != {b!r}"[:400])

    walk("", left, right)
    return told
