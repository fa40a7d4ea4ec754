// SPDX-License-Identifier: Apache-2.0
#include "io/zeromq/job_key.h"

#include <gmock/gmock.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <fstream>
#include <memory>

#include "tests/io/shard_files.h"
#include "tests/support/problem_of.h"

namespace arno::io {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class JobKeyTest : public ::testing::Test {
 protected:
  fs::path folder() const { return folder_.path() / "key"; }
  std::string problem_of_reading(Errc code) const {
    return testing::problem_of(code, [this] { read_job_key(folder()); });
  }
  /// Replaces the text of the key's file.
  void write_key(const std::string& text) const { std::ofstream(key_folder(folder()).key) << text; }

  TemporaryFolder folder_;
};

TEST_F(JobKeyTest, ComesBackFromItsFolder) {
  const JobKey made = make_job_key(folder());
  const JobKey read = read_job_key(folder());
  EXPECT_EQ(read.secret(), made.secret());
  EXPECT_EQ(read.fingerprint(), made.fingerprint());
  EXPECT_EQ(read.listener_keys().public_key, made.listener_keys().public_key);
  EXPECT_NE(read.listener_keys().secret_key, read.connector_keys().secret_key);
  EXPECT_EQ(read.connector_keys().public_key.size(), 40u);
}

TEST_F(JobKeyTest, EveryKeyIsAnother) {
  EXPECT_NE(JobKey::make().fingerprint(), JobKey::make().fingerprint());
}

/// The derivation is part of the format: nodes of two builds have to agree.
TEST_F(JobKeyTest, DerivedKeysStayTheSame) {
  JobKey::Secret secret{};
  for (size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::byte>(i);
  const JobKey key(secret);
  EXPECT_EQ(key.fingerprint(), "27a1daa8de44dd0b");
  EXPECT_EQ(key.listener_keys().public_key, "pgooOmG+DDrmX{G-eCYxF]FYcjj)&ZnJwzr{Lwcf");
  EXPECT_EQ(key.connector_keys().public_key, "FMh+%ESM7{@348csT?yt@bE{1^]xmfeGSl3-bLt+");
}

TEST_F(JobKeyTest, FilesAreForTheirOwner) {
  make_job_key(folder());
  const KeyFolder files = key_folder(folder());
  for (const fs::path& path : {files.key, files.certificate, files.private_key}) {
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  }
  EXPECT_EQ(fs::status(folder()).permissions(), fs::perms::owner_all);
}

TEST_F(JobKeyTest, NeverOverwrites) {
  const JobKey made = make_job_key(folder());
  EXPECT_THAT(testing::problem_of(Errc::io_failed, [this] { make_job_key(folder()); }),
              HasSubstr("File exists"));
  EXPECT_EQ(read_job_key(folder()).fingerprint(), made.fingerprint());
}

TEST_F(JobKeyTest, WhatIsNoKeyIsNamed) {
  EXPECT_THAT(problem_of_reading(Errc::io_failed), HasSubstr("job.key"));
  make_job_key(folder());
  write_key("arno job key 2\n");
  EXPECT_THAT(problem_of_reading(Errc::data_corrupt),
              HasSubstr("begins with \"arno job key 2\", expected \"arno job key 1\""));
  write_key("arno job key 1\nabc\n");
  EXPECT_THAT(problem_of_reading(Errc::data_corrupt), HasSubstr("job.key:2: expected 64"));
  write_key("arno job key 1\n" + std::string(64, 'g') + "\n");
  EXPECT_THAT(problem_of_reading(Errc::data_corrupt), HasSubstr("job.key:2: expected 64"));
  write_key(std::string(5000, 'x'));
  EXPECT_THAT(problem_of_reading(Errc::data_corrupt), HasSubstr("more than 4096 bytes"));
}

TEST_F(JobKeyTest, RefusesAKeyThatOthersCanRead) {
  make_job_key(folder());
  ::chmod(key_folder(folder()).key.c_str(), 0640);
  EXPECT_THAT(problem_of_reading(Errc::config_invalid),
              HasSubstr("has the mode 640, expected 600"));
}

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using TlsContext = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using TlsEnd = std::unique_ptr<SSL, Deleter<SSL_free>>;

/// A TLS end that shows its certificate and wants one: what CAF makes of the files.
TlsContext tls_context(const KeyFolder& files) {
  TlsContext out(SSL_CTX_new(TLS_method()));
  EXPECT_EQ(SSL_CTX_use_certificate_chain_file(out.get(), files.certificate.c_str()), 1);
  EXPECT_EQ(SSL_CTX_use_PrivateKey_file(out.get(), files.private_key.c_str(), SSL_FILETYPE_PEM), 1);
  EXPECT_EQ(SSL_CTX_load_verify_locations(out.get(), files.certificate.c_str(), nullptr), 1);
  SSL_CTX_set_verify(out.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_max_proto_version(out.get(), TLS1_2_VERSION);
  return out;
}

/// Whether both ends trust each other.
bool shake_hands(const KeyFolder& server_files, const KeyFolder& client_files) {
  const TlsContext server_context = tls_context(server_files);
  const TlsContext client_context = tls_context(client_files);
  const TlsEnd server(SSL_new(server_context.get()));
  const TlsEnd client(SSL_new(client_context.get()));
  BIO* server_bytes = nullptr;
  BIO* client_bytes = nullptr;
  BIO_new_bio_pair(&server_bytes, 0, &client_bytes, 0);
  SSL_set_bio(server.get(), server_bytes, server_bytes);
  SSL_set_bio(client.get(), client_bytes, client_bytes);
  for (int i = 0; i < 10; ++i) {
    const int c = SSL_connect(client.get());
    const int s = SSL_accept(server.get());
    if (c == 1 && s == 1) return true;
  }
  return false;
}

TEST_F(JobKeyTest, CertificateServesBothEndsOfTls) {
  make_job_key(folder_.path() / "a");
  make_job_key(folder_.path() / "b");
  const KeyFolder a = key_folder(folder_.path() / "a");
  const KeyFolder b = key_folder(folder_.path() / "b");
  EXPECT_TRUE(shake_hands(a, a));
  EXPECT_FALSE(shake_hands(a, b));
  EXPECT_FALSE(shake_hands(b, a));
}

}  // namespace
}  // namespace arno::io
