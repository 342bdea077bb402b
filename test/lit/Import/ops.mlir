// RUN: weft-opt %s | weft-opt | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-SAME: {weft.name = "x", weft_onnx.dims = ["batch", 4, unit]}
func.func @main(%x: tensor<?x4x?xf32> {weft.name = "x", weft_onnx.dims = ["batch", 4, unit]}) -> !weft_onnx.unknown {
  // CHECK: arith.constant #weft.external<"a \22b\22.bin", 16, 128> : tensor<4x8xf32>
  %w = arith.constant #weft.external<"a \22b\22.bin", 16, 128> : tensor<4x8xf32>
  // Booleans take a byte, types of 4 bits half of one: 3 * 4 / 8 = 1.5.
  // CHECK: #weft.external<"f", 0, 3> : tensor<3xi1>
  %b = arith.constant #weft.external<"f", 0, 3> : tensor<3xi1>
  // CHECK: #weft.external<"f", 0, 2> : tensor<3xi4>
  %i = arith.constant #weft.external<"f", 0, 2> : tensor<3xi4>
  // CHECK: %[[NONE:.*]] = weft_onnx.absent : none
  %none = weft_onnx.absent : none
  // CHECK: %[[Y:.*]] = weft_onnx.node "Gelu" domain "com.microsoft"(%{{.*}}, %[[NONE]]) opset 1 attrs {axis = 1 : i64} : (tensor<?x4x?xf32>, none) -> !weft_onnx.unknown
  %y = weft_onnx.node "Gelu" domain "com.microsoft"(%x, %none) opset 1 attrs {axis = 1 : i64} : (tensor<?x4x?xf32>, none) -> !weft_onnx.unknown
  // CHECK: weft_onnx.node "If"(%[[Y]]) opset 16 subgraphs ["then_branch", "else_branch"] {
  // CHECK-NEXT: weft_onnx.yield %[[Y]] : !weft_onnx.unknown
  // CHECK-NEXT: }, {
  // CHECK-NEXT: weft_onnx.yield %{{.*}} : tensor<4x8xf32>
  // CHECK-NEXT: } : (!weft_onnx.unknown) -> !weft_onnx.unknown
  %z = weft_onnx.node "If"(%y) opset 16 subgraphs ["then_branch", "else_branch"] {
    weft_onnx.yield %y : !weft_onnx.unknown
  }, {
    weft_onnx.yield %w : tensor<4x8xf32>
  } : (!weft_onnx.unknown) -> !weft_onnx.unknown
  return %z : !weft_onnx.unknown
}

// CHECK: func.func private @types(!weft_onnx.seq<tensor<*xf32>>, !weft_onnx.optional<tensor<2xi64>>, !weft_onnx.map<i64, tensor<f32>>, !weft_onnx.sparse<tensor<3xf32>>, tensor<2x!weft_onnx.string>)
func.func private @types(!weft_onnx.seq<tensor<*xf32>>, !weft_onnx.optional<tensor<2xi64>>, !weft_onnx.map<i64, tensor<f32>>, !weft_onnx.sparse<tensor<3xf32>>, tensor<2x!weft_onnx.string>)
