// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ort-run.mjs DIR: runs ONNX Runtime, graph optimisation off, on the job that
// DIR/job.json describes: {model, inputs: [{name, type, dims}]}, each input's
// bytes in DIR/<name>. Writes DIR/results.json and each output's bytes in
// DIR/out.<name>. onnxruntime-node is looked for in the folder ORT_DIR.

import fs from 'node:fs';
import path from 'node:path';
import {createRequire} from 'node:module';

const require = createRequire(
    process.env.ORT_DIR ? process.env.ORT_DIR + '/' : import.meta.url);
const ort = require('onnxruntime-node');

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
};

const directory = process.argv[2];
const job = JSON.parse(fs.readFileSync(path.join(directory, 'job.json')));
const session = await ort.InferenceSession.create(
    job.model, {graphOptimizationLevel: 'disabled', logSeverityLevel: 3});
const feeds = {};
for (const {name, type, dims} of job.inputs) {
  const bytes = fs.readFileSync(path.join(directory, name));
  // A copy starts at offset 0, which typed arrays of wider elements need.
  const data = new arrays[type](new Uint8Array(bytes).buffer);
  feeds[name] = new ort.Tensor(type, data, dims);
}
const results = [];
for (const [name, tensor] of Object.entries(await session.run(feeds))) {
  const {buffer, byteOffset, byteLength} = tensor.data;
  fs.writeFileSync(
      path.join(directory, 'out.' + name),
      new Uint8Array(buffer, byteOffset, byteLength));
  results.push({name, type: tensor.type, dims: tensor.dims});
}
fs.writeFileSync(path.join(directory, 'results.json'), JSON.stringify(results));
