// RUN: weft-opt %s --weft-adopt-linalg | FileCheck %s

// Other spellings of linalg.generic become it, and are fused as Weft's own are.

// CHECK: func.func @main(%[[X:.*]]: tensor<4x16xf32> {weft.name = "input_0"}, %[[W:.*]]: tensor<16x8xf32> {weft.name = "w"})
// CHECK-SAME: -> (tensor<4x8xf32> {weft.name = "output_0"})
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ["parallel", "parallel", "reduction"]} ins(%[[X]], %[[W]]
// CHECK: arith.mulf
// CHECK-NEXT: arith.addf
// CHECK: %[[Y:.*]] = linalg.generic {{.*}} ["parallel", "parallel"]} ins(%[[SUM]]
// CHECK: math.tanh
// CHECK-NEXT: arith.negf
// CHECK: return %[[Y]]
func.func @net(%x: tensor<4x16xf32>, %w: tensor<16x8xf32> {weft.name = "w"}) -> tensor<4x8xf32> {
  %zero = arith.constant 0.0 : f32
  %0 = tensor.empty() : tensor<4x8xf32>
  %1 = linalg.fill ins(%zero : f32) outs(%0 : tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = linalg.matmul ins(%x, %w : tensor<4x16xf32>, tensor<16x8xf32>)
                     outs(%1 : tensor<4x8xf32>) -> tensor<4x8xf32>
  %3 = linalg.tanh ins(%2 : tensor<4x8xf32>) outs(%0 : tensor<4x8xf32>) -> tensor<4x8xf32>
  %4 = arith.negf %3 : tensor<4x8xf32>
  return %4 : tensor<4x8xf32>
}
