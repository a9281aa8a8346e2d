// SPDX-License-Identifier: Apache-2.0
// The value part of explanations, under every purchase model: words, and terms that
// multiply up to the result.
#include <cstdlib>
#include <map>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/facts/events.h"
#include "tests/unit/facts/stored_model.h"

namespace rapport::facts {
namespace {

using ::testing::HasSubstr;

// A customer x 2, t_x 213, T 272 under a model of this kind.
std::map<std::string, ExplainLine> Explained(const std::string& kind, const Numbers& numbers) {
  WorkspaceModel model = CdnowModel();
  v1::ValueModel& stored = *model.mutable_value_model();
  stored.set_purchase_model(kind);
  stored.clear_purchase_covariance();
  SetParameters(numbers, *stored.mutable_purchase_parameters());
  Settings settings = EuroSettings();
  settings.margin = 0.4;
  Projection projection;
  projection.has_orders = true;
  projection.purchases = {2, 213, 272, 70'000'000, 0};
  Score(settings, model, projection);
  std::map<std::string, ExplainLine> lines;
  for (const ExplainLine& line : Explain(settings, model, projection)) lines[line.subject] = line;
  return lines;
}

std::string InputOf(const ExplainLine& line, const std::string& name) {
  for (const auto& input : line.inputs) {
    if (input.name == name) return input.value;
  }
  return "";
}

TEST(ExplainValue, NamesEveryTermUnderEveryModel) {
  const Numbers beta_geometric = {{"r", .24}, {"alpha", 4.4}, {"a", .79}, {"b", 2.4}};
  const std::map<std::string, std::pair<Numbers, const char*>> models = {
      {"bg_nbd", {beta_geometric, "posterior of leaving after a purchase, (a, b + x)"}},
      {"mbg_nbd", {beta_geometric, "posterior of leaving after a purchase, (a, b + x + 1)"}},
      {"bg_cnbd_k", {beta_geometric, "sum over the k stages"}},
      {"mbg_cnbd_k", {beta_geometric, "sum over the k stages"}},
      {"pareto_nbd", {CdnowParetoNbd(), "(r + x)(beta + T)"}},
      {"nbd", {{{"r", .38}, {"alpha", 12.07}}, "(r + x) / (alpha + T) x h"}}};
  for (const auto& [kind, expected] : models) {
    const auto lines = Explained(kind, expected.first);
    ASSERT_TRUE(lines.contains("value.expected_purchases")) << kind;
    const ExplainLine& purchases = lines.at("value.expected_purchases");
    EXPECT_THAT(purchases.formula, HasSubstr(expected.second)) << kind;
    EXPECT_EQ(InputOf(purchases, "x"), "2");
    // Figures are printed with six digits.
    for (const auto& [name, number] : expected.first) {
      EXPECT_NEAR(std::atof(InputOf(purchases, name).c_str()), number, 5e-6 * number)
          << kind << " " << name;
    }
    const ExplainLine& predicted = lines.at("value.predicted");
    const double product = std::atof(InputOf(predicted, "expected discounted purchases").c_str()) *
                           std::atof(lines.at("value.expected_order_value").result.c_str()) * 0.4;
    const double result = std::atof(predicted.result.c_str());
    EXPECT_GT(result, 0) << kind;
    EXPECT_NEAR(product, result, 1e-5 * result) << kind;
    EXPECT_EQ(InputOf(predicted, "margin"), "0.4");
  }
}

}  // namespace
}  // namespace rapport::facts
