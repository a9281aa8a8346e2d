// SPDX-License-Identifier: Apache-2.0
// Loads the exported events into DuckDB and times questions about them: the median of some
// runs after a first one, and the figures, so that answers can be compared.
//
//   node duckdb.mjs EVENTS.csv THREADS RUNS '{"order": 40, "page": 1, "session": 20, "opened": 8}'
// The last are the numbers of event types.
import { DuckDBInstance } from '@duckdb/node-api';

const [file, threads, runs] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const instance = await DuckDBInstance.create(':memory:', { threads: String(threads) });
const db = await instance.connect();

await db.run(`CREATE TABLE raw AS SELECT * FROM read_csv('${file}', header = true,
  columns = {'customer': 'UINTEGER', 'time': 'BIGINT', 'type': 'USMALLINT', 'channel': 'UTINYINT',
             'amount': 'INTEGER'})`);
// As friendly to it as can be: sorted by customer and time, small columns.
await db.run('CREATE TABLE e AS SELECT * FROM raw ORDER BY customer, time, type');
await db.run('DROP TABLE raw');
const types = JSON.parse(process.argv[5]);
const of = (name) => types[name];

const QUESTIONS = {
  // Months of later orders by month of the first: a retention triangle.
  retention: `
    WITH orders AS (SELECT DISTINCT customer, date_trunc('month', to_timestamp(time) AT TIME ZONE 'UTC') AS m
                    FROM e WHERE type = ${of('order')}),
         births AS (SELECT customer, min(m) AS birth FROM orders GROUP BY customer)
    SELECT count(*) AS cells, sum(n) AS total FROM (
      SELECT birth, date_diff('month', birth, m) AS period, count(*) AS n
      FROM orders JOIN births USING (customer)
      WHERE date_diff('month', birth, m) <= 12 GROUP BY ALL)`,
  // Recency, frequency and money of each customer, and quintiles of each.
  rfm: `
    WITH per AS (SELECT customer, max(time) AS r, count(*) AS f, sum(amount) AS m
                 FROM e WHERE type = ${of('order')} GROUP BY customer),
         q AS (SELECT ntile(5) OVER (ORDER BY r) AS rq, ntile(5) OVER (ORDER BY f) AS fq,
                      ntile(5) OVER (ORDER BY m) AS mq, m FROM per)
    SELECT count(*) AS cells, sum(n) AS total FROM (
      SELECT rq, fq, mq, count(*) AS n, sum(m) FROM q GROUP BY ALL)`,
  // Sessions with a pause of 30 minutes, of what customers do: a refund is none of it.
  sessions: `
    SELECT sum(CASE WHEN before IS NULL OR time - before > 1800 THEN 1 ELSE 0 END) AS total FROM (
      SELECT time, lag(time) OVER (PARTITION BY customer ORDER BY time) AS before
      FROM e WHERE type <> ${of('refund')})`,
  // Page view, session, mail opened, order: in this order within 14 days of the page view,
  // by the channel of the page view of the best attempt.
  funnel: `
    WITH s1 AS (SELECT customer, channel, time AS t1 FROM e WHERE type = ${of('page')}),
         s2 AS (SELECT s1.*, b.time AS t2 FROM s1 ASOF LEFT JOIN
                (SELECT customer, time FROM e WHERE type = ${of('session')}) b
                ON s1.customer = b.customer AND b.time >= s1.t1),
         s3 AS (SELECT s2.*, CASE WHEN t2 <= t1 + 1209600 THEN c.time END AS t3 FROM s2 ASOF LEFT JOIN
                (SELECT customer, time FROM e WHERE type = ${of('opened')}) c
                ON s2.customer = c.customer AND c.time >= s2.t2),
         s4 AS (SELECT s3.*, CASE WHEN t3 <= t1 + 1209600 THEN d.time END AS t4 FROM s3 ASOF LEFT JOIN
                (SELECT customer, time FROM e WHERE type = ${of('order')}) d
                ON s3.customer = d.customer AND d.time >= s3.t3),
         levels AS (SELECT customer, channel, t1, 1 + (t2 <= t1 + 1209600 IS TRUE)::INT
                      + (t3 <= t1 + 1209600 IS TRUE)::INT + (t4 <= t1 + 1209600 IS TRUE)::INT AS level FROM s4),
         best AS (SELECT customer, max(level) AS level, arg_max(channel, level * 1e12 - t1) AS channel
                  FROM levels GROUP BY customer),
         by_channel AS (SELECT channel, count(*) AS one, count(*) FILTER (level >= 2) AS two,
                          count(*) FILTER (level >= 3) AS three, count(*) FILTER (level >= 4) AS four
                        FROM best GROUP BY channel)
    SELECT sum(one) AS step_1, sum(two) AS step_2, sum(three) AS step_3, sum(four) AS step_4 FROM by_channel`,
};

for (const [name, sql] of Object.entries(QUESTIONS)) {
  const seconds = [];
  let row;
  for (let run = 0; run <= runs; ++run) {
    const begin = performance.now();
    row = (await db.runAndReadAll(sql)).getRowObjects()[0];
    if (run > 0) seconds.push((performance.now() - begin) / 1000);
  }
  seconds.sort((a, b) => a - b);
  const figures = Object.fromEntries(Object.entries(row).map(([key, value]) => [key, Number(value)]));
  console.log(JSON.stringify({ question: name, seconds: seconds[Math.floor(seconds.length / 2)], ...figures }));
}
