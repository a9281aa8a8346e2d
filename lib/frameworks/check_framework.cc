// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/filter/expression.h"
#include "lib/frameworks/registry.h"

namespace rapport::frameworks {
namespace {

constexpr size_t kMaxText = 1024;
constexpr size_t kMaxWord = 64;
constexpr int kMaxOwners = 10;
constexpr int kMaxTouchpoints = 20;

absl::Status Refuse(std::string_view field, std::string_view reason, std::string_view text) {
  return InvalidField(Cat("framework.", field), reason, text);
}

bool IsId(std::string_view id) {
  if (id.empty() || id.size() > 63 || id[0] < 'a' || id[0] > 'z') return false;
  return std::all_of(id.begin(), id.end(), [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
  });
}

absl::Status CheckText(std::string_view field, const std::string& text, bool required) {
  if (required && text.empty()) return Refuse(field, "REQUIRED", "is required");
  if (text.size() > kMaxText) {
    return Refuse(field, "TOO_LONG", Cat("has more than ", kMaxText, " bytes"));
  }
  return absl::OkStatus();
}

absl::Status CheckWords(std::string_view field,
                        const google::protobuf::RepeatedPtrField<std::string>& words, int most) {
  if (words.size() > most) return Refuse(field, "TOO_MANY", Cat("has more than ", most));
  std::set<std::string> seen;
  for (int i = 0; i < words.size(); ++i) {
    const std::string place = Cat(field, "[", i, "]");
    if (words[i].empty() || words[i].size() > kMaxWord) {
      return Refuse(place, "BAD_WORD", Cat("must have 1-", kMaxWord, " bytes"));
    }
    if (!seen.insert(words[i]).second) return Refuse(place, "DUPLICATE", "is there twice");
  }
  return absl::OkStatus();
}

absl::Status CheckDays(std::string_view field, int days) {
  if (days >= 0 && days <= kMaxDays) return absl::OkStatus();
  return Refuse(field, "OUT_OF_RANGE", Cat("must be 0 to ", kMaxDays));
}

class Checker {
 public:
  Checker(const v1::Framework& framework, const filter::Names* names)
      : framework_(framework), names_(names) {}

  absl::Status Check() {
    RETURN_IF_ERROR(CheckHead());
    for (int i = 0; i < framework_.stages_size(); ++i) RETURN_IF_ERROR(CheckStage(i));
    for (int i = 0; i < framework_.transitions_size(); ++i) RETURN_IF_ERROR(CheckTransition(i));
    return absl::OkStatus();
  }

 private:
  absl::Status CheckHead() const {
    if (!IsId(framework_.framework())) {
      return Refuse("framework", "BAD_ID", "must be 1-63 of [a-z0-9_], starting with a letter");
    }
    RETURN_IF_ERROR(CheckText("display_name", framework_.display_name(), true));
    RETURN_IF_ERROR(CheckText("description", framework_.description(), false));
    RETURN_IF_ERROR(CheckText("source", framework_.source(), false));
    if (framework_.stages_size() < 2 || framework_.stages_size() > kMaxStages) {
      return Refuse("stages", "OUT_OF_RANGE", Cat("must be 2 to ", kMaxStages));
    }
    if (framework_.transitions_size() > kMaxTransitions) {
      return Refuse("transitions", "TOO_MANY", Cat("has more than ", kMaxTransitions));
    }
    if (!v1::ReentryRule_IsValid(framework_.reentry())) {
      return Refuse("reentry", "UNKNOWN_VALUE", "is no rule of re-entry");
    }
    const std::string& border = framework_.border_stage();
    if (border.empty()) return absl::OkStatus();
    const auto place = Find(border);
    if (!place) return UnknownStage("border_stage", border);
    if (*place == 0) return Refuse("border_stage", "FIRST_STAGE", "has nothing before it");
    return absl::OkStatus();
  }

  absl::Status CheckStage(int index) const {
    const v1::FrameworkStage& stage = framework_.stages(index);
    const std::string at = Cat("stages[", index, "].");
    if (!IsId(stage.stage()) || stage.stage() == kLeft) {
      return Refuse(at + "stage", "BAD_ID",
                    Cat("must be 1-63 of [a-z0-9_], starting with a letter, and not ", kLeft));
    }
    if (*Find(stage.stage()) != index) {
      return Refuse(at + "stage", "DUPLICATE", "is there twice");
    }
    RETURN_IF_ERROR(CheckText(at + "display_name", stage.display_name(), true));
    RETURN_IF_ERROR(CheckText(at + "description", stage.description(), false));
    if (stage.phase().size() > kMaxWord) {
      return Refuse(at + "phase", "TOO_LONG", Cat("has more than ", kMaxWord, " bytes"));
    }
    RETURN_IF_ERROR(CheckWords(at + "owners", stage.owners(), kMaxOwners));
    RETURN_IF_ERROR(CheckWords(at + "touchpoints", stage.touchpoints(), kMaxTouchpoints));
    if (stage.entry().empty()) return Refuse(at + "entry", "REQUIRED", "needs evidence");
    if (stage.entry_size() > kMaxEvidence) {
      return Refuse(at + "entry", "TOO_MANY", Cat("has more than ", kMaxEvidence));
    }
    for (int i = 0; i < stage.entry_size(); ++i) {
      RETURN_IF_ERROR(CheckEvidence(Cat(at, "entry[", i, "]"), stage.entry(i)));
    }
    if (stage.exits_size() > kMaxEvidence) {
      return Refuse(at + "exits", "TOO_MANY", Cat("has more than ", kMaxEvidence));
    }
    for (int i = 0; i < stage.exits_size(); ++i) {
      RETURN_IF_ERROR(CheckExit(Cat(at, "exits[", i, "]"), stage.exits(i), index));
    }
    return stage.has_goal() ? CheckGoal(index) : absl::OkStatus();
  }

  absl::Status CheckFilter(const std::string& field, const std::string& text) const {
    filter::Context context;
    context.base_currency = "EUR";
    context.field = Cat("framework.", field);
    context.names = names_;
    return filter::Parse(text, filter::EventCatalogue(), context).status();
  }

  absl::Status CheckEvidence(const std::string& at, const v1::StageEvidence& evidence) const {
    if (evidence.filter().find_first_not_of(" \t\r\n") == std::string::npos) {
      return Refuse(at + ".filter", "REQUIRED", "must say which events");
    }
    RETURN_IF_ERROR(CheckFilter(at + ".filter", evidence.filter()));
    if (evidence.minimum_count() < 0 || evidence.minimum_count() > kMaxCount) {
      return Refuse(at + ".minimum_count", "OUT_OF_RANGE", Cat("must be 0 to ", kMaxCount));
    }
    return CheckDays(at + ".window_days", evidence.window_days());
  }

  absl::Status CheckExit(const std::string& at, const v1::StageExit& exit, int stage) const {
    const bool silence = exit.silence_days() != 0;
    if (exit.has_evidence() == silence) {
      return Refuse(at, "ONE_OF", "needs either evidence or silence_days");
    }
    if (exit.has_evidence()) {
      if (!exit.silence_filter().empty()) {
        return Refuse(at + ".silence_filter", "UNUSED", "is for silence_days only");
      }
      RETURN_IF_ERROR(CheckEvidence(at + ".evidence", exit.evidence()));
    } else {
      RETURN_IF_ERROR(CheckDays(at + ".silence_days", exit.silence_days()));
      RETURN_IF_ERROR(CheckFilter(at + ".silence_filter", exit.silence_filter()));
    }
    if (exit.to_stage().empty()) return absl::OkStatus();
    const auto to = Find(exit.to_stage());
    if (!to) return UnknownStage(at + ".to_stage", exit.to_stage());
    if (*to >= stage) return Refuse(at + ".to_stage", "NOT_EARLIER", "must be an earlier stage");
    return absl::OkStatus();
  }

  absl::Status CheckGoal(int index) const {
    const v1::StageGoal& goal = framework_.stages(index).goal();
    const std::string at = Cat("stages[", index, "].goal");
    if (!std::isfinite(goal.share()) || goal.share() < 0 || goal.share() > 1) {
      return Refuse(at + ".share", "OUT_OF_RANGE", "must be 0 to 1");
    }
    if (!std::isfinite(goal.dwell_days()) || goal.dwell_days() < 0 ||
        goal.dwell_days() > kMaxDays) {
      return Refuse(at + ".dwell_days", "OUT_OF_RANGE", Cat("must be 0 to ", kMaxDays));
    }
    if (goal.share() == 0 && goal.dwell_days() == 0) {
      return Refuse(at, "REQUIRED", "needs a share or dwell_days");
    }
    RETURN_IF_ERROR(CheckDays(at + ".within_days", goal.within_days()));
    if (goal.share() > 0 && index + 1 == framework_.stages_size()) {
      return Refuse(at + ".share", "LAST_STAGE", "the last stage has none to go on to");
    }
    return absl::OkStatus();
  }

  absl::Status CheckTransition(int index) {
    const v1::FrameworkTransition& way = framework_.transitions(index);
    const std::string at = Cat("transitions[", index, "].");
    const auto from = Find(way.from_stage());
    if (!from) return UnknownStage(at + "from_stage", way.from_stage());
    const auto to = Find(way.to_stage());
    if (!to) return UnknownStage(at + "to_stage", way.to_stage());
    if (*from == *to) return Refuse(at + "to_stage", "SAME_STAGE", "must be another stage");
    const bool back = way.kind() == v1::MOVE_KIND_REVERSAL || way.kind() == v1::MOVE_KIND_LOOP;
    if (!back && way.kind() != v1::MOVE_KIND_FORWARD) {
      return Refuse(at + "kind", "UNKNOWN_VALUE", "must be FORWARD, REVERSAL or LOOP");
    }
    if (back != (*to < *from)) {
      return Refuse(at + "kind", "WRONG_WAY",
                    "FORWARD leads to a later stage, REVERSAL and LOOP to an earlier one");
    }
    if (!way.has_evidence() && !ways_.insert({*from, *to}).second) {
      return Refuse(at + "to_stage", "DUPLICATE", "the same way is there twice");
    }
    return way.has_evidence() ? CheckEvidence(at + "evidence", way.evidence()) : absl::OkStatus();
  }

  // The first stage of that id.
  std::optional<int> Find(std::string_view stage) const {
    for (int i = 0; i < framework_.stages_size(); ++i) {
      if (framework_.stages(i).stage() == stage) return i;
    }
    return std::nullopt;
  }

  static absl::Status UnknownStage(const std::string& field, std::string_view stage) {
    return Refuse(field, "UNKNOWN_STAGE", Cat("no stage '", stage, "'"));
  }

  const v1::Framework& framework_;
  const filter::Names* names_;
  std::set<std::pair<int, int>> ways_;
};

}  // namespace

absl::Status CheckFramework(const v1::Framework& framework, const filter::Names* names) {
  return Checker(framework, names).Check();
}

}  // namespace rapport::frameworks
