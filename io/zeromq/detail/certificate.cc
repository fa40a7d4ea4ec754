// SPDX-License-Identifier: Apache-2.0
#include "io/zeromq/detail/certificate.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>

#include "common/error.h"

namespace arno::io::detail {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using CertificateHandle = std::unique_ptr<X509, Deleter<X509_free>>;
using BufferHandle = std::unique_ptr<BIO, Deleter<BIO_free_all>>;

void check(bool good, const char* doing) {
  ARNO_CHECK(good, Errc::library_failed, "[job_key] {} failed", doing);
}

void add_extension(X509* certificate, int nid, const char* value) {
  const std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, nid, value));
  check(extension && X509_add_ext(certificate, extension.get(), -1) == 1,
        "extending a certificate");
}

void set_validity(X509* certificate) {
  constexpr long kDay = 24 * 60 * 60;  // seconds
  // Clocks of machines differ.
  check(X509_gmtime_adj(X509_getm_notBefore(certificate), -kDay) != nullptr &&
            X509_gmtime_adj(X509_getm_notAfter(certificate), 3650 * kDay) != nullptr,
        "dating a certificate");
}

void set_names(X509* certificate, const std::string& name) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
  uint64_t serial = 0;
  check(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1 &&
            ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1 &&
            X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1 &&
            X509_set_issuer_name(certificate, subject) == 1,
        "naming a certificate");
}

CertificateHandle sign(const KeyHandle& key, const std::string& name) {
  CertificateHandle out(X509_new());
  check(out && X509_set_version(out.get(), X509_VERSION_3) == 1 &&
            X509_set_pubkey(out.get(), key.get()) == 1,
        "making a certificate");
  set_names(out.get(), name);
  set_validity(out.get());
  add_extension(out.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(out.get(), NID_key_usage, "critical,keyCertSign,digitalSignature");
  add_extension(out.get(), NID_ext_key_usage, "serverAuth,clientAuth");
  check(X509_sign(out.get(), key.get(), EVP_sha256()) > 0, "signing a certificate");
  return out;
}

std::string text_of(const BufferHandle& buffer) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(buffer.get(), &data);
  return {data, static_cast<size_t>(size)};
}

}  // namespace

Certificate make_certificate(const std::string& name) {
  const KeyHandle key(EVP_EC_gen("P-256"));
  check(key != nullptr, "making a TLS key");
  const CertificateHandle certificate = sign(key, name);
  const BufferHandle pem(BIO_new(BIO_s_mem()));
  const BufferHandle key_pem(BIO_new(BIO_s_mem()));
  check(PEM_write_bio_X509(pem.get(), certificate.get()) == 1 &&
            PEM_write_bio_PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                     nullptr) == 1,
        "writing a certificate");
  return {.pem = text_of(pem), .private_key_pem = text_of(key_pem)};
}

}  // namespace arno::io::detail
