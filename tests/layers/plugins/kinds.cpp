// SPDX-License-Identifier: Apache-2.0
#include <tenon/layer.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

// One layer for each thing that a layer can do. Built by this build's compiler and by another one.
using tenon::AnyView;
using tenon::Inputs;
using tenon::MutableAnyView;
using tenon::Output;
using tenon::Shapes;
using tenon::Types;
using tenon::View;

// Element-wise: any layout, in place, in parts.
struct Clip {
  float lo = 0, hi = 6;
  TENON_FIELDS(lo, hi)
  static constexpr bool elementwise = true;
  static constexpr const char* doc = "min(max(x, lo), hi)";
  static constexpr const char* field_docs[] = {"the least value", "the greatest value"};
  void run(View<const float> x, View<float> y) const {
    for (size_t i = 0; i < x.size(); ++i) y[i] = std::clamp(x[i], lo, hi);
  }
};

// The same with a namespace and two versions.
struct AcmeClip1 {
  static constexpr const char *name = "Clip", *domain = "acme";
  void run(View<const float> x, View<float> y) const { std::fill(y.begin(), y.end(), x.size() > 0 ? 1.f : 0.f); }
};
struct AcmeClip2 {
  static constexpr const char *name = "Clip", *domain = "acme";
  static constexpr int version = 2;
  void run(View<const float> x, View<float> y) const { std::fill(y.begin(), y.end(), x.size() > 0 ? 2.f : 0.f); }
};

// A per-channel parameter as a scalar or a tensor of x's shape.
struct AddScaled {
  double factor = 1;
  TENON_FIELDS(factor)
  static constexpr bool elementwise = true;
  void run(View<const float> x, View<const float> by, View<float> y) const {
    for (size_t i = 0; i < x.size(); ++i) y[i] = x[i] + static_cast<float>(factor) * by[by.size() == 1 ? 0 : i];
  }
};

// Two outputs.
struct Signs {
  static constexpr bool elementwise = true;
  void run(View<const float> x, View<float> positive, View<float> negative) const {
    for (size_t i = 0; i < x.size(); ++i) {
      const float value = x[i];
      positive[i] = std::max(value, 0.F);
      negative[i] = std::min(value, 0.F);
    }
  }
};

// Two dtypes by overloading.
struct Negate {
  void run(View<const float> x, View<float> y) const { negate(x, y); }
  void run(View<const int64_t> x, View<int64_t> y) const { negate(x, y); }
  template <typename X, typename Y>
  static void negate(X x, Y y) {
    std::transform(x.begin(), x.end(), y.begin(), [](auto v) { return -v; });
  }
};

// Several dtypes by a template.
struct Twice {
  using dtypes = tenon::DTypes<float, double, int32_t>;
  template <typename T>
  void run(View<const T> x, View<T> y) const {
    std::transform(x.begin(), x.end(), y.begin(), [](T v) { return static_cast<T>(v + v); });
  }
};

// Weights as input, another output shape: x [n, k] times w [k, m], plus an optional bias [m].
struct Linear {
  Shapes outputs(const Shapes& in) const {
    if (in[0].size() != 2 || in[1].size() != 2) throw tenon::LayerError("x and w must have rank 2");
    if (known_different(in[0][1], in[1][0])) throw std::invalid_argument("x and w do not fit together");
    return {{in[0][0], in[1][1]}};
  }
  void run(View<const float> x, View<const float> w, std::optional<View<const float>> bias, View<float> y) const {
    for (int64_t n = 0; n < y.dim(0); ++n) {
      for (int64_t m = 0; m < y.dim(1); ++m) {
        float sum = bias ? (*bias)(m) : 0;
        for (int64_t k = 0; k < x.dim(1); ++k) sum += x(n, k) * w(k, m);
        y(n, m) = sum;
      }
    }
  }
};

// State made once for each set of shapes: the weights transposed, and a row to work in.
struct PreparedLinear {
  struct State {
    tenon::Buffer<float> transposed, row;
    int runs = 0;
  };
  Shapes outputs(const Shapes& in) const { return {{in[0][0], in[1][1]}, {1}}; }
  State prepare(const Inputs& in) const {
    if (in[1].data() == nullptr) throw tenon::LayerError("the weights must be constant", TENON_STATUS_UNSUPPORTED);
    const auto w = in[1].as<float>();
    State state{tenon::Buffer<float>(w.size()), tenon::Buffer<float>(static_cast<size_t>(w.dim(0)))};
    for (int64_t k = 0; k < w.dim(0); ++k) {
      for (int64_t m = 0; m < w.dim(1); ++m) state.transposed[static_cast<size_t>(m * w.dim(0) + k)] = w(k, m);
    }
    return state;
  }
  void run(State& state, View<const float> x, View<const float>, View<float> y, View<int32_t> runs) const {
    const size_t depth = state.row.size();
    for (int64_t n = 0; n < y.dim(0); ++n) {
      std::copy_n(x.data() + static_cast<size_t>(n) * depth, depth, state.row.begin());
      for (int64_t m = 0; m < y.dim(1); ++m) {
        y(n, m) = 0;
        for (size_t k = 0; k < depth; ++k)
          y(n, m) += state.row[k] * state.transposed[static_cast<size_t>(m) * depth + k];
      }
    }
    runs[0] = ++state.runs;
  }
};

// Several outputs of different dtypes and shapes.
struct MinMax {
  Shapes outputs(const Shapes& in) const { return {{}, {}, in[0]}; }
  void run(View<const float> x, View<float> least, View<float> greatest, View<bool> is_least) const {
    const auto [lo, hi] = std::minmax_element(x.begin(), x.end());
    least[0] = *lo;
    greatest[0] = *hi;
    for (size_t i = 0; i < x.size(); ++i) is_least[i] = x[i] == *lo;
  }
};

// A shape that depends on the data.
struct Positive {
  void run(View<const float> x, Output<float>& values, Output<int64_t>& places) const {
    const auto count = std::count_if(x.begin(), x.end(), [](float v) { return v > 0; });
    const View<float> y = values.allocate({count});
    const View<int64_t> at = places.allocate({count, 1});
    size_t next = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      if (x[i] > 0) {
        y[next] = x[i];
        at[next++] = static_cast<int64_t>(i);
      }
    }
  }
};

// Any number of inputs of any dtype; the rule decides the dtype.
struct CountAll {
  Types outputs(const Types& in) const { return {{TENON_DTYPE_INT64, {static_cast<int64_t>(in.size())}}}; }
  void run(Inputs in, MutableAnyView y) const {
    const View<int64_t> counts = y.as<int64_t>();
    for (size_t i = 0; i < in.size(); ++i) counts[i] = in[i].present() ? static_cast<int64_t>(in[i].size()) : -1;
  }
};

// No inputs at all.
struct Ramp {
  tenon::Required<int> size;
  TENON_FIELDS(size)
  Shapes outputs(const Shapes&) const { return {{int64_t{size}}}; }
  void run(View<float> y) const {
    for (size_t i = 0; i < y.size(); ++i) y[i] = static_cast<float>(i);
  }
};

// Every kind of field; run spells them out as a check of what arrived.
struct Fields {
  bool flag = true;
  int8_t small = 3;
  uint32_t count = 7;
  float number = 0.5f;
  std::string text = "a";
  std::vector<bool> flags = {true, false};
  std::vector<int> axes = {1, 2};
  std::vector<double> scales = {0.25};
  std::vector<std::string> names = {"x", "yz"};
  TENON_FIELDS(flag, small, count, number, text, flags, axes, scales, names)
  Shapes outputs(const Shapes&) const { return {{static_cast<int64_t>(spelled().size())}}; }
  void run(View<const float>, View<uint8_t> y) const {
    const std::string all = spelled();
    std::copy(all.begin(), all.end(), y.begin());
  }
  std::string spelled() const {
    std::string all = std::to_string(flag) + " " + std::to_string(small) + " " + std::to_string(count) + " " +
                      std::to_string(number) + " " + text;
    for (const bool f : flags) all += f ? " yes" : " no";
    for (const int a : axes) all += " " + std::to_string(a);
    for (const double s : scales) all += " " + std::to_string(s);
    for (const std::string& n : names) all += " " + n;
    return all;
  }
};

// Threads of the engine.
struct ParallelSum {
  bool fail = false;
  TENON_FIELDS(fail)
  Shapes outputs(const Shapes& in) const { return {in[0]}; }
  void run(View<const float> x, View<float> y) const {
    tenon::parallel_for(static_cast<int64_t>(x.size()), 16, [&](int64_t begin, int64_t end) {
      if (fail && end == static_cast<int64_t>(x.size())) throw std::out_of_range("the last part failed");
      for (int64_t i = begin; i < end; ++i) y[static_cast<size_t>(i)] = x[static_cast<size_t>(i)] + 1;
    });
  }
};

// CUDA beside the CPU, and alone. Without a GPU nobody calls them; that their slots are filled is what is tested.
struct BothDevices {
  void run(View<const float> x, View<float> y) const { std::copy(x.begin(), x.end(), y.begin()); }
  void run(tenon::Stream, View<const float>, View<float>) const {}
};
struct CudaOnly {
  void run(tenon::Stream, View<const float>, View<float>) const {}
};

// What goes wrong in users' layers.
struct Fails {
  std::string how;
  TENON_FIELDS(how)
  Shapes outputs(const Shapes& in) const {
    if (how == "rank") return {Shapes::value_type(17, 1)};
    if (how == "outputs") return {in[0], in[0]};
    if (how == "unknown") return {{tenon::Extent()}};
    if (how == "smaller") return {{in[0][0] - 1}};
    return in;
  }
  void run(View<const float> x, View<float> y) const {
    if (how == "throw") throw std::runtime_error("the soup is cold");
    if (how == "argument") throw std::invalid_argument("axis 7 is out of range");
    if (how == "layer error") throw tenon::LayerError("no GPU here", TENON_STATUS_DEVICE);
    if (how == "memory") throw std::bad_alloc();
    if (how == "odd") throw 42;                // NOLINT(hicpp-exception-baseclass): that is the point
    std::copy(x.begin(), x.end(), y.begin());  // Beyond the end when the shape is "smaller".
    if (how == "before") y.data()[-1] = 1;
    if (how == "beyond") y.data()[y.size() + 3] = 1;
  }
};

// Behaves in its first run and writes beyond the end in the second.
struct FailsLater {
  struct State {
    int runs = 0;
  };
  State prepare(const Inputs&) const { return {}; }
  void run(State& state, View<const float> x, View<float> y) const {
    std::copy(x.begin(), x.end(), y.begin());
    if (++state.runs == 2) y.data()[y.size()] = 1;
  }
};

// A data-dependent layer that does not keep to the rules.
struct FailsToAllocate {
  std::string how;
  TENON_FIELDS(how)
  Shapes outputs(const Shapes&) const { return {{tenon::Extent(), 2}}; }
  void run(View<const float>, Output<float>& y) const {
    if (how == "never") return;
    if (how == "shape") y.allocate({1, 3});
    if (how == "twice") y.allocate({1, 2});
    View<float> view = y.allocate({1, 2});
    if (how == "beyond") view.data()[2] = 1;
    if (how == "throws afterwards") throw std::runtime_error("after allocating");
  }
};

// Claims to be element-wise, with more or less right.
struct Claims {
  std::string how;
  TENON_FIELDS(how)
  static constexpr bool elementwise = true;
  void run(View<const float> x, View<float> y) const {
    static std::atomic<int> runs{0};
    ++runs;
    float sum = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      sum += x[i];
      if (how == "reads after writing") y[i] = 1;
      y[i] = how == "needs all" ? sum : how == "differs each time" ? x[i] + static_cast<float>(runs) : x[i] + 1;
    }
  }
};

// Claims to be element-wise: run must see vectors.
struct CountsRank {
  static constexpr bool elementwise = true;
  void run(View<const float> x, View<float> y) const {
    std::fill(y.begin(), y.end(), static_cast<float>(x.rank() * 10 + y.rank()));
  }
};

TENON_PLUGIN(Clip, AcmeClip1, AcmeClip2, AddScaled, Signs, Negate, Twice, Linear, PreparedLinear, MinMax, Positive,
             CountAll, Ramp, Fields, ParallelSum, BothDevices, CudaOnly, Fails, FailsLater, FailsToAllocate, Claims,
             CountsRank)
