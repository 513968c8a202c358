//! Keys and certificates: a CA of our own, made at the first start, and a certificate for the user. The server's own is
//! made anew at every start, for the address of that start.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ebb_plumbing::BoxError;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::shown::AnyCertificate;
use crate::access::token::Tokens;
use crate::options::OpenError;

/// The user whom the kubeconfig admits, and its group, which may do everything.
const USER: &str = "ebb-admin";
const GROUP: &str = "system:masters";
/// The same as the subject of the CA's certificate, from which issued certificates refer to it.
const CA: &str = "ebb";

/// Seconds by which the clocks of two machines may differ.
const CLOCKS_DIFFER: i64 = 300;

/// The keys and certificates.
#[derive(Clone)]
pub struct Pki(Arc<Files>);

struct Files {
    ca: String,
    ca_key: String,
    user: String,
    user_key: String,
    /// Signs the tokens of service accounts.
    sa_key: String,
    dir: PathBuf,
}

impl Pki {
    /// Reads them, or makes those that are missing.
    ///
    /// # Errors
    /// When they cannot be read or written.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let fail = |source: BoxError| OpenError::Pki { dir: dir.to_owned(), source };
        let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
        made.map_err(|source| OpenError::Io { path: dir.to_owned(), source })?;
        let (ca, ca_key) = pair(dir, "ca", make_ca).map_err(fail)?;
        let (user, user_key) = pair(dir, "user", || make_user(&ca_key)).map_err(fail)?;
        let sa_key = secret(dir, "sa").map_err(fail)?;
        // Read once, so that a damaged file is found now and not by the first client.
        for (certificate, key) in [(&ca, &ca_key), (&user, &user_key)] {
            CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|error| fail(format!("{error:?}").into()))?;
            KeyPair::from_pem(key).map_err(|error| fail(error.into()))?;
        }
        Ok(Self(Arc::new(Files { ca, ca_key, user, user_key, sa_key, dir: dir.to_owned() })))
    }

    /// What signs and checks the tokens of service accounts.
    ///
    /// # Errors
    /// When the key is damaged.
    pub fn tokens(&self) -> Result<Tokens, OpenError> {
        Tokens::new(&self.0.sa_key).map_err(|source| OpenError::Pki { dir: self.0.dir.clone(), source })
    }

    /// The certificate by which the server is known, as PEM.
    pub fn authority(&self) -> &str {
        &self.0.ca
    }

    /// A client certificate, as PEM, for who proved by a request to have the key: with its subject, from `now` (in seconds
    /// since 1970) on for so many seconds.
    ///
    /// # Errors
    /// When the key of the request is of a kind that is not known here.
    pub fn sign(&self, request: &CertificateSigningRequestParams, now: i64, seconds: i64) -> Result<String, BoxError> {
        let time = |at: i64| rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(at).unwrap_or_default());
        let mut params = CertificateParams::default();
        params.distinguished_name = request.params.distinguished_name.clone();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        // From a little before now, because clocks differ.
        params.not_before = time(now - CLOCKS_DIFFER);
        params.not_after = time(now.saturating_add(seconds)).min(rcgen::date_time_ymd(2074, 1, 1));
        Ok(params.signed_by(&request.public_key, &issuer(&self.0.ca_key)?)?.pem())
    }

    /// What tells certificates that the CA made for clients from others.
    ///
    /// # Errors
    /// When the certificate of the CA is damaged.
    pub fn verifier(&self) -> Result<Arc<dyn ClientCertVerifier>, BoxError> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.0.ca.as_bytes())?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Ok(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?)
    }

    /// How the server introduces itself at an address. Clients may show any certificate, or none.
    ///
    /// # Errors
    /// When the CA is damaged, or there is no randomness.
    pub fn server_config(&self, address: IpAddr) -> Result<ServerConfig, BoxError> {
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".into(), "::1".into(), "kubernetes.default.svc".into()];
        if !address.is_unspecified() {
            names.push(address.to_string());
        }
        let mut params = params("ebb-apiserver", None, CertificateParams::new(names)?, ExtendedKeyUsagePurpose::ServerAuth);
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &issuer(&self.0.ca_key)?)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let ca = CertificateDer::from_pem_slice(self.0.ca.as_bytes())?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(Arc::new(AnyCertificate(self.verifier()?)))
            .with_single_cert(vec![certificate.der().clone(), ca], key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    /// A kubeconfig that admits the user to the server at an address.
    pub fn kubeconfig(&self, address: SocketAddr) -> String {
        let encode = |text: &str| STANDARD.encode(text);
        let Files { ca, user, user_key, .. } = &*self.0;
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: ebb\nclusters:\n- name: ebb\n  cluster:\n    server: https://{address}\n    \
             certificate-authority-data: {}\ncontexts:\n- name: ebb\n  context:\n    cluster: ebb\n    user: {USER}\n    \
             namespace: default\nusers:\n- name: {USER}\n  user:\n    client-certificate-data: {}\n    client-key-data: {}\n",
            encode(ca),
            encode(user),
            encode(user_key),
        )
    }
}

/// A certificate and its key from files, made if there are none.
fn pair(dir: &Path, name: &str, make: impl FnOnce() -> Result<(String, String), BoxError>) -> Result<(String, String), BoxError> {
    let (certificate, key) = (dir.join(format!("{name}.crt")), dir.join(format!("{name}.key")));
    if certificate.exists() && key.exists() {
        return Ok((std::fs::read_to_string(certificate)?, std::fs::read_to_string(key)?));
    }
    let made = make()?;
    // The key first: a certificate without a key is made again, a key without a certificate too.
    write_private(&key, &made.1)?;
    write_private(&certificate, &made.0)?;
    Ok(made)
}

/// A key from a file, made if there is none.
fn secret(dir: &Path, name: &str) -> Result<String, BoxError> {
    let file = dir.join(format!("{name}.key"));
    if file.exists() {
        return Ok(std::fs::read_to_string(file)?);
    }
    let made = KeyPair::generate()?.serialize_pem();
    write_private(&file, &made)?;
    Ok(made)
}

/// Writes a file that only the owner can read, whole or not at all.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let half = path.with_extension("new");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&half)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&half, path)
}

fn params(name: &str, group: Option<&str>, mut params: CertificateParams, usage: ExtendedKeyUsagePurpose) -> CertificateParams {
    let mut subject = rcgen::DistinguishedName::new();
    if let Some(group) = group {
        subject.push(DnType::OrganizationName, group);
    }
    subject.push(DnType::CommonName, name);
    params.distinguished_name = subject;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    set_validity(&mut params);
    params
}

/// Long, because nobody renews the certificates of a directory on one's own disk; and from the past, because clocks differ.
fn set_validity(params: &mut CertificateParams) {
    (params.not_before, params.not_after) = (rcgen::date_time_ymd(2024, 1, 1), rcgen::date_time_ymd(2074, 1, 1));
}

fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, CA);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    set_validity(&mut params);
    params
}

fn issuer(ca_key: &str) -> Result<Issuer<'static, KeyPair>, BoxError> {
    Ok(Issuer::new(ca_params(), KeyPair::from_pem(ca_key)?))
}

fn make_ca() -> Result<(String, String), BoxError> {
    let key = KeyPair::generate()?;
    Ok((ca_params().self_signed(&key)?.pem(), key.serialize_pem()))
}

fn make_user(ca_key: &str) -> Result<(String, String), BoxError> {
    let key = KeyPair::generate()?;
    let params = params(USER, Some(GROUP), CertificateParams::default(), ExtendedKeyUsagePurpose::ClientAuth);
    Ok((params.signed_by(&key, &issuer(ca_key)?)?.pem(), key.serialize_pem()))
}
