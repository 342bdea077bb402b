// y = relu(x . w + b), x[4x16] and w[16x32]: one tile of tsp-mini's pair.

// RUN: weft-opt %s --weft-place=machine=tsp-mini | FileCheck %s --check-prefix=PLACE
// RUN: weft-opt %s --weft-place=machine=tsp-mini --weft-to-tsp=machine=tsp-mini \
// RUN:   | FileCheck %s --check-prefix=TSP

// A row of x is a word, k along its lanes, as the matrix unit takes it; a row of
// y is a word, its 32 columns along the lanes, as the matrix unit gives it; so
// is b. Results are f32, as the graph's output is. Bias and activation are the body of the contraction.
// PLACE: %[[X:.*]] = weft.input "x" from f32 shape [4, 16] : tensor<4x16xf16, #weft.layout<"((4 w1))((16 l1)) words 4">>
// PLACE: %[[B:.*]] = weft.constant {{.*}} tensor<32xf32, #weft.layout<"((32 l1)) words 1">>
// PLACE: %[[Y:.*]] = weft.contract(%[[X]]) by(%{{.*}}) with(%[[B]]) {{.*}} extents [4, 32, 16] {{.*}} -> tensor<4x32xf32, #weft.layout<"((4 w1))((32 l1)) words 4">>
// PLACE-NEXT: ^bb0(%[[P:.*]]: f32, %[[Q:.*]]: f32):
// PLACE: %[[S:.*]] = arith.addf %[[P]], %[[Q]]
// PLACE: %[[R:.*]] = arith.maximumf %[[S]]
// PLACE: weft.yield %[[R]]
// PLACE: weft.output %[[Y]] to "y" as f32 shape [4, 32]

// 16 x 32 halves are 1024 bytes: 8 words of each of 4 slices, 4 columns of the
// tile a cycle. After iw in 0: abc from 1, results 32 later in 33, at the vector
// unit 6 hops later in 39; each operation of the epilogue 3 after the one before.
// TSP: %[[X:.*]]:2 = tsp.input "x" from f32 [4, 16] {{.*}} words 4
// TSP: %[[B:.*]]:4 = tsp.constant {{.*}} words 1
// TSP: %[[Y:.*]]:4 = tsp.scratch words 4
// TSP: %[[W:.*]]:4 = tsp.weights {{.*}} words 8
// TSP: %[[LOADED:.*]] = tsp.chain "load" pair 0 fills
// TSP: %[[V:.*]] = tsp.read burst 8 every 1 planes [1, 1, 1, 1] {{.*}}(%[[W]]#0, %[[W]]#1, %[[W]]#2, %[[W]]#3)
// TSP: tsp.lw %[[V]] packed block 0 offset 0 burst 8
// TSP: tsp.chain "pass" pair 0 after %[[LOADED]]
// TSP: tsp.iw offset 0
// TSP: %[[XR:.*]] = tsp.read burst 4 every 1 planes [1, 1] {{.*}}(%[[X]]#0, %[[X]]#1)
// TSP: %[[ABC:.*]] = tsp.abc %[[XR]] offset 1 burst 4
// TSP: %[[ACC:.*]] = tsp.acc "pass" %[[ABC]] offset 33 burst 4
// TSP: %[[BR:.*]] = tsp.read burst 4 every 1 planes [1, 1, 1, 1] {{.*}}(%[[B]]#0,
// TSP: %[[ADD:.*]] = tsp.alu "add"(%[[ACC]], %[[BR]]) {{.*}} f32 to f32 offset 39 burst 4
// TSP: %[[MAX:.*]] = tsp.alu "max"(%[[ADD]]) {{.*}} imm [0] f32 to f32 offset 42 burst 4
// TSP-NEXT: tsp.write %[[MAX]] planes [1, 1, 1, 1] {{.*}}(%[[Y]]#0, %[[Y]]#1, %[[Y]]#2, %[[Y]]#3)
// TSP: tsp.output "y" as f32 [4, 32] {{.*}}(%[[Y]]#0, %[[Y]]#1, %[[Y]]#2, %[[Y]]#3)

#xk = affine_map<(m, n, k) -> (m, k)>
#wk = affine_map<(m, n, k) -> (k, n)>
#yk = affine_map<(m, n, k) -> (m, n)>
#row = affine_map<(m, n) -> (n)>
#id = affine_map<(m, n) -> (m, n)>

func.func @main(%x: tensor<4x16xf32> {weft.name = "x"}) -> (tensor<4x32xf32> {weft.name = "y"}) {
  %w = arith.constant dense<0.5> : tensor<16x32xf32>
  %b = arith.constant dense<[
    0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0,
    16.0, 17.0, 18.0, 19.0, 20.0, 21.0, 22.0, 23.0, 24.0, 25.0, 26.0, 27.0, 28.0, 29.0, 30.0, 31.0
  ]> : tensor<32xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x32xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x32xf32>) -> tensor<4x32xf32>
  %product = linalg.generic {indexing_maps = [#xk, #wk, #yk], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<4x16xf32>, tensor<16x32xf32>) outs(%fill : tensor<4x32xf32>) {
  ^bb0(%a: f32, %c: f32, %sum: f32):
    %p = arith.mulf %a, %c : f32
    %s = arith.addf %sum, %p : f32
    linalg.yield %s : f32
  } -> tensor<4x32xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%product, %b : tensor<4x32xf32>, tensor<32xf32>) outs(%empty : tensor<4x32xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %s = arith.addf %a, %c : f32
    %r = arith.maximumf %s, %zero : f32
    linalg.yield %r : f32
  } -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}
