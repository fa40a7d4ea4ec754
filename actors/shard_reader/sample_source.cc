// SPDX-License-Identifier: Apache-2.0
#include "actors/shard_reader/sample_source.h"

#include "actors/shard_reader/producer_source.h"

namespace arno::actors {
namespace {

class ShardSource final : public SampleSource {
 public:
  explicit ShardSource(const std::vector<std::string>& patterns)
      : shards_(io::ShardSet::open(patterns)) {}

  ReadResult read(uint64_t index, uint32_t) override { return shards_->read(index); }
  std::string describe() const override {
    return fmt::format("{} samples, {} of them with a long text", shards_->size(),
                       shards_->long_text_count());
  }
  std::shared_ptr<const io::ShardSet> shards() const override { return shards_; }

 private:
  std::shared_ptr<const io::ShardSet> shards_;
};

}  // namespace

std::shared_ptr<SampleSource> open_source(const SourceOptions& options, SourceWatch watch) {
  if (options.producer) {
    return std::make_shared<ProducerSource>(options.name, *options.producer, std::move(watch));
  }
  return std::make_shared<ShardSource>(options.shards);
}

}  // namespace arno::actors
