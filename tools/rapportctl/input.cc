// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/input.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "lib/base/errors.h"
#include "lib/base/text.h"

namespace rapport::ctl {
namespace {

constexpr size_t kChunk = 256 << 10;

}  // namespace

absl::StatusOr<std::unique_ptr<Input>> Input::Open(const std::string& path) {
  const bool standard = path == "-";
  gzFile file = standard ? gzdopen(dup(0), "rb") : gzopen(path.c_str(), "rb");
  if (file == nullptr) return absl::NotFoundError(Cat("cannot read ", path));
  gzbuffer(file, kChunk);
  struct stat info {};
  const bool sized = !standard && stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
  return std::unique_ptr<Input>(new Input(file, path, sized ? info.st_size : 0));
}

Input::Input(gzFile file, std::string path, int64_t size)
    : file_(file), path_(std::move(path)), size_(size) {}

Input::~Input() { gzclose(file_); }

int64_t Input::offset() const { return gzoffset(file_); }

absl::StatusOr<bool> Input::Fill() {
  if (at_end_) return false;
  buffer_.erase(0, begin_);
  begin_ = 0;
  const size_t old_size = buffer_.size();
  buffer_.resize(old_size + kChunk);
  const int count = gzread(file_, buffer_.data() + old_size, kChunk);
  buffer_.resize(old_size + static_cast<size_t>(count > 0 ? count : 0));
  int code = Z_OK;
  const char* text = gzerror(file_, &code);
  if (count < 0 || code == Z_BUF_ERROR) return DataLoss(path_, Cat("broken gzip: ", text));
  if (count == 0) at_end_ = true;
  return count > 0;
}

absl::StatusOr<bool> Input::NextLine(std::string_view& line) {
  size_t searched = begin_;
  while (true) {
    const size_t end = buffer_.find('\n', searched);
    if (end != std::string::npos) {
      line = std::string_view(buffer_).substr(begin_, end - begin_);
      begin_ = end + 1;
      break;
    }
    searched = buffer_.size() - begin_;
    auto more = Fill();
    if (!more.ok()) return more.status();
    if (*more) continue;
    if (begin_ == buffer_.size()) return false;
    line = std::string_view(buffer_).substr(begin_);
    begin_ = buffer_.size();
    break;
  }
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  ++line_number_;
  return true;
}

}  // namespace rapport::ctl
