# SPDX-License-Identifier: Apache-2.0
"""Metrics of real data, to the last digit: `rapportctl import`, one night, QueryMetric by
month and by group, against plain Python over the raw files that knows nothing of the product.

Money is counted in thousandths of a pound here and divided once, as the answers do; so
figures are compared by ==, except where a note says otherwise. The data lies beside the
repository; without it the test is skipped.
"""
import collections
import datetime
import math
import unittest

import rig
from real import RealCase, raw_rows
from rapport.v1 import customer_pb2
from rapport.v1 import customer_service_pb2 as customers
from rapport.v1 import event_pb2 as event
from rapport.v1 import metric_pb2
from rapport.v1 import reference_pb2
from rapport.v1 import reference_service_pb2 as references

Z = 1.959963984540054  # Two-sided 95 % of the normal distribution.
DAY = datetime.timedelta(days=1)


def next_month(day):
    return (day.replace(day=1) + 32 * DAY).replace(day=1)


def quantile(values, p):
    """Between neighbours of the sorted values, Hyndman and Fan's type 7."""
    values = sorted(values)
    place = p * (len(values) - 1)
    below = math.floor(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (place - below) * (values[above] - values[below])


Sale = collections.namedtuple("Sale", "customer day milli country")


def retail_figures(orders, refunds, days):
    """Metrics of a shop from its orders and refunds of so many days."""
    buyers = collections.Counter(o.customer for o in orders)
    gross, back = sum(o.milli for o in orders), sum(r.milli for r in refunds)
    figures = {
        "orders": len(orders),
        "gross_revenue": gross / 1000,
        "refunds": back / 1000,
        "revenue": (gross - back) / 1000,
        "purchasing_customers": len(buyers),
        "active_customers": len(buyers),  # Refunds are no act of the customer.
    }
    if orders:
        figures["average_order_value"] = gross / 1000 / len(orders)
        figures["refund_rate"] = 100 * len(refunds) / len(orders)
        figures["purchase_frequency"] = len(orders) / len(buyers)
        figures["repeat_purchase_rate"] = 100 * sum(n > 1 for n in buyers.values()) / len(buyers)
        active_days = len({(o.customer, o.day) for o in orders})
        figures["stickiness"] = 100 * (active_days / days) / len(buyers)
    return figures


ADDITIVE = ("orders", "gross_revenue", "average_order_value")
DISTINCT = ("purchasing_customers", "repeat_purchase_rate", "purchase_frequency")


class RetailMetrics(RealCase):
    AS_OF = datetime.date(2011, 12, 31)

    @staticmethod
    def raw_sales():
        """Orders and refunds: an invoice with its clean lines, at its first line's day."""
        sales = {}
        for row in raw_rows("online_retail/online_retail.csv.gz"):
            customer, cancels = row["CustomerID"].removesuffix(".0"), row["InvoiceNo"].startswith("C")
            price, pieces = round(float(row["UnitPrice"]) * 1000), int(row["Quantity"])
            if not customer or price <= 0 or (pieces <= 0 and not cancels):
                continue
            day = datetime.date.fromisoformat(row["InvoiceDate"][:10])
            sale = sales.setdefault(row["InvoiceNo"], [customer, day, 0, row["Country"]])
            sale[2] += -price * pieces if cancels else price * pieces
        orders = [Sale(*s) for invoice, s in sales.items() if not invoice.startswith("C")]
        refunds = [Sale(*s) for invoice, s in sales.items() if invoice.startswith("C")]
        return orders, refunds

    def months(self):
        day = datetime.date(2010, 12, 1)
        while day <= self.AS_OF:
            yield day, next_month(day)
            day = next_month(day)

    def set_countries(self, sales):
        """Each customer's country is that of its last invoice in the file."""
        countries = {s.customer: s.country for s in sales}
        for customer, country in countries.items():
            self.rig.stubs.customers.UpdateCustomer(customers.UpdateCustomerRequest(
                customer=customer_pb2.Customer(
                    name=f"workspaces/retail/customers/{customer}",
                    attributes={"country": customer_pb2.Attribute(
                        value=event.PropertyValue(string_value=country))}),
                update_mask={"paths": ["attributes.country"]}))
        return countries

    def test_months_and_countries(self):
        self.load("online_retail.textproto", "online_retail/online_retail.csv.gz", "retail", base_currency="GBP")
        self.orders, self.refunds = self.raw_sales()
        self.assertEqual(len(self.orders), 18532)
        self.countries = self.set_countries(self.orders + self.refunds)
        self.rig.nightly(f"--as-of={self.AS_OF}T23:59:59Z")
        self.check_months()
        self.check_countries_of_orders()
        self.check_countries_of_customers()
        self.check_books()
        self.check_intervals()

    def check_months(self):
        expected = {}
        for begin, end in self.months():
            orders = [o for o in self.orders if begin <= o.day < end]
            refunds = [r for r in self.refunds if begin <= r.day < end]
            for metric, value in retail_figures(orders, refunds, (end - begin).days).items():
                expected.setdefault(metric, {})[str(begin)] = value
        for metric, by_month in expected.items():
            with self.subTest(metric=metric):
                answer = self.ask("retail", metric, granularity=metric_pb2.GRANULARITY_MONTH)
                self.assertNotEqual(answer.plan, "scan", metric)
                found = {p.start_date: p.value for p in answer.total.points if p.HasField("value")}
                self.assertEqual({k: v for k, v in found.items() if k in by_month}, by_month)

    def groups(self, metric, dimension, **more):
        return {s.group[0]: s for s in self.ask("retail", metric, group_by=[dimension], **more).groups}

    def check_countries_of_orders(self):
        by_country = collections.defaultdict(list)
        for order in self.orders:
            by_country[order.country].append(order)
        for metric in ADDITIVE:
            found = {name: s.whole.value for name, s in self.groups(metric, "property.country").items()}
            expected = {name: retail_figures(orders, [], 1)[metric] for name, orders in by_country.items()}
            self.assertEqual(found, expected, metric)

    def check_countries_of_customers(self):
        """By the customer's attribute, over everything and month by month."""
        def of(sales, country, begin, end):
            return [s for s in sales if self.countries[s.customer] == country and begin <= s.day < end]

        names = sorted(set(self.countries.values()))
        whole = datetime.date(2010, 12, 1), datetime.date(2012, 1, 1)
        for metric in ADDITIVE + DISTINCT + ("revenue", "refunds"):
            groups = self.groups(metric, "attribute.country", granularity=metric_pb2.GRANULARITY_MONTH,
                                 start_date=str(whole[0]), end_date=str(whole[1]))
            for name in names:
                figures = retail_figures(of(self.orders, name, *whole), of(self.refunds, name, *whole), 1)
                if name not in groups:
                    self.assertFalse(figures.get(metric), (metric, name))
                    continue
                self.assertEqual(groups[name].whole.value, figures.get(metric, 0), (metric, name))
            for name in ("United Kingdom", "Germany", "France"):
                for point, (begin, end) in zip(groups[name].points, self.months(), strict=True):
                    figures = retail_figures(of(self.orders, name, begin, end), of(self.refunds, name, begin, end), 1)
                    self.assertEqual(point.value, figures.get(metric, 0), (metric, name, begin))

    def check_books(self):
        """Who is a customer: from the first order until 365 days of silence."""
        moments = collections.defaultdict(list)
        for row in raw_rows("online_retail/online_retail.csv.gz"):
            if row["CustomerID"] and not row["InvoiceNo"].startswith("C") and int(row["Quantity"]) > 0 \
                    and float(row["UnitPrice"]) > 0:
                moments[row["CustomerID"]].append(datetime.datetime.fromisoformat(row["InvoiceDate"]))
        steps = []  # (moment, joined, returned, left)
        for times in moments.values():
            times = sorted(set(times))
            for i, moment in enumerate(times):
                silent = moment + 365 * DAY
                if i == 0:
                    steps.append((moment, 1, 0, 0))
                elif moment > times[i - 1] + 365 * DAY:
                    steps.append((moment, 0, 1, 0))
                if i + 1 == len(times) or times[i + 1] > silent:
                    steps.append((silent, 0, 0, 1))
        for (begin, end), point in zip(self.months(), self.points(
                "retail", "customer_retention_rate", granularity=metric_pb2.GRANULARITY_MONTH,
                start_date="2010-12-01", end_date="2012-01-01"), strict=True):
            at = [datetime.datetime.combine(d, datetime.time()) for d in (begin, end)]
            start = sum(j + r - l for t, j, r, l in steps if t < at[0])
            joined, back, left = (sum(s[k] for s in steps if at[0] <= s[0] < at[1]) for k in (1, 2, 3))
            self.assertEqual((point.numerator, point.denominator), (start + back - left, start), begin)
            if start:
                self.assertEqual(point.value, 100 * (start + back - left) / start)

    def check_intervals(self):
        whole = dict(start_date="2010-12-01", end_date="2012-01-01")
        point = self.points("retail", "revenue", **whole)[0]
        squares = math.sqrt(sum((s.milli / 1000) ** 2 for s in self.orders + self.refunds))
        self.assertEqual(point.interval.method, "compound")
        self.assertAlmostEqual(point.interval.low, point.value - Z * squares, delta=1e-6 * squares)
        self.assertAlmostEqual(point.interval.high, point.value + Z * squares, delta=1e-6 * squares)
        # 4,338 buyers: by Student's t, at 4,337 degrees 1.960511.
        point = self.points("retail", "clv_simple", **whole)[0]
        money = collections.Counter()
        for order in self.orders:
            money[order.customer] += order.milli / 1000
        mean = sum(money.values()) / len(money)
        error = math.sqrt(sum((m - mean) ** 2 for m in money.values()) / (len(money) - 1) / len(money))
        years = 1 + 31 / 366  # 2011-12-01 to 2012-12-01 has 366 days.
        self.assertAlmostEqual(point.value, mean / years, places=6)
        self.assertAlmostEqual(point.interval.high, (mean + 1.960511 * error) / years, delta=1e-4)


class SupportMetrics(RealCase):
    """Conversations with companies on Twitter: the answer to the first message."""

    def conversations(self):
        messages = {}
        for row in raw_rows("twitter_care/messages.csv.gz"):
            at = datetime.datetime.fromisoformat(row["sent_at"].replace("Z", "+00:00"))
            messages.setdefault(row["conversation_id"], {})[row["seq"]] = (row["role"], at)
        for turns in messages.values():
            opened = turns["1"][1]
            answered = turns.get("2", ("", None))
            yield opened, answered[1] - opened if answered[0] == "agent" else None

    def check(self, point, conversations):
        seconds = [int(wait.total_seconds()) for _, wait in conversations if wait is not None]
        self.assertEqual(point.sample_size, len(seconds))
        if not seconds:
            return
        self.assertEqual(point.value, sum(seconds) / len(seconds))
        self.assertEqual([q.relative_error for q in point.quantiles], [0] * 5)
        for found in point.quantiles:
            self.assertAlmostEqual(found.value, quantile(seconds, found.quantile), places=6)
        edges = [0, 3600, 14400, 28800, 86400, math.inf]
        self.assertEqual(list(point.histogram), [sum(low <= s < high for s in seconds)
                                                 for low, high in zip(edges, edges[1:])])

    def test_response_times(self):
        self.load("twitter_care.textproto", "twitter_care/messages.csv.gz", "care")
        self.rig.nightly("--as-of=2020-05-01T00:00:00Z")
        conversations = list(self.conversations())
        self.assertEqual(self.value("care", "tickets_opened"), len(conversations))
        answer = self.ask("care", "first_response_time", granularity=metric_pb2.GRANULARITY_MONTH)
        self.check(answer.total.whole, conversations)
        checked = 0
        for point in answer.total.points:
            own = [c for c in conversations if point.start_date <= str(c[0].date()) < point.end_date]
            self.check(point, own)
            checked += len(own)
        self.assertEqual(checked, len(conversations))
        waits = [int(w.total_seconds()) for _, w in conversations if w is not None]
        for statistic, p in ((metric_pb2.STATISTIC_MEDIAN, 0.5), (metric_pb2.STATISTIC_P90, 0.9)):
            value = self.value("care", "first_response_time", statistic=statistic)
            self.assertAlmostEqual(value, quantile(waits, p), places=6)


class SurveyMetrics(RealCase):
    """The airport's survey: recommendation and satisfaction by boarding area and day."""

    def check_nps(self, point, scores):
        n = len(scores)
        self.assertEqual(point.sample_size, n)
        if not n:
            return
        high, low = sum(s >= 9 for s in scores), sum(s <= 6 for s in scores)
        self.assertEqual(point.value, 100 * (high - low) / n)
        variance = (high + low) / n - ((high - low) / n) ** 2
        half = 100 * Z * math.sqrt(variance / n)
        self.assertAlmostEqual(point.interval.low, max(-100, point.value - half), places=9)
        self.assertAlmostEqual(point.interval.high, min(100, point.value + half), places=9)

    def check_csat(self, point, scores):
        n, k = len(scores), sum(s >= 4 for s in scores)
        self.assertEqual((point.sample_size, point.numerator), (n, k))
        if not n:
            return
        self.assertEqual(point.value, 100 * k / n)
        p, z2 = k / n, Z * Z
        half = Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        self.assertAlmostEqual(point.interval.low, 100 * max(0, middle - half), places=9)
        self.assertAlmostEqual(point.interval.high, 100 * min(1, middle + half), places=9)

    def test_scores_by_area_and_day(self):
        self.load("sfo_2017.textproto", "sfo_2017/sfo_2017.csv.gz", "sfo", base_currency="USD")
        self.rig.nightly()
        rows = list(raw_rows("sfo_2017/sfo_2017.csv.gz"))
        for metric, column, highest, check in (("nps", "NETPRO", range(11), self.check_nps),
                                               ("csat", "Q7ALL", range(1, 6), self.check_csat)):
            answers = [(f"boarding_area_{r['BAREA'].lower()}", int(r["INTDATE"]), int(r[column])) for r in rows
                       if r[column].strip().isdigit() and int(r[column]) in highest]
            answer = self.ask("sfo", metric, group_by=["touchpoint"], granularity=metric_pb2.GRANULARITY_DAY)
            check(answer.total.whole, [score for _, _, score in answers])
            days = {int(p.start_date[-2:]): p for p in answer.total.points}
            for day in {d for _, d, _ in answers}:
                check(days[day], [score for _, d, score in answers if d == day])
            groups = {s.group[0].lower(): s.whole for s in answer.groups}
            self.assertEqual(set(groups), {area for area, _, _ in answers})
            for name, point in groups.items():
                check(point, [score for area, _, score in answers if area == name])


class ShopMetrics(RealCase):
    """Three hours of a web shop: sessions made of events, carts and what becomes of them."""
    IDLE, WEEK = 1800, 7 * 86400

    def visitors(self):
        """Events (second, type, cents) of each visitor by time; repeated lines count once."""
        seen, visitors = set(), collections.defaultdict(list)
        for row in raw_rows("rees46_head/events.csv.gz"):
            key = row["event_type"], row["user_session"], row["product_id"], row["event_time"]
            if key in seen:
                continue
            seen.add(key)
            at = datetime.datetime.strptime(row["event_time"], "%Y-%m-%d %H:%M:%S UTC")
            second = int(at.replace(tzinfo=datetime.timezone.utc).timestamp())
            visitors[row["user_id"]].append((second, row["event_type"], round(float(row["price"]) * 100)))
        return [sorted(events) for events in visitors.values()]

    def sessions(self, visitors):
        for events in visitors:
            session = []
            for one in events:
                if session and one[0] - session[-1][0] > self.IDLE:
                    yield session
                    session = []
                session.append(one)
            yield session

    def carts(self, visitors):
        """Whether each cart was ordered; what is put in meanwhile belongs to it."""
        for events in visitors:
            bought, open_until = [at for at, kind, _ in events if kind == "purchase"], -1
            for at, kind, _ in events:
                if kind != "cart" or at <= open_until:
                    continue
                reached = [moment for moment in bought if at <= moment <= at + self.WEEK]
                open_until = min(reached, default=at + self.WEEK)
                yield bool(reached)

    def test_sessions_and_carts(self):
        self.load("rees46.textproto", "rees46_head/events.csv.gz", "shop", base_currency="USD")
        self.rig.nightly("--as-of=2019-10-02T00:00:00Z")
        visitors = self.visitors()
        sessions, carts = list(self.sessions(visitors)), list(self.carts(visitors))
        self.assertEqual((len(visitors), len(sessions)), (4504, 4518))
        lengths = [s[-1][0] - s[0][0] for s in sessions]
        engaged = sum(length >= 10 or sum(e[1] == "view" for e in s) >= 2 or any(e[1] == "purchase" for e in s)
                      for s, length in zip(sessions, lengths))
        orders = [e[2] for events in visitors for e in events if e[1] == "purchase"]
        figures = {
            "active_customers": len(visitors),
            "session_count": len(sessions),
            "session_duration": sum(lengths) / len(sessions),
            "bounce_rate": 100 * sum(len(s) == 1 for s in sessions) / len(sessions),
            "engaged_session_rate": 100 * engaged / len(sessions),
            "bounce_rate_ga4": 100 * (len(sessions) - engaged) / len(sessions),
            "cart_conversion_rate": 100 * sum(carts) / len(carts),
            "cart_abandonment_rate": 100 * (len(carts) - sum(carts)) / len(carts),
            "orders": len(orders),
            "gross_revenue": sum(orders) / 100,
            "average_order_value": sum(orders) / 100 / len(orders),
        }
        for metric, value in figures.items():
            with self.subTest(metric=metric):
                self.assertEqual(self.value("shop", metric), value)
        # Quantiles of many lengths are within 1 %.
        for found in self.points("shop", "session_duration")[0].quantiles:
            wanted = quantile(lengths, found.quantile)
            self.assertAlmostEqual(found.value, wanted, delta=0.01 * wanted)
        hours = collections.Counter(s[0][0] // 3600 for s in sessions)
        points = self.points("shop", "session_count", granularity=metric_pb2.GRANULARITY_HOUR,
                             start_date="2019-10-01", end_date="2019-10-02")
        self.assertEqual(len(points), 24)
        first = int(datetime.datetime(2019, 10, 1, tzinfo=datetime.timezone.utc).timestamp()) // 3600
        self.assertEqual([p.value for p in points], [hours[first + hour] for hour in range(24)])


class SocialMetrics(RealCase):
    """Likes, shares and comments on the posts of sellers, each an event; a year of them."""
    KINDS = (("num_likes", event.EVENT_TYPE_SOCIAL_LIKED), ("num_shares", event.EVENT_TYPE_SOCIAL_SHARED),
             ("num_comments", event.EVENT_TYPE_SOCIAL_COMMENTED))
    YEAR = "2016"
    FANS = 997  # Who reacts is not in the data: reactions go round these.

    def reactions(self):
        for row in raw_rows("fb_live_sellers/posts.csv.gz"):
            posted = datetime.datetime.strptime(row["status_published"], "%m/%d/%Y %H:%M")
            if posted.strftime("%Y") != self.YEAR:
                continue
            for column, kind in self.KINDS:
                yield row["status_id"], posted, kind, int(row[column])

    def test_engagement(self):
        self.rig.create_workspace("social")
        batch, months, fans, posts = [], collections.Counter(), collections.defaultdict(set), collections.defaultdict(set)
        totals = collections.Counter()
        for post, posted, kind, count in self.reactions():
            month = posted.strftime("%Y-%m-01")
            posts[month].add(post)
            months[month] += count
            totals[kind] += count
            at = posted.replace(tzinfo=datetime.timezone.utc).timestamp()
            for i in range(count):
                fan = (int(post) + i) % self.FANS
                fans[month].add(fan)
                batch.append(rig.make_event(f"{post}-{kind}-{i}", f"fan{fan}", at, kind))
        self.rig.ingest_all(batch, "social", batch=10000)
        self.assertEqual(sum(totals.values()), sum(months.values()))
        # A hundred people see each post; followers grow by 10,000 a month.
        series = {"reach": {m: 100 * len(p) for m, p in posts.items()},
                  "impressions": {m: 250 * len(p) for m, p in posts.items()},
                  "followers": {m: 10_000 * (i + 1) for i, m in enumerate(sorted(posts))}}
        for name, points in series.items():
            self.rig.stubs.references.ImportReferenceSeries(references.ImportReferenceSeriesRequest(
                parent="workspaces/social", series=reference_pb2.ReferenceSeries(
                    series=name, points=[reference_pb2.ReferencePoint(date=m, value=v) for m, v in points.items()])))
        self.rig.nightly(f"--as-of={self.YEAR}-12-31T23:59:59Z")

        def by_month(metric):
            return {p.start_date: p.value for p in self.points(
                "social", metric, granularity=metric_pb2.GRANULARITY_MONTH, start_date=f"{self.YEAR}-01-01",
                end_date=f"{int(self.YEAR) + 1}-01-01")}

        self.assertEqual(by_month("social_engagements"), dict(months))
        self.assertEqual(by_month("active_customers"), {m: len(f) for m, f in fans.items()})
        for metric, name in (("social_engagement_rate", "followers"), ("social_engagement_rate_by_reach", "reach"),
                             ("social_engagement_rate_by_impressions", "impressions")):
            self.assertEqual(by_month(metric), {m: 100 * n / series[name][m] for m, n in months.items()}, metric)
        kinds = {s.group[0]: s.whole.value for s in self.ask("social", "social_engagements", group_by=["type"]).groups}
        self.assertEqual(kinds, {"social_liked": totals[event.EVENT_TYPE_SOCIAL_LIKED],
                                 "social_shared": totals[event.EVENT_TYPE_SOCIAL_SHARED],
                                 "social_commented": totals[event.EVENT_TYPE_SOCIAL_COMMENTED]})


if __name__ == "__main__":
    unittest.main(verbosity=2)
