// SPDX-License-Identifier: Apache-2.0
#include <iterator>

#include "tools/rapportctl/action.h"

namespace rapport::ctl {

const std::vector<Group>& Groups() {
  static const std::vector<Group> kGroups = {
      {"workspaces", "Create and change workspaces."},
      {"events", "Show and send single events."},
      {"customers", "Customers: profile, timeline, explanation, changes."},
      {"metrics", "Metrics, NPS and CSAT."},
      {"feedback", "What customers said, whom to talk to, how scores moved."},
      {"value", "Customer value: customers, the portfolio, the model, questions."},
      {"cohorts", "Cohorts: retention, growth, stickiness, time in stages."},
      {"lifecycle", "Lifecycle stages and transitions."},
      {"frameworks", "Frameworks: stages, evidence, owners, goals."},
      {"funnel", "Funnels: how far customers get, who leaves where."},
      {"paths", "Ways that customers take from event to event."},
      {"journey", "Journeys: customers through the stages of frameworks."},
      {"segments", "Segments of customers, the RFM grid, discovered groups."},
      {"goals", "Targets for metrics."},
      {"alerts", "Changes that the night noticed."},
      {"rates", "Exchange rates."},
      {"reference", "Numbers by day that no event carries."},
      {"benchmarks", "Published figures of others."},
      {"runs", "Nightly runs."},
      {"generations", "Published generations of derived answers."},
      {"store", "The store: size and health."},
      {"demo", "A demo business with known truth."},
  };
  return kGroups;
}

const std::vector<Flag>& GlobalFlags() {
  static const std::vector<Flag> kFlags = {
      {.name = "server",
       .placeholder = "ADDRESS",
       .help = "HOST:PORT or unix:PATH; else RAPPORT_SERVER.",
       .fallback = "127.0.0.1:7600"},
      {.name = "workspace", .placeholder = "ID", .help = "Workspace; else RAPPORT_WORKSPACE."},
      {.name = "token-file",
       .placeholder = "FILE",
       .help = "File with the bearer token; else RAPPORT_TOKEN holds the token."},
      {.name = "tls-ca", .placeholder = "FILE", .help = "PEM certificates to trust; turns TLS on."},
      {.name = "deadline",
       .placeholder = "DURATION",
       .help = "Longest wait for an answer.",
       .fallback = "60s"},
      {.name = "json", .placeholder = "", .help = "Print the API's message as JSON."},
      {.name = "help", .placeholder = "", .help = "Show help for the command."},
  };
  return kFlags;
}

const std::vector<Action>& Actions() {
  static const std::vector<Action> kActions = [] {
    std::vector<Action> all;
    for (auto* part :
         {&WorkspaceActions,     &ImportActions,         &EventActions,    &CustomerActions,
          &MetricActions,        &MetricQuestionActions, &FeedbackActions, &ValueActions,
          &ValueQuestionActions, &ValueBootstrapActions, &CohortActions,   &CohortQuestionActions,
          &FrameworkActions,     &JourneyActions,        &SegmentActions,  &SegmentQuestionActions,
          &GoalActions,          &ReferenceActions,      &RunActions,      &StoreActions,
          &DemoActions,          &ShellActions}) {
      std::vector<Action> actions = part();
      all.insert(all.end(), std::make_move_iterator(actions.begin()),
                 std::make_move_iterator(actions.end()));
    }
    return all;
  }();
  return kActions;
}

}  // namespace rapport::ctl
