// RUN: weft-opt %s --weft-shard=chips=1 | FileCheck %s
// RUN: weft-opt %s --verify-diagnostics --weft-shard=chips=8

// CHECK: func.func @main
// expected-error @+1 {{systems of more than one chip are not supported yet}}
module {
  func.func @main() {
    return
  }
}
