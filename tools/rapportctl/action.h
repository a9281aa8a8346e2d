// SPDX-License-Identifier: Apache-2.0
// One command of rapportctl as data. The table of actions is the only source of the
// command line's grammar: parsing, help, docs/cli.md and shell completion read it.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace rapport::ctl {

class Invocation;

struct Flag {
  std::string_view name;         // Without dashes.
  std::string_view placeholder;  // "DATE"; empty for a switch.
  std::string_view help;
  std::string_view fallback = "";  // Default as text; empty for none.
  bool required = false;
  std::string_view choices = "";  // "a|b|c" when only these are allowed.
  bool file = false;              // Completed with file names.
};

enum class Arity { kOne, kOptional, kMany, kAny };  // kAny: none or more.

struct Argument {
  std::string_view name;  // "CUSTOMER".
  std::string_view help;
  Arity arity = Arity::kOne;
};

struct Action {
  std::string_view path;     // "customers get".
  std::string_view summary;  // One line.
  std::string_view details;  // Paragraphs for `help`; may be empty.
  std::vector<Argument> arguments;
  std::vector<Flag> flags;
  std::vector<std::string_view> examples;  // Without the program's name.
  absl::Status (*run)(Invocation&);
};

// A first word that has several actions below it.
struct Group {
  std::string_view name;
  std::string_view summary;
};

// All groups and actions, in the order in which help shows them.
const std::vector<Group>& Groups();
const std::vector<Action>& Actions();
// Flags every action takes.
const std::vector<Flag>& GlobalFlags();

// Parts of the table, one per command group.
std::vector<Action> WorkspaceActions();
std::vector<Action> ImportActions();
std::vector<Action> EventActions();
std::vector<Action> CustomerActions();
std::vector<Action> MetricActions();
std::vector<Action> MetricQuestionActions();  // Of group metrics, too.
std::vector<Action> FeedbackActions();
std::vector<Action> ValueActions();
std::vector<Action> ValueQuestionActions();   // Of group value: predict, what-if, explain.
std::vector<Action> ValueBootstrapActions();  // Of group value: bootstrap.
std::vector<Action> CohortActions();
std::vector<Action> CohortQuestionActions();  // Of group cohorts, too.
std::vector<Action> FrameworkActions();       // Of groups frameworks and journey.
std::vector<Action> JourneyActions();         // Of groups funnel, paths and journey.
std::vector<Action> SegmentActions();
std::vector<Action> SegmentQuestionActions();  // Of group segments: rfm, clusters, compare.
std::vector<Action> ReferenceActions();        // Of groups rates, reference and benchmarks.
std::vector<Action> GoalActions();             // Of groups goals and alerts.
std::vector<Action> RunActions();
std::vector<Action> StoreActions();
std::vector<Action> DemoActions();
std::vector<Action> ShellActions();

}  // namespace rapport::ctl
