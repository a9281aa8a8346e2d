# SPDX-License-Identifier: Apache-2.0
"""A nightly run that dies changes nothing; the next one completes.

The run is killed after each of its stages, half way through each, and at random moments.
Until a run publishes, every answer stays the same value for value; afterwards the answers
are those of a server whose run was never killed.
"""
import os
import random
import re
import signal
import subprocess
import time
import unittest

import answers
import rig
from test_order import all_stories

SEED = int(os.environ.get("RAPPORT_CRASH_SEED", "11"))
FIRST_NIGHT = "2024-06-01T00:00:00Z"
SECOND_NIGHT = "2024-12-01T00:00:00Z"


def stages():
    plan = subprocess.run([str(rig.BIN / "rapport-nightly"), "--plan"], check=True,
                          capture_output=True, text=True).stdout
    return re.findall(r"^\s{2,}([a-z_-]+)", plan, re.M)


class NightlyCrash(unittest.TestCase):
    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        made = all_stories()[:6000]
        half = len(made) // 2
        cls.first, cls.second = made[:half], made[half:]
        with rig.Rig("--sync=process_crash") as calm:
            calm.create_workspace(base_currency="EUR")
            calm.ingest_all(cls.first)
            calm.nightly(f"--as-of={FIRST_NIGHT}")
            calm.ingest_all(cls.second)
            cls.before = answers.collect(calm.stubs, with_timelines=False)
            calm.nightly(f"--as-of={SECOND_NIGHT}")
            cls.after = answers.collect(calm.stubs, with_timelines=False)

    def setUp(self):
        self.rig = rig.Rig("--sync=process_crash")
        self.rig.start()
        self.rig.create_workspace(base_currency="EUR")
        self.rig.ingest_all(self.first)
        self.rig.nightly(f"--as-of={FIRST_NIGHT}")
        self.rig.ingest_all(self.second)

    def tearDown(self):
        self.rig.__exit__(None, None, None)

    def assert_answers(self, expected, what):
        told = answers.differences(expected, answers.collect(self.rig.stubs, with_timelines=False))
        self.assertFalse(told, f"seed {SEED}: {what}\n" + "\n".join(told))

    def test_dying_after_or_within_any_stage(self):
        names = stages()
        self.assertGreaterEqual(len(names), 5, names)
        deaths = [f"--stop-{how}={name}" for name in names for how in ("within", "after")]
        for second, death in enumerate([*deaths, "--stop-after=manifest"]):
            with self.subTest(death=death):
                # Another as_of each time, so that the run begins anew and gets there.
                code = self.rig.nightly(f"--as-of=2024-12-02T00:00:{second:02d}Z", death, check=False)
                self.assertNotEqual(code, 0)
        self.assert_answers(self.before, "after runs that died at every stage")
        self.rig.kill()
        self.rig.start()
        self.assert_answers(self.before, "after a restart of the server")
        # Dies once more; the run after it takes up what that one had done.
        self.rig.nightly(f"--as-of={SECOND_NIGHT}", f"--stop-after={names[len(names) // 2]}", check=False)
        self.rig.nightly(f"--as-of={SECOND_NIGHT}")
        self.assert_answers(self.after, "after the run that completed")

    def test_dying_right_after_publication(self):
        self.rig.nightly(f"--as-of={SECOND_NIGHT}", "--stop-after=publish", check=False)
        self.assert_answers(self.after, "published, then died")
        newest = self.rig.stubs.admin.ListRuns(rig.admin.ListRunsRequest(page_size=1)).runs[0]
        self.assertEqual(newest.state, rig.workspace_pb2.RUN_STATE_SUCCEEDED)
        self.assertTrue(newest.generation)
        self.rig.nightly(f"--as-of={SECOND_NIGHT}")
        self.assert_answers(self.after, "run again")

    def test_kill_9_at_random_moments(self):
        randomness = random.Random(SEED)
        began = time.monotonic()
        command = [str(rig.BIN / "rapport-nightly"), f"--server={self.rig.address}",
                   f"--as-of={SECOND_NIGHT}", "--quiet"]
        killed = 0
        for _ in range(12):
            process = subprocess.Popen(command)
            time.sleep(randomness.uniform(0.0, 0.25))
            process.send_signal(signal.SIGKILL)
            if process.wait() == 0:
                break
            killed += 1
            told = answers.collect(self.rig.stubs, with_timelines=False)
            # Killed after the server had flipped is also fine: all of one or all of the other.
            self.assertTrue(not answers.differences(self.before, told) or not answers.differences(self.after, told),
                            f"seed {SEED}: neither the old answers nor the new")
        self.rig.nightly(f"--as-of={SECOND_NIGHT}")
        self.assert_answers(self.after, f"after {killed} killed runs")
        print(f"{killed} runs killed in {time.monotonic() - began:.1f} s")

    def test_two_runs_at_once(self):
        first = subprocess.Popen([str(rig.BIN / "rapport-nightly"), f"--server={self.rig.address}", "--quiet"])
        codes = [self.rig.nightly("--quiet", check=False)]
        codes.append(first.wait())
        self.assertLessEqual(set(codes), {0, 75}, "published, or told to try later")
        self.assertIn(0, codes)


if __name__ == "__main__":
    unittest.main(verbosity=2)
