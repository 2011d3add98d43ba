#include "weights/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "qgemm/error.hpp"

namespace qgemm {
namespace {

static_assert(sizeof(std::size_t) >= sizeof(off_t), "a file of weights can be larger than this machine's memory");

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string reason_of(int error) { return std::generic_category().message(error); }

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) {
  int fd = -1;
  do {
    // A pipe would be waited for, and is refused below.
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  } while (fd < 0 && errno == EINTR);
  const Descriptor file(fd);
  if (fd < 0) throw InvalidInput("cannot open " + path.string() + ": " + reason_of(errno));
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw InvalidInput("cannot read " + path.string() + ": " + reason_of(errno));
  if (!S_ISREG(status.st_mode)) throw InvalidInput(path.string() + " is no file, so that it cannot be mapped");
  if (status.st_size <= 0) return;  // an empty mapping is no mapping
  const auto size = static_cast<std::size_t>(status.st_size);
  void* const data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED) {
    throw OutOfMemory("cannot map the " + std::to_string(size) + " bytes of " + path.string() + ": " +
                      reason_of(errno));
  }
  bytes_ = {static_cast<const std::byte*>(data), size};
}

MappedFile::~MappedFile() {
  // munmap takes a pointer to what may be written, and writes nothing.
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace qgemm
