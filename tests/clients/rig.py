# SPDX-License-Identifier: Apache-2.0
"""Starts the real programs for a test and talks to them as any client would.

A Rig owns one server on a free loopback port with a folder of its own, and ends it when
the `with` block ends. Needs RAPPORT_BIN (folder of the programs) and the generated stubs
on PYTHONPATH; tests/clients/CMakeLists.txt sets both.
"""
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import grpc
from google.protobuf import json_format

import google_rpc_pb2
import health_pb2
import health_pb2_grpc
from rapport.v1 import admin_service_pb2 as admin
from rapport.v1 import admin_service_pb2_grpc
from rapport.v1 import cohort_service_pb2_grpc
from rapport.v1 import customer_service_pb2_grpc
from rapport.v1 import event_pb2 as event
from rapport.v1 import event_service_pb2 as events
from rapport.v1 import event_service_pb2_grpc
from rapport.v1 import metric_service_pb2_grpc
from rapport.v1 import reference_service_pb2_grpc
from rapport.v1 import value_service_pb2_grpc
from rapport.v1 import workspace_pb2

BIN = pathlib.Path(os.environ["RAPPORT_BIN"])
ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77  # What ctest takes as "skipped".


def skip(reason):
    print(f"SKIPPED: {reason}", flush=True)
    sys.exit(SKIPPED)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Stubs:
    """All services over one channel."""

    def __init__(self, channel):
        self.channel = channel
        self.admin = admin_service_pb2_grpc.AdminServiceStub(channel)
        self.cohorts = cohort_service_pb2_grpc.CohortServiceStub(channel)
        self.customers = customer_service_pb2_grpc.CustomerServiceStub(channel)
        self.events = event_service_pb2_grpc.EventServiceStub(channel)
        self.metrics = metric_service_pb2_grpc.MetricServiceStub(channel)
        self.references = reference_service_pb2_grpc.ReferenceServiceStub(channel)
        self.values = value_service_pb2_grpc.ValueServiceStub(channel)
        self.health = health_pb2_grpc.HealthStub(channel)


class Rig:
    def __init__(self, *server_flags, folder=None, insecure=True):
        self._own_folder = folder is None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="rapport-test-"))
        self.flags = list(server_flags)
        self.insecure = insecure
        self.port = free_port()
        self.process = None
        self.log = None
        self._stubs = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, _value, _trace):
        self.stop()
        if kind is not None:
            self.print_logs()
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def print_logs(self):
        for path in sorted(self.folder.glob("*.log")):
            lines = path.read_text(errors="replace").splitlines()
            print(f"--- {path.name}, last lines", *lines[-25:], sep="\n", file=sys.stderr)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def data(self):
        return self.folder / "data"

    def start(self, timeout=60):
        """Starts the server; returns the seconds until it was healthy."""
        command = [str(BIN / "rapport-server"), f"--data-dir={self.data}",
                   f"--listen={self.address}", "--metrics-listen=", *self.flags]
        if self.insecure:
            command.append("--insecure")
        self.log = open(self.folder / "server.log", "ab")
        began = time.monotonic()
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        self._stubs = None
        while time.monotonic() - began < timeout:
            if self.process.poll() is not None:
                raise RuntimeError(f"server ended with {self.process.returncode}\n{self.log_text()}")
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                if not self.insecure:
                    return time.monotonic() - began
                with contextlib.suppress(grpc.RpcError):
                    answer = self.stubs.health.Check(health_pb2.HealthCheckRequest(), timeout=5)
                    if answer.status == health_pb2.HealthCheckResponse.SERVING:
                        return time.monotonic() - began
            time.sleep(0.01)
        raise RuntimeError(f"server not healthy after {timeout} s\n{self.log_text()}")

    def log_text(self):
        return (self.folder / "server.log").read_text(errors="replace")[-4000:]

    def stop(self):
        self._close_channel()
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=60)
        if self.log:
            self.log.close()

    def kill(self):
        """kill -9, as a crash."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=60)
        self._close_channel()
        self.log.close()

    def _close_channel(self):
        if self._stubs is not None:
            self._stubs.channel.close()
            self._stubs = None

    def channel(self, target=None):
        options = [("grpc.max_receive_message_length", -1),
                   # A new connection each time: the server of before may have been killed.
                   ("grpc.use_local_subchannel_pool", 1)]
        return grpc.insecure_channel(target or self.address, options=options)

    @property
    def stubs(self):
        if self._stubs is None:
            self._stubs = Stubs(self.channel())
        return self._stubs

    # What tests do all the time.

    def create_workspace(self, workspace_id="test", **settings):
        return self.stubs.admin.CreateWorkspace(admin.CreateWorkspaceRequest(
            workspace_id=workspace_id, workspace=workspace_pb2.Workspace(**settings)))

    def ingest(self, batch, workspace_id="test"):
        return self.stubs.events.IngestEvents(events.IngestEventsRequest(
            parent=f"workspaces/{workspace_id}", events=batch), timeout=120)

    def ingest_all(self, all_events, workspace_id="test", batch=5000):
        """Everything in batches; returns (accepted, duplicates); each event must be one of the two."""
        accepted = duplicates = 0
        for begin in range(0, len(all_events), batch):
            answer = self.ingest(all_events[begin:begin + batch], workspace_id)
            assert not answer.rejected, answer.rejected[0]
            accepted += answer.accepted_count
            duplicates += answer.duplicate_count
        assert accepted + duplicates == len(all_events), (accepted, duplicates, len(all_events))
        return accepted, duplicates

    def nightly(self, *flags, check=True, timeout=600):
        command = [str(BIN / "rapport-nightly"), f"--server={self.address}", *flags]
        with open(self.folder / "nightly.log", "ab") as log:
            done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, timeout=timeout)
        if check and done.returncode != 0:
            text = (self.folder / "nightly.log").read_text(errors="replace")[-4000:]
            raise RuntimeError(f"nightly ended with {done.returncode}\n{text}")
        return done.returncode

    def ctl(self, *arguments, check=True, timeout=600):
        """Runs rapportctl and returns what it printed."""
        command = [str(BIN / "rapportctl"), f"--server={self.address}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
        if check and done.returncode != 0:
            raise RuntimeError(f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout


# Events in few words. Times are seconds since 1970 UTC.

def make_event(event_id, customer, when, kind, **payload):
    made = event.Event(event_id=event_id, customer_id=customer, type=kind)
    made.event_time.FromMicroseconds(int(when * 1_000_000))
    for name, value in payload.items():
        if isinstance(value, (str, int)):
            setattr(made, name, value)
        else:
            getattr(made, name).CopyFrom(value)
    return made


def euros(amount):
    return event.Money(micros=round(amount * 1_000_000), currency="EUR")


def order(event_id, customer, when, amount, **more):
    return make_event(event_id, customer, when, event.EVENT_TYPE_ORDER_PLACED,
                      order=event.Order(order_id=event_id, amount=euros(amount)), **more)


def nps(event_id, customer, when, score, **more):
    return make_event(event_id, customer, when, event.EVENT_TYPE_NPS_ANSWERED,
                      survey_answer=event.SurveyAnswer(score=score), **more)


def details_of(error):
    """The standard details of an RpcError by message name."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = google_rpc_pb2.Status.FromString(value)
            found = {}
            for packed in status.details:
                kind = packed.type_url.rsplit(".", 1)[-1]
                found[kind] = getattr(google_rpc_pb2, kind).FromString(packed.value)
            return found
    return {}


def as_json(message, *without):
    """A message as a plain dict without the named fields, at any depth."""
    def cut(value):
        if isinstance(value, dict):
            return {k: cut(v) for k, v in value.items() if k not in without}
        return [cut(v) for v in value] if isinstance(value, list) else value
    return cut(json_format.MessageToDict(message, preserving_proto_field_name=True))
