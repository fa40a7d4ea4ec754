// SPDX-License-Identifier: Apache-2.0
#include "actors/shard_reader/producer_items.h"

#include "actors/codecs/fields.h"

namespace arno::actors {

using graph::PartReader;
using graph::PartWriter;

void write_request(const SampleRequest& request, PartWriter& out) {
  out.fields().number(request.first);
  out.fields().number(request.until);
  out.fields().number(request.attempt);
}

void write_sample(const ProducedSample& sample, PartWriter& out) {
  out.fields().number(sample.id.index);
  out.fields().number(sample.id.attempt);
  write_texts(sample.texts, out);
  out.block(sample.image.span());
}

ProducedSample parse_sample(std::span<const SharedBytes> parts) {
  PartReader in(parts, kProducedSample);
  ProducedSample out;
  out.id.index = in.fields().number<uint64_t>();
  out.id.attempt = in.fields().number<uint32_t>();
  out.texts = read_texts(in);
  out.image = in.block();
  in.finish();
  return out;
}

}  // namespace arno::actors
