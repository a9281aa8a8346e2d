# SPDX-License-Identifier: Apache-2.0
"""What tests on real data share: the sets beside the repository (../shared/data, not part of
it; without it a test is skipped), loading one by `rapportctl import`, and asking for figures."""
import csv
import gzip
import json
import os
import pathlib
import unittest

import rig
from rapport.v1 import answer_pb2 as answer_protos
from rapport.v1 import metric_service_pb2 as metrics

DATA = pathlib.Path(os.environ.get("RAPPORT_REAL_DATA", rig.ROOT.parent / "shared" / "data"))
MAPPINGS = rig.ROOT / "tools" / "mappings"
if not DATA.is_dir():
    rig.skip(f"the real data sets are not at {DATA}")


def raw_rows(path):
    with gzip.open(DATA / path, "rt", encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


class RealCase(unittest.TestCase):
    maxDiff = None

    def load(self, mapping, path, workspace_id, **settings):
        self.rig.create_workspace(workspace_id, **settings)
        summary = json.loads(self.rig.ctl(
            "import", f"--workspace={workspace_id}", f"--mapping={MAPPINGS / mapping}", "--json",
            str(DATA / path)))
        self.assertEqual(summary["rejected"], 0, summary)
        again = json.loads(self.rig.ctl(
            "import", f"--workspace={workspace_id}", f"--mapping={MAPPINGS / mapping}", "--json",
            str(DATA / path)))
        self.assertEqual((again["accepted"], again["duplicates"]), (0, summary["events"]))
        return summary

    def setUp(self):
        self.rig = rig.Rig("--sync=process_crash")
        self.rig.start()

    def tearDown(self):
        self.rig.__exit__(None, None, None)

    def ask(self, workspace_id, metric, **more):
        return self.rig.stubs.metrics.QueryMetric(metrics.QueryMetricRequest(
            parent=f"workspaces/{workspace_id}", metric=metric,
            view=answer_protos.VIEW_NIGHTLY, **more))

    def points(self, workspace_id, metric, **more):
        return self.ask(workspace_id, metric, **more).total.points

    def value(self, workspace_id, metric, **more):
        points = self.points(workspace_id, metric, **more)
        self.assertEqual(len(points), 1, metric)
        return points[0].value
