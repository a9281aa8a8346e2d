// SPDX-License-Identifier: Apache-2.0
// Random frameworks and histories against a naive walk, written from walk.h's words: it
// keeps no counts and no deadlines, but looks through all events before at every question.
#include <map>
#include <random>
#include <set>

#include "gmock/gmock.h"
#include "lib/frameworks/report.h"
#include "lib/lifecycle/stage.h"
#include "tests/unit/frameworks/histories.h"

namespace rapport::frameworks {
namespace {

constexpr uint64_t kSeed = 20'260'322;
constexpr const char* kTypes[] = {"page_viewed", "product_viewed", "order_placed",
                                  "email_sent",  "feature_used",   "subscription_cancelled"};

using Random = std::mt19937_64;
int Below(Random& random, int bound) {
  return static_cast<int>(random() % static_cast<uint64_t>(bound));
}
bool Chance(Random& random, int percent) { return Below(random, 100) < percent; }

// --- The same framework twice: as the API has it, and with sets of types for the oracle.

struct Shows {
  std::set<uint16_t> types;
  int count = 1, days = 0;
};
struct Ends {
  std::optional<Shows> shows;
  int silence = 0;
  std::optional<std::set<uint16_t>> breakers;
  int to = 0;
};
struct Path {
  int from = 0, to = 0;
  v1::MoveKind kind = v1::MOVE_KIND_FORWARD;
  std::optional<Shows> shows;
};
struct Model {
  v1::Framework framework;
  std::vector<std::vector<Shows>> entry;  // [stage - 1].
  std::vector<std::vector<Ends>> exits;
  std::vector<bool> skippable;
  std::vector<Path> paths;
};

std::string FilterOf(const std::set<uint16_t>& types) {
  std::string words;
  for (const uint16_t type : types) {
    words += Cat(words.empty() ? "" : " OR ", filter::WordOf(filter::TypeWords(), type));
  }
  return Cat("type = (", words, ")");
}

std::set<uint16_t> SomeTypes(Random& random) {
  std::set<uint16_t> types;
  for (int i = 0; i <= Below(random, 2); ++i) types.insert(TypeNumber(kTypes[Below(random, 6)]));
  return types;
}

Shows SomeEvidence(Random& random, v1::StageEvidence* out) {
  Shows shows;
  shows.types = SomeTypes(random);
  shows.count = 1 + (Chance(random, 40) ? Below(random, 3) : 0);
  shows.days = Chance(random, 50) ? Below(random, 6) : 0;
  out->set_filter(FilterOf(shows.types));
  if (shows.count > 1) out->set_minimum_count(shows.count);
  out->set_window_days(shows.days);
  return shows;
}

std::string StageName(int stage) { return Cat("s", stage); }

void AddExit(Random& random, int stage, Model& model) {
  v1::StageExit& exit = *model.framework.mutable_stages(stage - 1)->add_exits();
  Ends& ends = model.exits.back().emplace_back();
  if (Chance(random, 40)) {
    ends.shows = SomeEvidence(random, exit.mutable_evidence());
  } else {
    ends.silence = 1 + Below(random, 6);
    exit.set_silence_days(ends.silence);
    if (Chance(random, 50)) {
      ends.breakers = SomeTypes(random);
      exit.set_silence_filter(FilterOf(*ends.breakers));
    }
  }
  if (stage > 1 && Chance(random, 40)) {
    ends.to = 1 + Below(random, stage - 1);
    exit.set_to_stage(StageName(ends.to));
  }
}

void AddPath(Random& random, int stages, std::set<std::pair<int, int>>& plain, Model& model) {
  Path path;
  path.from = 1 + Below(random, stages);
  path.to = 1 + Below(random, stages);
  if (path.from == path.to) return;
  const bool own = Chance(random, 50);
  if (!own && !plain.insert({path.from, path.to}).second) return;
  if (path.to < path.from) {
    path.kind = Chance(random, 50) ? v1::MOVE_KIND_LOOP : v1::MOVE_KIND_REVERSAL;
  }
  v1::FrameworkTransition& way = *model.framework.add_transitions();
  way.set_from_stage(StageName(path.from));
  way.set_to_stage(StageName(path.to));
  way.set_kind(path.kind);
  if (own) path.shows = SomeEvidence(random, way.mutable_evidence());
  model.paths.push_back(path);
}

Model SomeModel(Random& random) {
  Model model;
  const int stages = 2 + Below(random, 4);
  model.framework.set_framework("random");
  model.framework.set_display_name("Random");
  model.framework.set_reentry(static_cast<v1::ReentryRule>(Below(random, 4)));
  for (int stage = 1; stage <= stages; ++stage) {
    v1::FrameworkStage& text = *model.framework.add_stages();
    text.set_stage(StageName(stage));
    text.set_display_name(StageName(stage));
    text.set_skippable(Chance(random, 70));
    model.skippable.push_back(text.skippable());
    model.entry.emplace_back();
    for (int i = 0; i <= Below(random, 2); ++i) {
      model.entry.back().push_back(SomeEvidence(random, text.add_entry()));
    }
    model.exits.emplace_back();
    for (int i = 0; i < Below(random, 3); ++i) AddExit(random, stage, model);
  }
  std::set<std::pair<int, int>> plain;
  for (int i = 0; i < Below(random, 5); ++i) AddPath(random, stages, plain, model);
  if (Chance(random, 70)) {
    model.framework.set_border_stage(StageName(2 + Below(random, stages - 1)));
  }
  if (Chance(random, 50)) {
    model.framework.mutable_stages(0)->mutable_goal()->set_share(0.5);
    model.framework.mutable_stages(0)->mutable_goal()->set_within_days(3);
  }
  return model;
}

// --- The naive walk.

struct Stay {
  int stage = 0, from = 0;
  v1::MoveKind kind = v1::MOVE_KIND_UNSPECIFIED;
  TimeMicros entered = 0, left = kNever;
  v1::MoveKind left_by = v1::MOVE_KIND_UNSPECIFIED;
};

class NaiveWalk {
 public:
  NaiveWalk(const Model& model, TimeMicros as_of) : model_(model), as_of_(as_of) {}

  std::vector<Stay> Walk(const std::vector<EventColumns>& events) {
    std::map<TimeMicros, std::vector<EventColumns>> instants;
    for (const EventColumns& event : events) {
      if (event.time <= as_of_) instants[event.time].push_back(event);
    }
    for (auto& [time, instant] : instants) {
      LetSilencePass(time - 1);
      std::ranges::stable_sort(instant, {}, [this](const auto& event) { return Rank(event); });
      for (const EventColumns& event : instant) {
        done_.push_back(event);
        Look(event);
      }
    }
    LetSilencePass(as_of_);
    return stays_;
  }

 private:
  int Stages() const { return static_cast<int>(model_.entry.size()); }

  // Whether the newest event is the one that completes it.
  bool Holds(const Shows& shows) const {
    const EventColumns& newest = done_.back();
    if (!shows.types.contains(newest.type)) return false;
    int count = 0;
    for (const EventColumns& event : done_) {
      const bool near = shows.days == 0 || newest.time - event.time <= shows.days * kMicrosPerDay;
      count += near && shows.types.contains(event.type) ? 1 : 0;
    }
    return count >= shows.count;
  }
  bool HoldsFor(int stage) const {
    for (const Shows& shows : model_.entry[static_cast<size_t>(stage - 1)]) {
      if (Holds(shows)) return true;
    }
    return false;
  }

  int Rank(const EventColumns& event) const {
    if (here_ > 0) {
      for (const Ends& ends : model_.exits[static_cast<size_t>(here_ - 1)]) {
        if (ends.shows && ends.shows->types.contains(event.type)) return 0;
      }
    }
    for (int stage = 1; stage <= Stages(); ++stage) {
      for (const Shows& shows : model_.entry[static_cast<size_t>(stage - 1)]) {
        if (shows.types.contains(event.type)) return Least(event, stage);
      }
    }
    return Least(event, 1000);
  }
  int Least(const EventColumns& event, int stage) const {
    for (const Path& path : model_.paths) {
      if (path.shows && path.shows->types.contains(event.type)) stage = std::min(stage, path.to);
    }
    return stage;
  }

  void Look(const EventColumns& event) {
    if (here_ == 0) return ComeIn(event);
    for (const Ends& ends : model_.exits[static_cast<size_t>(here_ - 1)]) {
      if (ends.shows && Holds(*ends.shows)) return GoOut(ends, event.time);
    }
    int to = 0;
    v1::MoveKind kind = v1::MOVE_KIND_UNSPECIFIED;
    for (const Path& path : model_.paths) {
      if (path.from == here_ && path.shows && Holds(*path.shows) && path.to > to) {
        to = path.to, kind = path.kind;
      }
    }
    for (int stage = Stages(); to == 0 && stage > here_; --stage) {
      if (!HoldsFor(stage)) continue;
      const bool named = Named(stage) != nullptr;
      bool free = true;
      for (int between = here_ + 1; between < stage; ++between) {
        free = free && model_.skippable[static_cast<size_t>(between - 1)];
      }
      if (!free && !named) continue;
      to = stage;
      kind = named || stage == here_ + 1 ? v1::MOVE_KIND_FORWARD : v1::MOVE_KIND_SKIP;
    }
    if (to == 0 && !HoldsFor(here_)) {
      for (int stage = here_ - 1; to == 0 && stage >= 1; --stage) {
        if (Named(stage) != nullptr && HoldsFor(stage)) to = stage, kind = Named(stage)->kind;
      }
    }
    if (to != 0) Go(to, kind, event.time);
  }

  const Path* Named(int to) const {
    for (const Path& path : model_.paths) {
      if (path.from == here_ && path.to == to && !path.shows) return &path;
    }
    return nullptr;
  }

  void ComeIn(const EventColumns& event) {
    const v1::ReentryRule rule = model_.framework.reentry();
    for (int stage = Stages(); stage >= 1; --stage) {
      if (!HoldsFor(stage)) continue;
      bool free = true, been = false;
      for (int before = 1; before < stage; ++before) {
        free = free && model_.skippable[static_cast<size_t>(before - 1)];
      }
      for (const Stay& stay : stays_) been = been || stay.stage == stage;
      bool may = free;
      if (!stays_.empty()) {
        may = rule == v1::REENTRY_RULE_NEVER         ? false
              : rule == v1::REENTRY_RULE_FIRST_STAGE ? stage == 1
                                                     : free || been;
      }
      if (!may) continue;
      const auto kind = stays_.empty() ? v1::MOVE_KIND_ENTRY : v1::MOVE_KIND_REENTRY;
      stays_.push_back({stage, 0, kind, event.time});
      here_ = stage;
      return;
    }
  }

  void Go(int to, v1::MoveKind kind, TimeMicros time) {
    stays_.back().left = time;
    stays_.back().left_by = kind;
    stays_.push_back({to, here_, kind, time});
    here_ = to;
  }

  void GoOut(const Ends& ends, TimeMicros time) {
    if (ends.to != 0) return Go(ends.to, v1::MOVE_KIND_REVERSAL, time);
    stays_.back().left = time;
    stays_.back().left_by = ends.shows ? v1::MOVE_KIND_EXIT : v1::MOVE_KIND_EXPIRY;
    here_ = 0;
  }

  // What falls due up to and at `until`.
  void LetSilencePass(TimeMicros until) {
    while (here_ != 0) {
      const Ends* first = nullptr;
      TimeMicros due = kNever;
      for (const Ends& ends : model_.exits[static_cast<size_t>(here_ - 1)]) {
        if (ends.shows) continue;
        TimeMicros since = stays_.back().entered;
        for (const EventColumns& event : done_) {
          const bool breaks = ends.breakers ? ends.breakers->contains(event.type)
                                            : lifecycle::IsActivity(event.type);
          if (breaks) since = std::max(since, event.time);
        }
        if (since + ends.silence * kMicrosPerDay < due) {
          due = since + ends.silence * kMicrosPerDay;
          first = &ends;
        }
      }
      if (due > until) return;
      GoOut(*first, due);
    }
  }

  const Model& model_;
  TimeMicros as_of_;
  std::vector<EventColumns> done_;
  std::vector<Stay> stays_;
  int here_ = 0;
};

// Half days, so that events meet each other and deadlines.
std::vector<EventColumns> SomeEvents(Random& random) {
  std::string history;
  double day = 0;
  for (int i = 0; i < Below(random, 30); ++i) {
    if (Chance(random, 60)) day += 0.5 * Below(random, 8);
    history += Cat(day, " ", kTypes[Below(random, 6)], " ", 1 + Below(random, 50), ";");
  }
  return Events(history);
}

std::string Text(const std::vector<Stay>& stays) {
  std::string text;
  for (const Stay& stay : stays) {
    text += Cat(
        text.empty() ? "" : " | ", StageName(stay.stage), "[", KindWord(stay.kind), "] ",
        DayText(stay.entered), "-",
        stay.left == kNever ? std::string() : Cat(DayText(stay.left), " ", KindWord(stay.left_by)));
  }
  return text;
}

std::string Text(const std::vector<EventColumns>& events) {
  std::string text;
  for (const EventColumns& event : events) {
    text += Cat(DayText(event.time), " ", filter::WordOf(filter::TypeWords(), event.type), "; ");
  }
  return text;
}

TEST(Oracle, WalksAsTheNaiveOne) {
  Random random(kSeed);
  int visits = 0, silent = 0, back = 0;
  for (int round = 0; round < 400; ++round) {
    const Model model = SomeModel(random);
    Journeys journeys(model.framework);
    for (int customer = 0; customer < 10; ++customer) {
      const auto events = SomeEvents(random);
      const double as_of = 0.5 * Below(random, 120);
      const auto stays = NaiveWalk(model, Day(as_of)).Walk(events);
      const Journey journey = journeys.Walk(events, as_of);
      ASSERT_EQ(journeys.Text(journey), Text(stays))
          << "seed " << kSeed << " round " << round << " as of " << as_of << "\n"
          << Text(events) << "\n"
          << model.framework.DebugString();
      for (const Stay& stay : stays) {
        ++visits;
        silent += stay.left_by == v1::MOVE_KIND_EXPIRY ? 1 : 0;
        back += stay.kind == v1::MOVE_KIND_REVERSAL || stay.kind == v1::MOVE_KIND_LOOP ? 1 : 0;
      }
    }
  }
  // The histories reach what they are for.
  EXPECT_GT(visits, 5000);
  EXPECT_GT(silent, 300);
  EXPECT_GT(back, 300);
}

// --- Reports: counted again from the naive stays, and the same whatever the order.

struct Counts {
  std::map<int, int64_t> now, entrants, went_on, lost, left;
  std::map<std::tuple<int, int, int>, int64_t> flows;
  int64_t inside = 0, outside = 0;
  friend bool operator==(const Counts&, const Counts&) = default;
};

bool Out(const Stay& stay) {
  return stay.left_by == v1::MOVE_KIND_EXIT || stay.left_by == v1::MOVE_KIND_EXPIRY;
}

void CountNaively(const std::vector<Stay>& stays, const ReportWindow& window, Counts& counts) {
  std::set<int> entered, went;
  const Stay* last = nullptr;
  for (const Stay& stay : stays) {
    if (window.Holds(stay.entered)) {
      entered.insert(stay.stage);
      const bool on = stay.left_by == v1::MOVE_KIND_FORWARD || stay.left_by == v1::MOVE_KIND_SKIP;
      if (on) went.insert(stay.stage);
      ++counts.flows[{stay.from, stay.stage, stay.kind}];
    }
    if (Out(stay) && window.Holds(stay.left)) {
      ++counts.left[stay.stage];
      ++counts.flows[{stay.stage, 0, stay.left_by}];
    }
    if (stay.entered < window.end) last = &stay;
  }
  for (const int stage : entered) ++counts.entrants[stage];
  for (const int stage : went) ++counts.went_on[stage];
  if (last == nullptr) return;
  if (Out(*last) && last->left < window.end) {
    ++counts.outside;
    if (last->left >= window.begin) ++counts.lost[last->stage];
  } else {
    ++counts.inside;
    ++counts.now[last->stage];
  }
}

Counts CountsOf(const v1::FrameworkReport& report) {
  Counts counts;
  std::map<std::string, int> places = {{"", 0}};
  const auto put = [](std::map<int, int64_t>& into, int stage, int64_t count) {
    if (count > 0) into[stage] = count;
  };
  for (int i = 0; i < report.stages_size(); ++i) {
    const v1::FrameworkStageReport& stage = report.stages(i);
    places[stage.stage()] = i + 1;
    put(counts.now, i + 1, stage.customer_count());
    put(counts.entrants, i + 1, stage.entrant_count());
    put(counts.went_on, i + 1, stage.went_on_count());
    put(counts.lost, i + 1, stage.leak().lost_count());
    put(counts.left, i + 1, stage.leak().left_count());
  }
  for (const v1::FrameworkFlow& flow : report.flows()) {
    counts.flows[{places[flow.from_stage()], places[flow.to_stage()], flow.kind()}] =
        flow.move_count();
  }
  counts.inside = report.customer_count();
  counts.outside = report.left_customer_count();
  return counts;
}

TEST(Oracle, ReportsCountAsTheNaiveOneInAnyOrder) {
  Random random(kSeed + 2);
  for (int round = 0; round < 60; ++round) {
    const Model model = SomeModel(random);
    Journeys journeys(model.framework);
    const double as_of = 20 + Below(random, 40);
    const double begin = Below(random, 20);
    const ReportWindow window{Day(begin), Day(begin + 1 + Below(random, 40))};
    Counts naive;
    std::vector<Journey> all;
    for (int customer = 0; customer < 40; ++customer) {
      const auto events = SomeEvents(random);
      all.push_back(journeys.Walk(events, as_of));
      CountNaively(NaiveWalk(model, Day(as_of)).Walk(events), window, naive);
    }
    ReportSums whole(journeys.framework(), window);
    for (const Journey& journey : all) whole.Add(journey);
    const v1::FrameworkReport report = whole.Answer();
    EXPECT_TRUE(CountsOf(report) == naive) << "seed " << kSeed + 2 << " round " << round << "\n"
                                           << report.DebugString();

    std::ranges::shuffle(all, random);
    std::vector<ReportSums> parts(3, ReportSums(journeys.framework(), window));
    for (size_t i = 0; i < all.size(); ++i) parts[random() % 3].Add(all[i]);
    ReportSums merged(journeys.framework(), window);
    for (const size_t part : {2U, 0U, 1U}) merged.Merge(parts[part]);
    EXPECT_EQ(merged.Answer().SerializeAsString(), report.SerializeAsString())
        << "seed " << kSeed + 2 << " round " << round;
  }
}

}  // namespace
}  // namespace rapport::frameworks
