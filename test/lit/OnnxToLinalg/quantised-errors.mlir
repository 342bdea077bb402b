// RUN: not weft-opt --weft-onnx-to-linalg --split-input-file %s 2>&1 | FileCheck %s

// CHECK: expected a scale for each of the 3 indices of axis 1, found 2
func.func @main(%x: tensor<4x3xf32>) -> tensor<4x3xui8> {
  %s = arith.constant dense<[0.5, 0.25]> : tensor<2xf32>
  %y = weft_onnx.node "QuantizeLinear"(%x, %s) opset 17 : (tensor<4x3xf32>, tensor<2xf32>) -> tensor<4x3xui8>
  return %y : tensor<4x3xui8>
}

// -----

// CHECK: expected a result of 8 or 16 bit integers
func.func @main(%x: tensor<4xf32>, %z: tensor<i32>) -> tensor<4xi32> {
  %s = arith.constant dense<0.5> : tensor<f32>
  %y = weft_onnx.node "QuantizeLinear"(%x, %s, %z) opset 21 : (tensor<4xf32>, tensor<f32>, tensor<i32>) -> tensor<4xi32>
  return %y : tensor<4xi32>
}

// -----

// CHECK: expected integers of 8 bits
func.func @main(%a: tensor<4x3xi32>, %b: tensor<3x2xi8>) -> tensor<4x2xi32> {
  %y = weft_onnx.node "MatMulInteger"(%a, %b) opset 17 : (tensor<4x3xi32>, tensor<3x2xi8>) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// -----

// CHECK: expected shapes that multiply, found [4, 3] and [2, 2]
func.func @main(%a: tensor<4x3xi8>, %b: tensor<2x2xi8>) -> tensor<4x2xi32> {
  %y = weft_onnx.node "MatMulInteger"(%a, %b) opset 17 : (tensor<4x3xi8>, tensor<2x2xi8>) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}
