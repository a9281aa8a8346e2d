// SPDX-License-Identifier: Apache-2.0
// grpc-js against a running server: node smoke.mjs HOST:PORT. Ends with 0 when all holds.
import assert from 'node:assert/strict';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import protobuf from 'protobufjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const protoFolder = path.join(here, '..', '..', '..', 'proto');
const definition = protoLoader.loadSync(
    ['admin', 'customer', 'event', 'metric'].map((s) => `rapport/v1/${s}_service.proto`),
    {includeDirs: [protoFolder], keepCase: true, defaults: true, longs: Number, enums: String, oneofs: true});
const {rapport: {v1}} = grpc.loadPackageDefinition(definition);
const address = process.argv[2];
const credentials = grpc.credentials.createInsecure();
const clients = {
  admin: new v1.AdminService(address, credentials),
  customers: new v1.CustomerService(address, credentials),
  events: new v1.EventService(address, credentials),
  metrics: new v1.MetricService(address, credentials),
};
const parent = 'workspaces/from-node';

function call(client, method, request) {
  return new Promise((resolve, reject) => {
    client[method](request, {deadline: Date.now() + 20_000},
                   (error, answer) => error ? reject(error) : resolve(answer));
  });
}

const nps = (id, customer, score) => ({
  event_id: id, customer_id: customer, type: 'EVENT_TYPE_NPS_ANSWERED',
  event_time: {seconds: 1_740_787_200}, survey_answer: {score},
});

async function ingestsAndAnswers() {
  await call(clients.admin, 'CreateWorkspace', {workspace_id: 'from-node', workspace: {}});
  const answer = await call(clients.events, 'IngestEvents', {
    parent, events: [nps('1', 'ada', 10), nps('2', 'ben', 9), nps('3', 'cay', 3), nps('1', 'ada', 10),
                     nps('4', 'dan', 12)],
  });
  assert.equal(answer.accepted_count, 3);
  assert.equal(answer.duplicate_count, 1);
  assert.equal(answer.rejected[0].reason, 'OUT_OF_RANGE');
  const report = await call(clients.metrics, 'GetNpsReport', {parent});
  assert.ok(Math.abs(report.score - 100 / 3) < 1e-9, `score ${report.score}`);
  const ada = await call(clients.customers, 'GetCustomer', {name: `${parent}/customers/ada`});
  assert.equal(ada.summary.last_nps.score, 10);
}

async function streams() {
  const stream = clients.events.StreamEvents();
  const acks = [];
  const ended = new Promise((resolve, reject) => {
    stream.on('data', (ack) => acks.push(ack));
    stream.on('error', reject);
    stream.on('end', resolve);
  });
  for (let batch = 0; batch < 10; ++batch) {
    const events = Array.from({length: 20}, (_, i) => nps(`s${batch}-${i}`, `c${i}`, i % 11));
    stream.write({parent, batch_id: batch, events});
  }
  stream.end();
  await ended;
  assert.deepEqual(acks.map((a) => a.batch_id), [...Array(10).keys()]);
  assert.equal(acks.reduce((sum, a) => sum + a.accepted_count, 0), 200);
}

async function readsErrorDetails() {
  const types = await protobuf.load(path.join(here, '..', 'proto', 'google_rpc.proto'));
  const error = await call(clients.customers, 'GetCustomer', {name: 'customers/ada'})
                    .then(() => assert.fail('must be refused'), (refused) => refused);
  assert.equal(error.code, grpc.status.INVALID_ARGUMENT);
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  const status = types.lookupType('google.rpc.Status').decode(bytes);
  const details = Object.fromEntries(status.details.map(({type_url, typeUrl, value}) => {
    const kind = (type_url ?? typeUrl).split('/').pop();
    return [kind, types.lookupType(kind).decode(value)];
  }));
  assert.equal(details['google.rpc.ErrorInfo'].domain, 'rapport');
  assert.equal(details['google.rpc.BadRequest'].fieldViolations[0].field, 'name');
}

await ingestsAndAnswers();
await streams();
await readsErrorDetails();
console.log('grpc-js: ingest, stream, query and error details hold');
process.exit(0);
