// Twelve heads of attention scores with what softmax does to them first, and the
// variance of rows.

// RUN: weft-opt %s --weft-place=machine=tsp-v1 | FileCheck %s --check-prefix=PLACE
// RUN: weft-opt %s --weft-place=machine=tsp-v1 --weft-to-tsp=machine=tsp-v1 \
// RUN:   | FileCheck %s --check-prefix=TSP

// The maximum is over the keys, so they are the rows that stream and lie in words;
// the queries, which stay, are installed and lie in lanes. Heads of 128 queries
// stand side by side, one in each half of 160 lanes.
// PLACE-DAG: %[[K:.*]] = weft.input "k" from f32 shape [12, 128, 64] : tensor<12x128x64xf16, #weft.layout<"((12 w128))((128 w1))((64 l1)) words 1536">>
// PLACE-DAG: %[[Q:.*]] = weft.input "q" from f32 shape [12, 128, 64]
// PLACE: %[[S:.*]] = weft.contract(%[[K]]) by(%[[Q]]) {{.*}} -> tensor<12x128x128xf16, #weft.layout<"((2 l160)(6 w128))((128 l1))((128 w1)) words 768">>
// PLACE: weft.reduce "max" %[[S]] over [2] : {{.*}} -> tensor<12x128xf16, #weft.layout<"((2 l160)(6 w1))((128 l1)) words 6">>

// An ALU combines the 128 words of a head's pass on their way to memory. It takes
// its own result 3 cycles later, so 3 parts are left, which it drives last; a chain
// of the maximum combines them, 3 cycles apart.
// TSP: tsp.chain "pass"
// TSP: %[[PARTS:.*]] = tsp.alu "max" accumulate({{.*}} burst 128 every 1
// TSP: tsp.write %[[PARTS]] planes [1, 1, 1, 1] runs [0, 1, 3, 0, 1,
// TSP: tsp.chain "reduce"
// TSP: tsp.alu "max" accumulate({{.*}} burst 3 every 3

// 64 words that lie in memory are two bursts of 32, and 2 * 3 parts.
// TSP: tsp.chain "reduce"
// TSP: tsp.alu "max" accumulate({{.*}} offset [[#FIRST:]] burst 32 every 1
// TSP: tsp.alu {{.*}} offset [[#FIRST + 29 + 3]] burst 3 every 1
// TSP: tsp.alu "max" accumulate({{.*}} burst 6 every 3

// The sum of squares does not wait for the mean: squares are of x itself, added
// over the two vectors of a row in the same kernel, and the square of the sum is
// taken off in the epilogue.
// PLACE: %[[X:.*]] = weft.map(%{{.*}}) {{.*}} -> tensor<64x640xf16
// PLACE: %[[SUM:.*]] = weft.contract(%[[X]])
// PLACE: weft.map({{.*}}) maps
// PLACE: arith.mulf %[[A:.*]], %[[A]]
// PLACE: math.fma %[[B:.*]], %[[B]]
// PLACE: weft.contract({{.*}} with(%[[SUM]])
// PLACE: arith.subf
// PLACE: arith.maximumf
// PLACE-NOT: weft.contract

#q = affine_map<(h, i, j, d) -> (h, i, d)>
#k = affine_map<(h, i, j, d) -> (h, j, d)>
#s = affine_map<(h, i, j, d) -> (h, i, j)>
#all = affine_map<(h, i, j) -> (h, i, j)>
#row = affine_map<(h, i, j) -> (h, i)>
#x = affine_map<(r, c) -> (r, c)>
#r = affine_map<(r, c) -> (r)>
#one = affine_map<(r) -> (r)>
#c = affine_map<(r, c) -> (c)>
module {
  func.func @main(%q: tensor<12x128x64xf32> {weft.name = "q"}, %k: tensor<12x128x64xf32> {weft.name = "k"},
                  %a: tensor<64x640xf32> {weft.name = "a"})
      -> (tensor<12x128xf32> {weft.name = "m"}, tensor<640xf32> {weft.name = "w"},
          tensor<64xf32> {weft.name = "v"}) {
    %zero = arith.constant 0.0 : f32
    %lowest = arith.constant 0xFF800000 : f32
    %n = arith.constant 640.0 : f32
    %e = tensor.empty() : tensor<12x128x128xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<12x128x128xf32>) -> tensor<12x128x128xf32>
    %s = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
        ins(%q, %k : tensor<12x128x64xf32>, tensor<12x128x64xf32>) outs(%z : tensor<12x128x128xf32>) {
    ^bb0(%in: f32, %in2: f32, %acc: f32):
      %0 = arith.mulf %in, %in2 : f32
      %1 = arith.addf %acc, %0 : f32
      linalg.yield %1 : f32
    } -> tensor<12x128x128xf32>
    %r = tensor.empty() : tensor<12x128xf32>
    %l = linalg.fill ins(%lowest : f32) outs(%r : tensor<12x128xf32>) -> tensor<12x128xf32>
    %m = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%s : tensor<12x128x128xf32>) outs(%l : tensor<12x128xf32>) {
    ^bb0(%in: f32, %acc: f32):
      %0 = arith.maximumf %in, %acc : f32
      linalg.yield %0 : f32
    } -> tensor<12x128xf32>
    %we = tensor.empty() : tensor<640xf32>
    %wl = linalg.fill ins(%lowest : f32) outs(%we : tensor<640xf32>) -> tensor<640xf32>
    %w = linalg.generic {indexing_maps = [#x, #c], iterator_types = ["reduction", "parallel"]}
        ins(%a : tensor<64x640xf32>) outs(%wl : tensor<640xf32>) {
    ^bb0(%in: f32, %acc: f32):
      %0 = arith.maximumf %in, %acc : f32
      linalg.yield %0 : f32
    } -> tensor<640xf32>
    %xe = tensor.empty() : tensor<64x640xf32>
    %x = linalg.generic {indexing_maps = [#x, #x], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<64x640xf32>) outs(%xe : tensor<64x640xf32>) {
    ^bb0(%in: f32, %o: f32):
      %0 = math.tanh %in : f32
      linalg.yield %0 : f32
    } -> tensor<64x640xf32>
    %ve = tensor.empty() : tensor<64xf32>
    %vz = linalg.fill ins(%zero : f32) outs(%ve : tensor<64xf32>) -> tensor<64xf32>
    %sum = linalg.generic {indexing_maps = [#x, #r], iterator_types = ["parallel", "reduction"]}
        ins(%x : tensor<64x640xf32>) outs(%vz : tensor<64xf32>) {
    ^bb0(%in: f32, %acc: f32):
      %0 = arith.addf %in, %acc : f32
      linalg.yield %0 : f32
    } -> tensor<64xf32>
    %mean = linalg.generic {indexing_maps = [#one, #one], iterator_types = ["parallel"]}
        ins(%sum : tensor<64xf32>) outs(%ve : tensor<64xf32>) {
    ^bb0(%in: f32, %o: f32):
      %0 = arith.divf %in, %n : f32
      linalg.yield %0 : f32
    } -> tensor<64xf32>
    %c = linalg.generic {indexing_maps = [#x, #r, #x], iterator_types = ["parallel", "parallel"]}
        ins(%x, %mean : tensor<64x640xf32>, tensor<64xf32>) outs(%xe : tensor<64x640xf32>) {
    ^bb0(%in: f32, %in2: f32, %o: f32):
      %0 = arith.subf %in, %in2 : f32
      linalg.yield %0 : f32
    } -> tensor<64x640xf32>
    %c2 = linalg.generic {indexing_maps = [#x, #x], iterator_types = ["parallel", "parallel"]}
        ins(%c : tensor<64x640xf32>) outs(%xe : tensor<64x640xf32>) {
    ^bb0(%in: f32, %o: f32):
      %0 = arith.mulf %in, %in : f32
      linalg.yield %0 : f32
    } -> tensor<64x640xf32>
    %v = linalg.generic {indexing_maps = [#x, #r], iterator_types = ["parallel", "reduction"]}
        ins(%c2 : tensor<64x640xf32>) outs(%vz : tensor<64xf32>) {
    ^bb0(%in: f32, %acc: f32):
      %0 = arith.addf %in, %acc : f32
      linalg.yield %0 : f32
    } -> tensor<64xf32>
    return %m, %w, %v : tensor<12x128xf32>, tensor<640xf32>, tensor<64xf32>
  }
}
