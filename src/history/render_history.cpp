#include <fmt/format.h>

#include "qgemm/history.hpp"
#include "report/grid.hpp"
#include "report/printable.hpp"
#include "results/json_text.hpp"

namespace qgemm {
namespace {

GridCell heading(const char* text, bool left = false) {
  return {.text = text, .emphasis = Emphasis::dim, .left = left};
}

GridCell text_cell(const std::string& text, std::size_t width) {
  return {.text = text.empty() ? "-" : shorten(printable(text), width), .left = true};
}

std::string models_text(const std::vector<std::string>& models) {
  if (models.empty()) return "";
  return models.size() == 1 ? models[0] : fmt::format("{} and {} more", models[0], models.size() - 1);
}

}  // namespace

std::string render_history(const std::vector<HistoryRun>& runs, bool colour) {
  Grid grid({0, 2, 2, 2, 2, 2, 2, 2});
  grid.add({heading("run"), heading("date", true), heading("device", true), heading("models", true), heading("rows"),
            heading("measured"), heading("wrong"), heading("qgemm", true)});
  for (const auto& run : runs) {
    grid.add({{.text = fmt::format("{}", run.id)},
              text_cell(run.date, 26),
              text_cell(run.device, 32),
              text_cell(models_text(run.models), 44),
              {.text = fmt::format("{}", run.rows)},
              {.text = fmt::format("{}", run.measured)},
              {.text = run.bad == 0 ? "-" : fmt::format("{}", run.bad),
               .emphasis = run.bad == 0 ? Emphasis::none : Emphasis::bold_red},
              text_cell(fmt::format("{} ({})", run.qgemm_version, shorten(run.git_revision, 20)), 40)});
  }
  return grid.render(colour);
}

std::string history_to_json(const std::vector<HistoryRun>& runs) {
  Json list = Json::array();
  for (const auto& run : runs) {
    list.push_back({{"id", run.id},
                    {"time", run.time},
                    {"date", run.date},
                    {"host", run.host},
                    {"device", run.device},
                    {"command", run.command},
                    {"qgemm_version", run.qgemm_version},
                    {"git_revision", run.git_revision},
                    {"folder", run.folder},
                    {"models", run.models},
                    {"rows", run.rows},
                    {"measured", run.measured},
                    {"bad", run.bad}});
  }
  return dump_json({{"schema", history_schema}, {"runs", std::move(list)}}, 2) + "\n";
}

}  // namespace qgemm
