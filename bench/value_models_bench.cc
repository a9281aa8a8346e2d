// SPDX-License-Identifier: Apache-2.0
// Fits every purchase model to simulated customers and scores them, one JSON object a
// model and line:
//   --customers=100000     10,000 .. 10,000,000; about 200 bytes each are held
//   --threads=1|2          pieces of a fit, and halves of the scoring
//   --whole_days=0|1       1: times in days, many rows are equal; 0: all rows distinct
//   --models=bg_nbd,...    all of them if none is named; k = 2 for regular ones
//   --score=1|0
//   --csv=FILE             writes the customers (of the last model named) for others to
//                          fit: bench/lifetimes_ratio.py
//
// Each model is fitted to customers drawn from it, in a process of its own. fit_mb is what
// the fold and the fit add to the resident memory at its peak. Seconds are wall time, and
// *_cpu_seconds those of all threads, which a busy machine does not stretch.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_split.h"
#include "bench/options.h"
#include "bench/purchase_simulator.h"
#include "lib/value/clv_scorer.h"
#include "lib/value/gamma_gamma.h"
#include "lib/value/purchase_fit.h"

namespace rapport::bench {
namespace {

using value::ModelKind;
using value::PurchaseHistory;

double Seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Of this process, from the kernel: `VmRSS:` now or `VmHWM:` at most, MiB.
double ResidentMb(const std::string& field) {
  std::ifstream file("/proc/self/status");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind(field, 0) == 0) return std::strtod(line.c_str() + field.size(), nullptr) / 1024;
  }
  return 0;
}

// The peak starts anew.
void ForgetPeak() { std::ofstream("/proc/self/clear_refs") << "5"; }

void OnThreads(int64_t threads, size_t n, absl::FunctionRef<void(size_t)> run) {
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < n; i = next++) run(i);
  };
  std::vector<std::thread> others;
  for (int64_t i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
}

std::vector<PurchaseHistory> Simulate(ModelKind kind, const Options& options) {
  SimulationPlan plan;
  plan.truth = TypicalParameters(kind);
  plan.whole_days = options.Number("whole_days", 0) != 0;
  plan.holdout = 0;
  std::vector<PurchaseHistory> rows(static_cast<size_t>(options.Number("customers", 100'000)));
  constexpr size_t kPieces = 64;
  OnThreads(2, kPieces, [&](size_t piece) {
    for (size_t i = piece; i < rows.size(); i += kPieces) {
      rows[i] = SimulateCustomer(plan, i).history;
    }
  });
  return rows;
}

void WriteCsv(const std::string& path, const std::vector<PurchaseHistory>& rows) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) {
    std::fprintf(stderr, "cannot write %s\n", path.c_str());
    std::exit(1);
  }
  std::fprintf(file, "frequency,recency,T,monetary_value\n");  // Weeks, as lifetimes names them.
  for (const PurchaseHistory& row : rows) {
    std::fprintf(file, "%u,%.17g,%.17g,%.9g\n", row.frequency, row.recency_days / 7,
                 row.age_days / 7, row.mean_value());
  }
  std::fclose(file);
}

struct Measured {
  double fold_seconds = 0;
  double fit_seconds = 0;
  double cpu_seconds = 0;  // Of both.
  double fit_mb = 0;
  size_t distinct = 0;
  std::optional<value::PurchaseFit> fit;
};

Measured Fit(ModelKind kind, const std::vector<PurchaseHistory>& rows, int64_t threads) {
  value::PurchaseFitOptions options;
  if (kind == ModelKind::kBgCnbdK || kind == ModelKind::kMbgCnbdK) options.regularity = 2;
  if (threads > 1) {
    options.parallel = [threads](size_t n, absl::FunctionRef<void(size_t)> run) {
      OnThreads(threads, n, run);
    };
  }
  Measured measured;
  const double before = ResidentMb("VmRSS:");
  ForgetPeak();
  const double began = Seconds();
  const double cpu_began = CpuSeconds();
  auto folded = value::FoldForFit(rows, options);
  measured.fold_seconds = Seconds() - began;
  if (!folded.ok()) return measured;
  measured.distinct = folded->distinct_rows;
  auto fit = value::FitPurchases(kind, *folded, options);
  measured.fit_seconds = Seconds() - began - measured.fold_seconds;
  measured.cpu_seconds = CpuSeconds() - cpu_began;
  measured.fit_mb = ResidentMb("VmHWM:") - before;
  if (fit.ok()) measured.fit = *std::move(fit);
  return measured;
}

struct Scored {
  double seconds = 0;
  double cpu_seconds = 0;
  double clv = 0;  // Sum; keeps the work from being left out.
};

// All outputs of every customer.
Scored Score(const value::PurchaseFit& fit, const std::vector<PurchaseHistory>& rows,
             int64_t threads) {
  value::FittedModels models;
  models.purchases = fit.parameters;
  models.purchase_covariance = fit.covariance;
  models.spend.gamma_gamma = *value::GammaGamma::Create({6.25, 3.74, 15.44});
  std::vector<double> sums(static_cast<size_t>(threads));
  const double began = Seconds();
  const double cpu_began = CpuSeconds();
  OnThreads(threads, sums.size(), [&](size_t part) {
    auto scorer = value::ValueScorer::Create(models);
    if (!scorer.ok()) return;
    const size_t each = (rows.size() + sums.size() - 1) / sums.size();
    const size_t end = std::min(rows.size(), (part + 1) * each);
    for (size_t i = part * each; i < end; ++i) {
      const auto score = scorer->Score(rows[i]);
      if (score.ok()) sums[part] += score->clv;
    }
  });
  Scored scored{.seconds = Seconds() - began, .cpu_seconds = CpuSeconds() - cpu_began};
  for (double sum : sums) scored.clv += sum;
  return scored;
}

void Print(ModelKind kind, const Measured& fit, size_t customers, int64_t threads,
           const Scored& score) {
  const value::FitSummary& summary = fit.fit->summary;
  std::printf(
      "{\"model\": \"%s\", \"customers\": %zu, \"threads\": %lld, \"distinct\": %zu, "
      "\"fold_seconds\": %.4f, \"fit_seconds\": %.4f, \"fit_cpu_seconds\": %.4f, "
      "\"evaluations\": %d, \"usable\": %s, \"log_likelihood\": %.11g, \"fit_mb\": %.1f, "
      "\"score_seconds\": %.4f, \"score_cpu_seconds\": %.4f, \"clv\": %.9g}\n",
      std::string(value::TraitsOf(kind).name).c_str(), customers, static_cast<long long>(threads),
      fit.distinct, fit.fold_seconds, fit.fit_seconds, fit.cpu_seconds, summary.evaluations,
      summary.usable() ? "true" : "false", summary.log_likelihood, fit.fit_mb, score.seconds,
      score.cpu_seconds, score.clv);
  std::fflush(stdout);
}

std::vector<ModelKind> KindsOf(const std::string& names) {
  std::vector<ModelKind> kinds;
  const std::vector<std::string> words = absl::StrSplit(names, ',', absl::SkipEmpty());
  for (const std::string& word : words) {
    const auto kind = value::ModelKindByName(word);
    if (!kind.has_value()) {
      std::fprintf(stderr, "no such model: %s\n", word.c_str());
      std::exit(2);
    }
    kinds.push_back(*kind);
  }
  if (kinds.empty())
    kinds.assign(std::begin(value::kAllModelKinds), std::end(value::kAllModelKinds));
  return kinds;
}

int Measure(ModelKind kind, const Options& options) {
  const int64_t threads = std::clamp<int64_t>(options.Number("threads", 1), 1, 64);
  const std::vector<PurchaseHistory> rows = Simulate(kind, options);
  const std::string csv = options.Text("csv", "");
  if (!csv.empty()) WriteCsv(csv, rows);
  const Measured fit = Fit(kind, rows, threads);
  if (!fit.fit.has_value()) {
    std::fprintf(stderr, "%s: no fit\n", std::string(value::TraitsOf(kind).name).c_str());
    return 1;
  }
  Scored score;
  if (options.Number("score", 1) != 0) score = Score(*fit.fit, rows, threads);
  Print(kind, fit, rows.size(), threads, score);
  return 0;
}

// A child's memory starts clean.
int MeasureApart(ModelKind kind, const Options& options) {
  const pid_t child = fork();
  if (child == 0) _exit(Measure(kind, options));
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) < 0) return 1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int Run(const Options& options) {
  for (ModelKind kind : KindsOf(options.Text("models", ""))) {
    const int code = MeasureApart(kind, options);
    if (code != 0) return code;
  }
  return 0;
}

}  // namespace
}  // namespace rapport::bench

int main(int argc, char** argv) {
  return rapport::bench::Run(rapport::bench::Options(argc, argv, 1));
}
