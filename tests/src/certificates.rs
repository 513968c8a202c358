//! Certificates for a server of the tests' own: a CA, and what it signs. For tests alone: keys lie about unprotected.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use crate::Result;

/// A CA whose certificates are written into one directory.
pub struct Authority {
    dir: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, as PEM.
    pub pem: String,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl Authority {
    /// Makes one and writes `ca.crt`.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn new(dir: &Path) -> Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "ebb-tests");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        fs::write(dir.join("ca.crt"), &pem)?;
        Ok(Self { dir: dir.to_owned(), issuer: Issuer::new(params, key), pem })
    }

    /// Signs a server's certificate for loopback, and writes `NAME.crt`, `NAME.key` and `NAME.pub`.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn server(&self, name: &str) -> Result<(PathBuf, PathBuf)> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.write(name, params)
    }

    /// Signs a user's certificate, and writes `NAME.crt`, `NAME.key` and `NAME.pub`.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn user(&self, name: &str, group: Option<&str>) -> Result<(PathBuf, PathBuf)> {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        if let Some(group) = group {
            params.distinguished_name.push(DnType::OrganizationName, group);
        }
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.write(name, params)
    }

    fn write(&self, name: &str, params: CertificateParams) -> Result<(PathBuf, PathBuf)> {
        let key = KeyPair::generate()?;
        let (certificate, private) = (self.dir.join(format!("{name}.crt")), self.dir.join(format!("{name}.key")));
        fs::write(&certificate, params.signed_by(&key, &self.issuer)?.pem())?;
        fs::write(&private, key.serialize_pem())?;
        fs::write(private.with_extension("pub"), key.public_key_pem())?;
        Ok((certificate, private))
    }
}
