// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/value_model_text.h"

#include <string_view>
#include <vector>

#include "lib/base/text.h"
#include "tools/rapportctl/format.h"

namespace rapport::ctl {
namespace {

using Parameters = google::protobuf::RepeatedPtrField<v1::Parameter>;

std::string YesNo(bool yes) { return yes ? "yes" : "no"; }

std::string ModelName(const std::string& model, int regularity) {
  return regularity > 1 ? Cat(model, ", k ", regularity) : model;
}

std::string FitText(const v1::ValueModel& model, const Terminal& terminal) {
  Sheet sheet;
  if (!model.purchase_model().empty()) {
    sheet.Add("purchases",
              Cat(ModelName(model.purchase_model(), model.regularity()), ", log-likelihood ",
                  FormatNumber(model.purchase_log_likelihood(), 3), ", BIC ",
                  FormatNumber(model.purchase_bic(), 1)));
    sheet.Add("spend",
              Cat(model.spend_model(),
                  model.spend_log_likelihood() == 0
                      ? ""
                      : Cat(", log-likelihood ", FormatNumber(model.spend_log_likelihood(), 3))));
    sheet.Add("  because", model.spend_reason());
    sheet.Add("correlation", Cat(FormatNumber(model.frequency_value_correlation(), 3),
                                 " of frequency and mean value"));
    sheet.Add("fit",
              Cat(model.converged() ? "converged" : "did not converge", " in ", model.iterations(),
                  " iterations, up to ", FormatStamp(model.fit_as_of())));
    sheet.Add("time unit", Cat(FormatNumber(model.time_unit_days(), 0), " days"));
  }
  sheet.Add("customers", Cat(FormatCount(model.customer_count()), ", of them ",
                             FormatCount(model.repeater_count()), " with repeat purchases"));
  for (const std::string& note : model.notes()) sheet.Add("note", note);
  return sheet.Text(terminal);
}

void AddParameters(std::string_view model, const Parameters& parameters, Table& table) {
  for (const auto& parameter : parameters) {
    table.Add({std::string(model), parameter.name(), FormatNumber(parameter.value(), 4),
               parameter.standard_error() > 0 ? FormatNumber(parameter.standard_error(), 4) : "-"});
  }
}

std::string ParametersText(const v1::ValueModel& model, const Terminal& terminal) {
  Table table({{"model"}, {"parameter"}, {"estimate", true}, {"standard error", true}});
  AddParameters(model.purchase_model(), model.purchase_parameters(), table);
  AddParameters(model.spend_model(), model.spend_parameters(), table);
  return table.empty() ? "" : table.Text(terminal);
}

std::string EffectsText(const v1::ValueModel& model, const Terminal& terminal) {
  if (model.effects().empty()) return "";
  Table table({{"covariate"},
               {"on parameter"},
               {"effect", true},
               {"standard error", true},
               {"p-value", true}});
  for (const auto& effect : model.effects()) {
    table.Add({effect.covariate(), effect.parameter(), FormatNumber(effect.value(), 4),
               FormatNumber(effect.standard_error(), 4), FormatNumber(effect.p_value(), 4)});
  }
  return table.Text(terminal);
}

std::string RuleText(const v1::Covariate& column) {
  switch (column.kind()) {
    case v1::COVARIATE_KIND_VALUE:
      return Cat("1 with ", column.value());
    case v1::COVARIATE_KIND_OTHER:
      return "1 with a rarer value";
    case v1::COVARIATE_KIND_MISSING:
      return "1 without it";
    case v1::COVARIATE_KIND_NUMBER:
      return Cat("deviations of ", FormatNumber(column.standard_deviation(), 4), " from ",
                 FormatNumber(column.mean(), 4));
    default:
      return "";
  }
}

std::string CovariatesText(const v1::ValueModel& model, const Terminal& terminal) {
  if (model.covariates().empty()) return "";
  Table table({{"covariate"}, {"of"}, {"number"}, {"customers", true}});
  for (const auto& column : model.covariates()) {
    table.Add({column.name(), column.attribute().empty() ? "channel" : column.attribute(),
               RuleText(column), FormatCount(column.customer_count())});
  }
  return table.Text(terminal);
}

std::string DriftText(const v1::ValueModel& model, const Terminal& terminal) {
  if (model.drift().empty()) return "";
  Table table(
      {{"since last night"}, {"before", true}, {"now", true}, {"in standard errors", true}});
  for (const auto& drift : model.drift()) {
    table.Add({drift.name(), FormatNumber(drift.previous(), 4), FormatNumber(drift.value(), 4),
               FormatNumber(drift.change_in_errors(), 2)});
  }
  return table.Text(terminal);
}

std::string FrequencyText(const v1::ValueModel& model, const Terminal& terminal) {
  if (model.frequency_table().empty()) return "";
  Table table({{"repeat purchases", true}, {"customers", true}, {"expected", true}});
  for (int i = 0; i < model.frequency_table_size(); ++i) {
    const auto& row = model.frequency_table(i);
    const bool last = i + 1 == model.frequency_table_size();
    table.Add({Cat(row.repeat_purchases(), last ? "+" : ""), FormatCount(row.actual()),
               FormatNumber(row.expected(), 1)});
  }
  return table.Text(terminal);
}

std::string HoldoutText(const v1::ValueModel& model, const Terminal& terminal) {
  if (!model.has_holdout()) return "";
  const v1::Holdout& holdout = model.holdout();
  Sheet sheet;
  sheet.Add("holdout", Cat(holdout.days(), " days from ", holdout.start_date()));
  sheet.Add("purchases", Cat(FormatCount(holdout.actual_total()), " happened, ",
                             FormatNumber(holdout.expected_total(), 1), " expected (error ",
                             FormatShare(holdout.total_error()), ")"));
  sheet.Add(
      "error a customer",
      Cat("MAE ", FormatNumber(holdout.mae(), 3), ", RMSE ", FormatNumber(holdout.rmse(), 3),
          ", bias ", FormatNumber(holdout.bias(), 3), ", MSLE ", FormatNumber(holdout.msle(), 3)));
  sheet.Add("naive forecasts",
            Cat("MAE ", FormatNumber(holdout.naive_mae(), 3), " if the past rate went on, ",
                FormatNumber(holdout.mean_mae(), 3), " if all were average"));
  return sheet.Text(terminal);
}

std::string ConditionalText(const v1::ValueModel& model, const Terminal& terminal) {
  if (model.conditional_expectations().empty()) return "";
  Table table({{"before the holdout", true},
               {"customers", true},
               {"bought in it", true},
               {"expected", true}});
  for (int i = 0; i < model.conditional_expectations_size(); ++i) {
    const auto& row = model.conditional_expectations(i);
    const bool last = i + 1 == model.conditional_expectations_size();
    table.Add({Cat(row.repeat_purchases(), last ? "+" : ""), FormatCount(row.customer_count()),
               FormatNumber(row.actual(), 3), FormatNumber(row.expected(), 3)});
  }
  return table.Text(terminal);
}

std::string SegmentsText(const v1::ValueModel& model, const Terminal& terminal) {
  if (model.segments().empty()) return "";
  Table table({{model.grouped_by().empty() ? "group" : model.grouped_by()},
               {"customers", true},
               {"model"},
               {"parameters"},
               {"because"}});
  for (const auto& segment : model.segments()) {
    std::string parameters;
    for (const auto& parameter : segment.purchase_parameters()) {
      parameters = Cat(parameters, parameters.empty() ? "" : ", ", parameter.name(), " ",
                       FormatNumber(parameter.value(), 3));
    }
    table.Add({segment.segment(), FormatCount(segment.customer_count()),
               segment.purchase_model().empty()
                   ? "that of all"
                   : ModelName(segment.purchase_model(), segment.regularity()),
               parameters, segment.reason()});
  }
  return table.Text(terminal);
}

}  // namespace

std::string CandidatesText(const google::protobuf::RepeatedPtrField<v1::ModelCandidate>& candidates,
                           const Terminal& terminal) {
  if (candidates.empty()) return "";
  Table table({{"tried"},
               {"log-likelihood", true},
               {"BIC", true},
               {"holdout MAE", true},
               {"bias", true},
               {"converged"},
               {"identified"},
               {"because"}});
  for (const auto& candidate : candidates) {
    table.Add({Cat(candidate.chosen() ? "> " : "  ",
                   ModelName(candidate.model(), candidate.regularity())),
               FormatNumber(candidate.log_likelihood(), 3), FormatNumber(candidate.bic(), 1),
               candidate.has_holdout_mae() ? FormatNumber(candidate.holdout_mae(), 4) : "-",
               candidate.has_holdout_bias() ? FormatNumber(candidate.holdout_bias(), 4) : "-",
               YesNo(candidate.converged()), YesNo(candidate.identified()), candidate.reason()});
  }
  return table.Text(terminal);
}

std::string ValueModelText(const v1::ValueModel& model, const Terminal& terminal) {
  std::vector<std::string> parts = {FitText(model, terminal),
                                    ParametersText(model, terminal),
                                    CovariatesText(model, terminal),
                                    EffectsText(model, terminal),
                                    DriftText(model, terminal),
                                    CandidatesText(model.candidates(), terminal),
                                    FrequencyText(model, terminal),
                                    HoldoutText(model, terminal),
                                    ConditionalText(model, terminal),
                                    SegmentsText(model, terminal),
                                    RetentionFitsText(model.retention(), terminal)};
  for (const auto& classifier : model.classifiers()) {
    parts.push_back(ClassifierText(classifier, terminal));
  }
  std::string text;
  for (const std::string& part : parts) {
    if (!part.empty()) text = Cat(text, text.empty() ? "" : "\n", part);
  }
  return text;
}

}  // namespace rapport::ctl
