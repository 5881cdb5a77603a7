// SPDX-License-Identifier: Apache-2.0
#include "base/elements.h"
#include "lowering/operators.h"
#include "lowering/tensorflow/images.h"
#include "lowering/tensorflow/rules.h"

// Normalisation, and softmax.
namespace tenon::lowering::tensorflow {
namespace {

void softmax(Rewrite& rewrite) { rewrite.emit(rewrite.target(), {rewrite.input(0)}, {{"axis", int64_t{-1}}}); }

// Versions 1 to 3 differ in dtypes and in outputs that gradients use. For inference the statistics are inputs, and
// outputs 1 and 2.
void fused_batch_norm(Rewrite& rewrite) {
  if (rewrite.flag("is_training", true)) {
    Rewrite::decline(
        "it is in training mode (is_training is true), so it would normalise by the batch's own statistics; freeze "
        "the model for inference");
  }
  const std::string format = rewrite.text("data_format", "NHWC");
  const ImageLayout layout = image_layout(rewrite, format == "NDHWC" || format == "NCDHW" ? 3 : 2);
  batch_normalization(rewrite, layout, rewrite.number("epsilon", 1e-4));
  rewrite.alias(1, rewrite.input(3));
  rewrite.alias(2, rewrite.input(4));
}

// The batch normalisation of the first TensorFlow releases: t, mean, variance, beta, gamma.
void batch_norm_with_global_normalization(Rewrite& rewrite) {
  const ImageLayout layout;
  Value* gamma = rewrite.input(4);
  if (!rewrite.flag("scale_after_normalization")) {
    const Tensor& mean = rewrite.required_constant(1, "the mean");
    Tensor ones = Tensor::empty(mean.dtype(), mean.dims());
    for (int64_t i = 0; i < ones.count(); ++i) store_f64(ones.mutable_data(), ones.dtype(), i, 1);
    gamma = rewrite.constant(std::move(ones));
  }
  Value* image = channels_first(rewrite, rewrite.input(0), layout);
  Value* normal =
      rewrite.work("BatchNormalization", {image, gamma, rewrite.input(3), rewrite.input(1), rewrite.input(2)},
                   {{"epsilon", rewrite.number("variance_epsilon", 1e-3)}});
  finish_images(rewrite, normal, layout);
}

void lrn(Rewrite& rewrite) { lowering::lrn(rewrite, "depth_radius", "bias"); }

constexpr Rule kRules[] = {
    {"BatchNormWithGlobalNormalization", batch_norm_with_global_normalization},
    {"FusedBatchNorm", fused_batch_norm},
    {"FusedBatchNormV2", fused_batch_norm},
    {"FusedBatchNormV3", fused_batch_norm},
    {"LRN", lrn},
    {"LogSoftmax", softmax, "LogSoftmax"},
    {"Softmax", softmax, "Softmax"},
};

}  // namespace

std::span<const Rule> normalization_rules() { return kRules; }

}  // namespace tenon::lowering::tensorflow
