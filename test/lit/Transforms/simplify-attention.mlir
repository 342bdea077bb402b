// RUN: weft-opt %s --weft-onnx-to-linalg --weft-simplify | FileCheck %s

// Two heads of 4: reshapes and transpositions become loops and maps. Loops of
// the scores are head, query, key, channel.
// CHECK-DAG: #[[Q:.*]] = affine_map<(d0, d1, d2, d3) -> (d1, d0, d3)>
// CHECK-DAG: #[[K:.*]] = affine_map<(d0, d1, d2, d3) -> (d2, d0, d3)>
// CHECK-DAG: #[[S:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
// CHECK-LABEL: func.func @main
// CHECK-NOT: tensor.expand_shape
// CHECK: linalg.generic
// CHECK-SAME: ins(%{{.*}}, %{{.*}} : tensor<3x8xf32>, tensor<8x2x4xf32>)
// CHECK: linalg.generic {indexing_maps = [#[[Q]], #[[K]], #[[S]]], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
// CHECK-SAME: tensor<3x2x4xf32>, tensor<3x2x4xf32>
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.mulf
// CHECK-NEXT: arith.addf
// CHECK-NEXT: linalg.yield
// CHECK: tensor.expand_shape %{{.*}} output_shape [1, 2, 3, 3]
func.func @main(%x: tensor<1x3x8xf32>) -> !weft_onnx.unknown {
  %w = arith.constant #weft.external<"w", 0, 256> : tensor<8x8xf32>
  %v = arith.constant #weft.external<"w", 256, 256> : tensor<8x8xf32>
  %heads = arith.constant dense<[0, 0, 2, 4]> : tensor<4xi64>
  %q0 = weft_onnx.node "MatMul"(%x, %w) opset 13 : (tensor<1x3x8xf32>, tensor<8x8xf32>) -> !weft_onnx.unknown
  %k0 = weft_onnx.node "MatMul"(%x, %v) opset 13 : (tensor<1x3x8xf32>, tensor<8x8xf32>) -> !weft_onnx.unknown
  %q1 = weft_onnx.node "Reshape"(%q0, %heads) opset 13 : (!weft_onnx.unknown, tensor<4xi64>) -> !weft_onnx.unknown
  %k1 = weft_onnx.node "Reshape"(%k0, %heads) opset 13 : (!weft_onnx.unknown, tensor<4xi64>) -> !weft_onnx.unknown
  %q2 = weft_onnx.node "Transpose"(%q1) opset 13 attrs {perm = array<i64: 0, 2, 1, 3>} : (!weft_onnx.unknown) -> !weft_onnx.unknown
  %k2 = weft_onnx.node "Transpose"(%k1) opset 13 attrs {perm = array<i64: 0, 2, 3, 1>} : (!weft_onnx.unknown) -> !weft_onnx.unknown
  %s = weft_onnx.node "MatMul"(%q2, %k2) opset 13 : (!weft_onnx.unknown, !weft_onnx.unknown) -> !weft_onnx.unknown
  return %s : !weft_onnx.unknown
}
