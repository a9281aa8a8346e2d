// SPDX-License-Identifier: Apache-2.0
// Prints counted paths: the most frequent, and nodes and edges of their Sankey diagram.
#include <algorithm>
#include <map>
#include <tuple>

#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/journey/path_walker.h"

namespace rapport::journey {
namespace {

struct Node {
  int64_t count = 0;
  int64_t ended = 0;
};
using NodeKey = std::pair<int, uint32_t>;             // Place, label.
using EdgeKey = std::tuple<int, uint32_t, uint32_t>;  // Place, from, to; in order of time.

class PathPrinter {
 public:
  explicit PathPrinter(const PathWalker& walker) : walker_(walker), plan_(walker.plan()) {}

  v1::QueryPathsResponse Take() {
    *response_.mutable_question() = plan_.question();
    for (const auto& [labels, counts] : walker_.paths()) {
      total_ += counts.paths;
      Flow(labels, counts);
    }
    response_.set_path_count(total_);
    response_.set_distinct_count(static_cast<int64_t>(walker_.paths().size()));
    response_.set_depth(walker_.depth());
    ListPaths();
    ListNodes();
    ListEdges();
    FillContext();
    return std::move(response_);
  }

 private:
  void Flow(const PathWalker::Labels& labels, const PathWalker::Counts& counts) {
    const bool backward = plan_.backward();
    for (size_t i = 0; i < labels.size(); ++i) {
      const int place = backward ? -static_cast<int>(i) : static_cast<int>(i);
      Node& node = nodes_[{place, labels[i]}];
      node.count += counts.paths;
      if (i + 1 == labels.size()) {
        node.ended += counts.whole;
      } else if (backward) {
        edges_[{place - 1, labels[i + 1], labels[i]}] += counts.paths;
      } else {
        edges_[{place, labels[i], labels[i + 1]}] += counts.paths;
      }
    }
  }

  bool Shown(int64_t count) const {
    return static_cast<double>(count) >= plan_.question().min_share() * static_cast<double>(total_);
  }

  void ListPaths() {
    std::vector<std::pair<int64_t, std::vector<std::string>>> sorted;
    for (const auto& [labels, counts] : walker_.paths()) {
      if (!Shown(counts.paths)) continue;
      std::vector<std::string> words;
      for (const uint32_t label : labels) words.push_back(walker_.Label(label));
      if (plan_.backward()) std::ranges::reverse(words);
      sorted.emplace_back(-counts.paths, std::move(words));
    }
    const size_t top = std::min(sorted.size(), static_cast<size_t>(plan_.question().top()));
    std::partial_sort(sorted.begin(), sorted.begin() + static_cast<int64_t>(top), sorted.end());
    for (size_t i = 0; i < top; ++i) {
      v1::PathCount& path = *response_.add_paths();
      for (std::string& word : sorted[i].second) path.add_labels(std::move(word));
      path.set_count(-sorted[i].first);
      path.set_share(static_cast<double>(path.count()) / static_cast<double>(total_));
    }
  }

  // Entries sorted by place, the largest of each first; at most `top` of each place.
  template <typename Entries, typename Fill>
  void ListByPlace(Entries& entries, Fill fill) {
    std::ranges::sort(entries);
    int shown = 0;
    for (size_t i = 0; i < entries.size(); ++i) {
      if (i == 0 || std::get<0>(entries[i]) != std::get<0>(entries[i - 1])) shown = 0;
      if (++shown <= plan_.question().top()) fill(entries[i]);
    }
  }

  void ListNodes() {
    std::vector<std::tuple<int, int64_t, std::string, int64_t>> entries;
    for (const auto& [key, node] : nodes_) {
      if (Shown(node.count)) {
        entries.emplace_back(key.first, -node.count, walker_.Label(key.second), node.ended);
      }
    }
    ListByPlace(entries, [this](const auto& entry) {
      v1::PathNode& node = *response_.add_nodes();
      node.set_place(std::get<0>(entry));
      node.set_count(-std::get<1>(entry));
      node.set_label(std::get<2>(entry));
      node.set_ended(std::get<3>(entry));
    });
  }

  void ListEdges() {
    std::vector<std::tuple<int, int64_t, std::string, std::string, int64_t>> entries;
    for (const auto& [key, count] : edges_) {
      const auto& [place, from, to] = key;
      if (Shown(count)) {
        entries.emplace_back(place, -count, walker_.Label(from), walker_.Label(to),
                             nodes_[{place, from}].count);
      }
    }
    ListByPlace(entries, [this](const auto& entry) {
      v1::PathEdge& edge = *response_.add_edges();
      edge.set_place(std::get<0>(entry));
      edge.set_count(-std::get<1>(entry));
      edge.set_from(std::get<2>(entry));
      edge.set_to(std::get<3>(entry));
      edge.set_share(static_cast<double>(edge.count()) / static_cast<double>(std::get<4>(entry)));
    });
  }

  void FillContext() {
    v1::AnswerContext& context = *response_.mutable_context();
    context.set_definition("paths");
    context.set_start_date(FormatDate(plan_.range().first_day));
    context.set_end_date(FormatDate(plan_.range().end_day));
    context.set_sample_size(total_);
    if (walker_.depth() < plan_.depth()) {
      context.add_notes(Cat("More than ", kMaxPaths, " different paths of depth ", plan_.depth(),
                            ": all were cut to depth ", walker_.depth(),
                            ", whose counts are exact."));
    }
  }

  const PathWalker& walker_;
  const PathPlan& plan_;
  v1::QueryPathsResponse response_;
  int64_t total_ = 0;
  std::map<NodeKey, Node> nodes_;
  std::map<EdgeKey, int64_t> edges_;
};

}  // namespace

absl::StatusOr<v1::QueryPathsResponse> AnswerPaths(const PathWalker& walker) {
  if (walker.paths().size() > kMaxPaths) {
    return InvalidField("question.property", "TOO_MANY_LABELS",
                        Cat("gives more than ", kMaxPaths, " labels"));
  }
  return PathPrinter(walker).Take();
}

}  // namespace rapport::journey
