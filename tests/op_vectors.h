// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/graph.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "vectors.h"

// The cases of every operator that ops/make_vectors.py has written, in the file TENON_OP_VECTORS.
namespace tenon::test {

inline Attributes parse_attributes(const std::string& text) {
  Attributes attributes;
  if (text.empty()) return attributes;
  for (const std::string& item : split(text, " ")) {
    const size_t equals = item.find('=');
    const size_t colon = item.find(':', equals);
    const std::string kind = item.substr(equals + 1, colon - equals - 1);
    const std::string value = item.substr(colon + 1);
    Attribute& attribute = attributes[item.substr(0, equals)];
    if (kind == "int")
      attribute = int64_t{std::strtoll(value.c_str(), nullptr, 10)};
    else if (kind == "float")
      attribute = std::strtod(value.c_str(), nullptr);
    else if (kind == "string")
      attribute = value;
    else
      attribute = [&] {
        std::vector<int64_t> numbers;
        if (!value.empty()) {
          for (const std::string& number : split(value, ","))
            numbers.push_back(std::strtoll(number.c_str(), nullptr, 10));
        }
        return numbers;
      }();
  }
  return attributes;
}

/// One application of an operator; tensors are texts for parse_tensor(), "-" for an input that is left out.
struct OpCase {
  std::string name, op;
  Attributes attributes;
  std::vector<std::string> inputs, outputs;
  double ulps;
};

inline const std::vector<OpCase>& op_cases() {
  static const std::vector<OpCase> kCases = [] {
    std::vector<OpCase> read;
    std::ifstream file(TENON_OP_VECTORS);
    for (std::string line; std::getline(file, line);) {
      const auto fields = split(line, " | ");
      read.push_back({fields[0], fields[1], parse_attributes(fields[2]), split(fields[3], " ; "),
                      split(fields[4], " ; "), std::strtod(fields[5].c_str(), nullptr)});
    }
    return read;
  }();
  return kCases;
}

inline std::set<std::string> operators_with_cases() {
  std::set<std::string> names;
  for (const OpCase& row : op_cases()) names.insert(row.op);
  return names;
}

}  // namespace tenon::test
