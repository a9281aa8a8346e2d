// SPDX-License-Identifier: Apache-2.0
// Paths: small cases by hand, random histories against counting whole label lists, the bound
// on memory, merges.
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>

#include "lib/base/errors.h"
#include "lib/journey/path_walker.h"
#include "tests/unit/journey/history.h"

namespace rapport::journey {
namespace {

using Paths = std::map<std::string, int64_t>;

v1::QueryPathsResponse Ask(const v1::PathQuestion& question,
                           const std::vector<std::string>& customers,
                           const std::string& start_date = "", const std::string& end_date = "") {
  TestScope test;
  const auto plan = PathPlan::Create(question, start_date, end_date, test.scope);
  EXPECT_TRUE(plan.ok()) << plan.status();
  if (!plan.ok()) return {};
  PathWalker walker(*plan);
  for (const std::string& text : customers) {
    History history(text);
    walker.Customer(history.View());
  }
  return *AnswerPaths(walker);
}

Paths PathsOf(const v1::QueryPathsResponse& answer) {
  Paths paths;
  for (const auto& path : answer.paths()) {
    std::string text;
    for (const std::string& label : path.labels()) text += (text.empty() ? "" : " > ") + label;
    paths[text] = path.count();
  }
  return paths;
}

struct Case {
  std::string name;
  std::function<void(v1::PathQuestion&)> change;
  std::vector<std::string> customers;
  Paths expected;
};

// A pause of more than 1,800 s ends a session; depth 3.
std::vector<Case> Cases() {
  const auto window = [](int64_t seconds) {
    return [=](v1::PathQuestion& question) {
      question.set_bound(v1::PATH_BOUND_WINDOW);
      question.mutable_limit()->set_seconds(seconds);
    };
  };
  const std::vector<std::string> two = {"a0 b1 c2 d3", "a0 b1 a5000 c5001"};
  return {
      {"sessions, cut at the depth",
       [](auto&) {},
       two,
       {{"a > b > c", 1}, {"a > b", 1}, {"a > c", 1}}},
      {"window of a customer", window(5000), two, {{"a > b > c", 1}, {"a > b > a", 1}}},
      {"repeats collapse", [](auto&) {}, {"a0 a1 a2 b3 b4 a5"}, {{"a > b > a", 1}}},
      {"repeats kept",
       [](auto& question) { question.set_keep_repeats(true); },
       {"a0 a1 b2 b3"},
       {{"a > a > b", 1}}},
      {"from an event",
       [](auto& question) { question.set_from("type = b"); },
       {"a0 b1 c2 b3", "a0 c1"},
       {{"b > c > b", 1}}},
      // Back from the first d: two places before it.
      {"to an event",
       [](auto& question) { question.set_to("type = d"); },
       {"a0 b1 c2 d3 d4", "d0", "a0"},
       {{"b > c > d", 1}, {"d", 1}}},
      {"between events",
       [](auto& question) {
         question.set_from("type = a");
         question.set_to("type = d");
       },
       {"a0 d1", "a0 b1 d2", "a0 b1 c2 e3 d4", "a0 c1 e2 d3", "a0 b1", "d0 a1"},
       {{"a > d", 1}, {"a > b > d", 1}, {"a > ... > d", 2}}},
      {"events that are seen",
       [](auto& question) { question.set_filter("NOT type = b"); },
       {"a0 b1 c2 d3"},
       {{"a > c > d", 1}}},
      {"by touchpoint",
       [](auto& question) { question.set_label(v1::PATH_LABEL_TOUCHPOINT); },
       {"a0:touchpoint=1 a1:touchpoint=2 b2"},
       {{"a @ t1 > a @ t2 > b", 1}}},
      {"by property",
       [](auto& question) {
         question.set_label(v1::PATH_LABEL_PROPERTY);
         question.set_property("p");
       },
       {"a0:p=x b1:p=y", "a0:p=x b1:p=y c2"},
       {{"a: x > b: y", 1}, {"a: x > b: y > c", 1}}},
      {"least share",
       [](auto& question) { question.set_min_share(0.5); },
       {"a0 b1", "a0 b1", "c0"},
       {{"a > b", 2}}},
  };
}

TEST(Paths, ByHand) {
  for (const Case& of : Cases()) {
    v1::PathQuestion question;
    question.set_depth(3);
    question.set_top(10);
    of.change(question);
    EXPECT_EQ(PathsOf(Ask(question, of.customers)), of.expected) << of.name;
  }
}

// A path belongs to the day on which it begins.
TEST(Paths, RangeOfTheBegin) {
  v1::PathQuestion question;
  const auto answer =
      Ask(question, {"a86000 b86500", "c86400 d86500", "e172800"}, "1970-01-02", "1970-01-03");
  EXPECT_EQ(PathsOf(answer), (Paths{{"c > d", 1}}));
}

TEST(Paths, NodesAndEdges) {
  v1::PathQuestion question;
  question.set_depth(2);
  const auto answer = Ask(question, {"a0 b1", "a0 b1 c2", "a0 c1", "a0"});
  ASSERT_EQ(answer.nodes_size(), 3);
  EXPECT_EQ(answer.nodes(0).label(), "a");
  EXPECT_EQ(answer.nodes(0).count(), 4);
  EXPECT_EQ(answer.nodes(0).ended(), 1);
  EXPECT_EQ(answer.nodes(1).label(), "b");
  EXPECT_EQ(answer.nodes(1).count(), 2);
  EXPECT_EQ(answer.nodes(1).ended(), 1);  // The other goes on to c, past the depth.
  ASSERT_EQ(answer.edges_size(), 2);
  EXPECT_EQ(answer.edges(0).from() + answer.edges(0).to(), "ab");
  EXPECT_DOUBLE_EQ(answer.edges(0).share(), 0.5);
  EXPECT_EQ(answer.path_count(), 4);
  EXPECT_EQ(answer.distinct_count(), 3);
}

TEST(Paths, PlacesBeforeAnEvent) {
  v1::PathQuestion question;
  question.set_to("type = d");
  const auto answer = Ask(question, {"a0 b1 d2", "b0 d1"});
  ASSERT_EQ(answer.nodes_size(), 3);
  EXPECT_EQ(answer.nodes(0).place(), -2);
  EXPECT_EQ(answer.nodes(1).place(), -1);
  EXPECT_EQ(answer.nodes(1).count(), 2);
  EXPECT_EQ(answer.nodes(1).ended(), 1);  // One path begins here.
  ASSERT_EQ(answer.edges_size(), 2);
  EXPECT_EQ(answer.edges(1).place(), -1);
  EXPECT_EQ(answer.edges(1).from() + answer.edges(1).to(), "bd");
}

std::string RandomHistory(std::mt19937_64& random) {
  const auto upto = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  std::string text;
  int time = 0;
  for (int event = upto(12); event > 0; --event) {
    time += upto(9) == 0 ? 2000 : 1 + upto(30);
    text += std::string(1, static_cast<char>('a' + upto(3))) + std::to_string(time) + " ";
  }
  return text;
}

// Splits the text at pauses and cuts each session, with strings alone.
Paths Naive(const std::vector<std::string>& customers, size_t depth, char from) {
  Paths paths;
  for (const std::string& text : customers) {
    std::string labels;
    int last = 0;
    const auto end = [&] {
      const size_t first = from == 0 ? 0 : labels.find(from);
      if (labels.empty() || first == std::string::npos) return;
      std::string path;
      std::string kept = labels.substr(first, 1);
      for (const char label : labels.substr(first)) {
        if (label != kept.back()) kept.push_back(label);
      }
      for (const char label : kept.substr(0, depth)) {
        path += (path.empty() ? "" : " > ") + std::string(1, label);
      }
      ++paths[path];
    };
    for (size_t at = 0; at < text.size(); at = text.find(' ', at) + 1) {
      const int time = std::atoi(text.c_str() + at + 1);
      if (time - last > 1800) {
        end();
        labels.clear();
      }
      labels.push_back(text[at]);
      last = time;
    }
    end();
  }
  return paths;
}

TEST(Paths, RandomHistories) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string> customers;
    for (int i = 0; i < 30; ++i) customers.push_back(RandomHistory(random));
    const int depth = 2 + round % 4;
    const char from = round % 3 == 0 ? 'b' : 0;
    v1::PathQuestion question;
    question.set_depth(depth);
    question.set_top(1000);
    if (from != 0) question.set_from("type = b");
    EXPECT_EQ(PathsOf(Ask(question, customers)), Naive(customers, static_cast<size_t>(depth), from))
        << round;
  }
}

// With room for 20 paths only, depth falls until what is left fits; the counts are those of a
// question of that depth, however the customers are split and merged.
TEST(Paths, BeyondTheBoundPathsAreShortened) {
  TestScope test;
  std::mt19937_64 random(12);
  std::vector<std::string> customers;
  for (int i = 0; i < 200; ++i) customers.push_back(RandomHistory(random));
  v1::PathQuestion question;
  question.set_depth(8);
  question.set_top(1000);
  const auto plan = PathPlan::Create(question, "", "", test.scope);
  ASSERT_TRUE(plan.ok());
  const auto answer_of = [&](size_t parts) {
    std::vector<PathWalker> walkers;
    for (size_t i = 0; i < parts; ++i) walkers.emplace_back(*plan, 20);
    std::ranges::shuffle(customers, random);
    for (size_t i = 0; i < customers.size(); ++i) {
      History history(customers[i]);
      walkers[i % parts].Customer(history.View());
    }
    for (size_t i = 1; i < parts; ++i) walkers[0].Merge(std::move(walkers[i]));
    return *AnswerPaths(walkers[0]);
  };
  const auto one = answer_of(1);
  // 4 + 4 x 3 = 16 paths of depth 2 fit, 52 of depth 3 do not.
  EXPECT_EQ(one.depth(), 2);
  EXPECT_EQ(PathsOf(one), Naive(customers, 2, 0));
  EXPECT_EQ(one.context().notes_size(), 1);
  for (const size_t parts : {2, 5}) {
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(one, answer_of(parts)));
  }
}

TEST(Paths, Errors) {
  TestScope test;
  const std::vector<std::pair<std::string, std::function<void(v1::PathQuestion&)>>> cases = {
      {"question.depth", [](auto& question) { question.set_depth(1); }},
      {"question.top", [](auto& question) { question.set_top(1001); }},
      {"question.min_share", [](auto& question) { question.set_min_share(1.5); }},
      {"question.property", [](auto& question) { question.set_property("p"); }},
      {"question.from", [](auto& question) { question.set_from("nothing = 1"); }},
      {"question.limit", [](auto& question) { question.mutable_limit()->set_seconds(-1); }},
  };
  for (const auto& [field, change] : cases) {
    v1::PathQuestion question;
    change(question);
    const auto detail = DetailOf(PathPlan::Create(question, "", "", test.scope).status());
    ASSERT_TRUE(detail.has_value()) << field;
    EXPECT_EQ(detail->field, field);
  }
}

}  // namespace
}  // namespace rapport::journey
