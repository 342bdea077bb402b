// REQUIRES: onnx-python

// The worked example of docs/machine.md as a schedule in text: every cycle and
// address below is the table's. w[k][n] = (k + 2n) mod 5 - 2; x is chosen by
// the script, which computes x . w on its own. All sums are small integers, so
// fp16 holds them exactly and the results must be equal.

// RUN: rm -rf %t && mkdir %t
// RUN: weft-opt %s --tsp-verify-schedule -o /dev/null
// RUN: weft-compile %s --compile-from=schedule --stats=%t/stats.json -o %t/p.weft \
// RUN:   | FileCheck %s
// CHECK: cycles         65 predicted, 0.07 us at 900 MHz
// CHECK: critical path  65 cycles, ratio 1.00

// RUN: %python %S/Inputs/worked_example.py %t
// RUN: weft-run %t/p.weft --inputs=%t/x.npz --check=%t/y.npz --max-error=0 \
// RUN:   | FileCheck %s --check-prefix=SIM
// SIM: y {{.*}}max error 0  pass
// SIM: cycles         65 simulated, 65 predicted (equal)

// The queues, as the table has them.
// RUN: weft-dump %t/p.weft | FileCheck %s --check-prefix=QUEUES
// QUEUES-LABEL: chip 0 east mem 2 read
// QUEUES: {{^ +}}1  read 0:0000 -> e2
// QUEUES: {{^ +}}2..8  repeat 7, 1, stride 1
// QUEUES-LABEL: chip 0 east mem 0 write
// QUEUES: {{^ +}}61  write e0 -> 1:0000; from alu 0
// QUEUES: {{^ +}}62..64  repeat 3, 1, stride 1
// QUEUES-LABEL: chip 0 alu 0
// QUEUES: {{^ +}}53  convert
// QUEUES-LABEL: chip 0 east mxm 0 weights
// QUEUES: {{^ +}}6  lw.pair
// QUEUES: {{^ +}}14  iw
// QUEUES-LABEL: chip 0 east mxm 0 abc
// QUEUES: {{^ +}}15  abc
// QUEUES-LABEL: chip 0 east mxm 0 acc
// QUEUES: {{^ +}}47  acc

!buffer = !tsp.buffer
!x = tensor<4x16xf16, #weft.layout<"((4 w1))((16 l1)) words 4">>
!y = tensor<4x32xf16, #weft.layout<"((4 w1))((32 l1)) words 4">>

tsp.program @main cycles 65 on "tsp-mini" {
  // w, packed: one vector a column, columns 4i + j in word i of MEM j, east.
  %w:4 = tsp.weights dense<[
    [-2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0],
    [-1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0],
    [0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0],
    [1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0],
    [2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0],
    [-2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0],
    [-1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0],
    [0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0],
    [1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0],
    [2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0],
    [-2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0],
    [-1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0],
    [0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0],
    [1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0],
    [2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0],
    [-2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0]
  ]> : tensor<16x32xf32>
    lanes [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 480]
    columns [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31]
    scale 1.0 words 8 in 1 at [1, 0, 0, 1, 1, 0, 1, 2, 0, 1, 3, 0] : !buffer, !buffer, !buffer, !buffer
  // x as byte planes in MEM 4 and 5, y into the other bank of MEM 0 and 1.
  %x:2 = tsp.input "x" from f32 [4, 16] as !x words 4 in 1 at [1, 4, 0, 1, 5, 0] : !buffer, !buffer
  %y:2 = tsp.scratch words 4 in 1 at [1, 0, 64, 1, 1, 64] : !buffer, !buffer

  // At the matrix unit in 6-13.
  %loaded = tsp.chain "load" at 6 pair 1 fills !tsp.loaded {
    %0 = tsp.read on 0 burst 8 every 1 planes [1, 1, 1, 1]
      runs [0, 1, 8, 0, 1, 0, 1, 8, 0, 1, 0, 1, 8, 0, 1, 0, 1, 8, 0, 1]
      (%w#0, %w#1, %w#2, %w#3) : !buffer, !buffer, !buffer, !buffer
    tsp.lw %0 packed block 0 offset 0 burst 8
  }
  // iw in 14, abc in 15-18, results 32 later in 47-50, at the vector unit 6
  // hops later in 53-56, on a stream 4 + 3 later in 60-63, written in 61-64.
  tsp.chain "pass" at 14 pair 1 after %loaded {
    tsp.iw offset 0
    %0 = tsp.read on 4 burst 4 every 1 planes [1, 1]
      runs [0, 1, 4, 0, 1, 0, 1, 4, 0, 1] (%x#0, %x#1) : !buffer, !buffer
    %1 = tsp.abc %0 offset 1 burst 4
    %2 = tsp.acc "pass" %1 offset 33 burst 4 on 32
    %3 = tsp.alu "convert"(%2) [0] imm [] f32 to f16 offset 39 burst 4 every 1 unit 0 on 0 : !tsp.value
    tsp.write %3 planes [1, 1]
      runs [0, 1, 4, 0, 1, 0, 1, 4, 0, 1] (%y#0, %y#1) : !buffer, !buffer
  }
  tsp.output "y" as f32 [4, 32] from !y (%y#0, %y#1) : !buffer, !buffer
}
