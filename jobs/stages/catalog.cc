// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/catalog.h"

#include "jobs/stages/alert_stage.h"
#include "jobs/stages/base_report_stage.h"
#include "jobs/stages/event_series_stage.h"
#include "jobs/stages/facts_stage.h"
#include "jobs/stages/fold_stage.h"
#include "jobs/stages/framework_stage.h"
#include "jobs/stages/metric_series_stage.h"
#include "jobs/stages/predict_stage.h"
#include "jobs/stages/report_stage.h"
#include "jobs/stages/seal_stage.h"
#include "jobs/stages/segment_stage.h"
#include "jobs/stages/transition_stage.h"
#include "jobs/stages/value_fit_stage.h"

namespace rapport::jobs {

std::vector<std::unique_ptr<Stage>> AllStages() {
  std::vector<std::unique_ptr<Stage>> stages;
  stages.push_back(NewSealStage());
  stages.push_back(NewFoldStage());
  stages.push_back(NewEventSeriesStage());
  stages.push_back(NewBaseReportStage());
  stages.push_back(NewMetricSeriesStage());
  stages.push_back(NewFrameworkStage());
  stages.push_back(NewTransitionStage());
  stages.push_back(NewValueFitStage());
  stages.push_back(NewPredictStage());
  stages.push_back(NewFactsStage());
  stages.push_back(NewAlertStage());
  stages.push_back(NewSegmentStage());
  stages.push_back(NewReportStage());
  return stages;
}

}  // namespace rapport::jobs
