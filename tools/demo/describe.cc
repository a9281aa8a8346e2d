// SPDX-License-Identifier: Apache-2.0
#include "tools/demo/describe.h"

#include "lib/base/log.h"
#include "lib/base/text.h"

namespace rapport::demo {

std::vector<KnownParameter> KnownParameters() {
  const Truth& truth = Business::truth();
  return {
      {"bg_nbd", "r", truth.r, "shape of the purchase rates, a week"},
      {"bg_nbd", "alpha", truth.alpha, "rate of the purchase rates, in weeks"},
      {"bg_nbd", "a", truth.a, "first shape of the chance to leave after a repeat purchase"},
      {"bg_nbd", "b", truth.b, "second shape of that chance"},
      {"gamma_gamma", "p", truth.p, "shape of order values"},
      {"gamma_gamma", "q", truth.q, "shape of their rates"},
      {"gamma_gamma", "gamma", truth.gamma, "rate of their rates, EUR"},
      {"gamma_gamma", "mean", truth.p * truth.gamma / (truth.q - 1), "mean order value, EUR"},
      {"business", "never_buys", truth.never_buys, "sign-ups that never buy"},
      {"business", "refund_rate", truth.refund_rate, "orders refunded in full"},
      {"business", "subscribes", truth.subscribes, "buyers who subscribe"},
      {"business", "monthly_cancel", truth.monthly_cancel, "chance to cancel at each renewal"},
      {"business", "open_rate", truth.open_rate, "e-mails opened of those sent"},
      {"business", "click_rate", truth.click_rate, "e-mails clicked of those opened"},
      {"business", "ticket_rate", truth.ticket_rate, "orders after which a ticket is opened"},
  };
}

std::string DescribeJson(const Options& options) {
  std::string text =
      Cat("{\n  \"business\": \"Lumen & Oak\",\n  \"currency\": \"EUR\",\n",
          "  \"time_unit_days\": 7,\n  \"seed\": ", options.seed, ",\n  \"days\": ", options.days,
          ",\n  \"end_date\": ", JsonQuote(FormatDate(options.end)), ",\n  \"parameters\": {");
  std::string model;
  for (const KnownParameter& parameter : KnownParameters()) {
    const bool next = parameter.model != model;
    if (next) {
      text =
          Cat(text, model.empty() ? "\n    " : "\n    },\n    ", JsonQuote(parameter.model), ": {");
      model = parameter.model;
    }
    text = Cat(text, next ? "\n      " : ",\n      ", JsonQuote(parameter.name), ": ",
               parameter.value);
  }
  return Cat(text, "\n    }\n  }\n}\n");
}

}  // namespace rapport::demo
