// SPDX-License-Identifier: Apache-2.0
// value bootstrap.
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "lib/base/text.h"
#include "rapport/v1/value_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/invocation.h"

namespace rapport::ctl {
namespace {

std::string ParametersText(const v1::BootstrapValueModelResponse& answer,
                           const Terminal& terminal) {
  Table table({{"parameter"},
               {"estimate", true},
               {"bootstrap error", true},
               {"standard error", true},
               {"from", true},
               {"to", true}});
  for (const auto& parameter : answer.parameters()) {
    table.Add({parameter.name(), FormatNumber(parameter.value(), 4),
               FormatNumber(parameter.bootstrap_error(), 4),
               parameter.hessian_error() > 0 ? FormatNumber(parameter.hessian_error(), 4) : "-",
               FormatNumber(parameter.interval().low(), 4),
               FormatNumber(parameter.interval().high(), 4)});
  }
  return table.Text(terminal);
}

absl::Status Bootstrap(Invocation& invocation) {
  v1::BootstrapValueModelRequest request;
  ASSIGN_OR_RETURN(const std::string workspace, invocation.Workspace());
  request.set_name(Cat(workspace, "/valueModel"));
  ASSIGN_OR_RETURN(const int64_t replicates, invocation.Number("replicates", 20, 2000));
  request.set_replicates(static_cast<int32_t>(replicates));
  ASSIGN_OR_RETURN(const int64_t seed, invocation.Number("seed", 0, INT64_MAX));
  request.set_seed(static_cast<uint64_t>(seed));
  double level = 0;
  if (!absl::SimpleAtod(invocation.Text("level"), &level)) {
    return absl::InvalidArgumentError("--level: must be a number such as 0.95");
  }
  request.set_level(level);
  request.set_segment(invocation.Text("segment"));
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::BootstrapValueModelResponse>(
                                          "ValueService/BootstrapValueModel", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  const Terminal& terminal = invocation.terminal();
  Sheet sheet;
  sheet.Add("model", answer.regularity() > 1
                         ? Cat(answer.purchase_model(), ", k ", answer.regularity())
                         : answer.purchase_model());
  sheet.Add("customers", Cat(FormatCount(answer.customer_count()), ", ",
                             FormatCount(answer.distinct_count()), " distinct histories"));
  sheet.Add("replicates", Cat(FormatCount(answer.replicates()), ", ", answer.left_out(),
                              " more did not converge"));
  sheet.Add("interval", Cat(FormatShare(level), " percentiles"));
  invocation.out() << sheet.Text(terminal) << "\n"
                   << ParametersText(answer, terminal) << "\n"
                   << ContextText(answer.context(), terminal);
  return absl::OkStatus();
}

}  // namespace

std::vector<Action> ValueBootstrapActions() {
  return {{.path = "value bootstrap",
           .summary = "Shows how far the model's parameters might have come out otherwise.",
           .details = "Fits the model again to customers drawn anew. With many customers give "
                      "--deadline time; one at a time on a server.",
           .arguments = {},
           .flags = {{.name = "replicates",
                      .placeholder = "N",
                      .help = "Times the model is fitted, 20-2000.",
                      .fallback = "200"},
                     {.name = "seed",
                      .placeholder = "N",
                      .help = "The same seed gives the same answer.",
                      .fallback = "0"},
                     {.name = "level",
                      .placeholder = "SHARE",
                      .help = "Level of the intervals, 0.5-0.999.",
                      .fallback = "0.95"},
                     {.name = "segment",
                      .placeholder = "GROUP",
                      .help = "A group with a model of its own, else all customers' model."}},
           .examples = {"value bootstrap --workspace=shop --replicates=200"},
           .run = Bootstrap}};
}

}  // namespace rapport::ctl
