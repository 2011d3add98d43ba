namespace qgemm {}  // namespace qgemm
