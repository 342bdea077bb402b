#!/usr/bin/env bash
# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Installs the Debian 12 packages that building and testing Weft takes, as root
# or through sudo. Where all of them are there it does nothing and needs neither
# the network nor root.
set -euo pipefail

packages=(
  # Compiler, linker, build.
  clang-22 lld-22 clang-format-22 libclang-rt-22-dev cmake ninja-build ccache
  # LLVM and MLIR; llvm-22-tools holds lit and FileCheck.
  llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools
  # The formats: ONNX over protobuf, .weft over FlatBuffers, JSON, .npz.
  libonnx-dev libprotobuf-dev protobuf-compiler
  libflatbuffers-dev flatbuffers-compiler flatbuffers-compiler-dev
  nlohmann-json3-dev zlib1g-dev libxxhash-dev
  # SIMD in the simulator.
  libhwy-dev
  # Tests; psutil gives lit its time limit.
  libgtest-dev python3 python3-numpy python3-onnx python3-psutil
  # Reports are looked at in a browser.
  chromium chromium-driver
)

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
  echo "install-deps: error: not a Debian system; needed are: ${missing[*]}" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "install-deps: error: needs root or sudo to install: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "install-deps: installing ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq)
"${apt[@]}" update
if ! "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null; then
  echo "install-deps: error: apt-get could not install the packages above;" \
    "Weft is built on Debian 12 (bookworm) with its security updates enabled" >&2
  exit 1
fi
