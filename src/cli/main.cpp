#include "cli/host.hpp"

int main(int argc, char** argv) { return qgemm::cli::run_command_line({.arguments = {argv, argv + argc}}); }
