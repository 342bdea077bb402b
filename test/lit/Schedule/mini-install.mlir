// REQUIRES: onnx-python

// The product of mini-bytes.mlir with the iw of plane 0 in its abc queue and that
// of plane 1 in its acc queue: the same cycles, and the weight queues are free
// for the lw of what comes next.

// Cycles:
//   0-7   read MEM 0-3, words 0-7: at the matrix unit, 6 hops out, in 6-13
//   6-13  lw of plane 0: 8 cycles of 4 columns
//   8-15  read MEM 0-3, words 8-15, on the same streams: there in 14-21
//  14-21  lw of plane 1
//     22  iw of both planes, from the queues of abc and acc
//  19-22  read MEM 4, at hop 3: drives in 20-23, there in 23-26
//  23-26  abc of both planes, the first cycles after iw
//  55-58  acc of both, 32 later, each on four streams of its own
//  61-64  convert to bytes on two ALUs, 6 hops later
//  68-71  on streams, 3 + 4 later
//  69-72  written to MEM 0 and 1, 1 hop later
// 73 cycles: 8 more than one plane alone takes, for its weights.

// RUN: rm -rf %t && mkdir %t
// RUN: weft-opt %s --tsp-verify-schedule -o /dev/null
// RUN: sed 's/in "acc" offset 0/in "acc" offset 1/' %s > %t/late.mlir
// RUN: not weft-opt %t/late.mlir --tsp-verify-schedule -o /dev/null 2>&1 | FileCheck %s --check-prefix=LATE
// LATE: its activations do not follow its install
// RUN: weft-compile %s --compile-from=schedule -o %t/p.weft | FileCheck %s
// CHECK: cycles         73 predicted
// CHECK: critical path  73 cycles, ratio 1.00

// RUN: %python %S/Inputs/mini_bytes.py %t
// RUN: weft-run %t/p.weft --inputs=%t/x.npz --check=%t/y.npz | FileCheck %s --check-prefix=SIM
// SIM: y0 {{.*}}pass
// SIM: y1 {{.*}}pass
// SIM: cycles         73 simulated, 73 predicted (equal)

// RUN: weft-dump %t/p.weft | FileCheck %s --check-prefix=QUEUES
// QUEUES-LABEL: chip 0 alu 0
// QUEUES: {{^ +}}61  convert
// QUEUES-LABEL: chip 0 alu 1
// QUEUES: {{^ +}}61  convert
// QUEUES-LABEL: chip 0 east mxm 0 weights
// QUEUES: {{^ +}}6  lw
// QUEUES-NOT: iw
// QUEUES-LABEL: chip 0 east mxm 1 weights
// QUEUES: {{^ +}}14  lw
// QUEUES-NOT: iw
// QUEUES-LABEL: chip 0 east mxm 0 abc
// QUEUES: {{^ +}}22  iw i8
// QUEUES: {{^ +}}23  abc
// QUEUES-LABEL: chip 0 east mxm 1 abc
// QUEUES: {{^ +}}23  abc
// QUEUES-LABEL: chip 0 east mxm 0 acc
// QUEUES: {{^ +}}55  acc
// QUEUES-LABEL: chip 0 east mxm 1 acc
// QUEUES: {{^ +}}22  iw i8
// QUEUES: {{^ +}}55  acc

!buffer = !tsp.buffer
!t = tensor<4x32xi8, #weft.layout<"((4 w1))((32 l1)) words 4">>

tsp.program @main cycles 73 on "tsp-mini" {
  // Columns 4i + j in word i of MEM j; the second tile in words 8-15.
  %v:4 = tsp.weights dense<[[-16], [-15], [-14], [-13], [-12], [-11], [-10], [-9], [-8], [-7], [-6], [-5], [-4], [-3], [-2], [-1], [0], [1], [2], [3], [4], [5], [6], [7], [8], [9], [10], [11], [12], [13], [14], [15]]> : tensor<32x1xi8> bytes
    lanes [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31]
    columns [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    scale 1.0 words 8 in 1 at [1, 0, 0, 1, 1, 0, 1, 2, 0, 1, 3, 0] : !buffer, !buffer, !buffer, !buffer
  %w:4 = tsp.weights dense<[[-16], [-15], [-14], [-13], [-12], [-11], [-10], [-9], [-8], [-7], [-6], [-5], [-4], [-3], [-2], [-1], [0], [1], [2], [3], [4], [5], [6], [7], [8], [9], [10], [11], [12], [13], [14], [15]]> : tensor<32x1xi8> bytes
    lanes [31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    columns [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    scale 1.0 words 8 in 1 at [1, 0, 8, 1, 1, 8, 1, 2, 8, 1, 3, 8] : !buffer, !buffer, !buffer, !buffer
  %x = tsp.input "x" from i8 [4, 32] as !t words 4 in 1 at [1, 4, 0] : !buffer
  // Into the other bank.
  %y0 = tsp.scratch words 4 in 1 at [1, 0, 64] : !buffer
  %y1 = tsp.scratch words 4 in 1 at [1, 1, 64] : !buffer

  %loaded = tsp.chain "load" at 6 pair 1 fills !tsp.loaded {
    %0 = tsp.read on 0 burst 8 every 1 planes [1, 1, 1, 1]
      runs [0, 1, 8, 0, 1, 0, 1, 8, 0, 1, 0, 1, 8, 0, 1, 0, 1, 8, 0, 1]
      (%v#0, %v#1, %v#2, %v#3) : !buffer, !buffer, !buffer, !buffer
    tsp.lw %0 plane 0 block 0 offset 0 burst 8
    %1 = tsp.read on 0 burst 8 every 1 planes [1, 1, 1, 1]
      runs [0, 1, 8, 0, 1, 0, 1, 8, 0, 1, 0, 1, 8, 0, 1, 0, 1, 8, 0, 1]
      (%w#0, %w#1, %w#2, %w#3) : !buffer, !buffer, !buffer, !buffer
    tsp.lw %1 plane 1 block 0 offset 8 burst 8
  }
  tsp.chain "pass" at 22 pair 1 after %loaded {
    tsp.iw plane 0 in "abc" offset 0
    tsp.iw plane 1 in "acc" offset 0
    %0 = tsp.read on 4 burst 4 every 1 planes [1] runs [0, 1, 4, 0, 1] (%x) : !buffer
    %1 = tsp.abc %0 plane 0 offset 1 burst 4
    %2 = tsp.acc "pass" %1 offset 33 burst 4 on 32
    %3 = tsp.abc %0 plane 1 offset 1 burst 4
    %4 = tsp.acc "pass" %3 offset 33 burst 4 on 36
    %5 = tsp.alu "convert"(%2) [0] imm [] i32 to i8 offset 39 burst 4 every 1 unit 0 on 0 : !tsp.value
    tsp.write %5 planes [1] runs [0, 1, 4, 0, 1] (%y0) : !buffer
    %6 = tsp.alu "convert"(%4) [0] imm [] i32 to i8 offset 39 burst 4 every 1 unit 1 on 1 : !tsp.value
    tsp.write %6 planes [1] runs [0, 1, 4, 0, 1] (%y1) : !buffer
  }
  tsp.output "y0" as i8 [4, 32] from !t (%y0) : !buffer
  tsp.output "y1" as i8 [4, 32] from !t (%y1) : !buffer
}
