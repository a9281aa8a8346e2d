// SPDX-License-Identifier: Apache-2.0
#include "lib/store/durable_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::store {
namespace {

absl::Status DeviceError(const std::string& path) {
  return Unavailable("STORE_UNAVAILABLE", Cat(path, ": ", std::strerror(errno)));
}

absl::Status WriteAndClose(int file, const std::string& path, std::string_view bytes) {
  bool good = true;
  while (good && !bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written > 0) bytes.remove_prefix(static_cast<size_t>(written));
    good = written > 0 || errno == EINTR;
  }
  good = good && ::fsync(file) == 0;
  const absl::Status status = good ? absl::OkStatus() : DeviceError(path);
  ::close(file);
  return status;
}

absl::Status SyncFolder(const std::string& folder) {
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return DeviceError(folder);
  const bool good = ::fsync(file) == 0;
  const absl::Status status = good ? absl::OkStatus() : DeviceError(folder);
  ::close(file);
  return status;
}

}  // namespace

absl::Status WriteDurably(const std::string& path, std::string_view bytes) {
  const std::string aside = path + ".new";
  const int file = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return DeviceError(aside);
  RETURN_IF_ERROR(WriteAndClose(file, aside, bytes));
  if (::rename(aside.c_str(), path.c_str()) != 0) return DeviceError(path);
  return SyncFolder(std::filesystem::absolute(path).parent_path().string());
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return NotFound(path);
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (in.bad()) return DeviceError(path);
  return bytes;
}

}  // namespace rapport::store
