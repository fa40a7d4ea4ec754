// SPDX-License-Identifier: Apache-2.0
#include "ops/comm/communicator.h"

#include <gmock/gmock.h>

#include <cstring>
#include <functional>

#include "common/random.h"
#include "ops/comm/gloo.h"
#include "ops/comm/local_group.h"
#include "ops/comm/tls.h"
#include "tests/support/key_files.h"
#include "tests/support/problem_of.h"
#include "tests/support/replicas.h"

namespace arno::ops {
namespace {

using arno::testing::on_each_rank;
using arno::testing::problem_of;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Group = std::vector<std::shared_ptr<Communicator>>;

Group gloo_group(int64_t size, CommOptions comm) {
  const auto store = memory_store();
  Group group(size);
  on_each_rank(size, [&](int64_t rank) {
    group[rank] =
        gloo_communicator(*store, {.rank = rank, .size = size, .prefix = "test/", .comm = comm});
  });
  return group;
}

Group tls_group(int64_t size, CommOptions comm) {
  static const testing::KeyFiles key;
  const auto store = memory_store();
  Group group(size);
  on_each_rank(size, [&](int64_t rank) {
    group[rank] = tls_communicator(
        *store, {.rank = rank, .size = size, .prefix = "test/", .comm = comm}, key.tls());
  });
  return group;
}

struct Backend {
  std::string name;
  std::function<Group(int64_t, CommOptions)> make;
};

/// The same promises for every way to the peers.
class CommunicatorTest : public ::testing::TestWithParam<Backend> {
 protected:
  Group make(int64_t size, CommOptions options = {}) { return GetParam().make(size, options); }
};

Tensor noise(int64_t rank, const Shape& shape, DType dtype = DType::f32) {
  Random random(RandomKey(41).child(rank));
  Tensor out = Tensor::empty(shape, DType::f64);
  for (double& value : out.mutable_data<double>()) {
    value = random.uniform(-1, 1) * (1 + 1000.0 * static_cast<double>(rank));
  }
  return out.to(dtype);
}

bool same_bytes(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::memcmp(a.raw(), b.raw(), a.size_bytes()) == 0;
}

/// Added in rank order, each sum in the accumulator's precision and rounded once.
Tensor sum_in_rank_order(int64_t size, const Shape& shape, DType dtype) {
  Tensor out = Tensor::empty(shape, dtype);
  visit_float(dtype, [&]<class T>(TypeTag<T>) {
    for (int64_t i = 0; i < shape.numel(); ++i) {
      auto total = static_cast<AccumulatorOf<T>>(noise(0, shape, dtype).data<T>()[i]);
      for (int64_t rank = 1; rank < size; ++rank) {
        total += static_cast<AccumulatorOf<T>>(noise(rank, shape, dtype).data<T>()[i]);
      }
      out.mutable_data<T>()[i] = static_cast<T>(total);
    }
  });
  return out;
}

TEST_P(CommunicatorTest, GathersInRankOrder) {
  for (const int64_t size : {1, 2, 3}) {
    const Group group = make(size);
    on_each_rank(size, [&](int64_t rank) {
      const auto own = Tensor::from<int32_t>({1, 2}, {static_cast<int32_t>(rank), 7});
      const Tensor all = group[rank]->all_gather(own);
      EXPECT_EQ(all.shape(), Shape({size, 2}));
      for (int64_t r = 0; r < size; ++r) {
        EXPECT_EQ(all.data<int32_t>()[2 * r], r);
        EXPECT_EQ(all.data<int32_t>()[2 * r + 1], 7);
      }
    });
  }
}

TEST_P(CommunicatorTest, SumsAreThoseOfRankOrderOnEveryRank) {
  for (const int64_t size : {1, 2, 3, 4}) {
    const Group group = make(size);
    for (const DType dtype : {DType::f32, DType::f64, DType::bf16}) {
      // Fewer elements than ranks, a number that does not divide, none.
      for (const Shape& shape : {Shape{1}, Shape{3, 7}, Shape{0}}) {
        const Tensor wanted = sum_in_rank_order(size, shape, dtype);
        on_each_rank(size, [&](int64_t rank) {
          Tensor values = noise(rank, shape, dtype);
          group[rank]->all_reduce(values);
          EXPECT_TRUE(same_bytes(values, wanted)) << size << " ranks, " << wanted.describe();
        });
      }
    }
  }
}

TEST_P(CommunicatorTest, ReduceScatterGivesEachRankItsRowsOfTheSum) {
  for (const int64_t size : {1, 2, 3}) {
    const Group group = make(size);
    const Shape shape{2 * size, 3};
    const Tensor wanted = sum_in_rank_order(size, shape, DType::f32);
    on_each_rank(size, [&](int64_t rank) {
      const Tensor own = group[rank]->reduce_scatter(noise(rank, shape));
      EXPECT_TRUE(same_bytes(own, wanted.narrow(2 * rank, 2)));
    });
  }
}

TEST_P(CommunicatorTest, LargeTensorsArriveWhole) {
  const Group group = make(2);
  const Shape shape{1'500'001};
  const Tensor first = noise(0, shape);
  const Tensor second = noise(1, shape);
  on_each_rank(2, [&](int64_t rank) {
    Tensor values = (rank == 0 ? first : second).clone();
    group[rank]->all_reduce(values);
    for (int64_t i = 0; i < shape.numel(); i += 10'007) {
      EXPECT_EQ(values.data<float>()[i], first.data<float>()[i] + second.data<float>()[i]);
    }
  });
}

TEST_P(CommunicatorTest, BroadcastsFromAnyRank) {
  const Group group = make(3);
  for (const int64_t root : {0, 2}) {
    on_each_rank(3, [&](int64_t rank) {
      auto values = Tensor::from<int64_t>({2}, {rank, 10 * rank});
      group[rank]->broadcast(values, root);
      EXPECT_THAT(values.data<int64_t>(), ElementsAre(root, 10 * root));
    });
  }
}

TEST_P(CommunicatorTest, ManyCallsInARowKeepTheirOrder) {
  const Group group = make(3);
  on_each_rank(3, [&](int64_t rank) {
    for (int32_t round = 0; round < 300; ++round) {
      const auto own = Tensor::from<int32_t>({1}, {round * 3 + static_cast<int32_t>(rank)});
      const Tensor all = group[rank]->all_gather(own);
      ASSERT_THAT(all.data<int32_t>(), ElementsAre(round * 3, round * 3 + 1, round * 3 + 2));
      if (round % 7 == 0) group[rank]->barrier();
    }
  });
}

TEST_P(CommunicatorTest, SilentRankIsNamed) {
  const Group group = make(3, {.deadline_ms = 50});
  std::vector<std::string> texts(2);
  on_each_rank(2, [&](int64_t rank) {
    texts[rank] = problem_of(Errc::comm_failed, [&] { group[rank]->barrier(); });
  });
  EXPECT_THAT(texts, Contains(HasSubstr("rank 2 of 3 was silent for 50 ms")));
  EXPECT_THAT(texts, Each(HasSubstr("[barrier] rank ")));
  EXPECT_NE(problem_of(Errc::comm_failed, [&] { group[2]->barrier(); }), "no error");
}

TEST_P(CommunicatorTest, RanksThatDisagreeFailAndDoNotHang) {
  const Group group = make(2, {.deadline_ms = 50});
  on_each_rank(2, [&](int64_t rank) {
    Tensor values = Tensor::zeros({4 + 2 * rank}, DType::f32);
    EXPECT_NE(problem_of(Errc::comm_failed, [&] { group[rank]->all_reduce(values); }), "no error");
  });
}

TEST_P(CommunicatorTest, AbortWakesACallUnderWayHereAndAtThePeers) {
  const Group group = make(3);
  on_each_rank(3, [&](int64_t rank) {
    if (rank == 0) {
      // The others wait for this rank, which never makes the call.
      group[1]->abort("told to");
      EXPECT_THAT(problem_of(Errc::cancelled, [&] { group[1]->barrier(); }), HasSubstr("told to"));
      group[0]->abort("told to");
    } else {
      std::string text;
      try {
        group[rank]->barrier();
      } catch (const Error& error) {
        text = error.what();
      }
      EXPECT_THAT(text, HasSubstr("rank"));
    }
  });
}

TEST_P(CommunicatorTest, PeerThatLeftIsNamed) {
  Group group = make(2);
  group[1].reset();
  EXPECT_THAT(problem_of(Errc::comm_failed, [&] { group[0]->barrier(); }),
              HasSubstr("rank 1 of 2"));
}

TEST_P(CommunicatorTest, WrongShapesAreRefused) {
  const Group group = make(2);
  EXPECT_THAT(problem_of(Errc::shape_mismatch,
                         [&] { group[0]->reduce_scatter(Tensor::zeros({3}, DType::f32)); }),
              HasSubstr("expected rows that divide into 2"));
  EXPECT_NE(problem_of(Errc::shape_mismatch,
                       [&] { group[0]->all_gather(Tensor::zeros({}, DType::f32)); }),
            "no error");
  Tensor values = Tensor::zeros({1}, DType::f32);
  EXPECT_NE(problem_of(Errc::invalid_argument, [&] { group[0]->broadcast(values, 2); }),
            "no error");
}

INSTANTIATE_TEST_SUITE_P(Backends, CommunicatorTest,
                         ::testing::Values(Backend{"local", local_group},
                                           Backend{"gloo", gloo_group}, Backend{"tls", tls_group}),
                         [](const auto& info) { return info.param.name; });

TEST(GlooTest, RankThatDoesNotComeIsNamed) {
  const auto store = memory_store();
  EXPECT_THAT(
      problem_of(
          Errc::comm_failed,
          [&] { gloo_communicator(*store, {.rank = 0, .size = 2, .comm = {.deadline_ms = 50}}); }),
      HasSubstr("rank 1 of 2 did not come within 50 ms"));
}

TEST(GlooTest, AddressThatIsNotOursIsRefused) {
  const auto store = memory_store();
  const auto join = [&](const std::string& address) {
    gloo_communicator(*store, {.rank = 0, .size = 2, .address = address});
  };
  EXPECT_THAT(problem_of(Errc::comm_failed, [&] { join("203.0.113.7"); }),
              HasSubstr("rank 0 of 2 could not join its group"));
  EXPECT_THAT(problem_of(Errc::invalid_argument, [&] { join("no such host"); }),
              HasSubstr("found address \"no such host\", expected a numeric one"));
}

TEST(CommunicatorMembershipTest, RankOutsideTheGroupIsRefused) {
  const auto store = memory_store();
  EXPECT_NE(problem_of(Errc::invalid_argument,
                       [&] { gloo_communicator(*store, {.rank = 2, .size = 2}); }),
            "no error");
  EXPECT_NE(problem_of(Errc::invalid_argument, [] { local_group(0); }), "no error");
}

}  // namespace
}  // namespace arno::ops
