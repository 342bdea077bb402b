// RUN: weft-opt %s --weft-onnx-to-linalg --split-input-file | FileCheck %s

// Leading dimensions are loops of their own; the matrix is shared by all.
// CHECK: #[[A:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
// CHECK: #[[B:.*]] = affine_map<(d0, d1, d2, d3) -> (d3, d2)>
// CHECK: #[[C:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
// CHECK-LABEL: func.func @main
// CHECK: %[[ZERO:.*]] = linalg.fill
// CHECK: linalg.generic {indexing_maps = [#[[A]], #[[B]], #[[C]]], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
// CHECK-SAME: outs(%[[ZERO]] : tensor<2x3x5xf32>)
// CHECK-NEXT: ^bb0(%[[X:.*]]: f32, %[[W:.*]]: f32, %[[ACC:.*]]: f32):
// CHECK-NEXT: %[[P:.*]] = arith.mulf %[[X]], %[[W]]
// CHECK-NEXT: %[[S:.*]] = arith.addf %[[ACC]], %[[P]]
// CHECK-NEXT: linalg.yield %[[S]]
func.func @main(%x: tensor<2x3x4xf32>, %w: tensor<4x5xf32>) -> !weft_onnx.unknown {
  %y = weft_onnx.node "MatMul"(%x, %w) opset 13 : (tensor<2x3x4xf32>, tensor<4x5xf32>) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}

// -----

// alpha scales the product; beta is 1, so C is only added.
// CHECK: #[[A:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK: #[[B:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-LABEL: func.func @main
// CHECK: linalg.generic {indexing_maps = [#[[A]], #[[B]], #{{.*}}]
// CHECK: linalg.generic
// CHECK: arith.mulf %{{.*}}, %cst{{.*}} : f32
// CHECK-NEXT: arith.addf
// CHECK: return %{{.*}} : tensor<3x5xf32>
func.func @main(%x: tensor<3x4xf32>, %w: tensor<5x4xf32>, %c: tensor<5xf32>) -> !weft_onnx.unknown {
  %y = weft_onnx.node "Gemm"(%x, %w, %c) opset 13 attrs {transB = 1 : i64, alpha = 0.5 : f32}
    : (tensor<3x4xf32>, tensor<5x4xf32>, tensor<5xf32>) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}
