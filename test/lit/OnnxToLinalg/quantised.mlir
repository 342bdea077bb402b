// RUN: weft-opt --weft-onnx-to-linalg --weft-simplify --split-input-file %s | FileCheck %s

// Bytes are multiplied as they are; the zero point of the rows, 200 - 128 as a
// signed byte, multiplies the sums of the columns: 72 * (1 + 3) and 72 * (2 + 4).

// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[A:.*]]: tensor<4x2xi8>
// CHECK-DAG: %[[SUMS:.*]] = arith.constant dense<[288, 432]> : tensor<2xi32>
// CHECK-DAG: %[[SHIFT:.*]] = arith.constant 128 : i32
// CHECK: linalg.generic
// CHECK: arith.extui
// CHECK: arith.subi %{{.*}}, %[[SHIFT]] : i32
// CHECK: linalg.generic
// CHECK: arith.extsi
// CHECK: arith.extsi
// CHECK: arith.muli
// CHECK: arith.addi
// CHECK: linalg.generic {{.*}} %[[SUMS]]
// CHECK: arith.subi
func.func @main(%a: tensor<4x2xui8>) -> tensor<4x2xi32> {
  %b = arith.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>
  %za = weft_onnx.node "Constant"() opset 17 attrs {value = dense<200> : tensor<ui8>} : () -> !weft_onnx.unknown
  %y = weft_onnx.node "MatMulInteger"(%a, %b, %za) opset 17 : (tensor<4x2xui8>, tensor<2x2xi8>, !weft_onnx.unknown) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// -----

// Dequantised operands of a product are multiplied as bytes; 0.5 * 0.25 scales
// the sums, and no float of the weights is left.

// CHECK-LABEL: func.func @main
// CHECK-NOT: tensor<2x2xf32>
// CHECK: arith.divf
// CHECK: math.roundeven
// CHECK: arith.muli
// CHECK: arith.addi
// CHECK: arith.sitofp
// CHECK: arith.mulf
func.func @main(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>
  %sx = arith.constant dense<0.5> : tensor<f32>
  %sw = arith.constant dense<0.25> : tensor<f32>
  %z = arith.constant dense<0> : tensor<i8>
  %q = weft_onnx.node "QuantizeLinear"(%x, %sx, %z) opset 17 : (tensor<4x2xf32>, tensor<f32>, tensor<i8>) -> !weft_onnx.unknown
  %dx = weft_onnx.node "DequantizeLinear"(%q, %sx, %z) opset 17 : (!weft_onnx.unknown, tensor<f32>, tensor<i8>) -> !weft_onnx.unknown
  %dw = weft_onnx.node "DequantizeLinear"(%w, %sw, %z) opset 17 : (tensor<2x2xi8>, tensor<f32>, tensor<i8>) -> !weft_onnx.unknown
  %y = weft_onnx.node "MatMul"(%dx, %dw) opset 17 : (!weft_onnx.unknown, !weft_onnx.unknown) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}
