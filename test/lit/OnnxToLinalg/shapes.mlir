// RUN: weft-opt %s --weft-onnx-to-linalg --canonicalize --split-input-file | FileCheck %s

// What an exporter writes for view(batch, -1, 4): Shape, Gather, Concat. All of
// it is known: 2 * 6 * 8 / (2 * 4) = 12.
// CHECK-LABEL: func.func @main
// CHECK-NEXT: %[[R:.*]] = tensor.collapse_shape %arg0 {{.*}} : tensor<2x6x8xf32> into tensor<2x48xf32>
// CHECK-NEXT: %[[E:.*]] = tensor.expand_shape %[[R]] {{.*}} into tensor<2x12x4xf32>
// CHECK-NEXT: return %[[E]]
func.func @main(%x: tensor<2x6x8xf32>) -> !weft_onnx.unknown {
  %zero = arith.constant dense<0> : tensor<1xi64>
  %rest = arith.constant dense<[-1, 4]> : tensor<2xi64>
  %s = weft_onnx.node "Shape"(%x) opset 17 : (tensor<2x6x8xf32>) -> !weft_onnx.unknown
  %b = weft_onnx.node "Gather"(%s, %zero) opset 17 attrs {axis = 0 : i64} : (!weft_onnx.unknown, tensor<1xi64>) -> !weft_onnx.unknown
  %t = weft_onnx.node "Concat"(%b, %rest) opset 17 attrs {axis = 0 : i64} : (!weft_onnx.unknown, tensor<2xi64>) -> !weft_onnx.unknown
  %y = weft_onnx.node "Reshape"(%x, %t) opset 17 : (tensor<2x6x8xf32>, !weft_onnx.unknown) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}

// -----

// Only the branch that is taken counts, so what the other needs does not matter.
// CHECK-LABEL: func.func @main
// CHECK-NEXT: tensor.collapse_shape
// CHECK-NEXT: return
func.func @main(%x: tensor<1x4xf32>) -> !weft_onnx.unknown {
  %true = arith.constant dense<true> : tensor<i1>
  %y = weft_onnx.node "If"(%true) opset 16 subgraphs ["then_branch", "else_branch"] {
    %a = weft_onnx.node "Squeeze"(%x) opset 16 : (tensor<1x4xf32>) -> !weft_onnx.unknown
    weft_onnx.yield %a : !weft_onnx.unknown
  }, {
    %b = weft_onnx.node "NoSuchOperator"(%x) opset 16 : (tensor<1x4xf32>) -> !weft_onnx.unknown
    weft_onnx.yield %b : !weft_onnx.unknown
  } : (tensor<i1>) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}

// -----

// A look-up is one generic: index arithmetic, then the extraction.
// CHECK-LABEL: func.func @main
// CHECK: linalg.generic
// CHECK-SAME: ins(%arg1 : tensor<2x3xi64>)
// CHECK: %[[NEG:.*]] = arith.cmpi slt
// CHECK: %[[WRAP:.*]] = arith.addi
// CHECK: %[[I:.*]] = arith.select %[[NEG]], %[[WRAP]]
// CHECK: %[[ROW:.*]] = arith.index_cast %[[I]]
// CHECK: %[[COL:.*]] = linalg.index 2
// CHECK: tensor.extract %arg0[%[[ROW]], %[[COL]]]
func.func @main(%table: tensor<10x4xf32>, %ids: tensor<2x3xi64>) -> !weft_onnx.unknown {
  %y = weft_onnx.node "Gather"(%table, %ids) opset 13 attrs {axis = 0 : i64} : (tensor<10x4xf32>, tensor<2x3xi64>) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}

// -----

// Before opset 13 Softmax takes everything from its axis on as one row.
// CHECK-LABEL: func.func @main
// CHECK: iterator_types = ["parallel", "reduction", "reduction"]
// CHECK: arith.maximumf
func.func @main(%x: tensor<2x3x4xf32>) -> !weft_onnx.unknown {
  %y = weft_onnx.node "Softmax"(%x) opset 11 : (tensor<2x3x4xf32>) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}

// -----

// How exporters count before they have Range: the places of all ones.
// CHECK-LABEL: func.func @main
// CHECK-NEXT: arith.constant dense<{{\[\[}}0, 1, 2]]> : tensor<1x3xi64>
// CHECK: return
func.func @main(%x: tensor<3x4xf32>) -> !weft_onnx.unknown {
  %zero = arith.constant dense<0> : tensor<1xi64>
  %s = weft_onnx.node "Shape"(%x) opset 10 : (tensor<3x4xf32>) -> !weft_onnx.unknown
  %n = weft_onnx.node "Gather"(%s, %zero) opset 10 attrs {axis = 0 : i64} : (!weft_onnx.unknown, tensor<1xi64>) -> !weft_onnx.unknown
  %ones = weft_onnx.node "ConstantOfShape"(%n) opset 10 attrs {value = dense<1> : tensor<1xi64>} : (!weft_onnx.unknown) -> !weft_onnx.unknown
  %y = weft_onnx.node "NonZero"(%ones) opset 10 : (!weft_onnx.unknown) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}

// -----

// A condition that shapes decide is known: three rows are not one.
// CHECK-LABEL: func.func @main
// CHECK-NOT: math.absf
// CHECK: arith.negf
// CHECK-NOT: math.absf
func.func @main(%x: tensor<3x4xf32>) -> !weft_onnx.unknown {
  %zero = arith.constant dense<0> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %shape = weft_onnx.node "Shape"(%x) opset 16 : (tensor<3x4xf32>) -> !weft_onnx.unknown
  %rows = weft_onnx.node "Gather"(%shape, %zero) opset 16 : (!weft_onnx.unknown, tensor<i64>) -> !weft_onnx.unknown
  %c = weft_onnx.node "Equal"(%rows, %one) opset 16 : (!weft_onnx.unknown, tensor<i64>) -> !weft_onnx.unknown
  %y = weft_onnx.node "If"(%c) opset 16 subgraphs ["then_branch", "else_branch"] {
    %a = weft_onnx.node "Abs"(%x) opset 16 : (tensor<3x4xf32>) -> !weft_onnx.unknown
    weft_onnx.yield %a : !weft_onnx.unknown
  }, {
    %b = weft_onnx.node "Neg"(%x) opset 16 : (tensor<3x4xf32>) -> !weft_onnx.unknown
    weft_onnx.yield %b : !weft_onnx.unknown
  } : (!weft_onnx.unknown) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}
