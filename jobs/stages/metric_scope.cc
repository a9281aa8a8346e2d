// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/metric_scope.h"

#include <string>
#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/events/dictionary.h"
#include "lib/store/definitions.h"

namespace rapport::jobs {
namespace {

void AddWords(const events::Dictionary& dictionary, store::v1::DictionaryKind kind,
              std::vector<std::string>& words) {
  for (uint32_t number = 1; number <= dictionary.Count(kind); ++number) {
    words.push_back(dictionary.Text(kind, number));
  }
}

absl::Status ReadNames(const Run& run, uint32_t workspace_no, filter::NameLists& names) {
  ASSIGN_OR_RETURN(const auto dictionary, events::Dictionary::Open(*run.store, workspace_no));
  AddWords(*dictionary, store::v1::DICTIONARY_KIND_TOUCHPOINT, names.touchpoints);
  AddWords(*dictionary, store::v1::DICTIONARY_KIND_CAMPAIGN, names.campaigns);
  AddWords(*dictionary, store::v1::DICTIONARY_KIND_CUSTOM_TYPE, names.custom_types);
  return absl::OkStatus();
}

absl::StatusOr<metrics::Registry> ReadRegistry(const store::Definitions& definitions) {
  ASSIGN_OR_RETURN(const auto rows, definitions.List(store::DefinitionKind::kMetric));
  std::vector<v1::MetricDefinition> own;
  for (const store::Definition& row : rows) {
    if (!own.emplace_back().ParseFromString(row.bytes)) {
      return DataLoss(Cat("definitions/metric/", row.id), "row does not decode");
    }
  }
  return metrics::Registry(own);
}

}  // namespace

absl::StatusOr<std::unique_ptr<const MetricScope>> LoadMetricScope(const Run& run,
                                                                   const WorkspaceRun& workspace) {
  auto loaded = std::make_unique<MetricScope>();
  RETURN_IF_ERROR(ReadNames(run, workspace.number, loaded->names));
  const store::Definitions definitions(run.store->table(store::TableId::kDefinitions),
                                       workspace.number);
  ASSIGN_OR_RETURN(loaded->registry, ReadRegistry(definitions));
  ASSIGN_OR_RETURN(loaded->book,
                   reference::LoadBook(definitions, workspace.settings.base_currency));
  loaded->scope.calendar = workspace.settings.calendar;
  loaded->scope.base_currency = workspace.settings.base_currency;
  loaded->scope.rules = workspace.settings.rules;
  loaded->scope.business_hours = workspace.business_hours;
  loaded->scope.rates = &loaded->book->rates;
  loaded->scope.references = &loaded->book->references;
  loaded->scope.names = &loaded->names;
  loaded->scope.as_of = run.as_of();
  loaded->scope.event_end = run.as_of() + 1;
  return loaded;
}

}  // namespace rapport::jobs
