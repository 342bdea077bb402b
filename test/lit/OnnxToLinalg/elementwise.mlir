// RUN: weft-opt %s --weft-onnx-to-linalg --split-input-file | FileCheck %s

// A dimension of size 1 that is broadcast leaves the map: no size-1 loops.
// CHECK: #[[ROW:.*]] = affine_map<(d0, d1) -> (d0)>
// CHECK: #[[ALL:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-LABEL: func.func @main
// CHECK: %[[C:.*]] = tensor.collapse_shape %arg0 {{\[}}[0, 1]] : tensor<3x1xf32> into tensor<3xf32>
// CHECK: linalg.generic {indexing_maps = [#[[ROW]], #[[ALL]], #[[ALL]]]
// CHECK-SAME: ins(%[[C]], %arg1
func.func @main(%x: tensor<3x1xf32>, %y: tensor<3x4xf32>) -> !weft_onnx.unknown {
  %z = weft_onnx.node "Add"(%x, %y) opset 14 : (tensor<3x1xf32>, tensor<3x4xf32>) -> !weft_onnx.unknown
  return %z : !weft_onnx.unknown
}

// -----

// Unsigned integers lose their sign in the type and keep it in the operation.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %arg0: tensor<4xi8> {weft.unsigned}
// CHECK-SAME: -> (tensor<4xi8> {weft.unsigned})
// CHECK: arith.divui
func.func @main(%x: tensor<4xui8>, %y: tensor<4xui8>) -> tensor<4xui8> {
  %z = weft_onnx.node "Div"(%x, %y) opset 14 : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xui8>
  return %z : tensor<4xui8>
}

// -----

// A power known to be 2 is a product; one of 0.5 a root.
// CHECK-LABEL: func.func @main
// CHECK: arith.mulf %[[X:.*]], %[[X]] : f32
// CHECK: math.sqrt
// CHECK-NOT: math.powf
func.func @main(%x: tensor<4xf32>) -> (!weft_onnx.unknown, !weft_onnx.unknown) {
  %two = arith.constant dense<2.0> : tensor<f32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %y = weft_onnx.node "Pow"(%x, %two) opset 15 : (tensor<4xf32>, tensor<f32>) -> !weft_onnx.unknown
  %z = weft_onnx.node "Pow"(%x, %half) opset 15 : (tensor<4xf32>, tensor<f32>) -> !weft_onnx.unknown
  return %y, %z : !weft_onnx.unknown, !weft_onnx.unknown
}

// -----

// Operators of ONNX Runtime's own are known in the default domain too, where
// exporters write them, at any opset.
// CHECK-LABEL: func.func @main
// CHECK: math.tanh
// CHECK: math.erf
// CHECK-NOT: weft_onnx.node
func.func @main(%x: tensor<4xf32>) -> !weft_onnx.unknown {
  %y = weft_onnx.node "FastGelu"(%x) opset 13 : (tensor<4xf32>) -> !weft_onnx.unknown
  %z = weft_onnx.node "Gelu"(%y) opset 13 : (!weft_onnx.unknown) -> !weft_onnx.unknown
  return %z : !weft_onnx.unknown
}
