// The largest element of a tensor that a kernel computes, all of whose elements
// are in lanes.

// RUN: weft-opt %s --weft-place=machine=tsp-v1 | FileCheck %s
// RUN: weft-opt %s --weft-place=machine=tsp-v1 --weft-to-tsp=machine=tsp-v1 \
// RUN:   | FileCheck %s --check-prefix=TSP

#id = affine_map<(m, n) -> (m, n)>
#column = affine_map<(m, n) -> (n)>
#n = affine_map<(n) -> (n)>
#one = affine_map<(n) -> ()>

// 400 columns are two vectors, the second of 80 lanes, where f16 loses to nothing in
// the other 240. 20 rows of 16 lanes are cut out of their maximum, in the kernel that
// combines them, and brought to the same lanes; of 20 rows as many are left as an ALU
// has latency, 3, in columns of their own. f16 passes in one piece.
// CHECK: %[[MAX:.*]] = weft.reduce "max" %{{.*}} over [0]
// CHECK: %[[ROWS:.*]] = weft.map({{.*}} -> tensor<20x320xf16, #weft.layout<"((20 w1))((320 l1)) words 20">>
// CHECK: arith.minimumf
// CHECK: arith.maximumf
// CHECK: arith.mulf
// CHECK: %[[LEFT:.*]] = weft.contract(%[[ROWS]]) by({{.*}} combine "max" {{.*}} -> tensor<20x16xf32, #weft.layout<"((3 c1)(7))((16 l1)) words 1 columns 3">>

// Then 16 rows of one lane, brought to all lanes. The kernel that cuts them combines
// the three that are left.
// CHECK: weft.map({{.*}} -> tensor<16x16xf16, #weft.layout<"((16 w1))((16 l1)) words 16">>
// CHECK: arith.maximumf
// CHECK: arith.maximumf
// CHECK: arith.mulf
// CHECK: weft.contract({{.*}} combine "max" {{.*}} -> tensor<16xf32, #weft.layout<"((3 c1)(6)) words 1 columns 3 splat">>

// Rows are combined by the kernel that computes them, 32 in a chain; of 20 rows that
// come out of the matrix unit 3 are written.
// TSP: tsp.chain "map"
// TSP: tsp.alu "max" accumulate({{.*}} burst 32 every 1
// TSP: %[[PARTS:.*]] = tsp.alu "max" accumulate({{.*}} burst 20 every 1
// TSP-NEXT: tsp.write %[[PARTS]] planes [3, 3, 3, 3]
func.func @main(%x: tensor<64x400xf32> {weft.name = "x"}) -> (tensor<f32> {weft.name = "y"}, tensor<64x400xf32> {weft.name = "z"}) {
  %lowest = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<64x400xf32>
  %t = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<64x400xf32>) outs(%e : tensor<64x400xf32>) {
  ^bb0(%in: f32, %o: f32):
    %0 = math.tanh %in : f32
    linalg.yield %0 : f32
  } -> tensor<64x400xf32>
  %ce = tensor.empty() : tensor<400xf32>
  %cl = linalg.fill ins(%lowest : f32) outs(%ce : tensor<400xf32>) -> tensor<400xf32>
  %c = linalg.generic {indexing_maps = [#id, #column], iterator_types = ["reduction", "parallel"]}
      ins(%t : tensor<64x400xf32>) outs(%cl : tensor<400xf32>) {
  ^bb0(%in: f32, %acc: f32):
    %0 = arith.maximumf %in, %acc : f32
    linalg.yield %0 : f32
  } -> tensor<400xf32>
  %ye = tensor.empty() : tensor<f32>
  %yl = linalg.fill ins(%lowest : f32) outs(%ye : tensor<f32>) -> tensor<f32>
  %y = linalg.generic {indexing_maps = [#n, #one], iterator_types = ["reduction"]}
      ins(%c : tensor<400xf32>) outs(%yl : tensor<f32>) {
  ^bb0(%in: f32, %acc: f32):
    %0 = arith.maximumf %in, %acc : f32
    linalg.yield %0 : f32
  } -> tensor<f32>
  %z = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%t : tensor<64x400xf32>) outs(%e : tensor<64x400xf32>) {
  ^bb0(%in: f32, %o: f32):
    %0 = arith.addf %in, %in : f32
    linalg.yield %0 : f32
  } -> tensor<64x400xf32>
  return %y, %z : tensor<f32>, tensor<64x400xf32>
}
