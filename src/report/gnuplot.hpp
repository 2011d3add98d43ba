#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "qgemm/report.hpp"

namespace qgemm {

/// Runs gnuplot as a child process in `folder`, without a shell, on `script`; returns when it is done. Throws
/// `Unavailable` where gnuplot is missing (with the command that installs it) or fails (with its first complaint).
void run_gnuplot(const std::string& script, const std::filesystem::path& folder);

/// `text` as a gnuplot string in single quotes, in which gnuplot neither runs nor expands anything; a ' becomes ’.
std::string gnuplot_string(std::string_view text);

/// Throws `Unavailable` unless the image is whole: gnuplot does not say so when the disk fills up.
void check_drawn(const std::filesystem::path& file, PlotFormat format);

}  // namespace qgemm
