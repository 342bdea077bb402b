// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Output files appear whole or not at all, and test_data_set folders.

#include "weft/Runtime/TensorIO.h"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>

using namespace weft;
namespace fs = std::filesystem;

namespace {
class FileTest : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern =
        (fs::temp_directory_path() / "weft-runtime-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root = pattern;
  }
  void TearDown() override { fs::remove_all(root); }
  std::string at(const std::string &name) { return (root / name).string(); }
  size_t entries() {
    return size_t(
        std::distance(fs::directory_iterator(root), fs::directory_iterator()));
  }
  fs::path root;
};

std::vector<NamedTensor> pair() {
  Tensor a = zeros(TensorType::F32, {2});
  a.setNumber(1, 3);
  return {{"a", a}, {"b/c", zeros(TensorType::I64, {0})}};
}
} // namespace

TEST_F(FileTest, NothingBeforeCommit) {
  {
    OutputFiles files;
    ASSERT_TRUE(files.add(at("x"), std::string("text")));
    ASSERT_TRUE(files.makeFolder(at("d")));
    ASSERT_TRUE(files.add(at("d/y"), std::string("text")));
    EXPECT_FALSE(fs::exists(at("x")));
  }
  EXPECT_EQ(entries(), 0u);
  OutputFiles files;
  ASSERT_TRUE(files.add(at("x"), std::string("text")));
  ASSERT_TRUE(files.commit());
  EXPECT_EQ(readFile(at("x"))->size(), 4u);
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileTest, OldContentsStayOnFailure) {
  OutputFiles first;
  ASSERT_TRUE(first.add(at("x"), std::string("old")));
  ASSERT_TRUE(first.commit());
  {
    OutputFiles second;
    ASSERT_TRUE(second.add(at("x"), std::string("newer")));
  }
  EXPECT_EQ(readFile(at("x"))->size(), 3u);
  OutputFiles third;
  Status status = third.add(at("absent/x"), std::string("text"));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::Usage);
}

TEST_F(FileTest, DataSetsAndNpzRoundTrip) {
  for (std::string name : {"set", "set.npz"}) {
    OutputFiles files;
    ASSERT_TRUE(addTensors(files, at(name), "output", pair()));
    ASSERT_TRUE(files.commit());
    auto back = readTensors(at(name), "output", {"a", "b/c"}, {});
    ASSERT_TRUE(back) << back.error().message;
    ASSERT_EQ(back->size(), 2u);
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_EQ((*back)[i].name, pair()[i].name);
      EXPECT_EQ((*back)[i].tensor, pair()[i].tensor);
    }
  }
  // The files carry the graph's names in another order: the names count. Names
  // that are not the graph's do not.
  auto turned = readTensors(at("set"), "output", {"b/c", "a"}, {});
  ASSERT_TRUE(turned) << turned.error().message;
  EXPECT_EQ((*turned)[0].tensor, pair()[1].tensor);
  auto renamed = readTensors(at("set"), "output", {"b/c", "d"}, {});
  ASSERT_TRUE(renamed) << renamed.error().message;
  EXPECT_EQ((*renamed)[0].tensor, pair()[0].tensor);
  // Fewer and more files than the graph has.
  auto fewer = readTensors(at("set"), "output", {"a"}, {});
  ASSERT_FALSE(fewer);
  EXPECT_EQ(fewer.error().kind, ErrorKind::Invalid);
  auto more = readTensors(at("set"), "output", {"a", "b", "c"}, {});
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().kind, ErrorKind::Usage);
  // An .npz of inputs and outputs: the others are left out.
  auto some = readTensors(at("set.npz"), "input", {"a"}, {"b/c"});
  ASSERT_TRUE(some);
  EXPECT_EQ(some->size(), 1u);
}

TEST_F(FileTest, UnreadableIsAUsageError) {
  for (std::string name : {"absent.npy", "absent.pb", "kind.txt", "."}) {
    auto tensor = readTensor(at(name));
    ASSERT_FALSE(tensor);
    EXPECT_EQ(tensor.error().kind, ErrorKind::Usage);
    EXPECT_NE(tensor.error().message.find(name), std::string::npos);
  }
  EXPECT_FALSE(readFile(root.string()));
  EXPECT_FALSE(readTensors(at("absent"), "input", {"a"}, {}));
}
