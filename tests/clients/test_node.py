# SPDX-License-Identifier: Apache-2.0
"""Runs the Node client (node/smoke.mjs) against a server. Skipped without Node."""
import shutil
import subprocess
import sys

import rig

NODE = shutil.which("node")
SCRIPT = rig.ROOT / "tests" / "clients" / "node" / "smoke.mjs"

if NODE is None or not (rig.ROOT / "node_modules" / "@grpc" / "grpc-js").is_dir():
    rig.skip("Node or the npm tools are missing (scripts/setup.sh --tools)")

with rig.Rig("--sync=process_crash") as one:
    done = subprocess.run([NODE, str(SCRIPT), one.address], cwd=rig.ROOT, timeout=100)
    code = done.returncode
sys.exit(code)
