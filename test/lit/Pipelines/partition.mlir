// What a run checks inputs against, before placement forgets the function's
// types; an unsigned integer is one again. The work is 2 * 3 * 4 additions.

// RUN: weft-opt %s --weft-partition=machine=tsp-mini | FileCheck %s
// CHECK: module attributes {
// CHECK-SAME: weft.inputs = [{name = "a", type = tensor<2x3x4xf32>}, {name = "input_1", type = tensor<3xui8>}]
// CHECK-SAME: weft.work = {matrices = array<i64>, nodes = [], vector_operations = 24 : i64}
// CHECK-NOT: weft.host_tables

#id = affine_map<(i, j, k) -> (i, j, k)>

func.func @main(%a: tensor<2x3x4xf32> {weft.name = "a"}, %b: tensor<3xi8> {weft.unsigned}) -> tensor<2x3x4xf32> {
  %empty = tensor.empty() : tensor<2x3x4xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%a : tensor<2x3x4xf32>) outs(%empty : tensor<2x3x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.addf %in, %in : f32
    linalg.yield %s : f32
  } -> tensor<2x3x4xf32>
  return %y : tensor<2x3x4xf32>
}
