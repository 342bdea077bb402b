// The sum of the 8 rows of x[8x32]: an ALU that takes its own result. That is
// there d = 3 cycles after the issue and nothing is held, so rows come 3 apart.
//
//   x        east MEM 4, 5, x = 3: read in 0, 3, ..., 21, on the streams one
//            cycle later, at the vector unit 3 hops later in 4, 7, ..., 25.
//   convert  in 4, 7, ..., 25, chained into
//   add      in 7, 10, ..., 28: 3 later, the first one without a sum; into
//   convert  in 31: once, 3 later; on a stream 4 + 3 later in 38.
//   y        east MEM 0, 1, x = 1: written 1 hop later in 39.
//
// A program takes one cycle more than its last write's: 40.

// RUN: weft-opt %s --tsp-schedule --tsp-verify-schedule | FileCheck %s
// CHECK: tsp.program @main cycles 40
// CHECK: tsp.chain "reduce" at 4

// RUN: rm -rf %t && mkdir %t
// RUN: weft-compile %s --compile-from=tsp --machine=tsp-mini -o %t/p.weft \
// RUN:   | FileCheck %s --check-prefix=PREDICTED
// PREDICTED: cycles         40 predicted, 0.04 us at 900 MHz
// PREDICTED: critical path  40 cycles, ratio 1.00

// RUN: weft-dump %t/p.weft | FileCheck %s --check-prefix=QUEUES
// QUEUES-LABEL: chip 0 east mem 4 read
// QUEUES: {{^ +}}0  read 0:0000
// QUEUES: {{^ +}}3..21  repeat 7, 3, stride 1
// QUEUES-LABEL: chip 0 east mem 0 write
// QUEUES: {{^ +}}39  write

// RUN: %python %S/Inputs/mini.py reduce %t
// RUN: weft-run %t/p.weft --inputs=%t/x.npz --check=%t/y.npz --max-error=0 \
// RUN:   | FileCheck %s --check-prefix=SIM
// SIM: y {{.*}}max error 0  pass
// SIM: cycles         40 simulated, 40 predicted (equal)

!buffer = !tsp.buffer
!rows = tensor<8x32xf16, #weft.layout<"((8 w1))((32 l1)) words 8">>
!row = tensor<32xf16, #weft.layout<"((32 l1)) words 1">>

tsp.program @main on "tsp-mini" {
  %x:2 = tsp.input "x" from f16 [8, 32] as !rows words 8 in 1 at [1, 4, 0, 1, 5, 0] : !buffer, !buffer
  %y:2 = tsp.scratch words 1 in 1 at [1, 0, 64, 1, 1, 64] : !buffer, !buffer
  tsp.chain "reduce" {
    %0 = tsp.read burst 8 every 3 planes [1, 1]
      runs [0, 1, 8, 0, 1, 0, 1, 8, 0, 1] (%x#0, %x#1) : !buffer, !buffer
    %1 = tsp.alu "convert"(%0) [0] imm [] f16 to f32 offset 0 burst 8 every 3 : !tsp.value
    %2 = tsp.alu "add" accumulate(%1) [0] imm [] f32 to f32 offset 3 burst 8 every 3 : !tsp.value
    %3 = tsp.alu "convert"(%2) [0] imm [] f32 to f16 offset 27 burst 1 every 1 : !tsp.value
    tsp.write %3 planes [1, 1]
      runs [0, 0, 1, 0, 1, 0, 0, 1, 0, 1] (%y#0, %y#1) : !buffer, !buffer
  }
  tsp.output "y" as f16 [32] from !row (%y#0, %y#1) : !buffer, !buffer
}
