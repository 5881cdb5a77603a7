// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/compile.h>
#include <tenon/graph.h>

#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

// How shapes and orders that a caller gives for UFF inputs become a graph's inputs. UFF's own rules, in one place:
//
//   Shape   Of the file's rank, or beginning with a named dimension: the whole shape, batch included. Any other is that
//           of one sample, and a dynamic batch "N" is put in front; it counts, even where the file says otherwise.
//           Nothing given: the file's own shape.
//   Order   How the caller's buffer lies: NCHW unless another is given, if there is a shape; NC is left as it is.
//   Layout  How the graph wants it: what the file's shape shows when it is the given one with the channels in the one
//           place or the other; else what the first operation on images that the input reaches has for its order
//           (N+C or NC+).
//
// Where buffer and graph differ, a Transpose follows the input, which keeps its name; and outputs that are images (they
// come from such an operation, or such an input, through operations that pass the layout on) are turned back to the
// buffer's order. So an N+C model that is fed NCHW buffers answers with NCHW buffers.
namespace tenon::lowering::uff {

/// What was found out about inputs, by their values.
struct InputLayouts {
  std::unordered_map<const Value*, bool> channels_last;  ///< Of images in the graph.
  std::optional<bool> turned_to_last;  ///< Inputs were turned to channels last (or first), so outputs go back.
};

/// Takes the shapes and orders for the graph's Inputs from `options`, and leaves there the whole shapes of the buffers.
/// Adds the Transposes. Throws kNotFound with near names for an input that is not there.
InputLayouts register_inputs(Graph& graph, CompileOptions& options);

/// The places among the graph's outputs that are images which have to be turned.
[[nodiscard]] std::vector<size_t> images_to_turn(const Graph& graph, const InputLayouts& layouts);

/// Turns these outputs of the standard graph back to the order of the inputs' buffers; their names stay.
void turn_outputs(Graph& graph, std::span<const size_t> images, const InputLayouts& layouts);

}  // namespace tenon::lowering::uff
