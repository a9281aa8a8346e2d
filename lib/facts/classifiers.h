// SPDX-License-Identifier: Apache-2.0
// Classifiers of churn and of the top value decile: trained nightly on a time split, kept
// in the workspace's model, applied to each customer with its reasons.
//
// Rows are customers with an order, active in the year before the cutoff. Both splits and
// the labels come from folds read as of the cutoff, so no later event can enter
// (lib/predict/split.h). At most about kMostRows customers a split are used, chosen by a
// hash of their number: the same ones every night.
//
// Deterministic: the same customers, in any shards, give the same bits.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lib/facts/facts.h"
#include "lib/predict/churn_forecast.h"
#include "lib/predict/classifier.h"
#include "lib/predict/split.h"

namespace rapport::facts {

class ClassifierSample {
 public:
  static constexpr int64_t kMostRows = 100'000;

  // `customers` are those of the workspace, about.
  ClassifierSample(const Settings& settings, CivilDays as_of_day, int64_t customers);

  // `scorer` holds tonight's purchase model, which the classifier is compared with.
  void Add(uint32_t customer_no, const Fold& fold, Scorer& scorer,
           const Attributes& attributes = {});
  void Merge(const ClassifierSample& other);
  int64_t size() const { return static_cast<int64_t>(training_.size() + validation_.size()); }

  // Trains both, writes reports and models. `previous` (may be null): a classifier that is
  // not usable tonight stays last night's, with the reason.
  void Train(CivilDays first_event_day, const WorkspaceModel* previous,
             WorkspaceModel& model) const;

 private:
  struct Row {
    uint32_t customer_no;
    predict::FeatureVector features;
    bool churned;
    Micros revenue;   // In the outcome's window.
    double baseline;  // P(no purchase) by the purchase model.
  };
  struct Baseline {
    Scorer& scorer;
    const Attributes& attributes;
  };
  void AddAt(uint32_t customer_no, const Fold& fold, const predict::Window& window,
             const Baseline& baseline, std::vector<Row>& rows) const;
  predict::TrainingRows RowsOf(const std::vector<Row>& rows, predict::ClassifierKind kind) const;
  void TrainOne(predict::ClassifierKind kind, const WorkspaceModel* previous,
                WorkspaceModel& model) const;

  const Settings& settings_;
  std::optional<predict::TimeSplit> split_;
  uint64_t one_in_;
  std::vector<Row> training_, validation_;
};

// The stored classifier of a kind; nullopt when there is none that fits this version's
// features.
std::optional<predict::Classifier> ClassifierOf(const WorkspaceModel& model,
                                                predict::ClassifierKind kind);

// Fills churn and top-decile chance of one customer from the purchase model's chance of no
// purchase, the subscription models and the classifiers. One per shard.
class ChurnScorer {
 public:
  ChurnScorer(const Settings& settings, const WorkspaceModel& model);
  // `no_purchase`: by the purchase model; nullopt without one. `subscriptions_end`: of all
  // that run, by the retention models; nullopt without one or without a model.
  void Score(const Projection& projection, std::optional<double> no_purchase,
             std::optional<math::Interval> subscriptions_end, v1::CustomerValue& value) const;

 private:
  const Settings settings_;
  std::optional<predict::Classifier> churn_, top_decile_;
  bool churn_beats_purchases_ = false;
};

}  // namespace rapport::facts
