// SPDX-License-Identifier: Apache-2.0
#include "ops/comm/nccl.h"

#include <gmock/gmock.h>

#include "tests/support/replicas.h"

namespace arno::ops {
namespace {

using arno::testing::on_each_rank;
using ::testing::Each;
using ::testing::FloatEq;

TEST(NcclTest, SumsOverAllGpus) {
  const int64_t gpus = nccl_gpu_count();
  if (gpus == 0) GTEST_SKIP() << "this machine has no GPU";
  const auto store = memory_store();
  on_each_rank(gpus, [&](int64_t rank) {
    const auto member =
        nccl_communicator(*store, {.rank = rank, .size = gpus, .gpu = static_cast<int>(rank)});
    Tensor values = Tensor::full({gpus, 3}, DType::f32, static_cast<double>(rank + 1));
    const Tensor own = member->reduce_scatter(values);
    const Tensor all = member->all_gather(own);
    member->all_reduce(values);
    const auto wanted = static_cast<float>(gpus * (gpus + 1) / 2);
    EXPECT_THAT(values.data<float>(), Each(FloatEq(wanted)));
    EXPECT_THAT(all.data<float>(), Each(FloatEq(wanted)));
    member->broadcast(values, 0);
    member->barrier();
  });
}

}  // namespace
}  // namespace arno::ops
