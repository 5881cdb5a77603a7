// SPDX-License-Identifier: Apache-2.0
#include "lowering/tensorflow/images.h"
#include "lowering/tensorflow/rules.h"

// Changing the resolution of images.
namespace tenon::lowering::tensorflow {
namespace {

// How places of the result map to places of the input (tensorflow/core/util/image_resizer_state.h).
std::string coordinate_mode(Rewrite& rewrite) {
  if (rewrite.flag("align_corners")) return "align_corners";
  return rewrite.flag("half_pixel_centers") ? "half_pixel" : "asymmetric";
}

// Resize works on the axes it is told, so NHWC images need no turning. The result of bilinear resizing is float32 for
// all inputs.
void resize(Rewrite& rewrite, Value* image, Attributes attributes) {
  attributes.emplace("axes", std::vector<int64_t>{1, 2});
  attributes.emplace("coordinate_transformation_mode", coordinate_mode(rewrite));
  rewrite.emit("Resize", {image, nullptr, nullptr, rewrite.as_vector(rewrite.input(1))}, std::move(attributes));
}

void resize_bilinear(Rewrite& rewrite) {
  resize(rewrite, rewrite.cast(rewrite.input(0), DType::kFloat32), {{"mode", "linear"}});
}

// Rounds down from the corner, to nearest between centres and between corners (ImageScaler, HalfPixelScalerForNN).
void resize_nearest(Rewrite& rewrite) {
  const bool rounds = rewrite.flag("align_corners") || rewrite.flag("half_pixel_centers");
  resize(rewrite, rewrite.input(0), {{"mode", "nearest"}, {"nearest_mode", rounds ? "round_prefer_ceil" : "floor"}});
}

void depth_space(Rewrite& rewrite) {
  const ImageLayout layout = image_layout(rewrite, 2);
  Value* image = channels_first(rewrite, rewrite.input(0), layout);
  finish_images(rewrite, rewrite.work(rewrite.target(), {image}, {{"blocksize", rewrite.integer("block_size", 0)}}),
                layout);
}

constexpr Rule kRules[] = {
    {"DepthToSpace", depth_space, "DepthToSpace"},
    {"ResizeBilinear", resize_bilinear},
    {"ResizeNearestNeighbor", resize_nearest},
    {"SpaceToDepth", depth_space, "SpaceToDepth"},
};

}  // namespace

std::span<const Rule> resizing_rules() { return kRules; }

}  // namespace tenon::lowering::tensorflow
