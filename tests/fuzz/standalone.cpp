// Random inputs for a fuzzer where the compiler has no libFuzzer, or one input that is
// to be run again: `fuzzer SECONDS [SEED]` or `fuzzer FILE`.
#include <chrono>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "reader.hpp"

int main(int count, char** words) {
  if (count < 2) return 2;
  char* end;
  const double seconds = std::strtod(words[1], &end);
  if (*end != '\0') {
    std::ifstream file(words[1], std::ios::binary);
    const std::vector<char> input{std::istreambuf_iterator<char>(file), {}};
    return LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()),
                                  input.size());
  }
  std::mt19937_64 random(count > 2 ? std::strtoull(words[2], nullptr, 10) : 0);
  const auto begin = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
        .count();
  };
  std::vector<std::uint8_t> input;
  std::size_t runs = 0;
  for (; elapsed() < seconds; ++runs) {
    input.resize(random() % 64);
    for (std::uint8_t& byte : input) byte = static_cast<std::uint8_t>(random());
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("Done %zu runs in %.0f second(s)\n", runs, elapsed());
  return 0;
}
