// RUN: weft-opt %s --weft-onnx-to-linalg --weft-simplify --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s

// Nodes that are fused, or merged because they compute the same, stay known.
// CHECK-LABEL: func.func @main
// CHECK: linalg.generic
// CHECK: math.exp
// CHECK: arith.negf
// CHECK-NOT: arith.negf
// CHECK: } -> tensor<4x4xf32> loc(fused["exp", "neg_a", "neg_b", "add"])
// CHECK-NOT: linalg.generic
func.func @main(%x: tensor<4x4xf32>) -> !weft_onnx.unknown {
  %e = weft_onnx.node "Exp"(%x) opset 13 : (tensor<4x4xf32>) -> !weft_onnx.unknown loc("exp")
  %a = weft_onnx.node "Neg"(%e) opset 13 : (!weft_onnx.unknown) -> !weft_onnx.unknown loc("neg_a")
  %b = weft_onnx.node "Neg"(%e) opset 13 : (!weft_onnx.unknown) -> !weft_onnx.unknown loc("neg_b")
  %y = weft_onnx.node "Add"(%a, %b) opset 13 : (!weft_onnx.unknown, !weft_onnx.unknown) -> !weft_onnx.unknown loc("add")
  return %y : !weft_onnx.unknown
}
