// SPDX-License-Identifier: Apache-2.0
#include <tenon/tensor.h>

#include <gtest/gtest.h>

#include <cstdlib>

#include "layers/support.h"

namespace tenon {
namespace {

using test::expect_error;
using test::plugin;
using test::Subject;
using test::values_of;
using test::vector;

// What users' layers do wrong is reported with the node's name, and the process goes on.
class Misbehaviour : public test::WithKinds {};

struct Row {
  const char* how;
  ErrorCode code;
  const char* message;
};

TEST_F(Misbehaviour, ExceptionsBecomeErrorsThatNameTheNode) {
  const Row rows[] = {
      {"throw", ErrorCode::kInternal, "Fails 'here': the soup is cold (from run in the plugin "},
      {"argument", ErrorCode::kInvalidArgument, "Fails 'here': axis 7 is out of range (from run"},
      {"layer error", ErrorCode::kDevice, "Fails 'here': no GPU here (from run"},
      {"memory", ErrorCode::kOutOfMemory, "Fails 'here': memory ran out (from run"},
      {"odd", ErrorCode::kInternal, "Fails 'here': it threw something that is not a std::exception (from run"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.how);
    Subject subject("Fails", {{"how", std::string(row.how)}}, {vector({1, 2})});
    for (int run = 0; run < 2; ++run) expect_error(row.code, row.message, [&] { subject.run(); });
  }
}

TEST_F(Misbehaviour, WrongShapesAreReported) {
  const Row rows[] = {
      {"rank", ErrorCode::kInvalidArgument, "Fails 'here': outputs() gives a shape of rank 17, but the highest is 16"},
      {"outputs", ErrorCode::kInternal, "Fails 'here': outputs() gives 2 shapes, but run has 1 outputs"},
      {"unknown", ErrorCode::kInternal,
       "Fails 'here': its type rule gives output 0 as f32[?] although all inputs are known, and the layer is not "
       "declared "
       "to be data-dependent: a bug in the plugin "},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.how);
    expect_error(row.code, row.message, [&] { Subject("Fails", {{"how", std::string(row.how)}}, {vector({1, 2})}); });
  }
}

TEST_F(Misbehaviour, WritesOutsideOfAnOutputAreFoundAndHarmNothing) {
  const Row rows[] = {
      {"smaller", ErrorCode::kInternal,
       "Fails 'here': run wrote beyond the end of output 0 (f32[2]): at its byte 8: a bug in the plugin "},
      {"before", ErrorCode::kInternal, "Fails 'here': run wrote before output 0 (f32[3]): 1 bytes before its first"},
      {"beyond", ErrorCode::kInternal, "Fails 'here': run wrote beyond the end of output 0 (f32[3]): at its byte 2"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.how);
    Subject subject("Fails", {{"how", std::string(row.how)}}, {vector({1, 2, 3})});
    // The run that failed does not count as the checked one.
    for (int run = 0; run < 2; ++run) expect_error(row.code, row.message, [&] { subject.run(); });
  }
}

TEST_F(Misbehaviour, EveryRunIsCheckedWhenTheEnvironmentSaysSo) {
  ASSERT_EQ(setenv("TENON_CHECK_LAYERS", "1", 1), 0);
  Subject later("FailsLater", {}, {vector({1, 2})});
  ASSERT_EQ(unsetenv("TENON_CHECK_LAYERS"), 0);
  EXPECT_EQ(values_of<float>(later.run()[0]), (std::vector<float>{1, 2}));
  expect_error(ErrorCode::kInternal, "FailsLater 'here': run wrote beyond the end of output 0", [&] { later.run(); });
  EXPECT_EQ(values_of<float>(later.run()[0]), (std::vector<float>{1, 2}));
}

TEST_F(Misbehaviour, DataDependentLayersAreHeldToTheirRule) {
  const Row rows[] = {
      {"never", ErrorCode::kInternal, "FailsToAllocate 'here': run returned without allocating its output 0"},
      {"shape", ErrorCode::kInternal,
       "FailsToAllocate 'here': output 0 was given the shape [1,3], but the layer's type rule says f32[?,2]"},
      {"twice", ErrorCode::kInternal, "FailsToAllocate 'here': output 0 was allocated twice"},
      {"beyond", ErrorCode::kInternal,
       "FailsToAllocate 'here': run wrote beyond the end of output 0 (f32[1,2]): at its byte"},
      {"throws afterwards", ErrorCode::kInternal, "FailsToAllocate 'here': after allocating (from run"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.how);
    Subject subject("FailsToAllocate", {{"how", std::string(row.how)}}, {vector({1})});
    expect_error(row.code, row.message, [&] { subject.run(); });
  }
}

TEST_F(Misbehaviour, WrongAnswersOfPlainCLayers) {
  const Row rows[] = {
      {"fault_bad_status", ErrorCode::kInternal, "Faulty 'here': run returned the status 99, which does not exist"},
      {"fault_no_reason", ErrorCode::kDevice, "Faulty 'here': failed with 'device error' and gave no reason (from run"},
      {"fault_bad_dtype", ErrorCode::kInternal, "Faulty 'here': its type rule gives output 0 the dtype number 25"},
      {"fault_bad_rank", ErrorCode::kInternal, "Faulty 'here': its type rule gives output 0 the rank 17"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.how);
    (void)load_plugin(plugin(row.how));
    expect_error(row.code, row.message, [&] { Subject("Faulty", {}, {vector({1})}, 1, {}, row.how).run(); });
  }
}

}  // namespace
}  // namespace tenon
