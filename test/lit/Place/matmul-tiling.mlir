// The operand whose tiles are fuller is installed. A tile of tsp-mini's pair is
// 16 x 32 and takes as many cycles as rows are streamed, 8 at least for packed
// weights (4 of 32 columns a cycle) and 16 for others.

// RUN: weft-opt %s --weft-place=machine=tsp-mini --split-input-file | FileCheck %s

// x[64x16] . w[16x40]. Installing w: ceil(40/32) = 2 tiles of 64 cycles, 128.
// Installing x: 64/32 = 2 tiles of 40 cycles, 80. So the rows are those of w,
// in f16 and with k in lanes, x lies in the columns of one lw (2 bytes of each on 4
// streams), and what was a row of y is a lane.
// CHECK-LABEL: func.func @main
// CHECK: %[[W:.*]] = weft.constant {{.*}} tensor<16x40xf16, #weft.layout<"((16 l1))((40 w1)) words 40">>
// CHECK: %[[X:.*]] = weft.input "x" from f32 shape [64, 16] : tensor<64x16xf16, #weft.layout<"((2 c1)(32 w1))((16 l1)) words 32 columns 2">>
// CHECK: weft.contract(%[[W]]) by(%[[X]]) {{.*}} -> tensor<64x40xf32, #weft.layout<"((32 l1)(2 w40))((40 w1)) words 80">>

#xk = affine_map<(m, n, k) -> (m, k)>
#wk = affine_map<(m, n, k) -> (k, n)>
#yk = affine_map<(m, n, k) -> (m, n)>
func.func @main(%x: tensor<64x16xf32> {weft.name = "x"}) -> (tensor<64x40xf32> {weft.name = "y"}) {
  %w = arith.constant dense<0.5> : tensor<16x40xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<64x40xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<64x40xf32>) -> tensor<64x40xf32>
  %y = linalg.generic {indexing_maps = [#xk, #wk, #yk], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<64x16xf32>, tensor<16x40xf32>) outs(%fill : tensor<64x40xf32>) {
  ^bb0(%a: f32, %c: f32, %sum: f32):
    %p = arith.mulf %a, %c : f32
    %s = arith.addf %sum, %p : f32
    linalg.yield %s : f32
  } -> tensor<64x40xf32>
  return %y : tensor<64x40xf32>
}

// -----

// x[40x16] . w[16x64]: w makes the full tiles, 2 of 40 cycles; installing x would
// take 2 of 64.
// CHECK-LABEL: func.func @main
// CHECK: %[[X:.*]] = weft.input "x" from f32 shape [40, 16] : tensor<40x16xf16, #weft.layout<"((40 w1))((16 l1)) words 40">>
// CHECK: %[[W:.*]] = weft.constant {{.*}} tensor<16x64xf32>
// CHECK: weft.contract(%[[X]]) by(%[[W]]) {{.*}} -> tensor<40x64xf32, #weft.layout<"((40 w1))((32 l1)(2 w40)) words 80">>

#xk = affine_map<(m, n, k) -> (m, k)>
#wk = affine_map<(m, n, k) -> (k, n)>
#yk = affine_map<(m, n, k) -> (m, n)>
func.func @main(%x: tensor<40x16xf32> {weft.name = "x"}) -> (tensor<40x64xf32> {weft.name = "y"}) {
  %w = arith.constant dense<0.5> : tensor<16x64xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<40x64xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<40x64xf32>) -> tensor<40x64xf32>
  %y = linalg.generic {indexing_maps = [#xk, #wk, #yk], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<40x16xf32>, tensor<16x64xf32>) outs(%fill : tensor<40x64xf32>) {
  ^bb0(%a: f32, %c: f32, %sum: f32):
    %p = arith.mulf %a, %c : f32
    %s = arith.addf %sum, %p : f32
    linalg.yield %s : f32
  } -> tensor<40x64xf32>
  return %y : tensor<40x64xf32>
}
