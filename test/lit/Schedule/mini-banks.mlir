// y = -(-x) in two chains, through SRAM on the way. A slice reads and writes in
// one cycle in different banks only, so the second chain waits for the last
// write of the first, not for the first.
//
//   x  east MEM 4, 5, x = 3: read in 0-3, at the vector unit 1 + 3 later.
//   -  in 4-7, on a stream 4 + 3 later in 11-14.
//   t  east MEM 0, 1, bank 1, x = 1: written 1 hop later in 12-15. Word 0 could
//      be read from 13 on, but for words 1-3 going into the same bank until 15:
//      t is read in 16-19, at the vector unit 1 + 1 later.
//   -  in 18-21, on a stream in 25-28.
//   y  east MEM 2, 3, x = 2: written 2 hops later in 27-30.
//
// A program takes one cycle more than its last write's: 31.

// RUN: weft-opt %s --tsp-schedule --tsp-verify-schedule | FileCheck %s
// CHECK: tsp.program @main cycles 31
// CHECK: tsp.chain "first" at 4
// CHECK: tsp.chain "second" at 18

// RUN: rm -rf %t && mkdir %t
// RUN: weft-compile %s --compile-from=tsp --machine=tsp-mini -o %t/p.weft \
// RUN:   | FileCheck %s --check-prefix=PREDICTED
// PREDICTED: cycles         31 predicted, 0.03 us at 900 MHz

// RUN: weft-dump %t/p.weft | FileCheck %s --check-prefix=QUEUES
// QUEUES-LABEL: chip 0 east mem 0 read
// QUEUES: {{^ +}}16  read 1:0000
// QUEUES-LABEL: chip 0 east mem 0 write
// QUEUES: {{^ +}}12  write {{.*}} 1:0000; from alu
// QUEUES-LABEL: chip 0 east mem 2 write
// QUEUES: {{^ +}}27  write

// RUN: %python %S/Inputs/mini.py banks %t
// RUN: weft-run %t/p.weft --inputs=%t/x.npz --check=%t/y.npz --max-error=0 \
// RUN:   | FileCheck %s --check-prefix=SIM
// SIM: y {{.*}}max error 0  pass
// SIM: cycles         31 simulated, 31 predicted (equal)

!buffer = !tsp.buffer
!rows = tensor<4x32xf16, #weft.layout<"((4 w1))((32 l1)) words 4">>

tsp.program @main on "tsp-mini" {
  %x:2 = tsp.input "x" from f16 [4, 32] as !rows words 4 in 1 at [1, 4, 0, 1, 5, 0] : !buffer, !buffer
  %t:2 = tsp.scratch words 4 in 1 at [1, 0, 64, 1, 1, 64] : !buffer, !buffer
  %y:2 = tsp.scratch words 4 in 1 at [1, 2, 0, 1, 3, 0] : !buffer, !buffer
  tsp.chain "first" {
    %0 = tsp.read burst 4 every 1 planes [1, 1]
      runs [0, 1, 4, 0, 1, 0, 1, 4, 0, 1] (%x#0, %x#1) : !buffer, !buffer
    %1 = tsp.alu "neg"(%0) [0] imm [] f16 to f16 offset 0 burst 4 every 1 : !tsp.value
    tsp.write %1 planes [1, 1]
      runs [0, 1, 4, 0, 1, 0, 1, 4, 0, 1] (%t#0, %t#1) : !buffer, !buffer
  }
  tsp.chain "second" {
    %0 = tsp.read burst 4 every 1 planes [1, 1]
      runs [0, 1, 4, 0, 1, 0, 1, 4, 0, 1] (%t#0, %t#1) : !buffer, !buffer
    %1 = tsp.alu "neg"(%0) [0] imm [] f16 to f16 offset 0 burst 4 every 1 : !tsp.value
    tsp.write %1 planes [1, 1]
      runs [0, 1, 4, 0, 1, 0, 1, 4, 0, 1] (%y#0, %y#1) : !buffer, !buffer
  }
  tsp.output "y" as f16 [4, 32] from !rows (%y#0, %y#1) : !buffer, !buffer
}
